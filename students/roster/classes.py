"""Class spellings (DOMAIN §2.7): 三年级2班, 三（2）班, 3(2)班, 3.2, 302, 2023级2班, 初二(3)班 → stage, year of entry, number."""

import re
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from students.roster.values import Unreadable, plain_code, shorten

DIGITS = "零一二三四五六七八九"
NUMERAL = "[一二三四五六七八九十]{1,3}"
NUMBER = rf"(?P<number>\d{{1,2}}|{NUMERAL})"
STAGE_WORD = r"(?P<stage>小学|小|初中|初|高中|高)?"
GRADE = rf"(?P<grade>\d{{1,2}}|{NUMERAL})"
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{STAGE_WORD}(?P<entry>(?:20)?\d{{2}})[级届]第?\(?{NUMBER}\)?班?",
        rf"{STAGE_WORD}{GRADE}(?:年级|年)第?\(?{NUMBER}\)?班?",
        rf"{STAGE_WORD}{GRADE}\({NUMBER}\)班?",
        rf"{STAGE_WORD}{GRADE}[.\-—–_/·]{NUMBER}班?",
        rf"(?P<stage>小|初|高)(?P<grade>[一二三四五六]){NUMBER}班",
        r"(?P<grade>[一二三四五六七八九])(?P<number>\d{1,2})班",
        r"(?P<grade>\d{1,2})(?P<number>\d{2})班?",
    )
)
NUMBER_ONLY = re.compile(rf"第?\(?{NUMBER}\)?班?")
GRADE_ONLY = re.compile(rf"{STAGE_WORD}{GRADE}(?:年级|年)?")
ENTRY_ONLY = re.compile(rf"{STAGE_WORD}(?P<entry>(?:20)?\d{{2}})[级届]")
STAGES = {"小": "primary", "初": "junior", "高": "senior"}
FIRST_GRADE = {"primary": 1, "junior": 7, "senior": 10}
YEARS = {"primary": 6, "junior": 3, "senior": 3}


@dataclass(frozen=True)
class ClassName:
    """What a spelling says. ``grade`` counts from 1 to 12, or from 1 within ``stage`` where ``in_stage``."""

    number: int | None = None
    grade: int | None = None
    entry_year: int | None = None
    stage: str | None = None
    in_stage: bool = False


def numeral(text: str) -> int:
    """十二 → 12, 二十 → 20, 07 → 7."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return DIGITS.index(text) if len(text) == 1 else 0
    return (DIGITS.index(tens) if tens else 1) * 10 + (DIGITS.index(ones) if ones else 0)


def parse_class(text: str, *, grade: str = "", stage: str = "") -> ClassName:
    """From one cell, or from a class cell and a grade cell. Raises Unreadable."""
    plain = plain_code(text).replace(" ", "")
    found = _match(plain, FORMS)
    if found is None and (grade or stage) and (only := NUMBER_ONLY.fullmatch(plain)):
        found = replace(parse_grade(grade), number=numeral(only["number"]))
    if found is None or not found.number:
        raise Unreadable(
            _("The class “%(text)s” cannot be read. Please write it like 三年级(2)班 or 2024级2班.")
            % {"text": shorten(text)}
        )
    known = STAGES.get(stage[:1])
    return replace(found, stage=found.stage or known) if known else found


def parse_grade(text: str) -> ClassName:
    plain = plain_code(text).replace(" ", "")
    found = _match(plain, (ENTRY_ONLY, GRADE_ONLY))
    if found is None or (found.grade is None and found.entry_year is None):
        raise Unreadable(
            _("The grade “%(text)s” cannot be read. Please write it like 三年级 or 2024级.") % {"text": shorten(text)}
        )
    return found


def _match(plain: str, forms: tuple[re.Pattern, ...]) -> ClassName | None:
    for form in forms:
        if found := form.fullmatch(plain):
            return _class_name(found.groupdict())
    return None


def _class_name(parts: dict[str, str | None]) -> ClassName:
    stage = STAGES.get((parts.get("stage") or "")[:1])
    entry, grade, number = parts.get("entry"), parts.get("grade"), parts.get("number")
    return ClassName(
        number=numeral(number) if number else None,
        grade=numeral(grade) if grade else None,
        entry_year=int(entry) % 100 + 2000 if entry else None,
        stage=stage,
        in_stage=stage is not None and grade is not None and numeral(grade) < FIRST_GRADE[stage],
    )


def resolve_class(name: ClassName, *, school_year: int, default_stage: str = "primary") -> tuple[str, int, int]:
    """(stage, year of entry, number) in that school year. Raises Unreadable for a class that is not at school then.

    The coming school year is allowed too: rosters are prepared in August.
    """
    stage = name.stage or _stage_of(name, default_stage)
    entry_year = name.entry_year
    if entry_year is None:
        grade = name.grade or 0
        if name.in_stage or (stage != "primary" and name.stage is None and grade < FIRST_GRADE[stage]):
            grade += FIRST_GRADE[stage] - 1
        entry_year = school_year - (grade - FIRST_GRADE[stage])
    if not school_year - YEARS[stage] < entry_year <= school_year + 1:
        raise Unreadable(
            _("A class that entered in %(entry)d is not at school in %(year)d-%(next)d. Please check the class.")
            % {"entry": entry_year, "year": school_year, "next": school_year + 1}
        )
    return stage, entry_year, name.number or 0


def _stage_of(name: ClassName, default_stage: str) -> str:
    grade = name.grade or 0
    if grade >= FIRST_GRADE["senior"]:
        return "senior"
    if grade >= FIRST_GRADE["junior"]:
        return "junior"
    if name.grade and grade > YEARS[default_stage]:
        return "primary"
    return default_stage
