"""Fetching is checking: the one way in which a page about a student gets its student."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import User
from students import access
from students.levels import Level
from students.models import Student


def student_or_404(request: HttpRequest, pk: UUID, level: Level, now: datetime, *related: str) -> Student:
    """With `place` of today and the `related` rows. 404 for what one may not see and for what doesn't exist."""
    seen = Student.objects.visible_to(request.user, level, now=now).placed_on(timezone.localdate(now))
    return get_object_or_404(seen.select_related("place__class_group", *related), pk=pk)


def teaches(user: User, student: Student, now: datetime) -> bool:
    """Head teacher or deputy of the class in which the student sits today."""
    if student.place is None:
        return False
    return access.is_class_teacher(user, student.place.class_group, day=timezone.localdate(now))
