"""What the panels of a file say, row by row. A value that stands masked never reaches the page in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from students.masking import mask_address, mask_id, mask_phone
from students.models import Guardian, Student, StudentBackground, StudentProfile

GROWTH = ("temperament", "pace", "interests", "strengths")
BASIC = (
    "sex",
    "ethnicity",
    "nationality",
    "political_status",
    "boarding_type",
    "student_source",
    "entry_month",
    "entry_mode",
)
DAILY = (
    "talent", "former_name", "native_place", "hukou_type", "overseas_type", "is_only_child", "attended_preschool",
    "commute_mode", "commute_km", "needs_bus", "blood_type", "id_valid",
)  # fmt: skip
# What a roster says where there is nothing to look into.
NOTHING = {None, False, "", "0", "无", "否", "非留守儿童", "无残疾", "非随班就读", "健康或良好"}


@dataclass(frozen=True)
class Fact:
    """`key` names a masked value for "show in full"; empty where nothing is masked."""

    label: str
    value: str
    key: str = ""
    in_full: bool = False


@dataclass(frozen=True)
class Member:
    name: str
    relation: str
    is_guardian: bool
    facts: list[Fact]


def growth(student: Student) -> list[Fact]:
    row = getattr(student, "profile", None) or StudentProfile()
    return [Fact(_label(row, name), getattr(row, name)) for name in GROWTH]


def basics(student: Student) -> list[Fact]:
    """Levels 1 and 2: what is known."""
    born = student.birth_date
    found = [Fact(_label(student, "birth_date"), _day(born))] if born else []
    found += _plain(student, BASIC)
    row = getattr(student, "profile", None)
    return [*found, *(_plain(row, DAILY) if row else [])]


def family_text(student: Student) -> str:
    row = getattr(student, "background", None)
    return row.family if row else ""


def suggestions(student: Student) -> list[Fact]:
    """What the roster says, to be looked into: never a label."""
    row = getattr(student, "background", None)
    names = [name for name in StudentBackground.SUGGESTIONS if row and getattr(row, name) not in NOTHING]
    return [Fact(_label(row, name), "" if getattr(row, name) is True else _shown(row, name)) for name in names]


def identity(student: Student, in_full: str) -> list[Fact]:
    row = getattr(student, "background", None)
    if row is None:
        return []
    masks = {"id_no": mask_id, "national_no": mask_id, "phone": mask_phone}
    masks |= dict.fromkeys(("address_now", "address_mail", "address_home"), mask_address)
    kinds = [Fact(_label(row, "id_type"), row.id_type)] if row.id_type else []
    return [*kinds, *_masked(row, masks, "", in_full)]


def family_member(guardian: Guardian, in_full: str) -> Member:
    masks = {"phone": mask_phone, "address": mask_address, "id_no": mask_id}
    relation = " ".join(filter(None, [guardian.relation, guardian.relation_note]))
    facts = list(_masked(guardian, masks, f"{guardian.pk}.", in_full))
    return Member(guardian.name, relation, bool(guardian.is_guardian), facts)


def _masked(row, masks: dict[str, Callable[[str], str]], prefix: str, in_full: str) -> Iterator[Fact]:
    for name, mask in masks.items():
        if value := getattr(row, name):
            asked = in_full == f"{prefix}{name}"
            yield Fact(_label(row, name), value if asked else mask(value), f"{prefix}{name}", asked)


def _plain(row, names: tuple[str, ...]) -> list[Fact]:
    return [Fact(_label(row, name), _shown(row, name)) for name in names if getattr(row, name) not in (None, "")]


def _label(row, name: str) -> str:
    return str(row._meta.get_field(name).verbose_name)


def _shown(row, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    display = getattr(row, f"get_{name}_display", None)
    return str(display() if display else value)


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}"
