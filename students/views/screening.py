"""Screening rounds: the list, opening one, its progress by class, putting it off, closing it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, posted_version, stands
from students import access
from students.actions import screening as actions
from students.forms.screening import DueForm, RoundForm
from students.models import ClassAssignment, ClassGroup, ScreeningRound, ScreeningSheet, Term, clock
from students.models.screening import progress
from students.screening import scope_words
from students.views.answers import posted, saved, status_of
from students.words import day_word

SHOWN = 12  # rounds and sheets: a few years
LEAST = timedelta(days=14)  # a round that is opened late still leaves time

moral = policy("role", Role.MORAL_EDUCATION)
leaders = policy("role", Role.MORAL_EDUCATION, Role.VICE_PRINCIPAL, Role.PRINCIPAL)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@policy("staff")
@require_safe
def screening(request: HttpRequest) -> HttpResponse:
    """One's own classes; for those who lead the school the rounds too. No student is named here."""
    now, today = timezone.now(), timezone.localdate()
    roles = request.user.roles(now)
    leads = not roles.isdisjoint(access.LEADERS)
    rounds = ScreeningRound.objects.filter(school=request.user.school_id).with_progress() if leads else []
    if leads:
        rounds = list(rounds.select_related("checklist", "term").order_by("-opened_at")[:SHOWN])
    scopes = scope_words(rounds)
    context = {
        "leads": leads,
        "may_open": Role.MORAL_EDUCATION in roles,
        "rounds": [(each, _opened(each, today), day_word(each.due_on, today), scopes[each.pk]) for each in rounds],
        "sheets": _own_sheets(request, today),
    }
    return render(request, "students/screening/rounds.html", context)


def _opened(row: ScreeningRound, today: date) -> str:
    return day_word(timezone.localdate(row.opened_at), today)


def _own_sheets(request: HttpRequest, today: date) -> list[dict[str, Any]]:
    """Two statements."""
    found = ScreeningSheet.objects.kept_by(request.user, today)
    sheets = list(found.select_related("round__checklist", "class_group").order_by("-round__opened_at")[:SHOWN])
    counts = progress(found, today) if sheets else {}
    return [
        {
            "sheet": each,
            "class_name": each.class_group.name_on(today),
            "size": counts.get(each.pk, (0, 0))[0],
            "answers": counts.get(each.pk, (0, 0))[1],
            "opened": _opened(each.round, today),
            "due": day_word(each.round.due_on, today),
            "late": each.round.due_on < today and each.finished_at is None and each.round.is_open,
        }
        for each in sheets
    ]


@moral
@get_or_post
@once
def screening_open(request: HttpRequest) -> HttpResponse:
    """With a checklist, by a day; every class that has students gets its sheet, or those of chosen grades and classes."""
    now, today = timezone.now(), timezone.localdate()
    term = Term.objects.filter(school=request.user.school_id).latest_begun(today)
    form = RoundForm(
        posted(request), school=request.user.school, today=today, classes=_classes_today(request, today),
        initial={"due_on": _due_on(request, term, today)},
    )  # fmt: skip
    if term is not None and form.is_valid():
        open_it = partial(actions.open_round, by=request.user, term=term, now=now, **form.cleaned_data)
        if saved(request, form, open_it):
            messages.success(request, _("Opened. It stands on every head teacher's to-do list."))
            return redirect("students:screening")
    context = {"form": form, "term": term}
    return render(request, "students/screening/open.html", context, status=status_of(form))


def _classes_today(request: HttpRequest, today: date) -> list[ClassGroup]:
    return list(ClassGroup.objects.filter(school=request.user.school_id).in_school_on(today))


def _due_on(request: HttpRequest, term: Term | None, today: date) -> date:
    """Within the school's number of days after the term began; two weeks for a round that is opened later."""
    begun = term.starts_on if term else today
    return max(begun + timedelta(days=clock(request.user.school_id, "screening")), today + LEAST)


@leaders
@require_safe
def screening_round(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _round_page(request, _round(request, pk))


def _round(request: HttpRequest, pk: UUID) -> ScreeningRound:
    rounds = ScreeningRound.objects.filter(school=request.user.school_id)
    return get_object_or_404(rounds.select_related("checklist", "edition", "term"), pk=pk)


def _round_page(
    request: HttpRequest, row: ScreeningRound, form: DueForm | None = None, stale: StaleVersion | None = None
) -> HttpResponse:
    now, today = timezone.now(), timezone.localdate()
    classes = _classes(row, today)
    context = {
        "round": row,
        "scope": scope_words([row])[row.pk],
        "due": day_word(row.due_on, today),
        "late": row.is_open and row.due_on < today,
        "classes": classes,
        "finished": sum(each["finished"] for each in classes),
        "form": form or DueForm(today=today, initial={"due_on": row.due_on}),
        "stands": stands(stale, "due_on"),
        "may_change": Role.MORAL_EDUCATION in request.user.roles(now) and row.is_open,
        "may_review": Role.MORAL_EDUCATION in request.user.roles(now),
    }
    status = 409 if stale else status_of(form) if form else 200
    return render(request, "students/screening/round.html", context, status=status)


def _classes(row: ScreeningRound, today: date) -> list[dict[str, Any]]:
    """In the school's order, never by how far they are. Three statements."""
    sheets = list(row.sheets.select_related("class_group").in_order())
    counts = progress(row.sheets.all(), today)
    heads: dict[Any, list[str]] = {}
    duties = ClassAssignment.objects.on(today).filter(
        class_group__screening_sheets__round=row, duty=ClassAssignment.Duty.HEAD
    )
    for duty in duties.select_related("user"):
        heads.setdefault(duty.class_group_id, []).append(duty.user.display_name)
    return [_class_row(each, counts.get(each.pk, (0, 0)), heads.get(each.class_group_id, []), today) for each in sheets]


def _class_row(sheet: ScreeningSheet, counts: tuple[int, int], heads: list[str], today: date) -> dict[str, Any]:
    size, answers = counts
    return {
        "sheet": sheet,
        "name": sheet.class_group.name_on(today),
        "size": size,
        "answers": answers,
        "heads": heads,
        "finished": sheet.finished_at is not None,
        "finished_on": day_word(timezone.localdate(sheet.finished_at), today) if sheet.finished_at else "",
    }


@moral
@require_POST
def screening_due(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = _round(request, pk)
    form = DueForm(request.POST, today=timezone.localdate())
    if not form.is_valid():
        return _round_page(request, row, form)
    try:
        actions.put_off(by=request.user, round=row, due_on=form.cleaned_data["due_on"], version=posted_version(request))
    except StaleVersion as stale:
        return _stale(request, pk, stale, form)
    messages.success(request, _("Saved."))
    return redirect(row)


@moral
@require_POST
def screening_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    row, now = _round(request, pk), timezone.now()
    try:
        actions.close_round(by=request.user, round=row, version=posted_version(request), now=now)
    except StaleVersion as stale:
        return _stale(request, pk, stale)
    messages.success(request, _("Closed. What was answered stays where it is."))
    return redirect(row)


def _stale(request: HttpRequest, pk: UUID, stale: StaleVersion, form: DueForm | None = None) -> HttpResponse:
    messages.warning(request, CHANGED_MEANWHILE)
    return _round_page(request, _round(request, pk), form, stale)
