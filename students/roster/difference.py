"""What a checked sheet would change, row by row. This is the dry run: it is stored, and later exactly this is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from students.models import RosterRow
from students.roster.fields import GUARDIANS
from students.roster.matching import Question, find, left_behind_how
from students.roster.stored import MAX_GUARDIANS, Register, Stored, field_of
from students.roster.validation import RowResult

Status = RosterRow.Status
NOT_STORED = {"flags", "school_code"}


@dataclass
class Difference:
    """One row. ``before`` and ``after`` hold the same keys: what is stored and what would be; of a new student all of ``after``."""

    row: int
    name: str
    status: str
    student: Any = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)  # filled when written: what undo needs
    place: list | None = None  # the class as it will be, for showing

    def as_json(self) -> str:
        parts = {key: value for key, value in vars(self).items() if key not in {"row", "status", "student"} and value}
        return json.dumps(parts, ensure_ascii=False, default=_plain)

    @classmethod
    def of(cls, stored: RosterRow) -> Difference:
        parts = json.loads(stored.body)
        parts["name"] = parts.get("name", "")
        return cls(row=stored.row, status=stored.status, student=stored.student_id, **parts)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def plain(value: Any) -> Any:
    """As JSON would give it back: dates as text, tuples as lists."""
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def differences(
    results: Iterable[RowResult],
    register: Register,
    *,
    school_year: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Difference]:
    """One per result. Two rows never speak of the same stored student, and no question is decided here."""
    found = []
    for done, result in enumerate(results, 1):
        found.append(_meant(result, register, school_year))
        if done % 50 == 0:
            progress(done)
    _refuse_rivals(found, register)
    compared = [_compared(each) for each in found]
    _warn_of_seats(compared, register)
    return compared


@dataclass
class _Meant:
    """A row and the student that it means: None for a new one, and for a refused row."""

    result: RowResult
    difference: Difference
    stored: Stored | None = None


def _meant(result: RowResult, register: Register, school_year: int) -> _Meant:
    place = plain(result.values.get("class"))
    difference = Difference(
        result.row, result.name, Status.REFUSED, errors=result.errors, warnings=result.warnings, place=place
    )
    if difference.errors:
        return _Meant(result, difference)
    try:
        stored, warnings = find(result.values, register, school_year=school_year)
    except Question as question:
        difference.errors = [str(question)]
        return _Meant(result, difference)
    difference.warnings = difference.warnings + warnings
    return _Meant(result, difference, stored)


def _refuse_rivals(found: list[_Meant], register: Register) -> None:
    """Of rows that mean the same student, the one with the student's number stays; without one, all are asked about.

    Children of one name in one class, one of them on a wrong seat, would otherwise be taken for each other.
    """
    claims: dict[Any, list[_Meant]] = {}
    for each in found:
        if each.stored is not None:
            claims.setdefault(each.stored.student.pk, []).append(each)
    for rivals in (rivals for rivals in claims.values() if len(rivals) > 1):
        numbered = [each for each in rivals if register.knows_number(each.stored, each.result.values)]
        kept = numbered[0] if len(numbered) == 1 else None
        for each in rivals:
            if each is not kept:
                other = kept or next(rival for rival in rivals if rival is not each)
                each.difference.errors = [
                    _("Row %(row)d speaks of the same student. Please keep one of the two rows.")
                    % {"row": other.difference.row}
                ]


def _compared(meant: _Meant) -> Difference:
    if meant.difference.errors:
        return meant.difference
    if meant.stored is None:
        return _as_new(meant.difference, meant.result)
    return _as_change(meant.difference, meant.result, meant.stored)


def _as_new(difference: Difference, result: RowResult) -> Difference:
    difference.status = Status.NEW
    difference.after = {key: plain(value) for key, value in _kept(result.values).items()}
    if "left_behind" in result.values.get("flags", []) and "left_behind" not in result.values:
        difference.warnings = [*difference.warnings, left_behind_how()]
    return difference


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if key not in NOT_STORED and field_of(key).part}
    if kept.get("status") == "present":
        del kept["status"]  # that is what a student is anyway
    return kept


def _as_change(difference: Difference, result: RowResult, stored: Stored) -> Difference:
    """Only what differs. A blank cell says nothing and erases nothing."""
    difference.student = stored.student.pk
    wanted = _place_guardians(_kept(result.values), stored)
    if "status" in result.values:
        wanted["status"] = result.values["status"]
    for key, value in wanted.items():
        current = plain(stored.value(key))
        if (current if current is not None else "") != (plain(value) if value is not None else ""):
            difference.before[key], difference.after[key] = current, plain(value)
    difference.status = Status.CHANGED if difference.after else Status.UNCHANGED
    difference.place = difference.place or plain(stored.value("class"))
    return difference


def _place_guardians(values: dict[str, Any], stored: Stored) -> dict[str, Any]:
    """Members of the family are recognised by name, else by being the only father or mother; others are added."""
    placed = {key: value for key, value in values.items() if "." not in key}
    free = dict(stored.guardians)
    for number in range(1, GUARDIANS + 1):
        prefix = f"guardian{number}."
        member = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
        if member:
            order = _order_of(member, free, stored, placed)
            free.pop(order, None)
            placed |= {f"guardian{order}.{key}": value for key, value in member.items()}
    return placed


def _order_of(member: dict[str, Any], free: dict, stored: Stored, placed: dict[str, Any]) -> int:
    same_name = [order for order, guardian in free.items() if guardian.name == member["name"]]
    relation = member.get("relation")
    same_part = [
        order for order, guardian in free.items() if relation in {"父亲", "母亲"} and guardian.relation == relation
    ]
    if same_name or len(same_part) == 1:
        return (same_name or same_part)[0]
    used = set(stored.guardians) | {int(key[8]) for key in placed if key.startswith("guardian")}
    return next((order for order in range(1, MAX_GUARDIANS) if order not in used), MAX_GUARDIANS)


def _warn_of_seats(found: list[Difference], register: Register) -> None:
    """A seat that somebody else keeps: children swap seats in the middle of a file, so this only warns."""
    seats: dict[Any, tuple] = {
        each.student.pk: (plain(each.value("class")), each.value("seat_no")) for each in register.all if each.is_here
    }
    for difference in found:
        if difference.student in seats and difference.status == Status.CHANGED:
            place, seat = seats[difference.student]
            seats[difference.student] = (difference.after.get("class", place), difference.after.get("seat_no", seat))
        elif difference.status == Status.NEW:
            seats[difference.row] = (difference.after["class"], difference.after.get("seat_no"))
    holders: dict[tuple, int] = {}
    for place, seat in seats.values():
        if place and seat:
            holders[(*place, seat)] = holders.get((*place, seat), 0) + 1
    for difference in found:
        key = difference.student if difference.student in seats else difference.row
        place, seat = seats.get(key, (None, None))
        touches = difference.status == Status.NEW or {"class", "seat_no"} & difference.after.keys()
        if touches and place and seat and holders[(*place, seat)] > 1:
            difference.warnings = [*difference.warnings, _("Another student of the class has this seat number.")]
