"""T34: however a school saved its file, the same names and numbers are stored, or a question is asked."""

import csv
import io
import unicodedata
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from students.models import Student
from students.roster.reading import read_sheet
from students.roster.values import Unreadable, parse_name
from tests.students.roster.test_import import counts, errors_of, imported, line, make_id, prepared, sheet_of

pytestmark = pytest.mark.usefixtures("in_2026")

NAMES = [
    "张𬱖", "䶮㛃", "𠮷田花", "欧阳娜娜", "阿依古丽·买买提", "José Núñez", "Nguyễn Thị Ánh", "Zoë O’Brien", "ᠨᠠᠷᠠᠨ", "金성호",
]  # fmt: skip
LINES = [line(n, 姓名=name, 特长=f"弹琴；画画, “{n}”") for n, name in enumerate(NAMES, 1)]
TEXT = sheet_of(LINES).decode()


def with_mark(mark: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark).writerows(csv.reader(io.StringIO(TEXT, newline="")))
    return out.getvalue()


def as_workbook(*, dates: str = "", numbers: bool = False) -> bytes:
    """As Excel would keep it: days of birth as dates of one of its calendars, seat numbers as numbers."""
    book = openpyxl.Workbook()
    if dates == "1904":
        book.epoch = CALENDAR_MAC_1904
    head, *rows = csv.reader(io.StringIO(TEXT, newline=""))
    book.active.append(head)
    for row in rows:
        values = dict(zip(head, row, strict=True))
        if dates:
            values["出生日期"] = date(2018, 3, 1)
        if numbers:
            values["座号"] = int(values["座号"])
        book.active.append(list(values.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SAVED = {
    "utf-8 with a mark": TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 big": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "gb18030": TEXT.encode("gb18030"),
    "decomposed": unicodedata.normalize("NFD", TEXT).encode(),
    "one kind of line end": TEXT.replace("\r\n", "\n").encode(),
    "the other": TEXT.replace("\r\n", "\r").encode(),
    "semicolons": with_mark(";").encode(),
    "tabs": with_mark("\t").encode("utf-16"),
    "workbook": as_workbook(),
    "workbook of 1900": as_workbook(dates="1900", numbers=True),
    "workbook of 1904": as_workbook(dates="1904", numbers=True),
}


@pytest.mark.slow
def test_every_way_to_save_a_roster_stores_the_same(school):
    imported(school, TEXT.encode())
    assert sorted(Student.objects.values_list("name", flat=True)) == sorted(NAMES)
    wrong = {name: counts(job) for name, data in SAVED.items() if counts(job := prepared(school, data)) != (0, 0, len(NAMES), 0)}  # fmt: skip
    assert wrong == {}


@pytest.mark.slow
def test_what_excel_made_of_a_number_is_asked_about(school):
    """18 digits as a number keep 15 of them; a name of 300 characters is no name; half a letter is no text."""
    spoiled = float(next(number for number in map(make_id, range(9)) if number.isdigit()))
    book = openpyxl.Workbook()
    book.active.append(["姓名", "性别", "出生日期", "身份证件号", "班级", "座号"])
    for name, number in (("张三", spoiled), ("李四", f"{spoiled:.1E}"), ("王" * 300, make_id(5)), ("赵六", make_id(6))):
        book.active.append([name, "男", "20180301", number, "三(2)班", "007"])
    out = io.BytesIO()
    book.save(out)
    job = imported(school, out.getvalue(), good_rows_only=True)
    assert counts(job) == (1, 0, 0, 3)
    assert [word in sentence for sentence, word in zip(errors_of(job), ("000", "000", "50"), strict=True)] == [True] * 3
    assert Student.objects.get().enrolments.get().seat_no == 7


def test_leading_zeros_stay_where_the_file_still_has_them():
    assert read_sheet("学号,姓名\n007,张三\n".encode()).rows[1][0] == "007"
    book = openpyxl.Workbook()
    book.active.append(["007", 7])
    out = io.BytesIO()
    book.save(out)
    assert read_sheet(out.getvalue()).rows[0] == ["007", "7"]


# --- any roster at all ------------------------------------------------------------------------------------------------

letters = st.characters(categories=["Lu", "Ll", "Lo", "Mn"], exclude_characters="\ufffe\uffff")
cells = st.text(letters | st.sampled_from(" ,;\t\"'·-\n，"), max_size=12)
rows = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


@settings(deadline=None)
@given(rows, st.sampled_from(ENCODINGS), st.sampled_from(["\r\n", "\n"]))
def test_any_roster_is_read_as_it_was_written(rows, encoding, end):
    written = [["姓名", "班级", "特长"], *map(list, rows)]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(written)
    assert read_sheet(out.getvalue().encode(encoding)).rows == written


@given(st.text(letters | st.sampled_from(" ·-’"), min_size=1, max_size=60))
def test_a_name_is_the_same_however_its_accents_are_written(text):
    def read(form: str) -> str:
        try:
            return parse_name(unicodedata.normalize(form, text))
        except Unreadable as question:
            return str(question)

    assert read("NFC") == read("NFD")
