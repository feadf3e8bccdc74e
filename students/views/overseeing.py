"""What 德育 and the principal decide about access that follows from no duty, and what they are told of at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from students import access as rights
from students import audit
from students.actions import asking
from students.forms.asking import DecisionForm, ReviewForm
from students.levels import Level
from students.models import AccessRequest, EmergencyAccess, FileAccess
from students.views.answers import applied, posted, status_of
from students.words import day_word, moment_word

LOOKS_BACK = timedelta(days=30)
MOST = 100

overseer = policy("role", *rights.OVERSEERS)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@overseer
@require_safe
def access_office(request: HttpRequest) -> HttpResponse:
    """What waits first: the second person's approval, requests, reviews; then what was decided in the last 30 days."""
    now = timezone.now()
    emergencies = list(_emergencies(request, now).filter(Q(verdict="") | Q(opened_at__gt=now - LOOKS_BACK))[:MOST])
    requests = list(_requests(request, now).filter(Q(decided_at=None) | Q(decided_at__gt=now - LOOKS_BACK))[:MOST])
    students = {row.student_id for row in [*emergencies, *requests]}
    if students:
        audit.record(request, FileAccess.Kind.LIST, students=students, level=Level.SENSITIVE)
    context = {
        "emergencies": [_emergency_row(row, now) for row in sorted(emergencies, key=lambda row: bool(row.verdict))],
        "requests": [_request_row(row, now) for row in sorted(requests, key=lambda row: row.decided_at is not None)],
        "hands_over": Role.MORAL_EDUCATION in request.user.roles(now),
    }
    return render(request, "students/asking/office.html", context)


def _emergencies(request: HttpRequest, now: datetime):
    """Of others: nobody approves or reviews their own."""
    rows = EmergencyAccess.objects.visible_to(request.user, now=now).exclude(user=request.user)
    return rows.select_related("student", "user", "approved_by", "reviewed_by")


def _requests(request: HttpRequest, now: datetime):
    rows = AccessRequest.objects.visible_to(request.user, now=now).exclude(user=request.user)
    return rows.select_related("student", "user", "decided_by")


def _emergency_row(row: EmergencyAccess, now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    return {
        "row": row,
        "level": Level(row.level).label,
        "when": moment_word(row.opened_at, today),
        "until": moment_word(row.ends_at, today),
        "is_open": row.is_open(now),
        "waits": row.waits(now),
    }


def _request_row(row: AccessRequest, now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    return {
        "row": row,
        "level": Level(row.level).label,
        "when": moment_word(row.asked_at, today),
        "span": f"{day_word(row.starts_on, today)} — {day_word(row.ends_on, today)}",
        "state": row.state(now),
    }


@overseer
@require_safe
def access_alert(request: HttpRequest) -> HttpResponse:
    """Asked by the home page every 50 seconds: how many emergencies nobody has looked at. No name, so no row in the log."""
    many = _emergencies(request, timezone.now()).unseen().count()
    return render(request, "students/asking/_alert.html", {"many": many})


@overseer
@get_or_post
def emergency(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why it was opened, every page that was read, and the review."""
    now = timezone.now()
    row = get_object_or_404(_emergencies(request, now), pk=pk)
    form = ReviewForm(posted(request), initial={"verdict": row.verdict, "note": row.review_note})
    if form.is_valid():
        given = dict(form.cleaned_data)
        if applied(form, lambda: asking.review_emergency(by=request.user, emergency=row, now=now, **given)):
            messages.success(request, _("Written down."))
            return redirect("students:access_office")
    audit.record(request, FileAccess.Kind.LIST, students=[row.student_id], level=Level.SENSITIVE)
    context = {"form": form, "pages": _read(row, now), **_emergency_row(row, now)}
    return render(request, "students/asking/emergency.html", context, status=status_of(form))


def _read(row: EmergencyAccess, now: datetime) -> list[tuple[str, str, str]]:
    """(when, what, level) of what this person opened of the file by emergency access."""
    today = timezone.localdate(now)
    log = FileAccess.objects.of_student(row.student_id).filter(user_id=str(row.user_id), reason="emergency")
    log = log.filter(at__gte=row.opened_at, at__lt=row.ends_at, level__gte=Level.DAILY).order_by("at", "pk")
    return [(moment_word(each.at, today), each.get_kind_display(), Level(each.level).label) for each in log[:MOST]]


@overseer
@require_POST
def emergency_approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    row = get_object_or_404(_emergencies(request, now), pk=pk)
    if asking.approve_emergency(by=request.user, emergency=row, now=now):
        messages.success(request, _("Opened, until the emergency access ends."))
    else:
        messages.info(request, _("There is nothing to approve any more."))
    return redirect("students:access_office")


@policy("role", Role.MORAL_EDUCATION)
@get_or_post
def request_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    row = get_object_or_404(_requests(request, now), pk=pk)
    form = DecisionForm(posted(request))
    if form.is_valid():
        grant, note = form.cleaned_data["decision"] == DecisionForm.YES, form.cleaned_data["note"]
        if applied(form, lambda: asking.decide_request(by=request.user, asked=row, grant=grant, note=note, now=now)):
            messages.success(request, _("Decided. Whoever asked sees it."))
            return redirect("students:access_office")
    audit.record(request, FileAccess.Kind.LIST, students=[row.student_id], level=Level.SENSITIVE)
    context = {"form": form, **_request_row(row, now)}
    return render(request, "students/asking/decide.html", context, status=status_of(form))
