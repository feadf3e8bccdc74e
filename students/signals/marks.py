"""Marks have dropped, or go down and down: students.marks.trend decides, here are the school's numbers for it.

A student is compared with that student alone, against what the class got at the same exam; nobody is ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from students.marks import trend
from students.models.signals import SignalRule
from students.signals.kinds import Finding, Material, Numbers, Rule, key

MARK = "students.mark"
ANY = float("-inf")


def dropped(material: Material, numbers: Numbers) -> Iterator[Finding]:
    for student, lines in material.marks.items():
        yield from _finding(student, trend.drops(lines, limit=numbers.amount / 100))


def declining(material: Material, numbers: Numbers) -> Iterator[Finding]:
    for student, lines in material.marks.items():
        yield from _finding(student, trend.declines(lines, step=numbers.amount / 100))


def _finding(student: UUID, found: Iterable[trend.Finding]) -> Iterator[Finding]:
    """One for all subjects of a student."""
    found = list(found)
    if found:
        counted = tuple(key(MARK, point.mark) for each in found for point in each.points)
        yield Finding(student, counted, {"lines": [[each.subject, [_told(p) for p in each.points]] for each in found]})


def _told(point: trend.Point) -> list:
    return [point.term, point.exam, point.value, point.mean, point.spread]


def _drop_words(numbers: dict, today: date) -> str:
    return _words(trend.drops(_lines(numbers), limit=ANY))


def _decline_words(numbers: dict, today: date) -> str:
    return _words(trend.declines(_lines(numbers), step=ANY))


def _lines(numbers: dict) -> dict[str, list[trend.Point]]:
    return {subject: [trend.Point(*told) for told in points] for subject, points in numbers["lines"]}


def _words(found: Iterable[trend.Finding]) -> str:
    return " ".join(each.words for each in found)


DROPPED = Rule(
    code=SignalRule.Code.DROP,
    says=_(
        "A mark lies more than %(amount)d per cent of the class's standard deviation below what was usual for this student."
    ),
    words=_drop_words,
    find=dropped,
    numbers=Numbers(amount=100),
    labels={"amount": _("How far, in per cent of the class's standard deviation")},
    bounds={"amount": (50, 400)},
)
DECLINING = Rule(
    code=SignalRule.Code.DECLINE,
    says=_(
        "In three terms one after the other the marks fell, each time by %(amount)d per cent of the class's standard deviation or more."
    ),
    words=_decline_words,
    find=declining,
    numbers=Numbers(amount=35),
    labels={"amount": _("How far each time, in per cent of the class's standard deviation")},
    bounds={"amount": (10, 200)},
)
