"""A sheet of answers, one row for each student: read, checked row by row, and each refused row with its reason.

Students are found only among those whose confidential part is open to whoever uploads: by student number, or by class,
seat and name. The rows are kept encrypted until they are entered (models.AnswerSheet).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.encryption import fingerprint
from students.models import Instrument, Student
from students.roster.classes import parse_class, resolve_class
from students.roster.columns import normalise_header
from students.roster.reading import Sheet
from students.roster.refusal import Refused
from students.roster.stored import NATIONAL_LABEL
from students.roster.values import Unreadable, number_text, parse_date, parse_name, parse_seat, plain_code, shorten
from students.scales.scoring import Definition

MAX_ROWS = 500
HEADER_ROWS = 15
HEADERS = {
    "number": ("学籍号", "全国学籍号", "学籍主号", "学籍辅号", "学号", "student number"),
    "name": ("姓名", "学生姓名", "name"),
    "class": ("班级", "班级名称", "所在班级", "class"),
    "seat": ("座号", "班内学号", "班内编号", "seat"),
    "day": ("日期", "填写日期", "测评日期", "测评时间", "提交时间", "提交答卷时间", "day", "date"),
}
ITEM = re.compile(r"(?:第|q|item)?\s*(\d{1,3})\s*(?:题|$|[.．、)）:：].*)", re.IGNORECASE | re.DOTALL)
NO_HEADER = gettext_noop(
    "No row looks like a header. It needs the name with class and seat, or the student number, and a column for each item, headed by its number."
)
NOT_ALL_ITEMS = gettext_noop("Columns are missing for these items: %(numbers)s.")
TOO_MANY = gettext_noop("The sheet has more than %(rows)d rows. Split it.")


@dataclass
class Row:
    """`row`: its number in the sheet. `student`: an id, empty where nobody was found. `errors`: why it is refused."""

    row: int
    name: str
    place: str
    student: str = ""
    day: str = ""
    answers: list[int | None] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        return asdict(self)


class Register:
    """The students that may be meant, by number and by class and name."""

    def __init__(self, students: Iterable[Student], others: Iterable[tuple[str, str]], *, school_year: int) -> None:
        self.school_year = school_year
        self.students = list(students)
        self.others = set(others)  # (name, class) of students of the school whose confidential part is not open

    def find(self, number: str, name: str, place: tuple | None, seat: int | None) -> Student:
        """Raises Unreadable with the reason."""
        return self._by_number(number, name) if number else self._by_place(name, place, seat)

    def _by_number(self, number: str, name: str) -> Student:
        wanted = fingerprint(NATIONAL_LABEL, number)
        found = [s for s in self.students if number == s.student_no_aux or wanted == _national(s)]
        if not found:
            raise Unreadable(_("No student whose confidential part is open to you has this number."))
        if name and found[0].name != name:
            raise Unreadable(_("The number belongs to a student of another name."))
        return found[0]

    def _by_place(self, name: str, place: tuple | None, seat: int | None) -> Student:
        if not name or place is None:
            raise Unreadable(_("It takes the class, the seat and the name, or the student number."))
        named = [student for student in self.students if student.name == name and place_of(student) == place]
        seated = [student for student in named if seat is None or student.place.seat_no == seat]
        if len(seated) == 1:
            return seated[0]
        if seated:
            raise Unreadable(_("Two students of this name are in the class. Please add the seat."))
        if named:
            raise Unreadable(_("The student of this name has another seat. Who is meant?"))
        if (name, place) in self.others:
            raise Unreadable(
                _("This student's confidential part is not open to you: it takes a referral or a counselling grant.")
            )
        raise Unreadable(_("No student of this name is in this class."))


def _national(student: Student) -> str | None:
    background = getattr(student, "background", None)
    return background.national_no_fingerprint if background else None


def place_of(student: Student) -> tuple | None:
    group = student.place.class_group if student.place else None
    return (group.stage, group.entry_year, group.number) if group else None


def check(
    sheet: Sheet, instrument: Instrument, register: Register, *, today: date, taken: set[tuple[str, str]]
) -> list[Row]:
    """`taken`: (student id, day) that have a result of this instrument. Raises Refused for a sheet without its columns."""
    definition = instrument.defined
    start, columns, items = _columns(sheet.rows, definition)
    body = [(n, cells) for n, cells in enumerate(sheet.rows[start + 1 :], start + 2) if any(map(plain_code, cells))]
    if len(body) > MAX_ROWS:
        raise Refused(TOO_MANY, rows=MAX_ROWS)
    rows = [_row(n, cells, columns, items, definition, register, today, sheet.epoch1904) for n, cells in body]
    _refuse_twice(rows, taken)
    return rows


def _columns(rows: list[list[str]], definition: Definition) -> tuple[int, dict[str, int], dict[int, int]]:
    """Where the header stands; field → column; number of an item → column."""
    for index, cells in enumerate(rows[:HEADER_ROWS]):
        headers = [normalise_header(cell) for cell in cells]
        known = {
            key: headers.index(w) for key, words in reversed(HEADERS.items()) for w in reversed(words) if w in headers
        }
        if "number" in known or {"name", "class"} <= known.keys():
            items = _items(cells, definition)
            if missing := sorted(set(range(1, len(definition.items) + 1)) - items.keys()):
                raise Refused(NOT_ALL_ITEMS, numbers=", ".join(map(str, missing[:20])))
            return index, known, items
    raise Refused(NO_HEADER)


def _items(cells: list[str], definition: Definition) -> dict[int, int]:
    """By number (1, 第1题, Q1, “1. …”) or by the item's own words."""
    words = {normalise_header(item.text): number for number, item in enumerate(definition.items, 1) if item.text}
    found: dict[int, int] = {}
    for column, cell in enumerate(cells):
        match = ITEM.fullmatch(plain_code(cell))
        number = int(match[1]) if match else words.get(normalise_header(cell), 0)
        if 1 <= number <= len(definition.items):
            found.setdefault(number, column)
    return found


