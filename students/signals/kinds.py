"""What a rule is, what it counts, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from students.levels import Level
from students.models.calendar import SchoolCalendar
from students.models.records import Observation

OBSERVATION = "students.observation"
NUMBERS = ("amount", "days", "before")


def key(kind: str, pk: UUID) -> str:
    """How a record is named among what a signal counted: "students.observation:<id>"."""
    return f"{kind}:{pk}"


@dataclass(frozen=True)
class Seen:
    """One note, without its words: a rule counts and does not read."""

    pk: UUID
    day: date
    tone: str = Observation.Tone.PLAIN
    domains: tuple[str, ...] = ()
    level: int = Level.DAILY
    kind: str = Observation.Kind.OBSERVATION

    @property
    def is_concern(self) -> bool:
        return self.tone == Observation.Tone.CONCERN

    def concerns(self, domain: str) -> bool:
        return self.is_concern and domain in self.domains


@dataclass(frozen=True)
class Sitting:
    """A student who sits in a class today; `since`: the first day in it."""

    since: date
    group: UUID | None = None


@dataclass(frozen=True)
class Material:
    """What the rules count, read once for a school. `notes`: by student, oldest first, up to level 3: a note of level 4
    has asked for attention by itself, and a signal about it would tell of it.

    `touched`: student → day of the last record of any source; `reached`: student → last day on which the family was
    reached, None where no source of contacts exists; `marks`: student → subject → points of students.marks.trend.
    """

    calendar: SchoolCalendar
    today: date
    students: Mapping[UUID, Sitting]
    notes: Mapping[UUID, list[Seen]] = field(default_factory=dict)
    touched: Mapping[UUID, date] = field(default_factory=dict)
    reached: Mapping[UUID, date] | None = None
    marks: Mapping[UUID, Mapping] = field(default_factory=dict)

    def lately(self, notes: Iterable[Seen], days: int) -> list[Seen]:
        """Those of the last `days` school days, today among them."""
        return [note for note in notes if self.within(note.day, days)]

    def within(self, day: date, days: int) -> bool:
        return day <= self.today and self.calendar.days_between(day, self.today) < days


@dataclass(frozen=True)
class Finding:
    """A rule holds for a student. `counted`: keys of records; where it counts none, what makes it new another time."""

    student: UUID
    counted: tuple[str, ...]
    numbers: dict
    level: int = Level.DAILY


def counting(student: UUID, notes: Iterable[Seen], **numbers) -> Finding:
    """A finding about these notes, at the highest level among them."""
    notes = list(notes)
    return Finding(
        student=student,
        counted=tuple(key(OBSERVATION, note.pk) for note in notes),
        numbers=numbers,
        level=max([Level.DAILY, *(note.level for note in notes)]),
    )


@dataclass(frozen=True)
class Numbers:
    """The numbers of one school for one rule."""

    amount: int = 0
    days: int = 0
    before: int = 0


@dataclass(frozen=True)
class Rule:
    """A rule as the school reads it, with the numbers it ships with.

    says: the sentence, with %(amount)d, %(days)d and %(before)d as far as the rule has them · words: a finding's
    `numbers` → the sentence of the signal · bounds: number → (least, most) · labels: number → its label in the form ·
    absence: it says that something is missing, and so ends by itself once it is there · beside: a rule that has said
    it already where it counted the same records · reads: school days back that it needs notes of.
    """

    code: str
    says: str
    words: Callable[[dict, date], str]
    find: Callable[[Material, Numbers], Iterator[Finding]]
    numbers: Numbers
    labels: Mapping[str, str]
    bounds: Mapping[str, tuple[int, int]]
    is_on: bool = True
    absence: bool = False
    beside: str = ""
    note: str = ""
    reads: Callable[[Numbers], int] = lambda numbers: 0
