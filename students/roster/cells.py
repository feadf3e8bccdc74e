"""One cell under its column: which parser reads it, and whether it says anything at all."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from students.roster.codes import TABLES
from students.roster.fields import FIELDS, Field
from students.roster.values import (
    Unreadable,
    check_birth_date,
    is_blank,
    parse_boolean,
    parse_code,
    parse_date,
    parse_digits,
    parse_document_no,
    parse_kilometres,
    parse_month,
    parse_name,
    parse_national_no,
    parse_phone,
    parse_seat,
    parse_text,
    plain_code,
    plain_text,
    shorten,
)


@dataclass(frozen=True)
class Frame:
    """What every row is checked against."""

    today: date
    school_code: str
    school_year: int
    default_stage: str
    epoch1904: bool
    mapping: dict[int, str]
    relations: dict[str, str]
    formulas: frozenset[tuple[int, int]]


def says_nothing(key: str, text: str) -> bool:
    """In a code, number or date a dash or 无 is as good as nothing; in free text it is what was written."""
    if FIELDS[key].kind in {"text", "phone"}:
        return not plain_text(text)
    if TABLES.get(FIELDS[key].kind) or FIELDS[key].kind == "boolean":
        return not plain_code(text) or plain_code(text) in {"-", "—", "/"}
    return is_blank(text)


def parse_cell(key: str, text: str, frame: Frame, *, formula: bool) -> Any:
    definition = FIELDS[key]
    kind = definition.kind
    if formula and kind != "text":
        raise Unreadable(_("The cell holds a formula. Please copy the column and paste it as values."))
    if kind in TABLES and kind != "nationality":
        return parse_code(kind, text)
    return PARSERS[kind](text, definition, frame)


def _birth_date(text: str, definition: Field, frame: Frame) -> date:
    year = plain_code(text)[:4]
    if year.isdecimal() and frame.today.year < int(year) < 2200:  # 20991301 is no day either, but this says it better
        raise Unreadable(_("The date of birth lies in the future. Please correct it."))
    return check_birth_date(parse_date(text, epoch1904=frame.epoch1904), today=frame.today)


def _school_code(text: str, definition: Field, frame: Frame) -> str:
    code = plain_code(text)
    if code != frame.school_code:
        raise Unreadable(
            _("“%(text)s” is the code of another school. Please import this row there.") % {"text": shorten(text)}
        )
    return code


def _nationality(text: str, definition: Field, frame: Frame) -> str:
    try:
        return parse_code("nationality", text)
    except Unreadable:  # the table of GB/T 2659 is long, and ours only holds its beginning
        return parse_text(text, definition.length)


def _flags(text: str, definition: Field, frame: Frame) -> list[str]:
    """A county's one column for two things: which of them it names."""
    plain = plain_code(text)
    named = [
        key
        for key, word in (("left_behind", "留守"), ("is_migrant_child", "随迁"))
        if word in plain and "非" + word not in plain
    ]
    if not named and plain not in {"否", "无", "0"} and "非" not in plain:
        raise Unreadable(_("“%(text)s” names neither 随迁 nor 留守.") % {"text": shorten(text)})
    return named


PARSERS = {
    "name": lambda text, definition, frame: parse_name(text),
    "birth_date": _birth_date,
    "school_code": _school_code,
    "nationality": _nationality,
    "flags": _flags,
    "month": lambda text, definition, frame: parse_month(text, epoch1904=frame.epoch1904),
    "national_no": lambda text, definition, frame: parse_national_no(text),
    "id_no": lambda text, definition, frame: parse_document_no(text),
    "seat": lambda text, definition, frame: parse_seat(text),
    "phone": lambda text, definition, frame: parse_text(parse_phone(text), definition.length),
    "region": lambda text, definition, frame: parse_digits(text, (6, 9, 12)),
    "postcode": lambda text, definition, frame: parse_digits(text, (6,)),
    "boolean": lambda text, definition, frame: parse_boolean(text),
    "is_boarder": lambda text, definition, frame: parse_boolean(text),
    "on_leave": lambda text, definition, frame: parse_boolean(text),
    "kilometres": lambda text, definition, frame: parse_kilometres(text),
    "text": lambda text, definition, frame: parse_text(text, definition.length),
}
