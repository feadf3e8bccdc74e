"""Which stored student a row speaks of. Two students are never merged silently: where it is not certain, it asks (T33)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from students.models.classes import Stage, class_name
from students.roster.stored import Register, Stored

FORMAL = ("G", "J")  # a temporary number (L) gives way to one of these (DOMAIN §2.4)


class Question(ValueError):
    """It cannot be decided here which student is meant. Its text asks the person who knows."""


def find(values: dict[str, Any], register: Register, *, school_year: int) -> tuple[Stored | None, list[str]]:
    """(the student or None for a new one, warnings). By ID number, else national number, else name, class and seat.

    Raises Question where the evidence is thin or contradicts itself. Sentences name nothing above level 1.
    """
    found = _by_numbers(values, register)
    if found is not None:
        return found, _warnings(found, values)
    found = _in_class(values, register) or _elsewhere(values, register, school_year)
    if found is None:
        _refuse_stranger(values)
        return None, []
    return found, _warnings(found, values)


def _by_numbers(values: dict[str, Any], register: Register) -> Stored | None:
    by_id = register.with_id(values.get("id_no", ""))
    by_national = register.with_national(values.get("national_no", ""))
    if by_id and by_national and by_id is not by_national:
        raise Question(
            _("The ID number belongs to one student of the school and the national number to another. Which is right?")
        )
    found = by_id or by_national
    if found is None:
        return None
    if not found.is_here:
        raise Question(_("This student has left the school. Take the student back by hand first, then import again."))
    if not by_id and _differs(found, values, "id_no") and _differs(found, values, "name"):
        raise Question(
            _("The national number belongs to a student with another name and another ID number. Who is meant?")
        )
    if not by_national and _differs(found, values, "national_no") and not _was_temporary(found):
        raise Question(_("The student with this ID number has another national number. Which is right?"))
    if _differs(found, values, "name") and _differs(found, values, "birth_date"):
        raise Question(_("The number belongs to a student with another name and another date of birth. Who is meant?"))
    return found


def _differs(found: Stored, values: dict[str, Any], key: str) -> bool:
    """Both sides say something, and not the same."""
    stored, new = found.value(key), values.get(key)
    return bool(stored) and bool(new) and stored != new


def _was_temporary(found: Stored) -> bool:
    return not str(found.value("national_no")).startswith(FORMAL[0])


def contradicts(found: Stored, values: dict[str, Any]) -> bool:
    """Something that does not change in a child's life is different."""
    sexes = {found.student.sex, values.get("sex")} <= {"1", "2"} and _differs(found, values, "sex")
    national = _differs(found, values, "national_no") and not _was_temporary(found)
    return sexes or national or _differs(found, values, "birth_date") or _differs(found, values, "id_no")


def _in_class(values: dict[str, Any], register: Register) -> Stored | None:
    """Among those of the same name in the same class."""
    here = register.by_class.get((values.get("name"), values.get("class")), [])
    seat = values.get("seat_no")
    same_seat = [each for each in here if seat and each.value("seat_no") == seat]
    if same_seat:
        if len(same_seat) > 1 or contradicts(same_seat[0], values):
            raise Question(
                _(
                    "A student of this name has this seat in this class, but the date of birth, the sex or a number differs. Is it the same student?"
                )
            )
        return same_seat[0]
    possible = [each for each in here if not contradicts(each, values)]
    certain = [each for each in possible if register.confirms(each, values)]
    if len(certain) == 1:
        return certain[0]
    if len(possible) == 1 and not seat and len(here) == 1:
        return possible[0]
    if possible:
        raise Question(
            _(
                "This class has a student of this name on another seat. Is it the same student? Please add the ID number or the date of birth."
            )
        )
    return None


def _elsewhere(values: dict[str, Any], register: Register, school_year: int) -> Stored | None:
    """The same name in another class: only a number or the date of birth can tell, and the latter only asks."""
    others = [
        each for each in register.by_name.get(values.get("name", ""), []) if each.value("class") != values.get("class")
    ]
    similar = [each for each in others if not contradicts(each, values) and register.confirms(each, values)]
    if not similar:
        return None
    national = values.get("national_no", "")
    if len(similar) == 1 and national and register.with_id(national[1:]) is similar[0]:
        return similar[0]
    raise Question(
        _("A student of this name and date of birth is in %(class)s. Is it the same student? Please add the ID number.")
        % {"class": spell_class(similar[0].value("class"), school_year)}
    )


def _refuse_stranger(values: dict[str, Any]) -> None:
    """Nobody becomes a new student by a name alone: it could be somebody's misspelt one."""
    if not values.get("birth_date") or values.get("sex") not in {"1", "2"}:
        raise Question(
            _("No student of the school is found by name, class and seat. A new student needs sex and date of birth.")
        )


def _warnings(found: Stored, values: dict[str, Any]) -> list[str]:
    warnings = []
    if _differs(found, values, "name"):
        warnings.append(
            _("The name changes from %(name)s. Please make sure that it is the same student.")
            % {"name": found.student.name}
        )
    if _differs(found, values, "id_no"):
        warnings.append(_("The ID number changes. Please make sure that it is the same student."))
    if "left_behind" in values.get("flags", []) and found.value("left_behind") not in {"1", "2"}:
        warnings.append(left_behind_how())
    return warnings


def left_behind_how() -> str:
    return _("The sheet says left behind, but not whether one parent is away or both. Please enter that by hand.")


def spell_class(place: tuple[str, int, int] | list | None, school_year: int) -> str:
    """("primary", 2024, 2) → 三年级(2)班 in 2026."""
    if not place:
        return ""
    stage, entry_year, number = place
    return class_name(Stage(stage).first_grade + school_year - entry_year, number)
