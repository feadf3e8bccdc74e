"""A class goes through a screening round: one page, an answer for each student, and "this was everybody"."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.versions import StaleVersion, posted_version
from students import audit
from students.actions import screening as actions
from students.forms.screening import AnswerForm, suggestible
from students.levels import Level
from students.models import Draft, FileAccess, ScreeningEntry, ScreeningSheet
from students.screening import ClassSheet, Row, class_sheet, draft_key
from students.views.note_sheet import initial_from, number
from students.words import day_word, moment_word

sensitive = policy("student", level=Level.SENSITIVE)
SHOWN = [name for name in actions.ANSWERED if name != "answer"]  # what the form is filled with


def sheet_or_404(request: HttpRequest, pk: UUID, now: datetime) -> ScreeningSheet:
    seen = ScreeningSheet.objects.visible_to(request.user, now=now)
    return get_object_or_404(seen.select_related("round__edition", "round__checklist", "class_group__school"), pk=pk)


@sensitive
@require_safe
def screening_class(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    return _class_page(request, sheet_or_404(request, pk, now), now)


def _class_page(
    request: HttpRequest, sheet: ScreeningSheet, now: datetime, *, status: int = 200, refused: bool = False
) -> HttpResponse:
    today = timezone.localdate(now)
    seen = class_sheet(request.user, sheet, now=now)
    may_answer = actions.may_answer(request.user, sheet, day=today)
    audit.record(request, FileAccess.Kind.LIST, students=[row.student for row in seen.rows], level=Level.SENSITIVE)
    begun = [row for row in seen.rows if row.draft and not row.is_reviewed] if may_answer else []
    offered = list(suggestible(request.user.school_id)) if begun else []
    context = {
        **_frame(sheet, seen, may_answer),
        "class_name": sheet.class_group.name_on(today),
        "due": day_word(sheet.round.due_on, today),
        "finished": moment_word(sheet.finished_at, today) if sheet.finished_at else "",
        "rows": [_shown(row, sheet, offered if row in begun else None) for row in seen.rows],
        "duty_phone": sheet.class_group.school.duty_phone,
        "refused": refused,
        "left_rows": [row for row in seen.rows if row.entry is None] if refused else [],
    }
    return render(request, "students/screening/class.html", context, status=status)


def _frame(sheet: ScreeningSheet, seen: ClassSheet, may_answer: bool) -> dict[str, Any]:
    return {"sheet": sheet, "seen": seen, "may_answer": may_answer}


def _shown(row: Row, sheet: ScreeningSheet, offered: list | None, form: AnswerForm | None = None) -> dict[str, Any]:
    """What the template needs of one row; with a form where one stands open. `version`: the one it was filled from."""
    if form is None and offered is not None:
        form = _filled(row, sheet, offered)
    begun_from = form.data.get("version", "") if form and form.is_bound else form and form.initial.get("version")
    version = row.version if begun_from is None else number(str(begun_from))
    return {"row": row, "form": form, "version": version, "draft_key": draft_key(sheet, row.student), "stale": None, "move_on": False}  # fmt: skip


def _filled(row: Row, sheet: ScreeningSheet, offered: list) -> AnswerForm:
    """From the answer that stands, and over it the draft of somebody who went away in the middle of it."""
    return _form(row, sheet, offered, initial=initial_of(row.entry, row.draft))


def initial_of(entry: ScreeningEntry | None, draft: Draft | None) -> dict[str, Any]:
    initial = {name: getattr(entry, name) for name in SHOWN} if entry else {}
    if draft is None:
        return initial
    body = draft.form
    ticks = {name: body.get(name, []) for name in ("signs", "categories", "ways")}  # none ticked stands in no body
    return initial | initial_from(AnswerForm, body) | ticks | {"version": number(body.get("version", ["0"])[0])}


def _form(row: Row, sheet: ScreeningSheet, offered: list, *args: Any, **kwargs: Any) -> AnswerForm:
    ids = f"{row.student.pk}-%s"  # many forms stand on one page
    return AnswerForm(*args, edition=sheet.round.edition, categories=offered, auto_id=ids, **kwargs)


# --- one student ------------------------------------------------------------------------------------------------------


@sensitive
@require_http_methods(["GET", "HEAD", "POST"])
def screening_answer(request: HttpRequest, pk: UUID, student: UUID) -> HttpResponse:
    """The form for one student: a page, or the row of the class page. `?closed`: the row as it stands."""
    now = timezone.now()
    sheet = sheet_or_404(request, pk, now)
    seen = class_sheet(request.user, sheet, now=now)
    row = seen.row_of(student)
    if row is None:
        raise Http404
    if not actions.may_answer(request.user, sheet, day=timezone.localdate(now)) or row.is_reviewed:
        raise PermissionDenied
    if request.method == "POST":
        return _answer(request, sheet, seen, row, now)
    closed = request.htmx and "closed" in request.GET
    offered = None if closed else list(suggestible(request.user.school_id))
    return _row_page(request, sheet, seen, _shown(row, sheet, offered))


def _answer(request: HttpRequest, sheet: ScreeningSheet, seen: ClassSheet, row: Row, now: datetime) -> HttpResponse:
    offered = list(suggestible(request.user.school_id))
    form = _form(row, sheet, offered, request.POST)
    if not form.is_valid():
        return _row_page(request, sheet, seen, _shown(row, sheet, offered, form), status=422)
    try:
        entry = actions.answer_for(
            by=request.user, student=row.student, sheet=sheet, edition=sheet.round.edition, fields=form.cleaned_data,
            version=posted_version(request), now=now, draft_key=draft_key(sheet, row.student),
            draft_seq=number(request.POST.get("draft_seq", "")),
        )  # fmt: skip
    except StaleVersion as stale:
        fresh = replace(row, entry=_stored(sheet, stale.stored))
        shown = _shown(fresh, sheet, offered, form) | {"stale": fresh.entry, "version": fresh.version}
        return _row_page(request, sheet, seen, shown, status=409)
    if not request.htmx:
        return redirect(f"{sheet.get_absolute_url()}#s-{row.student.pk}")
    answered = replace(row, entry=_stored(sheet, entry), draft=None)
    rows = tuple(answered if each is row else each for each in seen.rows)
    return _row_page(request, sheet, replace(seen, rows=rows), _shown(answered, sheet, None) | {"move_on": True})


def _stored(sheet: ScreeningSheet, entry: ScreeningEntry) -> ScreeningEntry:
    entry.sheet, entry.edition = sheet, sheet.round.edition
    return entry


def _row_page(
    request: HttpRequest, sheet: ScreeningSheet, seen: ClassSheet, shown: dict, status: int = 200
) -> HttpResponse:
    """The same row as a fragment and on a page of its own. What it shows of one student stands in the read log."""
    audit.record(request, FileAccess.Kind.VIEW, students=[shown["row"].student], level=Level.SENSITIVE)
    context = {
        **_frame(sheet, seen, True),
        "shown": shown,
        "class_name": sheet.class_group.name_on(timezone.localdate()),
    }
    template = "students/screening/answer.html"
    return render(request, f"{template}#row" if request.htmx else template, context, status=status)


# --- everybody --------------------------------------------------------------------------------------------------------


@sensitive
@require_POST
def screening_finish(request: HttpRequest, pk: UUID) -> HttpResponse:
    """By whoever keeps the class; who is left stands above the list."""
    now = timezone.now()
    sheet = sheet_or_404(request, pk, now)
    if not actions.may_answer(request.user, sheet, day=timezone.localdate(now)):
        raise PermissionDenied
    try:
        actions.finish_sheet(by=request.user, sheet=sheet, version=posted_version(request), now=now)
    except actions.StudentsLeft:
        return _class_page(request, sheet, now, status=422, refused=True)
    except StaleVersion:
        messages.warning(request, _("A colleague has finished this class already."))
        return _class_page(request, sheet_or_404(request, pk, now), now, status=409)
    messages.success(request, _("Finished. Thank you; the moral-education office looks at it now."))
    return redirect(sheet)
