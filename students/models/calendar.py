"""Terms and school days. "Not for N days" counts days on which there was school."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import OpaqueModel, School

ONE_DAY = timedelta(days=1)


class TermQuerySet(models.QuerySet["Term"]):
    def on(self, day: date) -> TermQuerySet:
        return self.filter(starts_on__lte=day, ends_on__gte=day)

    def latest_begun(self, day: date) -> Term | None:
        """The term of `day`, or in the holidays the one before it."""
        return self.filter(starts_on__lte=day).order_by("-starts_on").first()


class Term(OpaqueModel):
    """A term: 2026-2027 autumn is school_year 2026, number 1. Exact dates are set by each province and city."""

    class Number(models.IntegerChoices):
        AUTUMN = 1, _("Autumn term")
        SPRING = 2, _("Spring term")

    school = models.ForeignKey(School, models.PROTECT, related_name="terms")
    school_year = models.PositiveSmallIntegerField(_("School year begins in"))
    number = models.PositiveSmallIntegerField(_("Term"), choices=Number)
    starts_on = models.DateField(_("First day"))
    ends_on = models.DateField(_("Last day"))
    week1_monday = models.DateField(_("Monday of week 1"))
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["school", "school_year", "number"], name="one_row_per_term"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")),
                name="term_ends_after_it_starts",
                violation_error_message=_("A term ends after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(from)d—%(to)d %(term)s") % {
            "from": self.school_year,
            "to": self.school_year + 1,
            "term": self.get_number_display(),
        }

    @property
    def code(self) -> str:
        """2026-2027-1, as the school's own files name it."""
        return f"{self.school_year}-{self.school_year + 1}-{self.number}"

    def week_of(self, day: date) -> int:
        """Weeks are counted from the Monday of week 1."""
        return (day - self.week1_monday).days // 7 + 1

    def in_words(self, day: date) -> str:
        """秋季学期第 9 周."""
        week = {"term": self.get_number_display(), "week": self.week_of(day)}
        return pgettext("term and week", "%(term)s, week %(week)d") % week


class CalendarDay(OpaqueModel):
    """An exception to "Monday to Friday": a holiday, or a weekend day made up."""

    school = models.ForeignKey(School, models.CASCADE, related_name="calendar_days")
    day = models.DateField(_("Day"))
    is_school_day = models.BooleanField(_("School day"))
    name = models.CharField(_("Name"), max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["school", "day"], name="one_exception_per_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


@dataclass(frozen=True)
class SchoolCalendar:
    """A school's terms and its school days in order, read once for a page."""

    terms: tuple[Term, ...]
    days: tuple[date, ...]

    @classmethod
    def of(cls, school_id) -> SchoolCalendar:
        """Two statements."""
        terms = tuple(Term.objects.filter(school=school_id).order_by("starts_on"))
        exceptions = dict(CalendarDay.objects.filter(school=school_id).values_list("day", "is_school_day"))
        days = sorted({day for term in terms for day in _school_days(term, exceptions)})
        return cls(terms, tuple(days))

    def is_school_day(self, day: date) -> bool:
        return self.days_between(day - ONE_DAY, day) == 1

    def days_between(self, earlier: date, later: date) -> int:
        """School days after `earlier` up to and including `later`; 0 on the same day."""
        return max(0, bisect_right(self.days, later) - bisect_right(self.days, earlier))

    def days_since(self, last: date, today: date) -> int:
        """School days since something happened; at least 1 for any day but today: on a Saturday, Friday is not today."""
        return self.days_between(last, today) or int(last < today)

    def start_of_last(self, count: int, today: date) -> date:
        """The first of the last `count` school days, today's included; what is older was `count` school days ago or more."""
        index = bisect_right(self.days, today) - count
        return self.days[index] if index >= 0 else date.min

    def days_ago(self, count: int, today: date) -> date:
        """The day since which `count` school days have passed; the first known day when there were fewer."""
        index = bisect_right(self.days, today) - count - 1
        return self.days[index] if index >= 0 else date.min

    def next_day(self, after: date) -> date:
        """The next school day, or simply the next day when the calendar does not reach so far."""
        index = bisect_right(self.days, after)
        return self.days[index] if index < len(self.days) else after + ONE_DAY

    def term_on(self, day: date) -> Term | None:
        """The term of `day`; in the holidays the one before."""
        begun = [term for term in self.terms if term.starts_on <= day]
        return begun[-1] if begun else None


def _school_days(term: Term, exceptions: dict[date, bool]) -> list[date]:
    span = (term.ends_on - term.starts_on).days + 1
    days = (term.starts_on + timedelta(days=n) for n in range(span))
    return [day for day in days if exceptions.get(day, day.weekday() < 5)]
