"""Needs attention: what waits for the counsellor and 德育处, and that they took it up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import policy
from accounts.models import Role
from students import audit, mentions
from students.actions.notes import acknowledge_attention
from students.levels import Level
from students.models import AttentionRequest, FileAccess, Observation, Student
from students.words import moment_word, seat_word

LOOKS_BACK = timedelta(days=14)
MOST = 100

for_attention = policy("role", Role.COUNSELLOR, Role.MORAL_EDUCATION)


@for_attention
@require_GET
def attention(request: HttpRequest) -> HttpResponse:
    """What waits, the longest first; then what was taken up in the last 14 days."""
    now = timezone.now()
    asked = AttentionRequest.objects.visible_to(request.user, now=now).select_related("author", "acknowledged_by")
    waiting = list(asked.waiting().order_by("created_at", "pk")[:MOST])
    done = list(asked.filter(acknowledged_at__gt=now - LOOKS_BACK).order_by("-acknowledged_at", "pk")[:MOST])
    notes = _notes(request, [*waiting, *done], now)
    students = Student.objects.placed_on(timezone.localdate(now)).in_bulk(
        {each.student_id for each in [*waiting, *done]}
    )
    level = max((each.level for each in [*waiting, *done]), default=Level.DAILY)
    audit.record(request, FileAccess.Kind.LIST, students=students.values(), level=level)
    context = {
        name: [_row(each, notes, students, now) for each in rows]
        for name, rows in (("waiting", waiting), ("done", done))
    }
    return render(request, "students/notes/attention.html", context)


def _notes(request: HttpRequest, asked: list[AttentionRequest], now: datetime) -> dict:
    """The notes that this reader may read: a counsellor's open door closes when a colleague has taken it up."""
    wanted = Observation.objects.filter(pk__in=[each.observation_id for each in asked])
    seen = mentions.for_reader(wanted.visible_to(request.user, now=now), request.user, now=now)
    return {note.pk: note for note in seen}


def _row(asked: AttentionRequest, notes: dict, students: dict, now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    student = students[asked.student_id]
    return {
        "pk": asked.pk,
        "note": notes.get(asked.observation_id),
        "student": student,
        "seat": seat_word(student, today),
        "by": asked.author.display_name,
        "asked": moment_word(asked.created_at, today),
        "waited": waited(asked.created_at, now),
        "taken_by": asked.acknowledged_by.display_name if asked.acknowledged_by else "",
        "taken_at": moment_word(asked.acknowledged_at, today) if asked.acknowledged_at else "",
    }


def waited(since: datetime, now: datetime) -> str:
    """By the clock, not in school days: a disclosure does not wait for Monday."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return ngettext("waiting for %(n)d minute", "waiting for %(n)d minutes", minutes) % {"n": minutes}
    if minutes < 24 * 60:
        return ngettext("waiting for %(n)d hour", "waiting for %(n)d hours", minutes // 60) % {"n": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("waiting for %(n)d day", "waiting for %(n)d days", days) % {"n": days}


@for_attention
@require_POST
def attention_acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    asked = AttentionRequest.objects.visible_to(request.user, now=now)
    if acknowledge_attention(by=request.user, request=get_object_or_404(asked, pk=pk), now=now):
        messages.success(request, _("Taken up. Whoever asked sees that it was received."))
    else:
        messages.info(request, _("It was taken up already."))
    return redirect("students:attention")
