"""Who changed what in a file, when and why. History shows nobody more than the rows themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _

from students.levels import Level
from students.masking import mask_address, mask_id, mask_phone
from students.models import Guardian, Student, StudentBackground, StudentProfile

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
            who = row.history_user.display_name if row.history_user else _("at the server")
            why = row.history_change_reason or ""
            yield Change(row.history_date, _titles()[model], who, why, row.history_type, level, differences)


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
