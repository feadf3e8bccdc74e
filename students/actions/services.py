"""A school's own list of services, and what is chosen from it for one need (F33)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.models import School, User
from accounts.versions import delete_version, save_version
from students import access
from students.actions import stamp
from students.actions.identification import OtherState
from students.dictionary import SERVICES
from students.models import CareNeed, Category, ChosenService, Group, Service

FIELDS = ("name", "by_whom", "groups", "categories", "is_active")


@transaction.atomic
def start_services(*, by: User | None, school: School) -> list[Service]:
    """The starting list, for a school that has no service yet. A category that the school has not stays unnamed."""
    if Service.objects.filter(school=school).exists():
        return []
    ids = {row.code: str(row.pk) for row in Category.objects.filter(school=school)}
    rows = []
    for order, (name, by_whom, fits) in enumerate(SERVICES):
        groups, categories = [each for each in fits if each in Group], [ids[each] for each in fits if each in ids]
        row = Service(
            school=school, name=name, by_whom=by_whom, groups=groups, categories=categories, order=order
        )  # fmt: skip
        stamp(by, row)
        row.save()
        rows.append(row)
    return rows


@transaction.atomic
def add_service(*, by: User, service: Service) -> Service:
    """Behind the others. Raises ValidationError for a name that the school has already."""
    service.order = Service.objects.filter(school=service.school).count()
    service.full_clean()
    stamp(by, service)
    service.save()
    return service


@transaction.atomic
def change_service(*, by: User, service: Service, version: int) -> None:
    """Raises ValidationError, StaleVersion."""
    service.validate_constraints()
    stamp(by, service)
    save_version(service, FIELDS, version)


@transaction.atomic
def delete_service(*, by: User, service: Service, version: int) -> None:
    """Only one that was never chosen. Raises ValidationError, StaleVersion."""
    stamp(by, service)
    try:
        delete_version(service, version)
    except ProtectedError as error:
        raise ValidationError(_("It was chosen for a need. It can be taken out of use, not deleted.")) from error


@transaction.atomic
def choose_services(*, need: CareNeed, lines: Mapping[Service, str], by: User, version: int, now: datetime) -> None:
    """From now on these and no others stand at the need, each with its line on why and how.

    By 德育, the head teacher or the deputy. The need's version counts it. Raises PermissionDenied, OtherState, StaleVersion.
    """
    if not access.chooses_services(by, need.student, now=now):
        raise PermissionDenied
    if need.state != CareNeed.State.CONFIRMED:
        raise OtherState
    stamp(by, need, reason="services")
    save_version(need, [], version)  # closing it takes the version too, so its state is that of this version
    standing = {row.service: row for row in ChosenService.objects.of_needs([need])}
    for service, row in standing.items():
        if service not in lines:
            _end(row, by, now)
    for service, how in lines.items():
        _choose(need, service, how, standing.get(service), by)


def _end(row: ChosenService, by: User, now: datetime) -> None:
    row.ended_at, row.ended_by = now, by
    stamp(by, row)
    save_version(row, ["ended_at", "ended_by"], row.version)


def _choose(need: CareNeed, service: Service, how: str, row: ChosenService | None, by: User) -> None:
    if row is not None and row.how == how:
        return
    if row is None:
        row = ChosenService(need=need, service=service, author=by, how=how)
        stamp(by, row)
        row.save()
        return
    row.how = how
    stamp(by, row)
    save_version(row, ["how"], row.version)
