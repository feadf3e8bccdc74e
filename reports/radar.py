"""The silence radar (N1, F66) and the coverage of talks (F45): who was not noticed, and for how many school days.

It counts what students.touches counts, for classes that the reader answers for (access.classes_in_care). Nobody can
close an entry: it goes when a note is written, and comes back when the note is withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from students import access, touches
from students.grid import FOUR_WEEKS
from students.levels import Level
from students.models import ClassAssignment, ClassGroup, SchoolCalendar, Student, Term

DAYS = (10, FOUR_WEEKS, 30)  # school days
FIRST = 7  # students on the first page
SUGGESTED = 3


@dataclass(frozen=True)
class Lens:
    """What counts, and since when: `rows` are touches, or only talks."""

    rows: tuple[QuerySet, ...]
    since: date
    talks: bool = False

    @classmethod
    def on_touches(cls, days: int, calendar: SchoolCalendar, today: date) -> Lens:
        return cls(tuple(touches.sources()), calendar.start_of_last(days, today))

    @classmethod
    def on_talks(cls, term: Term | None) -> Lens:
        """Each student at least once a term; before the first term nobody is asked for."""
        return cls((touches.talks(),), term.starts_on if term else date.min, talks=True)

    def left(self, students: QuerySet) -> QuerySet:
        """Those without any of it since then, with `last_touch`."""
        for rows in self.rows:
            students = students.exclude(pk__in=rows.filter(touched_on__gte=self.since).values("student"))
        return touches.with_last_touch(students, list(self.rows))


def students_in_care(user: User, *, now: datetime) -> QuerySet:
    """Present students for whom the user answers, with `place`. In the whole school also those without a class."""
    day = timezone.localdate(now)
    students = Student.objects.visible_to(user, Level.SENSITIVE, now=now).in_school().placed_on(day)
    if access.answers_for_school(user, now=now):
        return students
    return students.filter(place__class_group__in=access.classes_in_care(user, now=now))


def never_first(students: QuerySet) -> QuerySet:
    """Whoever was never noticed, then who has waited longest; the same day: by class and seat. Needs `last_touch`."""
    place = "place__class_group__"
    return students.order_by(
        F("last_touch").asc(nulls_first=True),
        f"-{place}stage", f"-{place}entry_year", f"{place}number", "place__seat_no", "pk",
    )  # fmt: skip


# --- the school, a grade ----------------------------------------------------------------------------------------------


@dataclass
class ClassRow:
    """One class. `longest`: school days, None when somebody was never noticed or nobody is left (`never` tells which)."""

    group: ClassGroup
    name: str
    size: int = 0
    left: int = 0
    never: int = 0
    last: date | None = None
    longest: int | None = None
    heads: tuple[str, ...] = ()

    @property
    def noticed(self) -> int:
        return self.size - self.left


@dataclass(frozen=True)
class Overview:
    """`first`: the students to look at first, with `last_touch`. Students without a class count in the totals alone."""

    rows: tuple[ClassRow, ...]
    size: int
    left: int
    never: int
    classes_with_left: int
    first: tuple[Student, ...]

    @property
    def noticed(self) -> int:
        return self.size - self.left

    @property
    def more(self) -> int:
        return self.left - len(self.first)


@dataclass
class _Tally:
    """(class, last day) → how many students are left there."""

    sizes: dict[UUID | None, int]
    left: dict[tuple[UUID | None, date | None], int]
    rows: dict[UUID | None, ClassRow] = field(default_factory=dict)


def overview(students: QuerySet, classes: Sequence[ClassGroup], lens: Lens, today: date) -> Overview:
    """Three statements, none of which reads more than the touches since the day of the lens."""
    by_class = students.order_by().values_list("place__class_group").annotate(Count("pk"))
    left = lens.left(students).order_by().values_list("place__class_group", "last_touch").annotate(Count("pk"))
    tally = _Tally(dict(by_class), {(group, last): number for group, last, number in left})
    rows = {group.pk: ClassRow(group, group.name_on(today), tally.sizes.get(group.pk, 0)) for group in classes}
    for (group, last), number in tally.left.items():
        if row := rows.get(group):
            _count(row, last, number)
    return Overview(
        rows=tuple(rows.values()),
        size=sum(tally.sizes.values()),
        left=sum(tally.left.values()),
        never=sum(number for (_group, last), number in tally.left.items() if last is None),
        classes_with_left=len({group for group, _last in tally.left if group}),
        first=_first(students, tally, list(rows), lens),
    )


def _count(row: ClassRow, last: date | None, number: int) -> None:
    row.left += number
    if last is None:
        row.never += number
    else:
        row.last = min(last, row.last or last)


def _first(students: QuerySet, tally: _Tally, order: list[UUID], lens: Lens) -> tuple[Student, ...]:
    """Asked for in the few classes in which they sit, so that the school is not gone through twice."""
    places = {group: place for place, group in enumerate(order)}
    waiting = sorted(tally.left, key=lambda key: (key[1] or date.min, places.get(key[0], len(order))))
    groups, found = set(), 0
    for key in waiting:
        if found >= FIRST:
            break
        groups.add(key[0])
        found += tally.left[key]
    if not groups:
        return ()
    there = Q(place__class_group__in=[group for group in groups if group])
    if None in groups:
        there |= Q(place__class_group__isnull=True)
    return tuple(never_first(lens.left(students.filter(there)))[:FIRST])


def tell(rows: Iterable[ClassRow], calendar: SchoolCalendar, today: date) -> None:
    """Head teachers' names and school days, for the rows of one page. One statement."""
    rows, heads = list(rows), defaultdict(list)
    duties = ClassAssignment.objects.on(today).filter(
        class_group__in=[row.group for row in rows], duty=ClassAssignment.Duty.HEAD
    )
    for group, name in duties.order_by("starts_on").values_list("class_group", "user__display_name"):
        heads[group].append(name)
    for row in rows:
        row.heads = tuple(dict.fromkeys(heads[row.group.pk]))
        row.longest = calendar.days_since(row.last, today) if row.last else None


