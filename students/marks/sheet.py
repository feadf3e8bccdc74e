"""A sheet of marks, row by row. Two layouts: a column for each subject, or a row for each mark. Pure.

缺考 is absent and an empty cell says nothing; neither is ever 0. Totals and ranks (总分, 名次) are not read at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from students.roster.classes import parse_class, resolve_class
from students.roster.columns import HEADER_SEARCH_ROWS, normalise_header
from students.roster.reading import Sheet
from students.roster.refusal import Refused
from students.roster.values import Unreadable, parse_name, parse_seat, plain_code, plain_text, shorten

NO_HEADER = gettext_noop(
    "No row of the sheet looks like a header. It needs a column for the student and one for the class."
)
NO_MARKS = gettext_noop(
    "No column of marks is recognised. Each subject needs a column with its name, or the sheet the columns subject and mark."
)
HEADERS = {
    "name": ("姓名", "学生", "学生姓名", "name", "student"),
    "class": ("班级", "班别", "班", "行政班", "班号", "class"),
    "grade": ("年级", "grade"),
    "seat_no": ("学号", "座号", "班内学号", "seat", "seatnumber", "seatno"),
    "subject": ("科目", "学科", "课程", "subject"),
    "mark": ("成绩", "分数", "得分", "mark", "score"),
    "full_mark": ("满分", "卷面满分", "fullmark"),
}
KEYS = {normalise_header(word): key for key, words in HEADERS.items() for word in words}
SUBJECTS = (
    "语文", "数学", "英语", "外语", "俄语", "日语", "科学", "道德与法治", "品德", "政治", "思想政治", "历史", "地理", "物理", "化学",
    "生物", "信息科技", "信息技术", "通用技术", "音乐", "美术", "艺术", "体育", "体育与健康", "书法", "劳动", "综合实践",
)  # fmt: skip
SHORT = {"道法": "道德与法治", "思品": "道德与法治", "信息": "信息科技", "语": "语文", "数": "数学", "英": "英语"}
SUBJECT_MARK = "subject:"  # of a column with the marks of one subject: subject:语文
ABSENT = {"缺考", "缺", "缺席", "未考", "请假", "病假", "事假", "旷考", "缓考", "免考", "absent"}
NOTHING = {"", "-", "—", "–", "/", "无"}
NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
FULL_IN_HEADER = re.compile(r"[(（](?:满分)?[:：]?(\d{2,3})分?[)）]")
LONGEST = 20  # characters of a subject

Got = tuple[str | None, str]  # (mark as text or None for absent, full mark): as it is stored in a difference


@dataclass
class MarkRow:
    """One row: `place` is (stage, entry year, number), `marks` by subject."""

    row: int  # as numbered in the sheet
    name: str = ""
    place: tuple[str, int, int] | None = None
    seat_no: int | None = None
    marks: dict[str, Got] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


# --- columns ----------------------------------------------------------------------------------------------------------


def header_row(sheet: Sheet) -> int:
    """Counted from 0. Raises Refused where no row has a student and a class."""
    for index, row in enumerate(sheet.rows[:HEADER_SEARCH_ROWS]):
        if {"name", "class"} <= {KEYS.get(normalise_header(cell)) for cell in row if len(cell) < 40}:
            return index
    raise Refused(NO_HEADER)


def columns_of(headers: list[str]) -> dict[int, str]:
    """Column → key of HEADERS or subject:语文; each once, the left-most. What it does not know it leaves out."""
    found: dict[int, str] = {}
    for index, header in enumerate(headers):
        subject = subject_of(header)
        key = KEYS.get(normalise_header(header)) or (SUBJECT_MARK + subject if subject in SUBJECTS else None)
        if key and key not in found.values():
            found[index] = key
    if "subject" in found.values() and "mark" in found.values():
        return {index: key for index, key in found.items() if not key.startswith(SUBJECT_MARK)}
    return {index: key for index, key in found.items() if key not in {"subject", "mark", "full_mark"}}


def subject_of(text: str) -> str:
    """' 语文成绩(120) ' → 语文."""
    plain = plain_text(unicodedata.normalize("NFKC", FULL_IN_HEADER.sub("", text))).replace(" ", "")
    plain = re.sub(r"(成绩|分数|得分)$", "", plain)
    return SHORT.get(plain, plain)[:LONGEST]


def check_columns(columns: Mapping[Any, str]) -> None:
    """Raises Refused for a choice with which no mark can be read."""
    keys = set(columns.values())
    if not {"name", "class"} <= keys:
        raise Refused(NO_HEADER)
    if not ({"subject", "mark"} <= keys or any(key.startswith(SUBJECT_MARK) for key in keys)):
        raise Refused(NO_MARKS)


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """What every row is read against. `classes_of`: the school year in whose words the sheet names its classes."""

    columns: dict[int, str]
    headers: list[str]
    classes_of: int
    default_stage: str
    full_mark: Decimal
    formulas: frozenset[tuple[int, int]]


def read_rows(sheet: Sheet, header: int, frame: Frame) -> list[MarkRow]:
    """One for each row below the header that is not empty."""
    rows = []
    for index, cells in enumerate(sheet.rows[header + 1 :], header + 1):
        if any(plain_text(cell) for cell in cells):
            rows.append(_read_row(index, cells, frame))
    return rows


def _read_row(index: int, cells: list[str], frame: Frame) -> MarkRow:
    row = MarkRow(index + 1, cells=cells)
    texts = {key: cells[column] for column, key in frame.columns.items() if column < len(cells)}
    formulas = {key for column, key in frame.columns.items() if (index, column) in frame.formulas}
    row.name = plain_text(texts.get("name", ""))[:60]
    for key in sorted(formulas):
        row.errors.append(_("The cell holds a formula. Please copy the column and paste it as values."))
        texts[key] = ""
    _take_student(row, texts, frame)
    if "mark" in texts:
        _take_mark(row, subject_of(texts.get("subject", "")), texts["mark"], _full(texts.get("full_mark", ""), frame))
    for column, key in frame.columns.items():
        if key.startswith(SUBJECT_MARK) and key in texts:
            full = FULL_IN_HEADER.search(frame.headers[column])
            _take_mark(row, key.removeprefix(SUBJECT_MARK), texts[key], Decimal(full[1]) if full else frame.full_mark)
    row.errors = list(dict.fromkeys(row.errors))
    return row


def _take_student(row: MarkRow, texts: dict[str, str], frame: Frame) -> None:
    try:
        row.name = parse_name(texts.get("name", ""))
        name = parse_class(texts.get("class", ""), grade=texts.get("grade", ""))
        row.place = resolve_class(name, school_year=frame.classes_of, default_stage=frame.default_stage)
    except Unreadable as error:
        row.errors.append(str(error))
    try:
        row.seat_no = parse_seat(texts.get("seat_no", ""))
    except Unreadable:
        row.seat_no = None  # empty, or a longer number under 学号: the name and the class must do


def _full(text: str, frame: Frame) -> Decimal:
    plain = plain_code(text)
    return Decimal(plain) if NUMBER.fullmatch(plain) and 0 < Decimal(plain) <= 1000 else frame.full_mark


def _take_mark(row: MarkRow, subject: str, text: str, full: Decimal) -> None:
    try:
        mark = parse_mark(text, full)
        if mark != "" and not subject:
            raise Unreadable(_("The subject is missing."))
    except Unreadable as error:
        row.errors.append(_("%(subject)s: %(sentence)s") % {"subject": subject, "sentence": error})
        return
    if mark != "":
        row.marks[subject] = (mark, tidy(full))


def parse_mark(text: str, full: Decimal) -> str | None:
    """'84' for a mark, None for absent, '' where the cell says nothing. Raises Unreadable."""
    plain = plain_code(text).replace(" ", "")
    if plain in NOTHING:
        return ""
    if plain.lower() in ABSENT:
        return None
    if not NUMBER.fullmatch(plain.removesuffix("分")):
        raise Unreadable(_("“%(text)s” is neither a mark nor 缺考.") % {"text": shorten(text)})
    mark = Decimal(plain.removesuffix("分"))
    if mark > full:
        raise Unreadable(_("%(mark)s is above the full mark of %(full)s.") % {"mark": tidy(mark), "full": tidy(full)})
    if mark != mark.quantize(Decimal("0.1")):
        raise Unreadable(_("A mark has at most one decimal; this is %(mark)s.") % {"mark": tidy(mark)})
    return tidy(mark)


def tidy(number: Decimal) -> str:
    """84.0 → 84, 84.5 → 84.5, 100 → 100."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
