"""My classes at a glance: how many students were noticed lately, and whom one might talk to this week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from students import access
from students.grid import FOUR_WEEKS, last_noticed
from students.levels import Level
from students.models import ClassGroup, SchoolCalendar, Student, Term

SUGGESTED = 3


@dataclass(frozen=True)
class Ring:
    """`noticed` of `size` students have a note from the last four school weeks, among what the reader may see."""

    name: str
    href: str
    noticed: int
    size: int


@dataclass(frozen=True)
class Suggestion:
    student: Student
    why: str


@dataclass(frozen=True)
class MyClasses:
    rings: tuple[Ring, ...]
    suggestions: tuple[Suggestion, ...]
    student_ids: tuple


def my_classes(user: User, *, now: datetime) -> MyClasses:
    """Six statements for any number of classes and students. The rings count like the class grid does."""
    today = timezone.localdate(now)
    groups = list(access.my_classes(user, day=today))
    students = _students(user, groups, today, now)
    calendar = SchoolCalendar.of(user.school_id)
    seen = last_noticed(user, students, own_only=False, now=now) if students else {}
    ages = {student.pk: _days(seen.get(student.pk, (None, None))[0], calendar, today) for student in students}
    rings = tuple(_ring(group, students, ages, today) for group in groups)
    suggestions = tuple(_suggestions(students, seen, ages, calendar.term_on(today), today))
    return MyClasses(rings, suggestions, tuple(student.pk for student in students))


def _students(user: User, groups: list[ClassGroup], today: date, now: datetime) -> list[Student]:
    visible = Student.objects.visible_to(user, Level.BASIC, now=now).placed_on(today)
    return list(visible.filter(place__class_group__in=groups)) if groups else []


def _days(last: date | None, calendar: SchoolCalendar, today: date) -> int | None:
    return None if last is None else calendar.days_between(last, today)


def _ring(group: ClassGroup, students: list[Student], ages: dict, today: date) -> Ring:
    members = [student for student in students if student.place.class_group_id == group.pk]
    noticed = [student for student in members if ages[student.pk] is not None and ages[student.pk] < FOUR_WEEKS]
    return Ring(group.name_on(today), group.get_absolute_url(), len(noticed), len(members))


def _suggestions(students: list[Student], seen: dict, ages: dict, term: Term | None, today: date) -> list[Suggestion]:
    """First whoever was never noted, then whoever has waited longest; not whom one has talked with in the last four
    weeks. The same three all week: within one rank the order follows the week and the student, not chance."""
    week = today.isocalendar()
    open_to_talk = [student for student in students if not _talked_lately(student, seen, today)]

    def rank(student: Student) -> tuple:
        days = ages[student.pk]
        return (days is not None, -(days or 0), hash((student.pk.int, week.year, week.week)))

    return [
        Suggestion(student, _why(student, seen, ages, term)) for student in sorted(open_to_talk, key=rank)[:SUGGESTED]
    ]


def _talked_lately(student: Student, seen: dict, today: date) -> bool:
    talk = seen.get(student.pk, (None, None))[1]
    return talk is not None and (today - talk).days < 28


def _why(student: Student, seen: dict, ages: dict, term: Term | None) -> str:
    """26 个上学日没有新记录 · 本学期还没有谈过心 · 上次谈心在第 3 周"""
    last, talk = seen.get(student.pk, (None, None))
    days = ages[student.pk]
    if last is None:
        return _("no note yet")
    if days and days >= FOUR_WEEKS:
        return ngettext("%(n)d school day without a new note", "%(n)d school days without a new note", days) % {
            "n": days
        }
    if talk is None or term is None or talk < term.starts_on:
        return _("not talked with yet this term")
    return _("last talk in week %(week)d") % {"week": term.week_of(talk)}
