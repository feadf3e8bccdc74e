"""What a sheet of marks says: its cells, its columns, its two layouts. Pure, no database."""

from decimal import Decimal

import pytest
from django.utils.translation import gettext

from students.marks import sheet as reading
from students.marks.sheet import Frame, columns_of, parse_mark, subject_of
from students.roster.reading import Sheet
from students.roster.refusal import Refused
from students.roster.values import Unreadable

HUNDRED = Decimal(100)


def rows_of(*rows: list[str], formulas=(), full=HUNDRED):
    sheet = Sheet(rows=[list(row) for row in rows], formulas=list(formulas))
    header = reading.header_row(sheet)
    columns = columns_of(sheet.rows[header])
    reading.check_columns(columns)
    return reading.read_rows(
        sheet, header, Frame(columns, sheet.rows[header], 2026, "primary", full, frozenset(sheet.formulas))
    )


@pytest.mark.parametrize("cell", ["缺考", " 缺 考 ", "缺", "病假", "免考", "Absent"])
def test_absent_is_absent_and_not_0(cell):
    assert parse_mark(cell, HUNDRED) is None


@pytest.mark.parametrize("cell", ["", " ", "\u3000", "-", "—", "/", "无"])
def test_an_empty_cell_says_nothing(cell):
    assert parse_mark(cell, HUNDRED) == ""


@pytest.mark.parametrize(
    ("cell", "mark"),
    [("0", "0"), ("84", "84"), ("84.5", "84.5"), ("８４", "84"), ("84.0", "84"), ("84分", "84"), ("100", "100")],
)
def test_a_number_is_that_number_and_a_real_0_stays_one(cell, mark):
    assert parse_mark(cell, HUNDRED) == mark


@pytest.mark.parametrize(
    "cell", ["100.5", "-3", "84.25", "优", "8O", "1e2", "#N/A", "=1+1", "NaN", "99999", "84/100", "inf"]
)
def test_everything_else_is_asked_about(cell):
    with pytest.raises(Unreadable):
        parse_mark(cell, HUNDRED)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("语文", "语文"),
        (" 数学 成绩", "数学"),
        ("英语(120)", "英语"),
        ("道法", "道德与法治"),
        ("物理（满分70分）", "物理"),
    ],
)
def test_the_header_names_the_subject(header, subject):
    assert subject_of(header) == subject


def test_totals_ranks_and_unknown_columns_are_not_read():
    """No ranking is shown to anyone: so none is stored."""
    headers = ["班级", "学号", "姓名", "语文", "总分", "平均分", "班级排名", "名次", "备注", "语文"]
    assert columns_of(headers) == {0: "class", 1: "seat_no", 2: "name", 3: "subject:语文"}


def test_a_column_for_each_subject_below_a_title():
    rows = rows_of(
        ["期末成绩", "", "", "", ""],
        ["班 级", "座号", "★姓名", "数学成绩", "语文"],
        ["三年级2班", "1号", "安 然 然", "80", "缺考"],
        [" ", "", "", "", ""],
    )
    assert [(row.row, row.name, row.place, row.seat_no, row.marks, row.errors) for row in rows] == [
        (3, "安然然", ("primary", 2024, 2), 1, {"数学": ("80", "100"), "语文": (None, "100")}, [])
    ]


@pytest.mark.parametrize(
    "header",
    [["学生", "班级", "科目", "成绩"], ["Student", "Class", "Subject", "Mark"], ["姓名", "班级", "学科", "得分"]],
)
def test_a_row_for_each_mark(header):
    rows = rows_of(header, ["安然然", "三(2)班", "数学", "80"], ["安然然", "三(2)班", "语文", ""])
    assert [row.marks for row in rows] == [{"数学": ("80", "100")}, {}]


def test_the_full_mark_comes_from_the_header_the_column_or_what_was_said():
    wide = rows_of(["姓名", "班级", "数学(120)", "语文"], ["安然然", "三(2)班", "112", "130"], full=Decimal(150))
    assert wide[0].marks == {"数学": ("112", "120"), "语文": ("130", "150")}
    long = rows_of(["姓名", "班级", "科目", "成绩", "满分"], ["安然然", "三(2)班", "数学", "108", "120"])
    assert long[0].marks == {"数学": ("108", "120")}


def test_a_mark_without_its_subject_an_unreadable_class_and_a_formula_are_said():
    header = ["姓名", "班级", "科目", "成绩"]
    assert rows_of(header, ["安然然", "三(2)班", "", "80"])[0].errors
    assert rows_of(header, ["安然然", "幼儿园", "数学", "80"])[0].errors
    formula = rows_of(header, ["安然然", "三(2)班", "数学", "=40+40"], formulas=[(1, 3)])[0]
    assert formula.errors == [gettext("The cell holds a formula. Please copy the column and paste it as values.")]
    assert not formula.marks


def test_a_long_number_under_学号_is_no_seat():
    row = rows_of(["姓名", "班级", "学号", "数学"], ["安然然", "三(2)班", "G990101201705200019", "80"])[0]
    assert (row.seat_no, row.errors) == (None, [])


@pytest.mark.parametrize("header", [["姓名", "数学"], ["姓名", "班级", "备注"], ["姓名", "班级", "科目"], ["a", "b"]])
def test_a_sheet_without_students_or_marks_is_refused(header):
    with pytest.raises(Refused):
        rows_of(header, ["安然然", "三(2)班", "80"])
