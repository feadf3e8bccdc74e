"""Asking the head teacher to turn to a child. Nobody closes it: a note, or a reached family, answers it."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from students import access
from students.actions import stamp
from students.models import LookRequest, Student


@transaction.atomic
def ask_to_look(*, student: Student, by: User, line: str, now: datetime) -> LookRequest:
    """One waits for each student: where one does, that one is returned and nothing is asked again. Raises
    PermissionDenied."""
    if not access.students_to_ask_about(by, now=now).filter(pk=student.pk).exists():
        raise PermissionDenied
    Student.objects.select_for_update(of=("self",)).get(pk=student.pk)  # of two who ask at one moment one comes first
    if standing := LookRequest.objects.waiting().filter(student=student).first():
        return standing
    row = LookRequest(student=student, author=by, line=line, asked_at=now)
    stamp(by, row)
    row.save()
    return row
