"""What head teachers saw, and what becomes of it; the checklist for one student who finds learning hard; a file's panel."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, posted_version
from students import audit
from students.actions import screening as actions
from students.forms.screening import AnswerForm, ReviewForm, suggestible
from students.levels import Level
from students.models import Category, Checklist, ChecklistEdition, FileAccess, ScreeningEntry, Student
from students.views.answers import posted, status_of
from students.views.fetch import student_or_404, teaches
from students.views.note_sheet import draft_of, number
from students.views.screening_class import initial_of
from students.words import moment_word, seat_word

PAGE = 30
SHOWN = 12  # entries of one file

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
sensitive = policy("student", level=Level.SENSITIVE)


def _seen(request: HttpRequest, now: datetime):
    entries = ScreeningEntry.objects.visible_to(request.user, now=now)
    return entries.select_related("author", "edition__checklist", "reviewed_by", "sheet__round")


# --- the office -------------------------------------------------------------------------------------------------------


@policy("role", Role.MORAL_EDUCATION)
@require_safe
def screening_review(request: HttpRequest) -> HttpResponse:
    """What waits to be looked at, the longest waiting first."""
    now, today = timezone.now(), timezone.localdate()
    page = Paginator(_seen(request, now).to_review().order_by("created_at", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    students = Student.objects.placed_on(today).in_bulk([entry.student_id for entry in page])
    names = _category_names(request)
    rows = [_entry_row(entry, students[entry.student_id], names, now) for entry in page]
    audit.record(request, FileAccess.Kind.LIST, students=students.values(), level=Level.SENSITIVE)
    return render(request, "students/screening/review.html", {"page": page, "rows": rows})


def _category_names(request: HttpRequest) -> dict[str, str]:
    return dict(Category.objects.filter(school=request.user.school_id).values_list("code", "name"))


def _entry_row(entry: ScreeningEntry, student: Student, names: dict[str, str], now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    return {
        "entry": entry,
        "student": student,
        "seat": seat_word(student, today),
        "by": entry.author.display_name,
        "at": moment_word(entry.created_at, today),
        "categories": [names.get(code, code) for code in entry.categories],
        "checklist": entry.edition.checklist.name,
        "reviewed_at": moment_word(entry.reviewed_at, today) if entry.reviewed_at else "",
    }


@sensitive
@get_or_post
def screening_entry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One answer, for all who see it; what becomes of it is decided by 德育."""
    now, today = timezone.now(), timezone.localdate()
    entry = get_object_or_404(_seen(request, now), pk=pk)
    student = student_or_404(request, entry.student_id, Level.SENSITIVE, now)
    may_review = Role.MORAL_EDUCATION in request.user.roles(now) and entry.answer == ScreeningEntry.Answer.SIGNS
    if request.method == "POST" and not may_review:
        raise PermissionDenied
    form, status = None, 200
    if may_review and (request.method == "POST" or not entry.is_reviewed):
        form = ReviewForm(request.POST or None, school=request.user.school, initial=_proposal(request, entry))
        if form.is_valid() and (status := _reviewed(request, entry, form, now)) == 302:
            return redirect("students:screening_review")
        status = 422 if status == 200 and form.is_bound else status
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    entry = get_object_or_404(_seen(request, now), pk=pk) if status == 409 else entry
    context = {"row": _entry_row(entry, student, _category_names(request), now), "form": form, "today": today}
    return render(request, "students/screening/entry.html", context, status=status)


def _proposal(request: HttpRequest, entry: ScreeningEntry) -> dict[str, Any]:
    """Filled in from what was seen, so that passing it on is one press."""
    offered = Category.objects.active().filter(school=request.user.school_id, code__in=entry.categories)
    known = _("Known from: %(ways)s") % {"ways": "、".join(entry.way_texts)} if entry.ways else ""
    facts = "\n".join(filter(None, ["；".join(entry.sign_texts), entry.facts, known]))
    return {"categories": list(offered.values_list("pk", flat=True)), "facts": facts}


def _reviewed(request: HttpRequest, entry: ScreeningEntry, form: ReviewForm, now: datetime) -> int:
    """The status with which to answer."""
    try:
        actions.review_entry(
            by=request.user, entry=entry, version=posted_version(request), now=now, **form.cleaned_data
        )
    except StaleVersion:
        messages.warning(request, CHANGED_MEANWHILE)
        return 409
    except ValidationError as error:
        form.add_error(None, error)
        return 422
    messages.success(request, _("Done. The head teacher sees what became of it."))
    return 302


# --- one file ---------------------------------------------------------------------------------------------------------


@sensitive
@require_safe
def student_screening(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was answered about this student, the newest first: a page, and the panel of the file."""
    now = timezone.now()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    entries = _seen(request, now).filter(student=student).order_by("-created_at", "pk")[:SHOWN]
    names = _category_names(request)
    rows = [_entry_row(entry, student, names, now) for entry in entries]
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    context = {"student": student, "rows": rows, "may_write": teaches(request.user, student, now)}
    template = "students/screening/file.html"
    return render(request, f"{template}#panel" if request.htmx else template, context)


@sensitive
@get_or_post
def learning_check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The school's checklist for learning difficulties, on any day, by the class's own teachers (F9). No diagnosis."""
    now = timezone.now()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    if not teaches(request.user, student, now):
        raise PermissionDenied
    entry = _seen(request, now).filter(student=student, sheet=None, reviewed_at=None).first()
    edition = entry.edition if entry else _learning_edition(student)
    draft = draft_of(request.user, _key(student), now) if request.method == "GET" else None
    initial = initial_of(entry, draft)
    form = AnswerForm(posted(request), edition=edition, categories=suggestible(student.school_id), initial=initial)
    context = {"version": initial.get("version", entry.version if entry else 0), "draft": draft, "stale": None}
    if form.is_bound:
        context["version"] = posted_version(request)
    if form.is_valid():
        try:
            _check(request, student, edition, form, now)
        except StaleVersion as stale:
            context |= {"stale": stale.stored, "version": stale.stored.version}
        else:
            messages.success(request, _("Saved. The moral-education office looks at it."))
            return redirect("students:student_screening", student.pk)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    context |= {"student": student, "checklist": edition.checklist, "form": form, "draft_key": _key(student)}
    status = 409 if context["stale"] else status_of(form)
    return render(request, "students/screening/learning.html", context, status=status)


def _key(student: Student) -> str:
    return f"learn:{student.pk}"


def _learning_edition(student: Student) -> ChecklistEdition:
    """The newest of the checklist that is in use; 404 for a school that uses none."""
    learning = Q(checklist__purpose=Checklist.Purpose.LEARNING, checklist__is_active=True)
    editions = ChecklistEdition.objects.filter(learning, checklist__school=student.school_id)
    edition = editions.select_related("checklist").order_by("checklist__name", "-number").first()
    if edition is None:
        raise Http404
    return edition


def _check(request: HttpRequest, student: Student, edition, form: AnswerForm, now: datetime) -> None:
    actions.answer_for(
        by=request.user, student=student, edition=edition, fields=form.cleaned_data, version=posted_version(request),
        now=now, draft_key=_key(student), draft_seq=number(request.POST.get("draft_seq", "")),
    )  # fmt: skip
