"""Whole rows: what is refused, what is only odd, and how fast."""

import json
from datetime import date
from pathlib import Path

import pytest

from students.roster.columns import automatic_mapping, find_header_row, mapping_of
from students.roster.reading import Sheet, read_sheet
from students.roster.validation import check_rows
from students.roster.values import id_check_digit

DATA = Path(__file__).parents[2] / "data"
TODAY = date(2026, 11, 22)
GOOD_ID = "990101201605210695"  # a boy of 2016-05-21


def check(sheet: Sheet, **more):
    headers = sheet.rows[find_header_row(sheet.rows)]
    frame = {"today": TODAY, "school_code": "2199000001", "school_year": 2026, **more}
    return check_rows(sheet, mapping_of(automatic_mapping(headers)), **frame)


def row(**cells):
    """One result for a sheet with these columns."""
    cells = {"姓名": "史桂荣", "班级": "五(1)班", **cells}
    return check(Sheet(rows=[list(cells), list(cells.values())]))[0]


def test_the_dirty_file_comes_out_as_it_is_stated_row_by_row():
    expected = json.loads((DATA / "registry_dirty.expected.json").read_text())
    results = {result.row: result for result in check(read_sheet(DATA / "registry_dirty.xlsx"))}
    assert set(results) == {each["row"] for each in expected}
    for each in expected:
        result = results[each["row"]]
        assert bool(result.errors) is each["expect"].startswith("rejected"), (each, result.errors)
        assert bool(result.warnings) is ("warning" in each["expect"]), (each, result.warnings)


def test_the_dirty_values_are_what_was_meant():
    values = {result.row: result.values for result in check(read_sheet(DATA / "registry_dirty.xlsx"))}
    assert values[4]["name"] == "包文"
    assert values[5]["birth_date"] == date(2015, 9, 19)
    assert values[6]["birth_date"] == date(2016, 7, 3)
    assert (values[7]["sex"], values[7]["class"]) == ("1", ("primary", 2022, 1))
    assert values[15]["talent"] == '=HYPERLINK("http://127.0.0.1/x","钢琴")'
    assert "id_no" not in values[18]


def test_the_whole_registry_is_read_and_checked():
    results = check(read_sheet(DATA / "registry_roster.xlsx"))
    assert len(results) == 1080
    assert not any(result.errors for result in results)
    assert len({result.values["class"] for result in results}) == 24


def test_the_county_sheet_has_no_bad_row_and_its_number_is_never_an_id_number():
    results = check(read_sheet(DATA / "local_grade3.gb18030.csv"))
    assert len(results) == 180
    assert not any(result.errors or result.warnings for result in results)
    assert all(result.values["national_no"][0] == "G" and "id_no" not in result.values for result in results)
    assert {result.values["class"] for result in results} == {("primary", 2024, number) for number in range(1, 5)}
    boarders = [result for result in results if result.values["boarding_type"] == "2"]
    assert len(boarders) == 27
    assert results[0].values["guardian1.relation"] == "父亲"


def test_empty_rows_are_no_rows_and_numbers_stay_those_of_the_sheet():
    sheet = Sheet(rows=[["名册"], ["姓名", "班级"], ["", " "], ["张三", "302"]])
    assert [(result.row, result.name) for result in check(sheet)] == [(4, "张三")]


@pytest.mark.parametrize(
    "cells",
    [
        {"姓名": ""}, {"姓名": "·"}, {"班级": ""}, {"班级": "2班"}, {"性别": ""}, {"性别": "公"}, {"出生日期": ""}, {"出生日期": "2027-01-01"},
        {"出生日期": "1990-01-01"},
        {"身份证号": "123"}, {"身份证件类型": "居民身份证", "身份证件号": ""}, {"学籍号": "990101201605210695"}, {"座号": "靠窗"}, {"学校标识码": "2199000002"},
        {"性别": "女", "身份证号": GOOD_ID}, {"出生日期": "20160522", "身份证号": GOOD_ID},
    ],
)  # fmt: skip
def test_a_row_that_would_tell_a_wrong_story_is_refused(cells):
    assert row(**cells).errors


@pytest.mark.parametrize(
    "cells",
    [
        {"民族": "火星"}, {"上下学距离": "远"}, {"邮政编码": "1"}, {"户口所在地": "长春"}, {"是否孤儿": "也许"}, {"成员1电话": "1", "成员1姓名": ""},
        {"特长": "长" * 201}, {"是否为随迁子女或留守儿童": "也许"}, {"健康状况": "好极了"}, {"学籍状态": "毕业"},
    ],
)  # fmt: skip
def test_a_lesser_cell_that_cannot_be_read_is_left_out_and_named(cells):
    result = row(**cells)
    assert result.warnings
    assert not result.errors
    assert not result.values.keys() - {"name", "class"}


