"""请班主任留意: asking a head teacher to turn to a child, and what was asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.once import once, saving
from students import access, audit
from students.actions.looks import ask_to_look
from students.forms.looks import LookForm
from students.levels import Level
from students.models import FileAccess, LookRequest, Student
from students.views.answers import posted, status_of
from students.views.fetch import student_or_404
from students.words import moment_word, seat_word

MOST = 100
REMEMBERS = timedelta(days=28)  # how long an answered one stands in the list


@policy("staff")
@require_safe
def looks(request: HttpRequest) -> HttpResponse:
    """What was asked about the students that one sees: what waits, the longest first, and what was answered lately."""
    now, today = timezone.now(), timezone.localdate()
    seen = LookRequest.objects.visible_to(request.user, now=now).filter(student__status__in=Student.PRESENT).with_done()
    waiting = list(seen.filter(done_at__isnull=True).select_related("author").order_by("asked_at", "pk")[:MOST])
    done = seen.filter(done_at__gte=now - REMEMBERS).select_related("author").order_by("-done_at", "pk")
    found = [*waiting, *done[:MOST]]
    students = Student.objects.placed_on(today).in_bulk({each.student_id for each in found})
    if found:
        audit.record(request, FileAccess.Kind.LIST, students=list(students.values()))
    mine = set(access.students_led(request.user, now=now).filter(content_object__in=students).values_list("content_object", flat=True))  # fmt: skip
    rows = [_row(each, students[each.student_id], mine, now) for each in found]
    context = {"waiting": rows[: len(waiting)], "done": rows[len(waiting) :], "leads": _leads(request, now)}
    return render(request, "students/looks/looks.html", context)


def _row(each: LookRequest, student: Student, mine: set, now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    return {
        "student": student,
        "seat": seat_word(student, today),
        "by": each.author.display_name,
        "when": moment_word(each.asked_at, today),
        "line": each.line,
        "done": moment_word(each.done_at, today) if each.done_at else "",
        "mine": student.pk in mine,
    }


def _leads(request: HttpRequest, now: datetime) -> bool:
    return access.students_to_ask_about(request.user, now=now).exists()


@policy("student", level=Level.SENSITIVE)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def look_ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    if not access.students_to_ask_about(request.user, now=now).filter(pk=student.pk).exists():
        raise PermissionDenied
    form = LookForm(posted(request))
    if form.is_valid():
        with saving(request):
            ask_to_look(student=student, by=request.user, line=form.cleaned_data["line"], now=now)
        messages.success(request, _("Asked. It stands on the head teacher's list until something is written."))
        return redirect("students:looks")
    context = {
        "form": form,
        "student": student,
        "seat": seat_word(student, timezone.localdate(now)),
        "standing": _standing(request, student, now),
    }
    audit.record(request, FileAccess.Kind.VIEW, students=[student])
    return render(request, "students/looks/ask.html", context, status=status_of(form))


def _standing(request: HttpRequest, student: Student, now: datetime) -> dict[str, Any]:
    """What waits for this student already, if anything does."""
    rows = LookRequest.objects.visible_to(request.user, now=now).waiting().filter(student=student)
    found = rows.select_related("author").first()
    return _row(found, student, set(), now) if found else {}
