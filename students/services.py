"""What the pages about needs say about services: what fits, what stands, and what somebody else chose meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from students.models import CareNeed, ChosenService, Service
from students.models.identification import CareNeedQuerySet


def chosen_for(needs: Iterable[CareNeed]) -> dict[UUID, list[ChosenService]]:
    """Need id → what stands there; of needs that the reader sees. One statement, none without needs."""
    found: dict[UUID, list[ChosenService]] = defaultdict(list)
    if wanted := list(needs):
        for row in ChosenService.objects.of_needs(wanted):
            found[row.need_id].append(row)
    return found


def unserved(needs: CareNeedQuerySet) -> CareNeedQuerySet:
    """The confirmed ones among `needs` for which nothing is chosen."""
    return needs.confirmed().filter(~Exists(ChosenService.objects.standing().filter(need=OuterRef("pk"))))


def to_consider(need: CareNeed) -> tuple[list[Service], list[Service]]:
    """The school's services that fit the need's category, and the others that are offered. One statement."""
    offered = list(Service.objects.active().filter(school=need.student.school_id))
    fitting = [each for each in offered if each.fits(need.category)]
    return fitting, [each for each in offered if each not in fitting]


def differing(lines: dict[Service, str], stored: Iterable[ChosenService]) -> list[dict[str, Any]]:
    """After a conflict, for each service that differs: what stands now, and what is typed here."""
    theirs = {row.service: row.how for row in stored}
    both = {**dict.fromkeys(theirs), **dict.fromkeys(lines)}
    return [
        {"label": each.name, "theirs": theirs.get(each, ""), "mine": lines.get(each, "")}
        for each in both
        if theirs.get(each) != lines.get(each)
    ]
