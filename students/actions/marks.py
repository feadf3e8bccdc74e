"""One mark by hand, as the academic office corrects it or adds it: what the import does for many (students.marks.importing)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.versions import save_version
from students import access
from students.actions import stamp
from students.actions.signals import follow_marks
from students.models import Exam, Mark, Student


@transaction.atomic
def correct_mark(
    *, mark: Mark, value: str | None, full_mark: Decimal, reason: str, by: User, version: int, now: datetime
) -> None:
    """`value`: as students.marks.sheet.parse_mark reads it, None for absent. What counted the mark is judged again.

    Raises PermissionDenied, StaleVersion.
    """
    _may_write(by, mark.student, now)
    _set(mark, value, full_mark)
    stamp(by, mark, reason=reason)
    save_version(mark, ["value", "is_absent", "full_mark"], version)
    follow_marks(rows=[mark], now=now)


@transaction.atomic
def add_mark(
    *,
    student: Student,
    exam: Exam,
    subject: str,
    value: str | None,
    full_mark: Decimal,
    reason: str,
    by: User,
    now: datetime,
) -> Mark:
    """In the class in which the student sat at the end of that term, or sits now while it lasts.

    Raises PermissionDenied, ValidationError where there is a mark already, or no class.
    """
    _may_write(by, student, now)
    day = min(exam.term.ends_on, timezone.localdate(now))
    place = Student.objects.placed_on(day).get(pk=student.pk).place
    if exam.term.school_id != student.school_id or place is None:
        raise ValidationError(_("This student was in no class at that exam."))
    row = Mark(student=student, author=by, exam=exam, class_group=place.class_group, subject=subject)
    _set(row, value, full_mark)
    stamp(by, row, reason=reason)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError(_("This student has a mark in this subject already.")) from error
    return row


def _may_write(by: User, student: Student, now: datetime) -> None:
    if by.school_id != student.school_id or not access.reads_all_marks(by, now=now):
        raise PermissionDenied


def _set(mark: Mark, value: str | None, full_mark: Decimal) -> None:
    """Absent is no number, and never 0."""
    mark.value, mark.is_absent = (None, True) if value is None else (Decimal(value), False)
    mark.full_mark = full_mark
