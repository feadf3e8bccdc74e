"""Filling in a scale: for one of the own cases by hand, or for many by a sheet, checked before anything is entered."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once, saving
from students import access, audit
from students.actions import answer_sheets as actions
from students.actions.assessments import EditionChanged
from students.forms.assessments import SheetForm
from students.levels import Level
from students.models import AnswerSheet, FileAccess, Instrument
from students.roster.refusal import Refused
from students.scales.scoring import score
from students.scales.sheet import Row
from students.views.answers import posted, status_of
from students.views.instruments import instrument_of
from students.words import seat_word

counsellor_only = policy("role", Role.COUNSELLOR)


def edition_changed() -> str:
    return _("The instrument was changed or put away meanwhile. Nothing was saved: begin again with the present one.")


def _scale(request: HttpRequest, pk: UUID) -> Instrument:
    row = instrument_of(request, pk)
    if row.kind != Instrument.Kind.ASSESSMENT or row.retired_at is not None:
        raise Http404
    return row


@counsellor_only
@require_http_methods(["GET", "HEAD", "POST"])
@once
def answers(request: HttpRequest, pk: UUID) -> HttpResponse:
    now, today = timezone.now(), timezone.localdate()
    row = _scale(request, pk)
    form = SheetForm(posted(request), request.FILES or None)
    if form.is_valid() and (sheet := _read(request, row, form, now)):
        return redirect("students:answer_sheet", sheet.pk)
    cases = actions.own_cases(request.user, now=now)
    waiting = access.answer_sheets(request.user, now=now).filter(instrument=row, entered_at__isnull=True)
    audit.record(request, FileAccess.Kind.LIST, students=cases, level=Level.CONFIDENTIAL)
    context = {
        "instrument": row,
        "form": form,
        "cases": [(student, seat_word(student, today)) for student in cases],
        "waiting": list(waiting),
    }
    return render(request, "students/scales/answers.html", context, status=status_of(form))


def _read(request: HttpRequest, row: Instrument, form: SheetForm, now) -> AnswerSheet | None:
    file = form.cleaned_data["file"]
    data = file.read()
    file.seek(0)  # the form's number is taken of its content, by `saving` too
    try:
        sheet = actions.read_sheet(by=request.user, instrument=row, data=data, filename=file.name, now=now)
    except Refused as refusal:
        form.add_error("file", str(refusal))
        return None
    with saving(request):
        sheet.save()
    return sheet


@counsellor_only
@require_safe
def answers_blank(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An empty sheet with the right columns, with the mark by which Excel knows UTF-8. It names nobody."""
    row = _scale(request, pk)
    head = ["班级", "座号", "姓名", "学籍号", "日期", *map(str, range(1, len(row.defined.items) + 1))]
    answer = HttpResponse("\ufeff" + ",".join(head) + "\r\n", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="answers.csv"'
    return answer


@counsellor_only
@require_safe
def answer_sheet(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Row by row what would be entered, and why a row is refused."""
    now = timezone.now()
    sheet = _sheet_of(request, pk)
    open_now = {str(student.pk): student for student in actions.own_cases(request.user, now=now)}
    rows = actions.rows_of(sheet)
    good = [row for row in rows if not row.errors and row.student in open_now]
    students = [open_now[row.student] for row in good]
    audit.record(request, FileAccess.Kind.LIST, students=students, level=Level.CONFIDENTIAL)
    context = {
        "sheet": sheet,
        "good": [_shown(sheet, row, open_now) for row in good],
        "refused": [row for row in rows if row not in good],
    }
    return render(request, "students/scales/answer_sheet.html", context)


def _sheet_of(request: HttpRequest, pk: UUID) -> AnswerSheet:
    own = access.answer_sheets(request.user, now=timezone.now())
    return get_object_or_404(own.select_related("instrument"), pk=pk)


def _shown(sheet: AnswerSheet, row: Row, students: dict) -> dict:
    student = students[row.student]
    results = score(sheet.instrument.defined, row.answers)
    place = seat_word(student, timezone.localdate())
    return {"row": row.row, "student": student, "place": place, "day": row.day, "results": results}


@counsellor_only
@require_POST
def answer_sheet_enter(request: HttpRequest, pk: UUID) -> HttpResponse:
    sheet = _sheet_of(request, pk)
    try:
        entered = actions.enter_sheet(by=request.user, sheet=sheet, now=timezone.now())
    except EditionChanged:
        messages.error(request, edition_changed())
    else:
        messages.success(request, ngettext("%(n)d result entered.", "%(n)d results entered.", entered) % {"n": entered})
    return redirect("students:answer_sheet", sheet.pk)


@counsellor_only
@require_POST
def answer_sheet_drop(request: HttpRequest, pk: UUID) -> HttpResponse:
    sheet = _sheet_of(request, pk)
    back = sheet.instrument_id
    actions.drop_sheet(by=request.user, sheet=sheet)
    messages.success(request, _("The sheet is put away."))
    return redirect("students:answers", back)
