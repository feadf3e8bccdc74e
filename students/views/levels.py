"""The attention level of one student, and whether the file was looked through."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.versions import StaleVersion, posted_version, stands
from students import access, audit
from students import needs as showing
from students.actions import identification as acts
from students.forms.needs import LevelForm, step_choices
from students.levels import Level
from students.models import AttentionLevel, FileAccess, SchoolCalendar, Student, clock
from students.search import in_class_order
from students.upkeep import to_look_through
from students.views.answers import posted
from students.views.fetch import student_or_404
from students.words import seat_word

MOST = 300


@policy("student", level=Level.SENSITIVE)
@require_http_methods(["GET", "HEAD", "POST"])
def level(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Up by anyone who sees this page, down and out by 德育; one form, and the steps that this person may choose."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    current = acts.current_level(student)
    form = _form(request, student, current, now)
    stale = None
    if form.is_valid():
        try:
            _change(request, student, current, form.cleaned_data, now)
        except StaleVersion as error:
            stale = error
        except (acts.NotHigher, acts.NotLower):  # another level was set at the same moment
            stale = StaleVersion(acts.current_level(student))
        else:
            messages.success(request, _("Saved."))
            return redirect("students:needs", pk=student.pk)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    context = {
        "student": student,
        "form": form,
        "current": showing.level_row(current, today) if current else None,
        "version": acts.levels_version(student) if stale or not form.is_bound else posted_version(request),
        "stands": stands(stale, "step", "reason", "next_review_on"),
    }
    status = 409 if stale else 422 if form.is_bound else 200
    return render(request, "students/needs/level.html", context, status=status)


def _form(request: HttpRequest, student: Student, current: AttentionLevel | None, now: datetime) -> LevelForm:
    today = timezone.localdate(now)
    decides = access.decides_on_needs(request.user, student, now=now)
    tends = decides or access.is_head_of(request.user, student, now=now)
    review = today + timedelta(days=clock(student.school_id, "level_review"))
    return LevelForm(
        posted(request),
        steps=step_choices(current, decides=decides, tends=tends),
        current=current.step if current else None,
        today=today,
        initial={"next_review_on": review},
    )


def _change(request: HttpRequest, student: Student, current, fields: dict, now: datetime) -> None:
    """Raises StaleVersion where anything was changed since the page was shown."""
    if posted_version(request) != acts.levels_version(student):
        raise StaleVersion(current or AttentionLevel.objects.filter(student=student).order_by("-ended_at").first())
    step, version = int(fields["step"]), current.version if current else 0
    told = {"by": request.user, "now": now}
    if current and step == current.step:
        acts.review_level(current=current, version=version, next_review_on=fields["next_review_on"], **told)
    elif step > (current.step if current else 0):
        acts.raise_level(
            student=student, step=step, reason=fields["reason"], next_review_on=fields["next_review_on"], **told
        )
    else:
        acts.lower_level(
            current=current,
            step=step or None,
            reason=fields["reason"],
            version=version,
            next_review_on=fields["next_review_on"],
            **told,
        )


@policy("student", level=Level.SENSITIVE)
@require_POST
def file_verify(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    acts.verify_file(student=student, by=request.user, now=now)
    messages.success(request, _("Verified today."))
    return redirect("students:needs", pk=student.pk)


@policy("staff")
@require_safe
def upkeep(request: HttpRequest) -> HttpResponse:
    """Files of one's own class that are not verified, and levels and needs whose day has come; for 德育 of the school."""
    now, today = timezone.now(), timezone.localdate()
    term = SchoolCalendar.of(request.user.school_id).term_on(today)
    students = in_class_order(to_look_through(request.user, term, now=now).placed_on(today))[: MOST + 1]
    rows = [
        {
            "student": student,
            "seat": seat_word(student, today),
            "stale": student.stale,
            "level_due": student.level_due,
            "need_due": student.need_due,
        }
        for student in students
    ]
    if rows:
        told = [row["student"] for row in rows[:MOST]]
        audit.record(request, FileAccess.Kind.LIST, students=told, level=Level.SENSITIVE)
    return render(request, "students/needs/upkeep.html", {"rows": rows[:MOST], "more": len(rows) > MOST})
