"""Headers as they come (DOMAIN §2.1-2.3)."""

import csv
from pathlib import Path

import pytest

from students.roster.columns import (
    automatic_mapping,
    corrected,
    find_header_row,
    header_fingerprint,
    mapping_of,
    normalise_header,
)
from students.roster.fields import FIELDS, TEMPLATE
from students.roster.reading import read_sheet

DATA = Path(__file__).parents[2] / "data"


def fields_of(headers: list[str]) -> list[str | None]:
    return [column.field for column in automatic_mapping(headers)]


def test_all_71_columns_of_the_template_are_known_in_its_own_order():
    headers = read_sheet(DATA / "registry_roster.xlsx").rows[0]
    assert [field.header for field in TEMPLATE] == headers
    assert fields_of(headers) == [field.key for field in TEMPLATE]


def test_what_the_school_need_not_know_is_recognised_and_not_imported():
    columns = automatic_mapping([field.header for field in TEMPLATE])
    assert [column.header for column in columns if not column.is_imported] == [
        "电子信箱", "主页地址", "是否由政府购买学位", "成员1工作单位", "成员1职务", "成员2工作单位", "成员2职务",
    ]  # fmt: skip


def test_the_header_is_found_below_a_title_and_through_its_stars():
    sheet = read_sheet(DATA / "registry_dirty.xlsx")
    assert find_header_row(sheet.rows) == 1
    assert fields_of(sheet.rows[1]) == [field.key for field in TEMPLATE]


def test_a_sheet_without_names_has_no_header():
    assert find_header_row([["性别", "班级"], ["男", "302"]]) is None
    assert find_header_row([]) is None


def test_a_county_sheet_maps_by_aliases():
    with (DATA / "local_grade3.gb18030.csv").open(encoding="gb18030", newline="") as file:
        headers = next(csv.reader(file))
    assert dict(zip(headers, fields_of(headers), strict=True)) == {
        "所在镇乡(街道)": None, "学段": "stage", "学校名称": None, "年级": "grade", "班级": "class", "班内编号": "seat_no", "学生姓名": "name",
        "性别": "sex", "民族": "ethnicity", "学籍主号": "national_no", "户籍省县": None, "户籍镇街": None, "户籍社区/村": None,
        "父亲姓名": "guardian1.name", "母亲姓名": "guardian2.name", "是否为随迁子女或留守儿童": "flags", "是否随班就读": "inclusion_type",
        "是否为住宿生": "is_boarder", "无户口学生": None, "休学中": "on_leave", "备注": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("★姓 名", "name"), ("上下学距离（公里）", "commute_km"), ("上下学交通方式", "commute_mode"), ("全国学籍号", "national_no"),
        ("学籍副号", "student_no_aux"),
        ("座号", "seat_no"),
        ("身份证件号码（必填）", "id_no"), ("所在班级", "class"), ("家庭成员或监护人2姓名", "guardian2.name"), ("家长1电话", "guardian1.phone"),
        ("母亲联系电话", "guardian2.phone"), ("监护人１姓名", "guardian1.name"),
        ("户口所在地", "hukou_code"), ("出生地", "birthplace_code"), ("国籍／地区", "nationality"),
        ("星座", None), ("", None),
    ],
)  # fmt: skip
def test_each_way_to_write_a_header(header, key):
    assert fields_of([header]) == [key]


def test_a_field_goes_to_its_exact_header_before_an_alias():
    assert fields_of(["电话", "联系电话", "手机"]) == [None, "phone", None]
    assert fields_of(["班级", "所在班级"]) == ["class", None]


def test_no_two_fields_share_a_word():
    words = [normalise_header(field.header) for field in FIELDS.values()]
    assert len(set(words)) == len(words)
    taken = {}
    for field in FIELDS.values():
        for alias in map(normalise_header, field.aliases):
            assert taken.setdefault(alias, field.key) == field.key
            assert alias not in words or field.header == alias


def test_a_mapping_is_corrected_by_hand_and_stays_one_to_one():
    headers = ["姓名", "编号", "班级"]
    columns = corrected(headers, {0: "name", 1: "seat_no", 2: "class"})
    assert [(column.field, column.confidence) for column in columns] == [
        ("name", "exact"),
        ("seat_no", "hand"),
        ("class", "alias"),
    ]
    assert mapping_of(columns) == {0: "name", 1: "seat_no", 2: "class"}
    for bad in ({0: "name", 1: "name"}, {0: "password"}):
        with pytest.raises(ValueError, match="twice"):
            corrected(headers, bad)


def test_the_fingerprint_of_a_header_row_ignores_marks_only():
    assert header_fingerprint(["★姓名", "班 级"]) == header_fingerprint(["姓名", "班级"])
    assert header_fingerprint(["姓名", "班级"]) != header_fingerprint(["班级", "姓名"])


def test_every_field_has_a_title_in_words():
    assert all(field.title for field in FIELDS.values())
    assert "2" in FIELDS["guardian2.phone"].title
    assert FIELDS["guardian2.phone"].level == FIELDS["left_behind"].level == 3
    assert FIELDS["talent"].level == 2
    assert FIELDS["name"].level == 1
