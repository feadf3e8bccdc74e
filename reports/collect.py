"""From the notes of one class to the figures of its term summary. Everything comes through `visible_to`."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from reports import examples
from reports.summary import ClassSummary, Counted, Reach, Seat, Share, Week, percent
from students.grid import FOUR_WEEKS
from students.levels import Level
from students.mentions import REFERENCE
from students.models import ClassAssignment, ClassGroup, Observation, SchoolCalendar, Sex, Student, Term

Kind, Tone, Domain = Observation.Kind, Observation.Tone, Observation.Domain


@dataclass(frozen=True)
class Note:
    """One row of a note: a note about three students of the class is three rows of one incident. No text."""

    incident: UUID
    student: UUID
    kind: str
    tone: str
    domains: tuple[str, ...]
    day: dt.date


@dataclass(frozen=True)
class Material:
    """What one class's summary is counted from. `before` is None where nothing is on file about last term."""

    class_group: ClassGroup
    term: Term
    until: dt.date
    students: tuple[Student, ...]  # by seat, with `place`
    notes: tuple[Note, ...]
    before: tuple[Note, ...] | None
    recent: frozenset[UUID]  # students with a note of any kind in the last FOUR_WEEKS (school days) up to `until`
    calendar: SchoolCalendar
    teachers: dict[str, tuple[str, ...]]  # duty → names

    @property
    def student_ids(self) -> list[UUID]:
        return [student.pk for student in self.students]


def collect(*, by: User, class_group: ClassGroup, term: Term, now: dt.datetime) -> Material:
    """Read what `by` may see now about the students who sit in the class on the last day that counts.

    Confidential notes (level 4) never enter a report. Six statements for any number of students and notes.
    """
    until = min(timezone.localdate(now), term.ends_on)
    students = tuple(Student.objects.of_class(class_group, until).visible_to(by, Level.DAILY, now=now))
    calendar = SchoolCalendar.of(class_group.school_id)
    last = _term_before(calendar, term)
    since = min(last.starts_on if last else term.starts_on, calendar.days_ago(FOUR_WEEKS, until))
    notes = _notes(by, students, since, until, now)
    before = tuple(note for note in notes if last and last.starts_on <= note.day <= last.ends_on)
    return Material(
        class_group=class_group,
        term=term,
        until=until,
        students=students,
        notes=tuple(note for note in notes if term.starts_on <= note.day),
        before=before or None,
        recent=frozenset(note.student for note in notes if calendar.days_between(note.day, until) < FOUR_WEEKS),
        calendar=calendar,
        teachers=_teachers(class_group, until),
    )


def _term_before(calendar: SchoolCalendar, term: Term) -> Term | None:
    earlier = [each for each in calendar.terms if each.starts_on < term.starts_on]
    return earlier[-1] if earlier else None


def _notes(by: User, students: Sequence[Student], first: dt.date, last: dt.date, now: dt.datetime) -> list[Note]:
    rows = Observation.objects.visible_to(by, now=now).filter(
        student__in=[student.pk for student in students],
        level__lte=Level.SENSITIVE,
        happened_on__gte=first,
        happened_on__lte=last,
    )
    values = rows.values_list("incident", "student_id", "kind", "tone", "domains", "happened_on")
    return [
        Note(incident, student, kind, tone, tuple(domains), day)
        for incident, student, kind, tone, domains, day in values
    ]


def _teachers(class_group: ClassGroup, day: dt.date) -> dict[str, tuple[str, ...]]:
    teachers: dict[str, list[str]] = defaultdict(list)
    for duty, name in class_group.assignments.on(day).values_list("duty", "user__display_name"):
        teachers[duty].append(name)
    return {duty: tuple(dict.fromkeys(names)) for duty, names in teachers.items()}


