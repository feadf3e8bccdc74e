"""The figures of one class's term summary (班级学期关爱小结): the one thing that template and charts read.

条数 (`entries`) counts notes; 人次 (`mentions`) counts a note once for each student of the class whom it names;
人数 (`students`) counts a student once. The three are never mixed. `None` means "nothing can be said" and is printed as
a gap, never as 0.
"""

import dataclasses
import datetime as dt
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from reports import charts

THRESHOLD = 5  # students counted by something sensitive are not printed below this (DOMAIN §6.1)
SEAT_COLUMNS = 3


def suppressed(students: int) -> str:
    """A number of students counted by category, level, aid or health: "<5" below the threshold, zero included (with 1
    to 4 alone a sum could force every cell). Not for counts of work: those hide nobody and are printed as they are."""
    return str(students) if students >= THRESHOLD else f"<{THRESHOLD}"


def percent(part: int, whole: int) -> float | None:
    """Share in per cent, one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


@dataclass(frozen=True)
class Reach:
    """How many of the class's students were noticed, talked with or praised at least once: 人数 of 人数."""

    label: str
    students: int
    of: int

    @property
    def percent(self) -> float | None:
        return percent(self.students, self.of)

    @property
    def missing(self) -> int:
        return self.of - self.students


@dataclass(frozen=True)
class Counted:
    """Notes of one kind or domain, this term and last. `…_before` is None where the class has no last term on file."""

    label: str
    entries: int
    mentions: int
    entries_before: int | None = None
    mentions_before: int | None = None

    @property
    def change(self) -> str:
        """Difference in 条 with its sign: "+3", "−2", "0"; "" without a last term."""
        if self.entries_before is None:
            return ""
        difference = self.entries - self.entries_before
        return f"+{difference}" if difference > 0 else str(difference).replace("-", "−")


@dataclass(frozen=True)
class Share:
    """Observations of one tone: 条 and per cent of all observations."""

    label: str
    entries: int
    percent: float | None


@dataclass(frozen=True)
class Week:
    """`number` counts from the term's first week. None: the week has not come yet or has no school day."""

    number: int
    notes: int | None
    talks: int | None


@dataclass(frozen=True)
class Seat:
    """One student of the class's own copy: counts of notes that name the student; `last_week` of the newest one."""

    seat_no: int | None
    name: str
    observations: int
    talks: int
    recognitions: int
    last_week: int | None


@dataclass(frozen=True)
class ClassSummary:
    """Everything that is printed. `seats` and `silent_names` are filled for the class's own copy only."""

    school: str
    class_name: str  # 三年级(2)班
    term: str  # 2026—2027学年秋季学期
    weeks_in_term: int
    data_until: dt.date  # the last day that is counted
    head_teachers: tuple[str, ...]
    deputies: tuple[str, ...]
    own_copy: bool
    size: int  # students enrolled on `data_until`
    boys: int
    girls: int
    entries: int
    mentions: int
    entries_before: int | None
    mentions_before: int | None
    noticed: Reach
    talked: Reach
    praised: Reach
    kinds: tuple[Counted, ...]
    domains: tuple[Counted, ...]
    tones: tuple[Share, ...]
    positive_percent: float | None
    weeks: tuple[Week, ...]
    examples: tuple[str, ...]  # words of notes, names already replaced
    silent: int  # students without any note in the four weeks up to `data_until`
    silent_names: tuple[str, ...]
    seats: tuple[Seat, ...]
    generated_by: str  # a reader, for the footer: never in the file's metadata
    generated_at: dt.datetime  # local time

    def copy_for_others(self) -> "ClassSummary":
        """The same figures without any student's name."""
        return dataclasses.replace(self, own_copy=False, seats=(), silent_names=())

    def with_examples(self, examples: tuple[str, ...]) -> "ClassSummary":
        return dataclasses.replace(self, examples=examples)

    @property
    def reaches(self) -> tuple[Reach, ...]:
        return (self.noticed, self.talked, self.praised)

    @property
    def total(self) -> Counted:
        return Counted("", self.entries, self.mentions, self.entries_before, self.mentions_before)

    @property
    def seat_columns(self) -> list[list[Seat | None]]:
        """Rows of SEAT_COLUMNS seats, filled down the columns as one reads a class list; None where one ends."""
        height = -(-len(self.seats) // SEAT_COLUMNS)
        columns = [self.seats[start : start + height] for start in range(0, SEAT_COLUMNS * height, height or 1)]
        return [[column[row] if row < len(column) else None for column in columns] for row in range(height)]

    @property
    def gaps(self) -> list[str]:
        """What the records do not show, number first. The reasons are for a person to write."""
        gaps = [words % {"n": number} for number, words in self._missed() if number]
        comma = pgettext("between names", ", ")
        if empty := [row.label for row in self.domains if not row.entries]:
            gaps.append(_("Nothing noted about: %(domains)s") % {"domains": comma.join(empty)})
        if quiet := [str(week.number) for week in self.weeks if week.notes == 0 and week.talks == 0]:
            gaps.append(_("Weeks without a note: %(weeks)s") % {"weeks": comma.join(quiet)})
        return gaps

    def _missed(self) -> list[tuple[int, str]]:
        silent, talk, praise = self.silent, self.talked.missing, self.praised.missing
        return [
            (silent, ngettext("%(n)d student unnoted for four weeks", "%(n)d students unnoted for four weeks", silent)),
            (talk, ngettext("%(n)d student not talked with yet", "%(n)d students not talked with yet", talk)),
            (praise, ngettext("%(n)d student not praised yet", "%(n)d students not praised yet", praise)),
        ]

    @property
    def placeholders(self) -> int:
        """How many boxes a person still has to fill (counted in the status line)."""
        return 2 + len(self.gaps)


def weekly_chart(summary: ClassSummary) -> SafeString:
    """Figure 1: notes and talks per week. One function for page and paper."""
    notes, talks = [week.notes for week in summary.weeks], [week.talks for week in summary.weeks]
    return charts.bars(
        [str(week.number) for week in summary.weeks],
        {_("observations (notes)"): notes, _("talks (person-times)"): talks},
        title=_("Bar chart: observations and talks of each week"),
        desc=_("Weeks 1 to %(n)d; a week without a bar has no figures.") % {"n": len(summary.weeks)},
    )


def domain_chart(summary: ClassSummary) -> SafeString:
    """Figure 2: notes by domain, this term against last; last term's bars are missing where there is none."""
    rows = summary.domains
    series = {_("this term"): [row.entries for row in rows]}
    if summary.entries_before is not None:
        series[_("last term")] = [row.entries_before or 0 for row in rows]
    height_mm = 8 + len(rows) * (4.5 * len(series) + 0.5)
    return charts.flat_bars(
        [row.label for row in rows], series, title=_("Bar chart: notes by domain"), height_mm=height_mm
    )
