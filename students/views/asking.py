"""Asking for a file that is not one's own: in an emergency, or by request. Asking shows name and class and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import policy
from accounts.once import once
from students import access as rights
from students import audit, search
from students.actions import asking
from students.forms.asking import EmergencyForm, RequestForm
from students.levels import Level
from students.models import AccessRequest, EmergencyAccess, FileAccess, Student
from students.views.answers import posted, saved, status_of
from students.views.note_sheet import with_seat
from students.words import day_word, moment_word

MOST_FOUND, MOST_SHOWN = 10, 20
STATES = {
    "waits": gettext_lazy("waits for the moral-education office"),
    "refused": gettext_lazy("refused"),
    "future": gettext_lazy("opened, not yet begun"),
    "live": gettext_lazy("open"),
    "over": gettext_lazy("over"),
}


def _may_ask_or_404(request: HttpRequest, now: datetime) -> None:
    if not rights.may_ask(request.user, now=now):
        raise Http404


def _student_or_404(request: HttpRequest, pk: UUID, now: datetime) -> Student:
    _may_ask_or_404(request, now)
    students = rights.pickable_students(request.user).placed_on(timezone.localdate(now)).select_related("school")
    return with_seat(get_object_or_404(students, pk=pk), now)


@policy("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def access_mine(request: HttpRequest) -> HttpResponse:
    """What I asked for and what became of it; and whom it is about, by name and class."""
    now = timezone.now()
    _may_ask_or_404(request, now)
    typed = request.POST.get("q", "").strip()[:40]
    context = {
        "emergencies": _emergencies(request, now),
        "requests": _requests(request, now),
        "typed": typed,
        "found": _found(request, typed, now) if typed else [],
    }
    return render(request, "students/asking/mine.html", context)


def _found(request: HttpRequest, typed: str, now: datetime) -> list[Student]:
    students = rights.pickable_students(request.user).placed_on(timezone.localdate(now)).select_related("school")
    found = [with_seat(each, now) for each in search.found(students, typed, timezone.localdate(now))[:MOST_FOUND]]
    audit.record(request, FileAccess.Kind.SEARCH, students=found, level=Level.BASIC, terms=typed)
    return found


def _emergencies(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    today = timezone.localdate(now)
    rows = EmergencyAccess.objects.filter(user=request.user).select_related("student")[:MOST_SHOWN]
    return [
        {
            "row": row,
            "when": moment_word(row.opened_at, today),
            "until": moment_word(row.ends_at, today),
            "is_open": row.is_open(now),
            "waits": row.waits(now),
        }
        for row in rows
    ]


def _requests(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    today = timezone.localdate(now)
    rows = AccessRequest.objects.filter(user=request.user).select_related("student", "decided_by")[:MOST_SHOWN]
    return [
        {
            "row": row,
            "state": row.state(now),
            "state_word": STATES[row.state(now)],
            "span": f"{day_word(row.starts_on, today)} — {day_word(row.ends_on, today)}",
        }
        for row in rows
    ]


@policy("staff")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@once
def emergency_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """With the password once more: whoever sits at an unlocked screen opens nothing."""
    now = timezone.now()
    student = _student_or_404(request, pk, now)
    form = EmergencyForm(posted(request), user=request.user)
    if form.is_valid():
        asked = {name: form.cleaned_data[name] for name in ("reason", "level")}
        if saved(request, form, lambda: asking.open_emergency(by=request.user, student=student, now=now, **asked)):
            messages.success(request, _("Open for 24 hours. The moral-education office and the principal see it now."))
            return redirect(student)
    context = {"student": student, "form": form, "duty_phone": student.school.duty_phone}
    return render(request, "students/asking/emergency_open.html", context, status=status_of(form))


@policy("staff")
@require_http_methods(["GET", "HEAD", "POST"])
@once
def access_ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = _student_or_404(request, pk, now)
    form = RequestForm(posted(request), today=timezone.localdate(now))
    if form.is_valid() and saved(
        request, form, lambda: asking.ask_for_access(by=request.user, student=student, now=now, **form.cleaned_data)
    ):
        messages.success(request, _("Asked. The answer will stand here."))
        return redirect("students:access_mine")
    return render(request, "students/asking/ask.html", {"student": student, "form": form}, status=status_of(form))


@policy("staff")
@require_POST
def emergency_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    emergency = get_object_or_404(EmergencyAccess.objects.visible_to(request.user, now=now), pk=pk)
    if asking.end_emergency(by=request.user, emergency=emergency, now=now):
        messages.success(request, _("Ended. The file is closed again."))
    return _back(request, emergency.user_id, "students:access_office")


@policy("staff")
@require_POST
def request_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    asked = get_object_or_404(AccessRequest.objects.visible_to(request.user, now=now), pk=pk)
    if asking.end_request(by=request.user, asked=asked, now=now):
        messages.success(request, _("Ended. The file is closed again."))
    return _back(request, asked.user_id, "students:access_office")


def _back(request: HttpRequest, owner: Any, office: str) -> HttpResponse:
    return redirect("students:access_mine" if owner == request.user.pk else office)