@pytest.mark.parametrize("cells", [{"联系电话": "家里"}, {"姓名": "张三<b>"}, {"身份证件类型": "护照"}])
def test_what_is_only_odd_is_kept_with_a_warning(cells):
    result = row(**cells)
    assert result.warnings
    assert not result.errors


def test_a_real_id_number_that_ends_in_000_is_kept_with_a_warning():
    result = row(身份证号=_real_number_in_000())
    assert result.values["id_no"].endswith("000")
    assert result.warnings
    assert not result.errors


def _real_number_in_000() -> str:
    for day in range(1, 29):
        for hundred in range(10):
            first17 = f"990101201605{day:02d}{hundred}00"
            if id_check_digit(first17) == "0":
                return first17 + "0"
    raise AssertionError


def test_an_id_number_fills_in_what_the_sheet_leaves_empty():
    result = row(身份证号=GOOD_ID, 性别="", 出生日期="")
    assert not result.errors
    assert (result.values["sex"], result.values["birth_date"]) == ("1", date(2016, 5, 21))


def test_a_passport_has_no_check_digit():
    result = row(身份证件类型="护照", 身份证件号="E 1234567", 性别="女")
    assert not result.errors
    assert (result.values["id_no"], result.values["sex"]) == ("E1234567", "2")


def test_nobody_stands_in_the_file_twice():
    head = ["姓名", "班级", "座号", "学籍号", "身份证号"]
    rows = [
        ["张三", "302", "1", "", ""], ["张三", "302", "1", "", ""], ["张三", "302", "2", "", ""],
        ["李四", "302", "3", "G990101201712251003", ""], ["王五", "302", "4", "G990101201712251003", ""],
        ["史桂荣", "五1班", "5", "", GOOD_ID], ["史桂蓉", "五(1)班", "6", "", GOOD_ID],
    ]  # fmt: skip
    refused = [result.row for result in check(Sheet(rows=[head, *rows])) if result.errors]
    assert refused == [3, 6, 8]
    assert "2" in check(Sheet(rows=[head, *rows]))[1].errors[0]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("随迁子女", ["is_migrant_child"]),
        ("留守儿童", ["left_behind"]),
        ("否", []),
        ("非留守", []),
        ("留守、随迁", ["left_behind", "is_migrant_child"]),
    ],
)
def test_one_column_for_two_things(text, named):
    values = row(是否为随迁子女或留守儿童=text).values
    assert values["flags"] == named
    assert values.get("is_migrant_child") is (True if "is_migrant_child" in named else None)
    assert "left_behind" not in values  # one parent or both: the sheet does not say


def test_on_leave_and_boarding_of_local_sheets():
    values = row(休学中="是", 是否住校="是").values
    assert (values["status"], values["boarding_type"]) == ("suspended", "2")
    assert "status" not in row(休学中="否").values


@pytest.mark.parametrize(("header", "refused"), [("姓名", True), ("身份证号", True), ("联系电话", False)])
def test_a_formula_stays_text_in_words_and_is_asked_about_elsewhere(header, refused):
    cells = {"姓名": "张三", "班级": "302", "身份证号": "", "联系电话": "", "特长": "=1+1"} | {header: "=A1"}
    sheet = Sheet(rows=[list(cells), list(cells.values())], formulas=[(1, list(cells).index(header)), (1, 4)])
    result = check(sheet)[0]
    assert bool(result.errors) is refused
    assert bool(result.warnings) is not refused
    assert result.values["talent"] == "=1+1"


def test_inclusion_and_disability_must_tell_one_story():
    assert row(残疾类型="言语残疾", 随班就读="其他残疾随班就读").warnings == []
    assert row(残疾类型="听力残疾", 随班就读="视力残疾随班就读").warnings
    assert row(残疾类型="听力残疾", 随班就读="非随班就读").warnings == []


def test_a_member_of_the_family_is_kept_with_what_is_known():
    values = row(
        父亲姓名="张大",
        父亲电话="13800000000",
        成员2姓名="李四",
        成员2关系="外婆",
        成员2身份证件类型="护照",
        成员2身份证号="1",
    ).values
    assert values["guardian1.relation"] == "父亲"
    assert values["guardian2.relation"] == "祖父母或外祖父母"
    assert values["guardian2.id_no"] == "1"


def test_a_wrong_id_number_in_the_family_is_left_out_and_named():
    result = row(成员1姓名="张大", 成员1身份证件类型="居民身份证", 成员1身份证号="990101198605313578")
    assert result.values["guardian1.name"] == "张大"
    assert "guardian1.id_no" not in result.values
    assert result.warnings
    assert not result.errors
