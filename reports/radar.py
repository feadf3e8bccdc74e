"""The silence radar (N1, F66) and the coverage of talks (F45): who was not noticed, and for how many school days.

It counts what students.touches counts, for classes that the reader answers for (access.classes_in_care). Nobody can
close an entry: it goes when a note is written, and comes back when the note is withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Case, Count, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from accounts.models import User
from students import access, touches
from students.grid import FOUR_WEEKS
from students.levels import Level
from students.models import ClassAssignment, ClassGroup, LookRequest, SchoolCalendar, Student, Term

DAYS = (10, FOUR_WEEKS, 30)  # school days
FIRST = 7  # students on the first page
SUGGESTED = 3
RECENT = date.max  # stands for the day of whoever is not left


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

    @property
    def _recent(self) -> Q:
        """Students with any of it since then: read from an index by day, once for all students."""
        found = Q()
        for rows in self.rows:
            found |= Q(pk__in=rows.filter(touched_on__gte=self.since).values("student"))
        return found

    def left(self, students: QuerySet) -> QuerySet:
        """Those without any of it since then, with `last_touch`."""
        return touches.with_last_touch(students.exclude(self._recent), list(self.rows))

    def by_class(self, students: QuerySet) -> dict[tuple[UUID | None, date | None], int]:
        """(class, day of the last touch) → how many students. Whoever is not left has RECENT for a day, so that only those
        who are left are looked up one by one."""
        last = Case(When(self._recent, then=Value(RECENT)), default="last_touch", output_field=DateField())
        rows = touches.with_last_touch(students, list(self.rows)).annotate(last=last).order_by()
        counted = rows.values_list("place__class_group", "last").annotate(Count("pk"))
        return {(group, day): number for group, day, number in counted}

    def is_left(self, student: Student) -> bool:
        """Of one with `last_touch`."""
        return student.last_touch is None or student.last_touch < self.since


def sensitive_students(user: User, *, now: datetime) -> QuerySet:
    """Present students of whom the user sees level 3, with `place`."""
    return Student.objects.visible_to(user, Level.SENSITIVE, now=now).in_school().placed_on(timezone.localdate(now))


def students_in_care(user: User, *, now: datetime) -> QuerySet:
    """Those of them for whom the user answers. In the whole school also those without a class."""
    students = sensitive_students(user, now=now)
    if access.answers_for_school(user, now=now):
        return students
    return students.filter(place__class_group__in=access.classes_in_care(user, now=now))


def with_asked(students: QuerySet, user: User, *, now: datetime) -> QuerySet:
    """Annotated with `mine`, whether the user is the head teacher or deputy, and with who asked to look after the child and
    when, where that waits: `asked_by`, `asked_at`. No statement of its own."""
    looks = LookRequest.objects.visible_to(user, now=now).waiting().filter(student=OuterRef("pk"))
    return students.annotate(
        mine=Exists(access.students_led(user, now=now).filter(content_object=OuterRef("pk"))),
        asked_by=Subquery(looks.values("author__display_name")[:1]),
        asked_at=Subquery(looks.values("asked_at")[:1]),
    )


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
    """One class. `longest`: school days of whoever waits longest, unless somebody was `never` noticed."""

    group: ClassGroup
    name: str
    heads: tuple[str, ...] = ()
    size: int = 0
    left: int = 0
    never: int = 0
    longest: int | None = None

    @property
    def noticed(self) -> int:
        return self.size - self.left


@dataclass(frozen=True)
class Overview:
    """How many students of each class have waited since when. Students without a class stand under None."""

    tally: dict[tuple[UUID | None, date | None], int]

    @cached_property
    def waiting(self) -> dict[tuple[UUID | None, date | None], int]:
        return {key: number for key, number in self.tally.items() if key[1] != RECENT}

    @property
    def size(self) -> int:
        return sum(self.tally.values())

    @property
    def left(self) -> int:
        return sum(self.waiting.values())

    @property
    def noticed(self) -> int:
        return self.size - self.left

    @property
    def never(self) -> int:
        return sum(number for (_group, day), number in self.waiting.items() if day is None)

    @property
    def classes_with_left(self) -> int:
        return len({group for group, _day in self.waiting if group})


def overview(students: QuerySet, lens: Lens) -> Overview:
    """One statement for any number of classes, which reads no more than the touches since the day of the lens."""
    return Overview(lens.by_class(students))


def first_of(found: Overview, students: QuerySet, classes: Sequence[ClassGroup], lens: Lens) -> list[Student]:
    """The FIRST students to look at, with `last_touch`. One statement, about the few classes in which they sit."""
    places = {group.pk: place for place, group in enumerate(classes)}
    keys = sorted(found.waiting, key=lambda key: (key[1] or date.min, places.get(key[0], len(places))))
    groups: set[UUID | None] = set()
    for key in keys[:FIRST]:
        groups.add(key[0])
    if not groups:
        return []
    there = Q(place__class_group__in=[group for group in groups if group])
    if None in groups:
        there |= Q(place__class_group__isnull=True)
    near = never_first(touches.with_last_touch(students.filter(there), list(lens.rows)))
    return [student for student in near if lens.is_left(student)][:FIRST]


def class_rows(
    found: Overview, classes: Iterable[ClassGroup], calendar: SchoolCalendar, today: date
) -> list[ClassRow]:  # fmt: skip
    """What the table says of these classes. One statement, for the names of the head teachers."""
    rows = {group.pk: ClassRow(group, group.name_on(today), names) for group, names in _heads(classes, today)}
    for (group, day), number in found.tally.items():
        if row := rows.get(group):
            _count(row, day, number, calendar, today)
    return list(rows.values())


def _count(row: ClassRow, day: date | None, number: int, calendar: SchoolCalendar, today: date) -> None:
    row.size += number
    if day == RECENT:
        return
    row.left += number
    if day is None:
        row.never += number
    else:
        row.longest = max(row.longest or 0, calendar.days_since(day, today))


def _heads(classes: Iterable[ClassGroup], today: date) -> Iterator[tuple[ClassGroup, tuple[str, ...]]]:
    classes, names = list(classes), defaultdict(list)
    duties = ClassAssignment.objects.on(today).filter(class_group__in=classes, duty=ClassAssignment.Duty.HEAD)
    for group, name in duties.order_by("starts_on").values_list("class_group", "user__display_name"):
        names[group].append(name)
    return ((group, tuple(dict.fromkeys(names[group.pk]))) for group in classes)


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
