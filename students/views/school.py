"""Terms and the calendar: the system administrator's pages. They show no student."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once, saving
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, differences, posted_version, shown_version
from students.actions import calendar as calendar_actions
from students.forms.school import DayForm, NewTermForm, TermForm
from students.models import CalendarDay, Term, school_year_of
from students.views.answers import applied, posted, saved, status_of

admin_only = policy("role", Role.SYSTEM_ADMIN)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- terms ------------------------------------------------------------------------------------------------------------


@admin_only
@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    years: dict[int, list[Term]] = {}
    for term in Term.objects.filter(school=request.user.school).order_by("-school_year", "number"):
        years.setdefault(term.school_year, []).append(term)
    context = {"years": list(years.items()), "today": timezone.localdate()}
    return render(request, "students/school/terms.html", context)


@admin_only
@get_or_post
@once
def term_add(request: HttpRequest) -> HttpResponse:
    term = Term(school=request.user.school)
    form = NewTermForm(posted(request), instance=term, initial=_next_term(request))
    add = partial(calendar_actions.save_term, by=request.user, term=term, version=None)
    if form.is_valid() and saved(request, form, add):
        messages.success(request, _("Saved."))
        return redirect("students:terms")
    context = {"form": form, "term": None, "changes": [], "version": 0}
    return render(request, "students/school/term.html", context, status=status_of(form))


def _next_term(request: HttpRequest) -> dict[str, Any]:
    """The first term that is missing from the running school year on, with its usual days."""
    known = set(Term.objects.filter(school=request.user.school).values_list("school_year", "number"))
    year, number = school_year_of(timezone.localdate()), Term.Number.AUTUMN
    while (year, number) in known:
        year, number = (year, Term.Number.SPRING) if number == Term.Number.AUTUMN else (year + 1, Term.Number.AUTUMN)
    return {"school_year": year, "number": number, **calendar_actions.usual_days(year, number)}


@admin_only
@get_or_post
def term(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Term, pk=pk, school=request.user.school)
    form, stale = TermForm(posted(request), instance=row), None
    if form.is_valid():
        try:
            if applied(
                form,
                lambda: calendar_actions.save_term(by=request.user, term=row, version=posted_version(request)),
            ):
                messages.success(request, _("Saved."))
                return redirect("students:terms")
        except StaleVersion as error:
            stale = error
    context = {
        "form": form,
        "term": row,
        "version": shown_version(request, row, stale),
        "changes": differences(form, stale),
    }
    return render(request, "students/school/term.html", context, status=409 if stale else status_of(form))


# --- calendar ---------------------------------------------------------------------------------------------------------


@admin_only
@get_or_post
@once
def calendar(request: HttpRequest) -> HttpResponse:
    """Holidays and make-up days of a school year (`?year=2026`), and one more."""
    year = _asked_year(request)
    form = DayForm(posted(request), school_year=year)
    changes: list[dict[str, str]] = []
    if form.is_valid():
        try:
            changes = list(_set_meanwhile(request, form))
            if not changes:
                _set_days(request, form)
                return redirect(_calendar_url(year))
        except StaleVersion:  # at the same moment
            changes = list(_set_meanwhile(request, form))
    return _calendar_page(request, form, year, 409 if changes else status_of(form), changes)


def _set_days(request: HttpRequest, form: DayForm) -> None:
    fields = {"is_school_day": form.cleaned_data["is_school_day"], "name": form.cleaned_data["name"]}
    with saving(request):
        for day in form.days():
            calendar_actions.set_day(by=request.user, school=request.user.school, day=day, **fields)
    messages.success(request, _("Saved."))


def _calendar_page(
    request: HttpRequest, form: DayForm, year: int, status: int, changes: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    past = CalendarDay.history.filter(school=request.user.school).order_by("-history_id")
    context = {
        "form": form,
        "rows": _days_of(request, year),
        "year": year,
        "years": _years(request, year),
        "changes": changes,
        # After a refused input still what the page was filled from, as with a row's version.
        "seen": _seen(request) if form.errors else past.values_list("history_id", flat=True).first() or 0,
    }
    return render(request, "students/school/calendar.html", context, status=status)


def _set_meanwhile(request: HttpRequest, form: DayForm) -> Iterator[dict[str, str]]:
    """Days that somebody else set, or took out, after this page was shown, and otherwise than it is asked here."""
    days = form.days()
    later = CalendarDay.history.filter(school=request.user.school, day__in=days, history_id__gt=_seen(request))
    stored = {row.day: row for row in CalendarDay.objects.filter(school=request.user.school, day__in=days)}
    mine = (form.cleaned_data["is_school_day"], form.cleaned_data["name"])
    for day in sorted(set(later.values_list("day", flat=True))):
        row = stored.get(day)
        theirs = (row.is_school_day, row.name) if row else None
        if theirs != mine:
            yield {"label": f"{day}", "theirs": _day_in_words(theirs), "mine": _day_in_words(mine)}


def _seen(request: HttpRequest) -> int:
    """The newest change that the page knew when it was shown."""
    text = request.POST.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _day_in_words(set_to: tuple[bool, str] | None) -> str:
    if set_to is None:
        return _("like any other day of the week")
    is_school_day, name = set_to
    return f"{name} · {_('school day') if is_school_day else _('no school')}".removeprefix(" · ")


def _days_of(request: HttpRequest, year: int):
    span = (date(year, 9, 1), date(year + 1, 8, 31))
    return CalendarDay.objects.filter(school=request.user.school, day__range=span)


def _years(request: HttpRequest, shown: int) -> list[int]:
    known = Term.objects.filter(school=request.user.school).order_by().values_list("school_year", flat=True)
    return sorted({*known, shown, school_year_of(timezone.localdate())})


def _asked_year(request: HttpRequest) -> int:
    """From the query; the running school year without one. 404 for what is no year."""
    text = request.GET.get("year") or str(school_year_of(timezone.localdate()))
    if not (text.isascii() and text.isdecimal() and 2000 <= int(text[:5]) < 2100):
        raise Http404
    return int(text)


def _calendar_url(year: int) -> str:
    return f"{reverse('students:calendar')}?year={year}"


@admin_only
@require_POST
def calendar_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    day = get_object_or_404(CalendarDay, pk=pk, school=request.user.school)
    year = school_year_of(day.day)
    try:
        calendar_actions.remove_day(by=request.user, day=day, version=posted_version(request))
    except StaleVersion:
        messages.warning(request, CHANGED_MEANWHILE)
        return _calendar_page(request, DayForm(None, school_year=year), year, 409)
    messages.success(request, _("Removed. The day counts like any other day of the week."))
    return redirect(_calendar_url(year))


@admin_only
@require_POST
@once
def calendar_seed(request: HttpRequest) -> HttpResponse:
    """The public holidays again; days that the school has set stay."""
    year = _asked_year(request)
    with saving(request):
        unknown = calendar_actions.seed_calendar(by=request.user, school=request.user.school, years=[year])
    if note := calendar_actions.unknown_years_note(unknown):
        messages.warning(request, note)
    else:
        messages.success(request, _("The public holidays are in. What you had set stayed."))
    return redirect(_calendar_url(year))
