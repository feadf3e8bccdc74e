"""Instruments and what is filled in with them. An edition in use is never changed: a change makes the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import School, User
from accounts.versions import StaleVersion, save_version
from students.actions import stamp
from students.models import Assessment, HabitCheck, Instrument, Student
from students.models.assessments import Filled
from students.scales import own
from students.scales.scoring import Definition, score

FIELDS = ("kind", "name", "purpose", "instruction", "age_from", "age_to", "source", "licence")


class EditionChanged(ValueError):
    """The instrument is no longer the one whose items were shown: it was changed, or put away."""


# --- instruments ------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_shipped(*, by: User | None, school: School) -> list[Instrument]:
    """The project's own checklists, for a school that has not had them; what it put away stays away."""
    made = []
    known = set(Instrument.objects.filter(school=school).values_list("series", flat=True))
    for code, fields in own.shipped().items():
        series = own.series_of(school.pk, code)
        if series not in known:
            instrument = Instrument(school=school, series=series, **fields)
            stamp(by, instrument)
            instrument.save()
            made.append(instrument)
    return made


@transaction.atomic
def define_instrument(*, by: User, school: School, fields: Mapping, definition: Definition) -> Instrument:
    """Raises ValidationError where the school has one of this name, or a second habits checklist."""
    instrument = Instrument(school=school, definition=definition.as_json(), **fields)
    return _save_new(by, instrument)


def _save_new(by: User, instrument: Instrument) -> Instrument:
    instrument.validate_constraints()
    stamp(by, instrument)
    instrument.save()
    return instrument


@transaction.atomic
def change_instrument(
    *, by: User, instrument: Instrument, version: int, fields: Mapping, definition: Definition, now: datetime
) -> Instrument:
    """The instrument as it stands afterwards: the same row while nobody has answered it, else the next edition.

    Raises StaleVersion when somebody saved it meanwhile, ValidationError for a name that is taken.
    """
    _lock(instrument)
    values = {**fields, "definition": definition.as_json()}
    if _in_use(instrument):
        return _next_edition(by, instrument, version, values, now)
    for name, value in values.items():
        setattr(instrument, name, value)
    instrument.validate_constraints()
    stamp(by, instrument)
    save_version(instrument, list(values), version)
    return instrument


def _lock(instrument: Instrument) -> None:
    """Nobody begins to use it while it is changed, and the other way round. SQLite has one writer anyway."""
    Instrument.objects.select_for_update().get(pk=instrument.pk)


def _in_use(instrument: Instrument) -> bool:
    return Instrument.objects.with_use().get(pk=instrument.pk).in_use


def _next_edition(by: User, instrument: Instrument, version: int, values: Mapping, now: datetime) -> Instrument:
    stored = Instrument.objects.get(pk=instrument.pk)
    if stored.retired_at is not None:
        raise StaleVersion(stored)
    stored.retired_at = now
    stamp(by, stored)
    save_version(stored, ["retired_at"], version)
    following = Instrument(school=stored.school, series=stored.series, edition=stored.edition + 1, **values)
    return _save_new(by, following)


@transaction.atomic
def offer_instrument(*, by: User, instrument: Instrument, offered: bool, version: int, now: datetime) -> None:
    """Put it away, or take it out again. Results stay. Raises StaleVersion, and ValidationError where another one
    stands in its place meanwhile."""
    instrument.retired_at = None if offered else instrument.retired_at or now
    instrument.validate_constraints()
    stamp(by, instrument)
    save_version(instrument, ["retired_at"], version)


# --- filling in -------------------------------------------------------------------------------------------------------


@transaction.atomic
def fill_in(
    *,
    by: User,
    student: Student,
    instrument: Instrument,
    seen: int,
    filled_on: date,
    answers: Sequence[int | None],
    note: str = "",
) -> Filled:
    """File what was answered. `seen`: the instrument's version whose items were shown.

    Raises EditionChanged, and ValidationError where the day has one already or nothing was answered.
    """
    stands = Instrument.objects.select_for_update().get(pk=instrument.pk)
    if stands.version != seen or stands.retired_at is not None:
        raise EditionChanged
    model = HabitCheck if stands.kind == Instrument.Kind.HABITS else Assessment
    row = model(student=student, author=by, instrument=stands, filled_on=filled_on, note=note)
    _answer(row, answers)
    row.validate_constraints()
    stamp(by, row)
    row.save()
    return row


def _answer(row: Filled, answers: Sequence[int | None]) -> None:
    """Only answers that the instrument offers, and at least one."""
    if all(points is None for points in answers):
        raise ValidationError(_("Nothing was answered."))
    score(row.instrument.defined, answers)
    row.given = list(answers)


@transaction.atomic
def correct_filled(
    *,
    by: User,
    filled: Filled,
    version: int,
    filled_on: date,
    answers: Sequence[int | None],
    note: str,
    reason: str,
    now: datetime,
) -> None:
    """By its author, for 7 days, with a reason, which is as confidential as the row. Raises StaleVersion."""
    if not filled.editable_by(by, now):
        raise PermissionDenied
    filled.filled_on, filled.note, filled.change_reason = filled_on, note, reason
    _answer(filled, answers)
    filled.validate_constraints()
    stamp(by, filled)
    save_version(filled, ["filled_on", "answers", "note", "change_reason"], version)


@transaction.atomic
def void_filled(*, by: User, filled: Filled, version: int, reason: str, now: datetime) -> None:
    """Delete means withdraw with a reason: it leaves the file, the history keeps it. Raises StaleVersion."""
    if filled.author_id != by.pk:
        raise PermissionDenied
    filled.voided_at, filled.voided_by, filled.change_reason = now, by, reason
    stamp(by, filled)
    save_version(filled, ["voided_at", "voided_by", "change_reason"], version)
