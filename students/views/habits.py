"""Habits of study, life and manners (F59): level 2, written by the class teacher, read over time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.once import once
from students import audit
from students.levels import Level
from students.models import FileAccess, HabitCheck, Instrument
from students.scales import showing
from students.views import filling
from students.views.fetch import student_or_404, teaches
from students.words import day_word

daily = policy("student", level=Level.DAILY)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])
NEWEST = 30


@daily
@require_safe
def habits(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The panel: the newest checks side by side. The page: all of them, with who wrote them."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.DAILY, now)
    rows = HabitCheck.objects.visible_to(request.user, now=now).filter(student=student)
    filled = list(rows.select_related("instrument", "author").newest_first()[:NEWEST])
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.DAILY)
    context = {
        "student": student,
        "grid": showing.habit_grid(filled, today),
        "entries": [_entry(each, request, now) for each in filled],
        "may_write": teaches(request.user, student, now),
    }
    template = "students/scales/habits.html"
    return render(request, f"{template}#panel" if request.htmx else template, context)


def _entry(filled: HabitCheck, request: HttpRequest, now: datetime) -> dict:
    return {
        "filled": filled,
        "day": day_word(filled.filled_on, timezone.localdate(now)),
        "by": filled.author.display_name,
        "results": filled.results(),
        "own": filled.author_id == request.user.pk,
        "open": filled.editable_by(request.user, now),
    }


@daily
@get_or_post
@once
def habit_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = student_or_404(request, pk, Level.DAILY, now)
    if not teaches(request.user, student, now):
        raise PermissionDenied
    lists = Instrument.objects.filter(school=student.school_id, kind=Instrument.Kind.HABITS)
    instrument = filling.chosen(request, lists) if request.method == "POST" else lists.offered().first()
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.DAILY)
    if instrument is None:
        return render(request, "students/scales/no_habits.html", {"student": student})
    return filling.fill(request, student, instrument, "students/scales/fill.html", now)


def _own(request: HttpRequest, pk: UUID, now: datetime) -> HabitCheck:
    """404 for what one may not see, 403 for another's."""
    rows = HabitCheck.objects.visible_to(request.user, now=now).select_related("instrument", "student")
    filled = get_object_or_404(rows, pk=pk)
    if filled.author_id != request.user.pk:
        raise PermissionDenied
    return filled


@daily
@get_or_post
def habit_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    filled = _own(request, pk, now)
    if not filled.editable_by(request.user, now):
        raise PermissionDenied
    back = reverse("students:habits", args=[filled.student_id])
    return filling.correct(request, filled, "students/scales/correct.html", back, now)


@daily
@get_or_post
def habit_void(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    filled = _own(request, pk, now)
    back = reverse("students:habits", args=[filled.student_id])
    return filling.withdraw(request, filled, back, "students:habits", now)
