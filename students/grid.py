"""A class as its teacher sees it before a lesson: everybody, and how long ago each was last noticed. No labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from students.levels import Level
from students.models import Boarding, ClassGroup, Observation, SchoolCalendar, Student

FOUR_WEEKS = 20  # school days


@dataclass(frozen=True)
class Place:
    """One tile. `days`: school days since the last note, None for never. `talked`: this term."""

    student: Student
    seat: int
    days: int | None
    talked: bool

    @property
    def is_quiet(self) -> bool:
        return self.days is None or self.days >= FOUR_WEEKS


@dataclass(frozen=True)
class ClassGrid:
    """`own_only`: the reader may not see everybody's records, so only the reader's own notes count."""

    places: tuple[Place, ...]
    own_only: bool
    today: date

    @property
    def quiet(self) -> int:
        return sum(place.is_quiet for place in self.places)

    @property
    def noticed(self) -> int:
        return len(self.places) - self.quiet

    def sorted_by(self, key: str) -> list[Place]:
        return sorted(self.places, key=SORTS[key].key)

    def filtered(self, places: Iterable[Place], key: str) -> list[Place]:
        return [place for place in places if FILTERS[key].holds(place, self.today)]

    def count(self, key: str) -> int:
        return len(self.filtered(self.places, key))


def class_grid(user: User, class_group: ClassGroup, *, now: datetime) -> ClassGrid:
    """Four statements for any number of students."""
    today = timezone.localdate(now)
    daily = Student.objects.filter(pk=OuterRef("pk")).visible_to(user, Level.DAILY, now=now)
    members = Student.objects.visible_to(user, Level.BASIC, now=now).of_class(class_group, today)
    students = list(members.annotate(is_open=Exists(daily)))
    own_only = not all(student.is_open for student in students)
    calendar = SchoolCalendar.of(class_group.school_id)
    noticed = last_noticed(user, students, own_only=own_only, now=now)
    term = calendar.term_on(today)
    places = (_place(student, noticed.get(student.pk), calendar, term, today) for student in students)
    return ClassGrid(tuple(places), own_only, today)


def last_noticed(user: User, students: Iterable[Student], *, own_only: bool, now: datetime) -> dict:
    """student id → (day of the last note, day of the last talk) among what this user may see. One statement."""
    notes = Observation.objects.visible_to(user, now=now).touches().filter(student__in=[s.pk for s in students])
    if own_only:
        notes = notes.filter(author=user)
    talk = Q(kind=Observation.Kind.TALK)
    rows = (
        notes.order_by()
        .values_list("student")
        .annotate(last=Max("happened_on"), talked=Max("happened_on", filter=talk))
    )
    return {student: (last, talked) for student, last, talked in rows}


def _place(student: Student, noticed: tuple | None, calendar: SchoolCalendar, term, today: date) -> Place:
    last, talk = noticed or (None, None)
    days = None if last is None else calendar.days_since(last, today)
    talked = talk is not None and term is not None and talk >= term.starts_on
    return Place(student, student.place.seat_no or 0, days, talked)


@dataclass(frozen=True)
class Sort:
    label: str
    key: Callable[[Place], tuple]


@dataclass(frozen=True)
class Filter:
    label: str
    holds: Callable[[Place, date], bool]


def _by_seat(place: Place) -> tuple:
    return (place.seat or 999, place.student.name_pinyin)


def _longest_first(place: Place) -> tuple:
    return (place.days is not None, -(place.days or 0), *_by_seat(place))


def _born_this_month(place: Place, today: date) -> bool:
    born = place.student.birth_date
    return born is not None and born.month == today.month


SORTS = {
    "quiet": Sort(_("Longest ago"), _longest_first),
    "name": Sort(_("Name"), lambda place: (place.student.name_pinyin, place.student.name)),
    "seat": Sort(_("Seat"), _by_seat),
}
FILTERS = {
    "all": Filter(_("Whole class"), lambda place, today: True),
    "quiet": Filter(_("Four weeks without a note"), lambda place, today: place.is_quiet),
    "talk": Filter(_("No talk yet"), lambda place, today: not place.talked),
    "boarding": Filter(_("Boarders"), lambda place, today: place.student.boarding_type == Boarding.BOARDER),
    "birthday": Filter(_("Birthday this month"), _born_this_month),
}