def count(material: Material, *, by: User, own_copy: bool, now: dt.datetime) -> ClassSummary:
    """All figures but the examples."""
    notes, before, term = material.notes, material.before, material.term
    silent = [student for student in material.students if student.pk not in material.recent]
    tones = _tones([note for note in notes if note.kind == Kind.OBSERVATION])
    figures = ClassSummary(
        school=by.school.name,
        class_name=material.class_group.name_on(material.until),
        term=str(term),
        weeks_in_term=term.week_of(term.ends_on),
        data_until=material.until,
        head_teachers=material.teachers.get(ClassAssignment.Duty.HEAD, ()),
        deputies=material.teachers.get(ClassAssignment.Duty.DEPUTY, ()),
        own_copy=own_copy,
        size=len(material.students),
        boys=sum(student.sex == Sex.MALE for student in material.students),
        girls=sum(student.sex == Sex.FEMALE for student in material.students),
        entries=entries(notes),
        mentions=len(notes),
        entries_before=None if before is None else entries(before),
        mentions_before=None if before is None else len(before),
        noticed=_reach(_("noticed (a note of any kind)"), material, list(Kind)),
        talked=_reach(_("talked with"), material, [Kind.TALK]),
        praised=_reach(_("praised"), material, [Kind.RECOGNITION]),
        kinds=tuple(_counted(kind.label, material, lambda note, kind=kind: note.kind == kind) for kind in Kind),
        domains=tuple(_counted(each.label, material, lambda note, each=each: each in note.domains) for each in Domain),
        tones=tones,
        positive_percent=next(tone.percent for tone in tones if tone.label == Tone.POSITIVE.label),
        weeks=tuple(_weeks(material)),
        examples=(),
        silent=len(silent),
        silent_names=tuple(student.name for student in silent),
        seats=tuple(seats(material)),
        generated_by=by.display_name,
        generated_at=timezone.localtime(now),
    )
    return figures if own_copy else figures.copy_for_others()


def entries(notes: Iterable[Note]) -> int:
    """条: each note once, however many students it names."""
    return len({note.incident for note in notes})


def _counted(label: str, material: Material, belongs) -> Counted:
    now = [note for note in material.notes if belongs(note)]
    if material.before is None:
        return Counted(str(label), entries(now), len(now))
    before = [note for note in material.before if belongs(note)]
    return Counted(str(label), entries(now), len(now), entries(before), len(before))


def _reach(label: str, material: Material, kinds: Sequence[str]) -> Reach:
    return Reach(label, len({note.student for note in material.notes if note.kind in kinds}), len(material.students))


def _tones(observations: Sequence[Note]) -> tuple[Share, ...]:
    total = entries(observations)
    shares = []
    for tone in Tone:
        number = entries(note for note in observations if note.tone == tone)
        shares.append(Share(str(tone.label), number, percent(number, total)))
    return tuple(shares)


def _weeks(material: Material) -> Iterable[Week]:
    term, until = material.term, material.until
    school_weeks = {term.week_of(day) for day in material.calendar.days if term.starts_on <= day <= until}
    by_week: dict[int, list[Note]] = defaultdict(list)
    for note in material.notes:
        by_week[term.week_of(note.day)].append(note)
    for number in range(1, term.week_of(term.ends_on) + 1):
        notes = by_week[number]
        observed = entries(note for note in notes if note.kind == Kind.OBSERVATION)
        talks = sum(note.kind == Kind.TALK for note in notes)
        known = number in school_weeks or notes
        yield Week(number, observed if known else None, talks if known else None)


def seats(material: Material) -> Iterable[Seat]:
    notes: dict[UUID, list[Note]] = defaultdict(list)
    for note in material.notes:
        notes[note.student].append(note)
    for student in material.students:
        own = notes[student.pk]
        kinds = [note.kind for note in own]
        last = max((note.day for note in own), default=None)
        yield Seat(
            seat_no=student.place.seat_no,
            name=student.name,
            observations=kinds.count(Kind.OBSERVATION),
            talks=kinds.count(Kind.TALK),
            recognitions=kinds.count(Kind.RECOGNITION),
            last_week=material.term.week_of(last) if last else None,
        )


def pick_examples(material: Material, *, by: User, now: dt.datetime) -> tuple[str, ...]:
    """Words of daily notes (level 2 and no higher) that praise or are positive, without any student's name."""
    rows = Observation.objects.visible_to(by, now=now).in_term(material.term).filter(
        Q(tone=Tone.POSITIVE) | Q(kind=Kind.RECOGNITION), student__in=material.student_ids, level=Level.DAILY
    )  # fmt: skip
    notes: dict[UUID, tuple[str, str]] = {}
    for row in rows.newest_first()[:60]:
        notes.setdefault(row.incident, (row.domains[0] if row.domains else "", _anonymous(row.facts)))
    names = list(Student.objects.filter(school=material.class_group.school_id).values_list("name", flat=True))
    return examples.choose(list(notes.values()), names, [student.name for student in material.students])


def _anonymous(text: str) -> str:
    return REFERENCE.sub(_("a fellow student"), text)
