"""A stored difference in words for the page. What is stored above level 1 shows only as "differs" (DESIGN §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from students.levels import Level
from students.masking import mask_id, mask_phone
from students.models import Boarding, RosterRow, Sex, Student, StudentBackground
from students.roster.difference import Difference
from students.roster.fields import FIELDS
from students.roster.matching import spell_class
from students.roster.stored import field_of

CHOICES: dict[str, Any] = {
    "sex": Sex,
    "boarding_type": Boarding,
    "left_behind": StudentBackground.LeftBehind,
    "status": Student.Status,
}
DIFFERS = gettext_lazy("something else")


@dataclass
class Shown:
    """One row of the page. ``changes``: (field, old, new) in words."""

    row: int
    name: str
    place: str
    status: str
    label: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    student: Any = None
    level: int = Level.BASIC


def show(row: RosterRow, *, school_year: int) -> Shown:
    difference = Difference.of(row)
    shown = Shown(
        row=row.row,
        name=difference.name,
        place=spell_class(difference.place, school_year),
        status=row.status,
        label=row.get_status_display(),
        errors=difference.errors,
        warnings=difference.warnings,
        student=row.student_id,
    )
    if row.status == RosterRow.Status.CHANGED:
        shown.changes = [_change(key, difference, school_year) for key in difference.after]
        shown.level = max((field_of(key).level for key in difference.after), default=Level.BASIC)
    elif row.status == RosterRow.Status.NEW:
        shown.changes = [(_("Student"), "", _newcomer(difference.after))]
    return shown


def _change(key: str, difference: Difference, school_year: int) -> tuple[str, str, str]:
    old, new = difference.before.get(key), difference.after[key]
    if old in (None, ""):
        before = ""
    elif field_of(key).level > Level.BASIC:
        before = str(DIFFERS)
    else:
        before = in_words(key, old, school_year)
    return title_of(key), before, in_words(key, new, school_year)


def _newcomer(values: dict[str, Any]) -> str:
    """男，2020年2月生."""
    sex = in_words("sex", values.get("sex", "0"), 0)
    if not (born := values.get("birth_date")):
        return sex
    day = date.fromisoformat(born)
    return _("%(sex)s, born in %(month)d/%(year)d") % {"sex": sex, "year": day.year, "month": day.month}


def in_words(key: str, value: Any, school_year: int) -> str:
    """Numbers of people are masked: whoever imports them has them in the file."""
    kind = field_of(key).kind
    if key == "class":
        return spell_class(value, school_year)
    if key in CHOICES:
        return str(CHOICES[key](value).label)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if kind in {"id_no", "national_no"}:
        return mask_id(str(value))
    return mask_phone(str(value)) if kind == "phone" else str(value)


def title_of(key: str) -> str:
    return FIELDS[key].title if key in FIELDS else field_of(key).title


def column_note(mapping: dict, ignored: Callable[[str], bool]) -> dict[str, Any]:
    """For the line above the differences: how many columns are imported, which are not, and where the header stands."""
    headers, fields = mapping["headers"], mapping["fields"]
    used = {int(index) for index, key in fields.items() if not ignored(key)}
    left = [header for index, header in enumerate(headers) if index not in used and header]
    return {"used": len(used), "left": len(left), "left_names": left[:6], "header_row": mapping["header_row"] + 1}
