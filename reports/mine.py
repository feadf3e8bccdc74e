"""My classes at a glance: how many students were noticed lately, and whom one might talk to this week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from reports import radar
from students import access
from students.grid import FOUR_WEEKS, last_noticed
from students.levels import Level
from students.models import ClassGroup, SchoolCalendar, Student, Term


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
    radar: bool = False  # whether a class of one's own is on the radar


def my_classes(user: User, *, now: datetime) -> MyClasses:
    """Eight statements for any number of classes and students. The rings count like the class grid does; talks are
    suggested to head teachers and deputies."""
    today = timezone.localdate(now)
    groups = list(access.my_classes(user, day=today))
    students = _students(user, groups, today, now)
    calendar = SchoolCalendar.of(user.school_id)
    seen = last_noticed(user, students, own_only=False, now=now) if students else {}
    ages = {student.pk: _days(seen.get(student.pk, (None, None))[0], calendar, today) for student in students}
    rings = tuple(_ring(group, students, ages, today) for group in groups)
    headed = {group.pk for group in groups if group.is_head}
    own = [student for student in students if student.place.class_group_id in headed]
    seats = radar.seats(own, calendar, today) if own else []
    suggestions = tuple(suggestions_from(seats, calendar, today))
    return MyClasses(rings, suggestions, tuple(student.pk for student in students), radar=bool(headed))


def _students(user: User, groups: list[ClassGroup], today: date, now: datetime) -> list[Student]:
    visible = Student.objects.visible_to(user, Level.BASIC, now=now).placed_on(today)
    return list(visible.filter(place__class_group__in=groups)) if groups else []


def _days(last: date | None, calendar: SchoolCalendar, today: date) -> int | None:
    return None if last is None else calendar.days_between(last, today)


def _ring(group: ClassGroup, students: list[Student], ages: dict, today: date) -> Ring:
    members = [student for student in students if student.place.class_group_id == group.pk]
    noticed = [student for student in members if ages[student.pk] is not None and ages[student.pk] < FOUR_WEEKS]
    return Ring(group.name_on(today), group.get_absolute_url(), len(noticed), len(members))


def suggestions_from(seats: list[radar.Seat], calendar: SchoolCalendar, today: date) -> list[Suggestion]:
    term = calendar.term_on(today)
    return [Suggestion(seat.student, _why(seat, term)) for seat in radar.suggest(seats, calendar, today)]


def _why(seat: radar.Seat, term: Term | None) -> str:
    """26 个上学日没有新记录 · 本学期还没有谈过心 · 上次谈心在第 3 周"""
    if seat.days is None:
        return _("no note yet")
    if seat.is_quiet:
        return ngettext(
            "%(n)d school day without a new note", "%(n)d school days without a new note", seat.days
        ) % {"n": seat.days}  # fmt: skip
    if seat.talked_on is None or term is None:
        return _("not talked with yet this term")
    return _("last talk in week %(week)d") % {"week": term.week_of(seat.talked_on)}