def _row(number, cells, columns, items, definition, register, today, epoch1904) -> Row:
    def cell(key: str) -> str:
        column = columns.get(key)
        return cells[column] if column is not None and column < len(cells) else ""

    row = Row(number, shorten(cell("name")), shorten(cell("class")))
    for part in (_find_student, _find_day, _find_answers):
        try:
            part(row, cell, cells, items, definition, register, today, epoch1904)
        except Unreadable as error:
            row.errors.append(str(error))
    return row


def _find_student(row, cell, cells, items, definition, register, today, epoch1904) -> None:
    name = parse_name(cell("name")) if plain_code(cell("name")) else ""
    number, place, seat = number_text(cell("number")), None, None
    if not number and plain_code(cell("class")):
        place = resolve_class(parse_class(cell("class")), school_year=register.school_year)
        seat = parse_seat(cell("seat")) if plain_code(cell("seat")) else None
    row.student = str(register.find(number, name, place, seat).pk)


def _find_day(row, cell, cells, items, definition, register, today, epoch1904) -> None:
    text = plain_code(cell("day"))
    day = parse_date(text, epoch1904=epoch1904) if text else today
    if day > today:
        raise Unreadable(_("This day lies in the future."))
    row.day = day.isoformat()


def _find_answers(row, cell, cells, items, definition, register, today, epoch1904) -> None:
    wrong = []
    for number in range(1, len(definition.items) + 1):
        text = plain_code(cells[items[number]]) if items[number] < len(cells) else ""
        try:
            row.answers.append(points_of(text, definition))
        except ValueError:
            wrong.append(_("item %(number)d: “%(text)s”") % {"number": number, "text": shorten(text)})
    if wrong:
        row.answers = []
        raise Unreadable(_("Not one of the answers: %(which)s.") % {"which": _("; ").join(wrong[:5])})
    if all(points is None for points in row.answers):
        raise Unreadable(_("Nothing was answered."))


def points_of(text: str, definition: Definition) -> int | None:
    """The answer's words, or its points as printed; nothing or a dash is an open item, never a zero. Raises ValueError."""
    if text in {"", "-", "—", "/"}:
        return None
    for option in definition.options:
        if text in {plain_code(option.text), str(option.points)}:
            return option.points
    raise ValueError(text)


def _refuse_twice(rows: list[Row], taken: set[tuple[str, str]]) -> None:
    keys = [(row.student, row.day) for row in rows]
    often = Counter(keys)
    for row, key in zip(rows, keys, strict=True):
        if row.student and row.day and often[key] > 1:
            row.errors.append(_("This student stands twice in the sheet for that day."))
        if key in taken:
            row.errors.append(_("It was filled in on that day already. Correct that one instead."))
