"""Every row of a sheet: typed values, what is wrong with it, and what is odd about it. Pure; reads no database and no clock."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from students.roster.cells import Frame, parse_cell, says_nothing
from students.roster.classes import parse_class, resolve_class
from students.roster.columns import find_header_row
from students.roster.fields import FIELDS, GUARDIANS
from students.roster.reading import Sheet
from students.roster.values import (
    LOST,
    Unreadable,
    birth_date_of,
    is_usual_name,
    is_usual_phone,
    parse_document_no,
    parse_resident_id,
    plain_code,
    plain_text,
    sex_of,
    shorten,
)

RESIDENT_ID = "居民身份证"
# What tells who somebody is and where they sit: a row in which one of these is wrong is refused. Elsewhere the value is left out.
STRICT = {"name", "sex", "birth_date", "class", "id_no", "national_no", "seat", "school_code", "grade", "stage"}
INCLUSION = {
    "视力残疾随班就读": {"视力残疾"},
    "听力残疾随班就读": {"听力残疾"},
    "智力残疾随班就读": {"智力残疾"},
    "其他残疾随班就读": {"言语残疾", "肢体残疾", "精神残疾", "多重残疾", "其他残疾"},
}


@dataclass
class RowResult:
    """``row`` as numbered in the sheet; ``values`` by field key, blank cells absent; ``class`` is (stage, entry year, number)."""

    row: int
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_rows(
    sheet: Sheet,
    mapping: dict[int, str],
    *,
    today: date,
    school_code: str,
    school_year: int,
    default_stage: str = "primary",
    header_row: int | None = None,
) -> list[RowResult]:
    """One result per row below the header that is not empty. ``header_row`` counts from 0; found if not given."""
    header_row = find_header_row(sheet.rows) if header_row is None else header_row
    start = -1 if header_row is None else header_row
    headers = sheet.rows[start] if start >= 0 else []
    frame = Frame(
        today,
        school_code,
        school_year,
        default_stage,
        sheet.epoch1904,
        mapping,
        _relations(headers, mapping),
        frozenset(sheet.formulas),
    )
    results = []
    for index, cells in enumerate(sheet.rows[start + 1 :], start + 1):
        if any(plain_text(cell) for cell in cells):
            results.append(_check_row(index, cells, frame))
    _check_doubles(results)
    return results


def _relations(headers: list[str], mapping: dict[int, str]) -> dict[str, str]:
    """A column 父亲姓名 says the relation in its header: {"guardian1": "父亲"}."""
    relations = {}
    for index, key in mapping.items():
        word = plain_code(headers[index])[:2] if index < len(headers) else ""
        if key.endswith(".name") and word in {"父亲", "母亲"}:
            relations[key.partition(".")[0]] = word
    return relations


def _check_row(index: int, cells: list[str], frame: Frame) -> RowResult:
    result = RowResult(row=index + 1)
    texts = {
        key: cells[column] for column, key in frame.mapping.items() if column < len(cells) and not FIELDS[key].ignored
    }
    texts = {key: text for key, text in texts.items() if not says_nothing(key, text)}
    formulas = {key for column, key in frame.mapping.items() if (index, column) in frame.formulas}
    result.name = plain_text(texts.get("name", ""))[:60]
    for key, text in texts.items():
        if key in {"class", "grade", "stage", "id_no"}:
            continue
        _take(result, key, lambda key=key, text=text: parse_cell(key, text, frame, formula=key in formulas))
    _take_class(result, texts, frame)
    _take_id(result, texts, formula="id_no" in formulas)
    _check_required(result, texts, frame)
    _check_against_id(result, frame)
    _check_oddities(result)
    _tidy(result, frame)
    result.name = result.values.get("name", result.name)
    return result


def _take(result: RowResult, key: str, parse) -> None:
    """Keep the value, or say under the column's name what is wrong with it."""
    try:
        result.values[key] = parse()
    except Unreadable as error:
        title, sentence = FIELDS[key].title, str(error)
        if title not in sentence:
            sentence = _("%(field)s: %(sentence)s") % {"field": title, "sentence": sentence}
        if FIELDS[key].kind in STRICT and not FIELDS[key].order:
            result.errors.append(sentence)
        else:
            result.warnings.append(_("%(sentence)s This cell is not imported.") % {"sentence": sentence})


def _take_class(result: RowResult, texts: dict[str, str], frame: Frame) -> None:
    if "class" not in texts:
        return

    def parse() -> tuple[str, int, int]:
        name = parse_class(texts["class"], grade=texts.get("grade", ""), stage=plain_code(texts.get("stage", "")))
        return resolve_class(name, school_year=frame.school_year, default_stage=frame.default_stage)

    _take(result, "class", parse)


def _take_id(result: RowResult, texts: dict[str, str], *, formula: bool) -> None:
    kind = result.values.get("id_type")
    if "id_no" not in texts:
        if kind == RESIDENT_ID:
            result.errors.append(
                _("The ID number is missing. Enter it, or choose 其他 as the kind of document if there is none.")
            )
        return
    if formula:
        result.errors.append(_("The ID number is a formula. Please copy the column and paste it as values."))
    else:
        parse = parse_resident_id if kind in {None, RESIDENT_ID} else parse_document_no
        _take(result, "id_no", lambda: parse(texts["id_no"]))


