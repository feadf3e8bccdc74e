"""Who changed what in a file or in one record, when and why. History shows nobody more than the rows themselves: it is asked
for with a record that came through `visible_to`, so that raising the record's level hides its older rows too (T21)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from students.levels import Level
from students.masking import mask_address, mask_id, mask_phone
from students.models import (
    CareNeed,
    Guardian,
    NeedEvidence,
    ScreeningEntry,
    Student,
    StudentBackground,
    StudentProfile,
)
from students.needs import seen_targets

NEWEST = 100  # of each kind of row
UNTOLD = {"id", "school", "student", "version", "created_at", "updated_at", "name_pinyin", "name_initials"}
MASKS = {
    "id_no": mask_id,
    "national_no": mask_id,
    "student_no_aux": mask_id,
    "phone": mask_phone,
    "address": mask_address,
    "address_now": mask_address,
    "address_mail": mask_address,
    "address_home": mask_address,
}
ROWS = (
    (Student, "id", Level.BASIC),
    (StudentProfile, "student_id", Level.DAILY),
    (StudentBackground, "student_id", Level.SENSITIVE),
    (Guardian, "student_id", Level.SENSITIVE),
)


@dataclass(frozen=True)
class Difference:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One saved row: `what` in words, the fields that differ, who, when, and why where a reason was given."""

    at: datetime
    what: str
    who: str
    why: str
    kind: str  # "+", "~" or "-"
    level: int
    differences: list[Difference]


def changes_of(student: Student, level: int) -> list[Change]:
    """Newest first, of the rows that `level` opens. One statement for each kind of row."""
    found: list[Change] = []
    for model, key, needs in ROWS:
        if needs <= level:
            rows = model.history.filter(**{key: student.pk}).select_related("history_user")
            found.extend(_changes(model, rows.order_by("-history_date", "-history_id")[:NEWEST], needs))
    return sorted(found, key=lambda change: change.at, reverse=True)


def _changes(model: type[models.Model], rows: Iterable, level: int) -> Iterator[Change]:
    """`rows`: newest first. Each is compared with the one before it of the same object."""
    before: dict = {}
    for row in reversed(list(rows)):
        differences = _differences(model, before.get(row.id), row)
        before[row.id] = row
        if differences or row.history_type != "~":
            yield _change(row, _titles()[model], level, differences)


def _change(row, what: str, level: int, differences: list[Difference]) -> Change:
    who = row.history_user.display_name if row.history_user else _("at the server")
    return Change(row.history_date, what, who, _why(row), row.history_type, level, differences)


def _why(row) -> str:
    """Some reasons are words for us: of a rejected or closed need the reason stands in a field of its own."""
    reason = row.history_change_reason or ""
    known = {
        CareNeed.State.REJECTED: "",
        CareNeed.State.CLOSED: "",
        "level of the category": _("the level of its category was raised"),
    }
    return known.get(reason, reason)


def _titles() -> dict:
    return {
        Student: _("Basic facts"),
        StudentProfile: _("Growth and daily facts"),
        StudentBackground: _("Family and identity"),
        Guardian: _("Family member"),
    }


def _differences(model: type[models.Model], old, new) -> list[Difference]:
    """Nothing for a row that was just made or has no predecessor here: its values stand in the file itself."""
    if old is None or new.history_type != "~":
        return []
    found = []
    for field in model._meta.concrete_fields:
        if field.name in UNTOLD or field.name.endswith("_fingerprint"):
            continue
        if getattr(old, field.attname) != getattr(new, field.attname):
            found.append(Difference(str(field.verbose_name), _value(old, field), _value(new, field)))
    return found


def _value(row, field: models.Field) -> str:
    value = getattr(row, field.attname)
    if value is None or value == "":
        return ""
    if field.name in MASKS:
        return MASKS[field.name](value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    display = getattr(row, f"get_{field.name}_display", None)
    return str(display() if display else value)


# --- one record -------------------------------------------------------------------------------------------------------

OF_ENTRY = ("answer", "signs", "facts", "ways", "categories", "suggested_step", "decision", "review_note")
OF_NEED = ("level", "basis", "facts", "state", "starts_on", "ends_on", "reason", "verified_on", "next_review_on")
Words = Callable[[models.Model, str], str]  # (row, name of a field) → its value as pages say it


def compared(old, new, names: Iterable[str], words: Words) -> list[Difference]:
    """The named fields in which two saved versions of a record differ, in words."""
    found = ((name, words(old, name), words(new, name)) for name in names)
    return [Difference(str(new._meta.get_field(name).verbose_name), one, two) for name, one, two in found if one != two]


def changes_of_entry(entry: ScreeningEntry, categories: dict[str, str]) -> list[Change]:
    """Newest first. `categories`: code → name. One statement."""
    signs = entry.edition.texts

    def words(row, name: str) -> str:
        lists: dict[str, dict] = {"signs": signs, "categories": categories, "ways": dict(ScreeningEntry.Way.choices)}
        if name not in lists:
            return _value(row, row._meta.get_field(name))
        return pgettext("between names", ", ").join(str(lists[name].get(code, code)) for code in getattr(row, name))

    return list(_steps(entry, OF_ENTRY, words, _("Screening answer")))[::-1]


def changes_of_need(need: CareNeed, user: User, *, now: datetime) -> list[Change]:
    """Newest first, with what it rests on, as far as this reader may see it. Two statements, and one for each kind of
    record that is cited."""

    def words(row, name: str) -> str:
        return _value(row, row._meta.get_field(name))

    found = [*_steps(need, OF_NEED, words, _("Need")), *_evidence(need, user, now)]
    return sorted(found, key=lambda change: change.at, reverse=True)


def _steps(record, names: Iterable[str], words: Words, what: str) -> Iterator[Change]:
    rows = record.history.select_related("history_user").order_by("-history_date", "-history_id")[:NEWEST]
    old = None
    for row in reversed(list(rows)):
        differences = compared(old, row, names, words) if old is not None else []
        if differences or row.history_type != "~":
            yield _change(row, what, record.level, differences)
        old = row


def _evidence(need: CareNeed, user: User, now: datetime) -> Iterator[Change]:
    """As on the need's page: a record that this reader may not see is not told of (see needs.proofs_of)."""
    rows = NeedEvidence.history.filter(need_id=need.pk).select_related("history_user", "target_type")
    rows = list(rows.order_by("-history_date", "-history_id")[:NEWEST])
    seen = seen_targets(rows, user, now)
    for row in rows:
        target = seen.get(row.target_id)
        told = [Difference(_("What it shows"), "", row.text)] if row.text else []
        if target is not None:
            told.insert(0, Difference(_("Record"), "", target.in_words()))
        if told:
            yield _change(row, _("What it rests on"), need.level, told)
