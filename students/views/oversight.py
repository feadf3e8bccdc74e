"""Who may see a file and why, who opened it, what was changed in it, and counselling grants."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once, saving
from students import access as rights
from students import audit, reading_log
from students.actions.placements import end_counselling, open_counselling
from students.forms.profile import CounsellingForm
from students.history import changes_of
from students.levels import Level
from students.models import AccessGrant, FileAccess, Student
from students.views.fetch import student_or_404, teaches
from students.words import DUTIES, day_word, last_day, moment_word, span_word, whys_in_words

PAGE = 50


@policy("student", level=Level.BASIC)
@require_safe
def access(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why can I see this, and who can see this, in words with the dates."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.BASIC, now)
    whys = rights.who_can_see(student, now=now)
    mine = [why for why in whys if why.user == request.user]
    level = max(why.level for why in mine)
    told = [why for why in whys if _may_be_told(why, level)]
    people = [
        {
            "name": why.user.display_name,
            "reason": why.reason,
            "span": span_word(why, today),
            "level": Level(why.level).label,
        }
        for why in told
    ]
    if level >= Level.DAILY:
        audit.record(request, FileAccess.Kind.VIEW, students=[student], level=level)
    context = {"student": student, "mine": whys_in_words(mine, today), "people": people}
    return render(request, "students/files/access.html", context)


def _may_be_told(why: rights.Why, level: int) -> bool:
    """That somebody sees a file because of a support team or a conference says something about the student, so it is
    for those who see level 3; counselling stays with those whom it concerns."""
    if why.code == AccessGrant.Reason.COUNSELLING:
        return False
    return why.code in DUTIES or level >= Level.SENSITIVE


@policy("student", level=Level.BASIC)
@require_safe
def readers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """By name for 德育, the principal and the auditor (who learns no student's name); for class teachers the number.

    Reading the log is logged too, at level 1: it shows nothing of the file and counts as no reading of it.
    """
    now, today = timezone.now(), timezone.localdate()
    subjects = rights.students_in_log(request.user, now=now).placed_on(today)
    student = get_object_or_404(subjects, pk=pk)
    by_name = rights.reads_log(request.user, now=now)
    if not by_name and not teaches(request.user, student, now):
        raise PermissionDenied
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.BASIC)
    named = not by_name or rights.names_in_log(request.user, now=now)
    context = {
        "student_id": student.pk,
        "student_name": student.name if named else "",
        "totals": reading_log.totals(student, now=now),
        "by_name": by_name,
        "page": None,
        "rows": [],
    }
    if by_name:
        page = Paginator(reading_log.by_page_view(student, now=now), PAGE).get_page(request.GET.get("page"))
        rows = [reading_log.as_reading(row) for row in page]
        context |= {"page": page, "rows": [(row, moment_word(row.at, today)) for row in rows]}
    return render(request, "students/files/readers.html", context)


@policy("student", level=Level.DAILY)
@require_safe
def history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was changed in the rows that this reader may see; numbers and addresses masked."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.DAILY, now)
    level = rights.level_of(request.user, student, now=now)
    changes = changes_of(student, level)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=min(level, Level.SENSITIVE))
    page = Paginator(changes, PAGE).get_page(request.GET.get("page"))
    context = {
        "student": student,
        "page": page,
        "rows": [(change, moment_word(change.at, today)) for change in page],
    }
    return render(request, "students/files/history.html", context)


@policy("role", Role.MORAL_EDUCATION)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def counselling(request: HttpRequest, pk: UUID) -> HttpResponse:
    """德育 opens the confidential part of one file to one counsellor from a day to a day."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    form = CounsellingForm(
        request.POST or None, school=request.user.school, by=request.user, today=today, initial={"starts_on": today}
    )
    if form.is_valid():
        try:
            with saving(request):
                open_counselling(by=request.user, student=student, now=now, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("counsellor", error)
        else:
            messages.success(request, _("Opened. It ends by itself after the last day."))
            return redirect("students:counselling", pk=student.pk)
    grants = [_grant_row(grant, now) for grant in rights.counselling_grants(request.user, student, now=now)]
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.CONFIDENTIAL)
    context = {"student": student, "form": form, "grants": grants}
    return render(request, "students/files/counselling.html", context, status=422 if form.is_bound else 200)


def _grant_row(grant: AccessGrant, now) -> dict:
    today = timezone.localdate(now)
    until = last_day(grant.ends_at)
    return {
        "pk": grant.pk,
        "counsellor": grant.user.display_name,
        "since": day_word(timezone.localdate(grant.starts_at), today),
        "until": day_word(until, today) if until else "",
        "note": grant.note,
        "by": grant.granted_by.display_name if grant.granted_by else "",
        "over": grant.ends_at is not None and grant.ends_at <= now,
    }


@policy("role", Role.MORAL_EDUCATION)
@require_POST
def counselling_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student: Student = student_or_404(request, pk, Level.SENSITIVE, now)
    posted = request.POST.get("grant", "")
    grants = rights.counselling_grants(request.user, student, now=now)
    grant = get_object_or_404(grants, pk=posted if posted.isdecimal() and len(posted) < 18 else 0)
    if grant.ends_at is None or grant.ends_at > now:
        end_counselling(by=request.user, grant=grant, now=now)
    messages.success(request, _("Ended. The counsellor no longer sees the confidential part."))
    return redirect("students:counselling", pk=student.pk)
