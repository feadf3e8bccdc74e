"""Each class that a running round is about has a sheet in it; this writes what is missing.

Called wherever grants are kept in step (students.actions.grants), so no way of placing a student can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from students.actions import stamp
from students.models import ClassGroup, Enrolment, ScreeningRound, ScreeningSheet, Student


@transaction.atomic
def sync_sheets(*, by: User | None, students: Iterable, now: datetime) -> None:
    """For the classes of these students. Two statements, and one for each open round."""
    groups = classes_with(students, timezone.localdate(now))
    for row in ScreeningRound.objects.open().filter(school__in={group.school_id for group in groups}):
        add_sheets(by=by, round=row, groups=groups)


def classes_with(students: Iterable, day: date) -> list[ClassGroup]:
    """Where these students sit, or will: a class whose first child comes on Monday is asked about it too."""
    seats = Enrolment.objects.filter(student__in=students, student__status__in=Student.PRESENT)
    seats = seats.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))
    return list(ClassGroup.objects.filter(pk__in=seats.values("class_group")).in_school_on(day))


def add_sheets(*, by: User | None, round: ScreeningRound, groups: Iterable[ClassGroup]) -> int:
    """One for each of the classes that the round is about and that has none; how many were missing."""
    asked = _asked(round)
    missing = [group for group in groups if group.pk not in asked and round.covers(group)]
    for group in missing:
        sheet = ScreeningSheet(round=round, class_group=group)
        stamp(by, sheet)
        try:
            with transaction.atomic():
                sheet.save()
        except IntegrityError:  # a colleague placed a student in this class at the same moment
            continue
    return len(missing)


def _asked(round: ScreeningRound) -> set:
    return set(round.sheets.values_list("class_group", flat=True))
