"""A school year's terms and its exceptions to "Monday to Friday". Every school edits both afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import chinese_calendar
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import School, User
from accounts.versions import delete_version, save_version
from students.actions import stamp
from students.models import CalendarDay, Term

TEACHING_WEEKS = {Term.Number.AUTUMN: 21, Term.Number.SPRING: 20}
TERM_FIELDS = ("starts_on", "ends_on", "week1_monday")
HOLIDAY_NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
MAKE_UP = "{}调休上课"


# --- terms ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_terms(*, by: User | None, school: School, school_year: int, now: datetime) -> list[Term]:
    """Both terms of the school year that begins in `school_year`; those that exist stay as they are.

    The days are a first guess (each province sets its own, DOMAIN §2.7): autumn from 1 September, spring from the
    first Monday after 19 February.
    """
    stored = {term.number: term for term in Term.objects.filter(school=school, school_year=school_year)}
    for number in Term.Number:
        if number not in stored:
            term = Term(school=school, school_year=school_year, number=number, **usual_days(school_year, number))
            setattr(term, "_history_date", now)  # noqa: B010 -- simple_history reads it; no field declares it
            stamp(by, term)
            term.save()
            stored[number] = term
    return [stored[number] for number in Term.Number]


def usual_days(school_year: int, number: int) -> dict[str, date]:
    """first day, last day and Monday of week 1, as a first guess."""
    first = date(school_year, 9, 1) if number == Term.Number.AUTUMN else _monday_from(date(school_year + 1, 2, 20))
    monday = _monday_from(first) if first.weekday() > 4 else first - timedelta(days=first.weekday())
    last = monday + timedelta(weeks=TEACHING_WEEKS[Term.Number(number)], days=-3)
    return {"starts_on": first, "ends_on": last, "week1_monday": monday}


def _monday_from(day: date) -> date:
    """That day or the next Monday."""
    return day + timedelta(days=-day.weekday() % 7)


@transaction.atomic
def save_term(*, by: User, term: Term, version: int | None) -> None:
    """Add `term` (version None) or save its days. Raises ValidationError, and StaleVersion when somebody was faster."""
    term.full_clean()
    _refuse_overlap(term)
    stamp(by, term)
    if version is None:
        term.save()
    else:
        save_version(term, TERM_FIELDS, version)


def _refuse_overlap(term: Term) -> None:
    others = Term.objects.filter(school=term.school_id).exclude(pk=term.pk)
    if other := others.filter(starts_on__lte=term.ends_on, ends_on__gte=term.starts_on).first():
        raise ValidationError(_("These days overlap with %(term)s.") % {"term": other})


# --- holidays and make-up days ----------------------------------------------------------------------------------------


@transaction.atomic
def seed_calendar(*, by: User | None, school: School, years: Iterable[int]) -> list[int]:
    """The public holidays and make-up days of these school years; days that the school has set itself stay.

    Returns the calendar years that nobody has announced yet: there every weekday stays a school day, and whoever
    calls says so (`unknown_years_note`).
    """
    known = set(CalendarDay.objects.filter(school=school).values_list("day", flat=True))
    unknown: set[int] = set()
    rows: list[CalendarDay] = []
    for day in (day for year in years for day in _school_year_days(year)):
        try:
            exception = _exception(day)
        except NotImplementedError:
            unknown.add(day.year)
            continue
        if exception is not None and day not in known:
            rows.append(CalendarDay(school=school, day=day, is_school_day=exception[0], name=exception[1]))
            known.add(day)
    bulk_create_with_history(rows, CalendarDay, default_user=by, batch_size=500)
    return sorted(unknown)


def _school_year_days(school_year: int) -> list[date]:
    first = date(school_year, 9, 1)
    return [first + timedelta(days=n) for n in range((date(school_year + 1, 9, 1) - first).days)]


def _exception(day: date) -> tuple[bool, str] | None:
    """(is a school day, name) where the day differs from "Monday to Friday". Raises NotImplementedError."""
    free, name = chinese_calendar.get_holiday_detail(day)
    if free == (day.weekday() > 4):
        return None
    chinese = HOLIDAY_NAMES.get(name, "")
    return (False, chinese) if free else (True, MAKE_UP.format(chinese))


def unknown_years_note(years: Iterable[int]) -> str:
    """A sentence for people; empty when every year is known."""
    listed = ", ".join(str(year) for year in years)
    if not listed:
        return ""
    return _("The holidays of %(years)s have not been announced; every weekday counts as a school day there.") % {
        "years": listed
    }


@transaction.atomic
def set_day(*, by: User, school: School, day: date, is_school_day: bool, name: str) -> CalendarDay:
    """One exception; a day that has one already is changed."""
    row = CalendarDay.objects.filter(school=school, day=day).first() or CalendarDay(school=school, day=day)
    if not row._state.adding and (row.is_school_day, row.name) == (is_school_day, name):
        return row
    row.is_school_day, row.name = is_school_day, name
    row.full_clean()
    stamp(by, row)
    if row._state.adding:
        row.save()
    else:
        save_version(row, ["is_school_day", "name"], row.version)
    return row


@transaction.atomic
def remove_day(*, by: User, day: CalendarDay, version: int | None = None) -> None:
    """Back to "Monday to Friday". Raises StaleVersion when the day is no longer the one that was shown (`version`)."""
    stamp(by, day)
    delete_version(day, day.version if version is None else version)
