"""Equity of attention (N2): how records are spread over classes, sexes and needs, without telling of any small group.

Figures are shown table by table, all cells of a table or none. A table is the school, the grades of the school or the
classes of one grade; by sex or not; for everybody or for one group of needs. It is shown if each of its cells, and what is
left of each cell for the others, holds nobody or at least LEAST students, and if every coarser table is shown. So any two
filters that are subtracted leave nobody or at least LEAST (ADR 0015); a single hidden cell could be worked out from the
others, a hidden table can't.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone

from accounts.models import User
from students import touches
from students.levels import Level
from students.models import CareNeed, ClassGroup, Observation, Student, Term

LEAST = 5
ALL, ANY, NONE, CONCERN = "", "any", "none", "concern"
TOP, UNPLACED = None, "unplaced"


@dataclass(frozen=True)
class Person:
    """What is counted of one student. `grade` and `group` are keys of places; `concern`: whether there were records
    this term and all of them were concerns."""

    grade: str
    group: str
    sex: str
    needs: frozenset[str]
    records: int
    concern: bool


@dataclass(frozen=True)
class Filter:
    """`place`: "", a grade or a class. `need`: "", a group of needs, NONE, or CONCERN."""

    place: str = ALL
    sex: str = ALL
    need: str = ALL


@dataclass(frozen=True)
class Figure:
    students: int
    records: int

    @property
    def each(self) -> float:
        """Records per student."""
        return self.records / self.students if self.students else 0.0


class Figures:
    """Counts of every filter, and which of them may be shown. Every number of the page comes through `get`."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._students: Counter[tuple] = Counter()
        self._records: Counter[tuple] = Counter()
        self._below: dict[str, set[str]] = defaultdict(set)
        self._above: dict[str, str] = {}
        self._open: dict[tuple, bool] = {}
        for person in people:
            self._add(person)

    def _add(self, person: Person) -> None:
        self._below[ALL].add(person.grade)
        self._below[person.grade].add(person.group)
        self._above[person.group] = person.grade
        needs = {ALL, *person.needs, ANY if person.needs else NONE, *([CONCERN] if person.concern else [])}
        for place in {ALL, person.grade, person.group}:
            for sex in (ALL, person.sex):
                for need in needs:
                    self._students[place, sex, need] += 1
                    self._records[place, sex, need] += person.records

    @cached_property
    def _sexes(self) -> list[str]:
        return sorted({sex for _place, sex, _need in self._students if sex})

    def get(self, wanted: Filter) -> Figure | None:
        """The figure, or None where it stays hidden."""
        key = (wanted.place, wanted.sex, wanted.need)
        if not self._is_open(self._block(wanted.place), bool(wanted.sex), wanted.need):
            return None
        return Figure(self._students[key], self._records[key])

    def _block(self, place: str) -> str | None:
        """The place among whose parts this one is shown."""
        return TOP if place == ALL else self._above.get(place, ALL)

    def _is_open(self, block: str | None, by_sex: bool, need: str) -> bool:
        table = (block, by_sex, need)
        if table not in self._open:
            self._open[table] = all(self._is_open(*each) for each in _coarser(*table)) and self._is_safe(*table)
        return self._open[table]

    def _is_safe(self, block: str | None, by_sex: bool, need: str) -> bool:
        places = [ALL] if block is TOP else self._below[block]
        parts = (
            part for place in places for sex in (self._sexes if by_sex else [ALL]) for part in self._parts(place, sex, need)
        )  # fmt: skip
        return all(part == 0 or part >= LEAST for part in parts)

    def _parts(self, place: str, sex: str, need: str) -> Iterator[int]:
        """The cell, and what is left when it is taken away from what holds it."""
        number, everybody = self._students[place, sex, need], self._students[place, sex, ALL]
        yield number
        yield everybody - number
        if need not in (ALL, NONE, CONCERN):
            yield self._students[place, sex, ANY] - number


def _coarser(block: str | None, by_sex: bool, need: str) -> Iterator[tuple]:
    if block is not TOP:
        yield (TOP if block == ALL else ALL), by_sex, need
    if by_sex:
        yield block, False, need
    if need:
        yield block, by_sex, ALL


# --- from the database ------------------------------------------------------------------------------------------------


def figures(by: User, students: QuerySet, term: Term | None, *, now: datetime) -> Figures:
    """Of `students`, all of them in the care of `by`, with `place`. Three statements."""
    rows = students.order_by().values_list(
        "pk", "sex", "place__class_group", "place__class_group__stage", "place__class_group__entry_year"
    )
    records, needs = records_of(students, term), _needs(by, students, now)
    return Figures(
        Person(
            grade=f"{stage}-{year}" if group else UNPLACED,
            group=str(group) if group else f"{UNPLACED}-class",
            sex=sex,
            needs=frozenset(needs.get(pk, ())),
            records=records.get(pk, (0, 0))[0],
            concern=_is_concern_only(records.get(pk, (0, 0))),
        )
        for pk, sex, group, stage, year in rows
    )


def records_of(students: QuerySet | Sequence[Student], term: Term | None) -> dict[UUID, tuple[int, int]]:
    """student id → (records of the term, concerns among them). One statement, however many sources."""
    if term is None:
        return {}
    among = students.order_by().values("pk") if isinstance(students, QuerySet) else [each.pk for each in students]
    first, *others = [
        _counted(rows.filter(student__in=among, touched_on__gte=term.starts_on)) for rows in touches.sources()
    ]
    found: dict[UUID, tuple[int, int]] = {}
    for student, number, concerns in first.union(*others, all=True) if others else first:
        before = found.get(student, (0, 0))
        found[student] = (before[0] + number, before[1] + concerns)
    return found


def _counted(rows: QuerySet) -> QuerySet:
    """(student, records, concerns among them); only notes can be concerns."""
    is_note = rows.model is Observation
    concerns = Count("pk", filter=Q(tone=Observation.Tone.CONCERN)) if is_note else Value(0)
    return rows.order_by().values("student").annotate(_1=Count("pk"), _2=concerns).values_list("student", "_1", "_2")


def _is_concern_only(records: tuple[int, int]) -> bool:
    return 0 < records[0] == records[1]


def _needs(by: User, students: QuerySet, now: datetime) -> dict[UUID, set[str]]:
    """student id → groups of confirmed needs, without confidential ones: their number tells too much."""
    needs = (
        CareNeed.objects.visible_to(by, now=now)
        .confirmed()
        .filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate(now)),
            level__lte=Level.SENSITIVE,
            student__in=students.order_by().values("pk"),
        )
    )
    found: dict[UUID, set[str]] = defaultdict(set)
    for student, group in needs.values_list("student", "category__group"):
        found[student].add(group)
    return found


def only_concern(students: QuerySet | Sequence[Student], term: Term | None) -> list[Student]:
    """Those of whom this term holds records, and nothing but concerns, in the order in which they came."""
    records = records_of(students, term)
    ids = {student for student, counted in records.items() if _is_concern_only(counted)}
    if isinstance(students, QuerySet):
        return list(students.filter(pk__in=ids)) if ids else []
    return [student for student in students if student.pk in ids]


def places_in(classes: Iterable[ClassGroup]) -> dict[str, list[ClassGroup]]:
    """Grade key → its classes, in the school's order."""
    found: dict[str, list[ClassGroup]] = defaultdict(list)
    for group in classes:
        found[f"{group.stage}-{group.entry_year}"].append(group)
    return found