# --- one class --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seat:
    """One student. `days`: school days since the last touch, None for never; `talks` of this term."""

    student: Student
    days: int | None
    talks: int = 0
    talked_on: date | None = None

    @property
    def is_quiet(self) -> bool:
        return self.days is None or self.days >= FOUR_WEEKS

    @property
    def rank(self) -> tuple:
        """Never noticed, then longest ago, then by seat."""
        place = self.student.place
        return (self.days is not None, -(self.days or 0), (place and place.seat_no) or 999, self.student.name_pinyin)


def seats(students: Iterable[Student], calendar: SchoolCalendar, today: date) -> list[Seat]:
    """The longest unnoticed first. One statement."""
    students, term = list(students), calendar.term_on(today)
    known = touches.of_students(students, talks_since=term.starts_on if term else today)
    return sorted((_seat(each, known.get(each.pk), calendar, today) for each in students), key=lambda seat: seat.rank)


def _seat(student: Student, known: touches.Touched | None, calendar: SchoolCalendar, today: date) -> Seat:
    if known is None:
        return Seat(student, None)
    return Seat(student, calendar.days_since(known.last, today), known.talks, known.talked_on)


def suggest(found: Iterable[Seat], calendar: SchoolCalendar, today: date) -> list[Seat]:
    """Whom to talk to this week: three at a time.

    Nobody gets a second turn in a term before everybody had a first. Among equals: who was never noticed, who has waited
    longest, and then an order that is different each term, so that it is not always the same children who come last.
    Whoever was talked with in the last four weeks, and who is on leave from school, is left out.
    """
    lately, term = calendar.start_of_last(FOUR_WEEKS, today), calendar.term_on(today)
    waiting = [
        seat
        for seat in found
        if seat.student.status == Student.Status.PRESENT and not (seat.talked_on and seat.talked_on >= lately)
    ]
    turn = (term.school_year, term.number) if term else (0, 0)
    waiting.sort(key=lambda seat: (seat.talks, *seat.rank[:2], hash((seat.student.pk.int, *turn))))
    return waiting[:SUGGESTED]