def _check_required(result: RowResult, texts: dict[str, str], frame: Frame) -> None:
    missing = {
        "name": _("The name is missing. If this row is not a student, please delete it."),
        "class": _("The class is missing."),
        "sex": _("The sex is missing."),
        "birth_date": _("The date of birth is missing."),
    }
    mapped = set(frame.mapping.values())
    for key, sentence in missing.items():
        derived = (
            key in {"sex", "birth_date"}
            and "id_no" in result.values
            and result.values.get("id_type") in {None, RESIDENT_ID}
        )
        if key not in texts and key in mapped and not derived:
            result.errors.append(sentence)


def _check_against_id(result: RowResult, frame: Frame) -> None:
    """Sex and date of birth must agree with a resident's ID number; where their cells are empty, it tells them."""
    values = result.values
    id_no = values.get("id_no")
    if not id_no or values.get("id_type") not in {None, RESIDENT_ID}:
        return
    told = birth_date_of(id_no)
    if values.setdefault("birth_date", told) != told:
        result.errors.append(_("The date of birth does not agree with the ID number. Please check both."))
    if values.get("sex") not in {"1", "2"}:
        values["sex"] = sex_of(id_no)
    elif values["sex"] != sex_of(id_no):
        result.errors.append(_("The sex does not agree with the 17th digit of the ID number. Please check both."))


def _check_oddities(result: RowResult) -> None:
    values, warn = result.values, result.warnings.append
    if (name := values.get("name")) and not is_usual_name(name):
        warn(_("The name contains unusual characters. Please check it."))
    for key, value in values.items():
        if FIELDS[key].kind == "phone" and not is_usual_phone(value):
            warn(
                _("%(field)s: “%(text)s” does not look like a phone number.")
                % {"field": FIELDS[key].title, "text": shorten(value)}
            )
    if (id_no := values.get("id_no", "")).endswith(LOST) and len(id_no) == 18:
        warn(_("The ID number ends in 000. Please make sure that a spreadsheet did not change it."))
    inclusion, disability = values.get("inclusion_type"), values.get("disability_type")
    if inclusion in INCLUSION and disability and disability not in INCLUSION[inclusion]:
        warn(
            _("随班就读 says “%(inclusion)s” but 残疾类型 says “%(disability)s”. Please check both.")
            % {"inclusion": inclusion, "disability": disability}
        )
    has_parents_id = any(f"guardian{n}.id_no" in values for n in range(1, GUARDIANS + 1))
    if values.get("id_type", RESIDENT_ID) != RESIDENT_ID and "id_no" not in values and not has_parents_id:
        warn(_("Without an ID number of the student, that of a parent is needed."))


def _tidy(result: RowResult, frame: Frame) -> None:
    """Local columns become the fields they stand for; members of the family without a name are left out."""
    values = result.values
    if (boards := values.pop("is_boarder", None)) is not None:
        values.setdefault("boarding_type", "2" if boards else "1")
    if values.pop("on_leave", False):
        values["status"] = "suspended"
    if "is_migrant_child" in values.get("flags", []):
        values.setdefault("is_migrant_child", True)
    for n in range(1, GUARDIANS + 1):
        _tidy_guardian(result, f"guardian{n}", frame)


def _tidy_guardian(result: RowResult, place: str, frame: Frame) -> None:
    values = result.values
    keys = [key for key in values if key.startswith(place + ".")]
    if keys and f"{place}.name" not in values:
        for key in keys:
            del values[key]
        result.warnings.append(
            _("Family member %(number)s has no name and is not imported.") % {"number": place.removeprefix("guardian")}
        )
        return
    if keys and place in frame.relations:
        values.setdefault(f"{place}.relation", frame.relations[place])
    if f"{place}.id_no" in values and values.get(f"{place}.id_type", RESIDENT_ID) == RESIDENT_ID:
        _take(result, f"{place}.id_no", lambda: parse_resident_id(values.pop(f"{place}.id_no")))


def _check_doubles(results: list[RowResult]) -> None:
    """Nobody stands in the file twice: by ID number, by national number, or by name, class and seat."""
    sentences = {
        "id_no": _("The same ID number stands in row %(row)d. Please keep one of the two rows."),
        "national_no": _("The same national student number stands in row %(row)d. Please keep one of the two rows."),
        "place": _("The same name, class and seat stand in row %(row)d. Please keep one of the two rows."),
    }
    first: dict[tuple, int] = {}
    for result in results:
        for kind, value in _identities(result):
            earlier = first.setdefault((kind, value), result.row)
            if earlier != result.row:
                result.errors.append(sentences[kind] % {"row": earlier})
                break


def _identities(result: RowResult) -> list[tuple[str, Any]]:
    values = result.values
    found: list[tuple[str, Any]] = [(key, values[key]) for key in ("id_no", "national_no") if key in values]
    if not found and {"name", "class", "seat_no"} <= values.keys():
        found = [("place", (values["name"], values["class"], values["seat_no"]))]
    return found
