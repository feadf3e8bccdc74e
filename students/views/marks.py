"""The academic office corrects one mark of a student by hand, or adds one that is missing."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once
from accounts.versions import StaleVersion, posted_version, shown_version, stands
from students import access, audit
from students.actions import marks as acts
from students.forms.marks import MarkForm, NewMarkForm
from students.marks.sheet import tidy
from students.marks.showing import in_words
from students.models import Exam, FileAccess, Mark
from students.views.answers import posted, saved, status_of
from students.words import moment_word

by_academic_office = policy("role", Role.ACADEMIC)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@by_academic_office
@get_or_post
def mark_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    seen = Mark.objects.visible_to(request.user, now=now).select_related("student", "exam__term", "class_group")
    mark = get_object_or_404(seen, pk=pk)
    start = {"mark": _("absent") if mark.value is None else tidy(mark.value), "full_mark": tidy(mark.full_mark)}
    form, stale = MarkForm(posted(request), initial=start), None
    if form.is_valid():
        try:
            version = posted_version(request)
            acts.correct_mark(mark=mark, by=request.user, version=version, now=now, **form.acted())
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Saved."))
            return redirect("reports:marks", pk=mark.student_id)
    audit.record(request, FileAccess.Kind.VIEW, students=[mark.student])
    context: dict[str, Any] = {
        "form": form,
        "mark": mark,
        "student": mark.student,
        "version": shown_version(request, mark, stale),
        "stands": stands(stale, "value", "is_absent", "full_mark"),
        "changes": _history(mark),
    }
    return render(request, "students/marks/mark.html", context, status=409 if stale else status_of(form))


def _history(mark: Mark) -> list[dict[str, str]]:
    """Newest first: what it was, by whom, when, and why."""
    today = timezone.localdate()
    return [
        {
            "words": in_words((None if row.value is None else tidy(row.value), tidy(row.full_mark))),
            "who": row.history_user.display_name if row.history_user else _("at the server"),
            "when": moment_word(row.history_date, today),
            "why": "" if (row.history_change_reason or "").startswith("marks ") else row.history_change_reason or "",
        }
        for row in mark.history.select_related("history_user")
    ]


@by_academic_office
@get_or_post
@once
def mark_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = get_object_or_404(access.students_with_marks(request.user, now=now), pk=pk)
    exams = Exam.objects.filter(term__school=request.user.school_id).select_related("term").in_order().reverse()
    form = NewMarkForm(posted(request), exams=exams, initial={"full_mark": tidy(Decimal(100))})
    if form.is_valid() and saved(request, form, partial(_add, request, student, form)):
        messages.success(request, _("Saved."))
        return redirect("reports:marks", pk=student.pk)
    return render(request, "students/marks/new.html", {"form": form, "student": student}, status=status_of(form))


def _add(request: HttpRequest, student, form: NewMarkForm) -> Mark:
    about = {"exam": form.cleaned_data["exam"], "subject": form.cleaned_data["subject"]}
    return acts.add_mark(student=student, by=request.user, now=timezone.now(), **about, **form.acted())
