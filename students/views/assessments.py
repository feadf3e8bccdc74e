"""Scales of one student: level 4. What stands there, one result, filling in, correcting, withdrawing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.once import once
from students import access, audit
from students.forms.assessments import item_label
from students.levels import Level
from students.models import Assessment, FileAccess, Instrument, Student
from students.scales import showing
from students.views import filling
from students.views.fetch import student_or_404
from students.words import day_word, moment_word

confidential = policy("student", level=Level.CONFIDENTIAL)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])
NEWEST = 60


@confidential
@require_safe
def assessments(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The panel of the file, and the page: each instrument with its results over time."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.CONFIDENTIAL, now)
    rows = Assessment.objects.visible_to(request.user, now=now).filter(student=student)
    filled = list(rows.select_related("instrument").newest_first()[:NEWEST])
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.CONFIDENTIAL)
    context = {
        "student": student,
        "courses": showing.courses(filled, today),
        "may_fill": access.fills_assessments(request.user, now=now),
    }
    template = "students/scales/assessments.html"
    return render(request, f"{template}#panel" if request.htmx else template, context)


def _assessment_of(request: HttpRequest, pk: UUID, now: datetime) -> Assessment:
    """Fetching is checking: 404 for what is withdrawn, not open, or not there."""
    rows = Assessment.objects.visible_to(request.user, now=now).select_related("instrument", "student", "author")
    return get_object_or_404(rows, pk=pk)


def _own(request: HttpRequest, pk: UUID, now: datetime) -> Assessment:
    filled = _assessment_of(request, pk, now)
    if filled.author_id != request.user.pk:
        raise PermissionDenied
    return filled


@confidential
@require_safe
def assessment(request: HttpRequest, pk: UUID) -> HttpResponse:
    now, today = timezone.now(), timezone.localdate()
    filled = _assessment_of(request, pk, now)
    audit.record(request, FileAccess.Kind.VIEW, students=[filled.student], level=Level.CONFIDENTIAL)
    own = filled.author_id == request.user.pk
    context = {
        "filled": filled,
        "instrument": filled.instrument,
        "day": day_word(filled.filled_on, today),
        "results": filled.results(),
        "answers": _answers(filled),
        "fits": filled.instrument.fits(filled.student.age_on(filled.filled_on)),
        "changes": [(each, moment_word(each.history_date, today)) for each in filling.changes_of(filled)],
        "may_withdraw": own,
        "may_correct": filled.editable_by(request.user, now),
    }
    return render(request, "students/scales/assessment.html", context)


def _answers(filled: Assessment) -> list[tuple[str, str]]:
    """(item, answer in words; nothing where it was left open)."""
    defined = filled.instrument.defined
    pairs = zip(defined.items, filled.given, strict=True)
    options = [(item_label(n, item.text), defined.option_of(points)) for n, (item, points) in enumerate(pairs, 1)]
    return [(label, option.text if option else "") for label, option in options]


@confidential
@get_or_post
@once
def assessment_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """First which instrument, then its items."""
    now = timezone.now()
    student = student_or_404(request, pk, Level.CONFIDENTIAL, now)
    if not access.fills_assessments(request.user, now=now):
        raise PermissionDenied
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.CONFIDENTIAL)
    scales = Instrument.objects.filter(school=student.school_id, kind=Instrument.Kind.ASSESSMENT)
    if request.method != "POST" and not request.GET.get("instrument"):
        context = {"student": student, "offered": _with_fit(scales.offered(), student, timezone.localdate(now))}
        return render(request, "students/scales/choose.html", context)
    return filling.fill(request, student, filling.chosen(request, scales), "students/scales/fill.html", now)


def _with_fit(offered, student: Student, today) -> list[dict[str, Any]]:
    return [{"instrument": each, "fits": each.fits(student.age_on(today))} for each in offered]


@confidential
@get_or_post
def assessment_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    filled = _own(request, pk, now)
    if not filled.editable_by(request.user, now):
        raise PermissionDenied
    return filling.correct(request, filled, "students/scales/correct.html", filled.get_absolute_url(), now)


@confidential
@get_or_post
def assessment_void(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    filled = _own(request, pk, now)
    return filling.withdraw(request, filled, filled.get_absolute_url(), "students:assessments", now)
