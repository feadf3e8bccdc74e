"""Single cells, with examples from DOMAIN §2 and with whatever hypothesis thinks of."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from students.roster import values
from students.roster.classes import ClassName, numeral, parse_class, parse_grade, resolve_class
from students.roster.codes import ETHNICITIES, TABLES, look_up
from students.roster.values import Unreadable

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  包 文 ", "包文"), ("张　三", "张三"), ("阿依古丽•买买提", "阿依古丽·买买提"), ("阿依古丽 · 买买提", "阿依古丽·买买提"), ("Ai  Li", "Ai Li"),
        ("ＡＢ", "AB"), ("张\u200b三\ufeff", "张三"), ("䶮㛃𬱖", "䶮㛃𬱖"), ("欧 阳 静 姝", "欧阳静姝"), ("Amelie\u0301", "Amelié"),
    ],
)  # fmt: skip
def test_names_are_cleaned_and_nothing_of_them_is_lost(text, name):
    assert values.parse_name(text) == name


@pytest.mark.parametrize("text", ["王" * 51, "123", "·", "=1+1"])
def test_what_cannot_be_a_name_is_refused(text):
    with pytest.raises(Unreadable):
        values.parse_name(text)


@given(st.text(max_size=60))
def test_a_cleaned_name_stays_as_it_is_and_fits_the_column(text):
    try:
        name = values.parse_name(text)
    except Unreadable:
        return
    assert values.parse_name(name) == name
    assert 0 < len(name) <= 50


@pytest.mark.parametrize(
    "text",
    [
        "20110101",
        "2011-1-1",
        "2011.01.01",
        "2011/1/1",
        "2011年1月1日",
        "２０１１－１－１",
        "2011-01-01 00:00:00",
        "40544",
        " 2011 年 1 月 1 日",
    ],
)
def test_every_way_to_write_a_date(text):
    assert values.parse_date(text) == date(2011, 1, 1)


@pytest.mark.parametrize("text", ["20991301", "2011-2-29", "1/1/2011", "11-1-1", "明天", "99999", "00000000", "2011-1"])
def test_what_is_not_a_date_is_refused_rather_than_guessed(text):
    with pytest.raises(Unreadable):
        values.parse_date(text)


def test_serials_of_the_1904_system_count_from_another_day():
    assert values.parse_date("42554") == date(2016, 7, 3)
    assert values.parse_date(str(42554 - 1462), epoch1904=True) == date(2016, 7, 3)


@given(
    st.dates(date(1991, 1, 1), date(2090, 1, 1)), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%Y.%m.%d", "%Y年%m月%d日"])
)
def test_a_date_survives_each_form(day, form):
    assert values.parse_date(day.strftime(form)) == day
    assert values.parse_date(str((day - date(1899, 12, 30)).days)) == day


@pytest.mark.parametrize(("years", "allowed"), [(2, False), (3, True), (25, True), (26, False)])
def test_a_student_is_between_3_and_25(years, allowed):
    day = TODAY.replace(year=TODAY.year - years)
    if allowed:
        assert values.check_birth_date(day, today=TODAY) == day
    else:
        with pytest.raises(Unreadable):
            values.check_birth_date(day, today=TODAY)


def test_nobody_is_born_tomorrow():
    with pytest.raises(Unreadable):
        values.check_birth_date(TODAY + timedelta(days=1), today=TODAY)


@pytest.mark.parametrize(
    ("text", "month"), [("202609", "202609"), ("2026-9", "202609"), ("2026年9月", "202609"), ("2026-09-01", "202609")]
)
def test_months(text, month):
    assert values.parse_month(text) == month


def test_the_sample_of_the_standard_is_a_good_id_number():
    assert values.parse_resident_id("11010519491231002X") == "11010519491231002X"
    assert values.parse_resident_id(" 11010519491231002x ") == "11010519491231002X"
    assert values.parse_resident_id('="11010519491231002X"') == "11010519491231002X"
    assert values.parse_resident_id("'11010519491231002X") == "11010519491231002X"
    assert values.birth_date_of("11010519491231002X") == date(1949, 12, 31)
    assert values.sex_of("11010519491231002X") == "2"


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",
        "110105491231002",
        "1.1010519491231E+17",
        "110105194912310000",
        "11010519491331002X",
        "",
        "12",
        "１１X",
        "²" * 18,
    ],
)
def test_a_bad_id_number_is_refused(text):
    with pytest.raises(Unreadable):
        values.parse_resident_id(text)


def test_digits_that_excel_lost_are_named_in_the_sentence():
    with pytest.raises(Unreadable, match="000"):
        values.parse_resident_id("990101201608021000")


@given(
    st.integers(100000, 999999),
    st.dates(date(1950, 1, 1), date(2025, 1, 1)),
    st.integers(0, 999),
    st.integers(0, 17),
    st.integers(1, 9),
)
def test_one_changed_digit_is_always_noticed(area, day, sequence, place, shift):
    first17 = f"{area}{day:%Y%m%d}{sequence:03d}"
    number = first17 + values.id_check_digit(first17)
    assert values.parse_resident_id(number) == number
    old = number[place]
    new = str((int(old) + shift) % 10) if old.isdigit() else str(shift)
    with pytest.raises(Unreadable):
        values.parse_resident_id(number[:place] + new + number[place + 1 :])


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("G990101201712251003", True),
        ("g99010120180215061x", True),
        ("990101201712251003", False),
        ("X990101201712251003", False),
    ],
)
def test_national_numbers(text, good):
    if good:
        assert values.parse_national_no(text) == text.upper()
    else:
        with pytest.raises(Unreadable):
            values.parse_national_no(text)


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("13812345678", True),
        ("+86 138-1234-5678", True),
        ("0431-8812345", True),
        ("88123456", True),
        ("-", False),
        ("@home", False),
    ],
)
def test_phones_stay_as_written_and_odd_ones_are_noticed(text, usual):
    assert values.parse_phone(text) == text
    assert values.is_usual_phone(text) is usual


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("是", True),
        ("1", True),
        ("１", True),
        ("1-是", True),
        ("否", False),
        ("0", False),
        ("0-否", False),
        ("Y", True),
    ],
)
def test_yes_and_no(text, value):
    assert values.parse_boolean(text) is value


@pytest.mark.parametrize(
    "parse", [values.parse_boolean, values.parse_seat, values.parse_kilometres, values.parse_national_no]
)
def test_nonsense_is_unreadable(parse):
    with pytest.raises(Unreadable):
        parse("也许")


@pytest.mark.parametrize(("text", "km"), [("3", 3), ("3公里", 3), ("约2.5km", 3), ("800米", 1), ("0", 0)])
def test_kilometres(text, km):
    assert values.parse_kilometres(text) == km


@pytest.mark.parametrize(("table", "text", "value"), [
    ("sex", "1-男", "1"), ("sex", "１", "1"), ("sex", "女", "2"), ("sex", "男生", "1"),
    ("ethnicity", "01", "汉族"), ("ethnicity", "1", "汉族"), ("ethnicity", "汉", "汉族"), ("ethnicity", "毛难族", "毛南族"), ("ethnicity", "崩龙", "德昂族"),
    ("ethnicity", "56-基诺族", "基诺族"), ("boarding_type", "住宿生", "2"), ("left_behind", "双亲留守", "2"), ("left_behind", "否", "0"),
    ("health_status", "10", "健康或良好"), ("id_type", "身份证", "居民身份证"), ("id_type", "a", "护照"), ("overseas_type", "00-否", "否"),
    ("commute_mode", "自行车（含摩托、电动）", "自行车(含摩托、电动)"), ("hukou_type", "居民户口", "居民户口"), ("relation", "外婆", "祖父母或外祖父母"),
    ("disability_type", "听力", "听力残疾"), ("entry_mode", "统一招生考试/普通入学", "统一招生考试/普通入学"),
])  # fmt: skip
def test_code_tables_take_the_code_the_name_or_both(table, text, value):
    assert values.parse_code(table, text) == value


@pytest.mark.parametrize(
    ("table", "text"), [("sex", "公"), ("sex", "1-女"), ("ethnicity", "77"), ("health_status", "好")]
)
def test_what_no_table_knows_is_unreadable(table, text):
    with pytest.raises(Unreadable):
        values.parse_code(table, text)


def test_all_56_ethnicities_are_there_once():
    assert len(ETHNICITIES) == len(set(ETHNICITIES)) == 56
    assert (ETHNICITIES[0], ETHNICITIES[35], ETHNICITIES[55]) == ("汉族", "毛南族", "基诺族")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_name_of_a_table_finds_itself(table):
    for code, name in TABLES[table].items():
        assert look_up(table, name)[1] == name
        if table != "status":
            assert look_up(table, code)[1] == name


THIRD_GRADE_TWO = [
    "三年级2班",
    "三（2）班",
    "三(2)班",
    "3(2)班",
    "3.2",
    "3-2",
    "302",
    "2024级2班",
    "三年级二班",
    "三年级(2)班",
    "三2班",
    "2024级（2）班",
    "24级2班",
    "小学三年级2班",
    "３（２）班",
    "三年2班",
    "小三2班",
]


@pytest.mark.parametrize("text", THIRD_GRADE_TWO)
def test_every_spelling_of_a_class(text):
    assert resolve_class(parse_class(text), school_year=2026) == ("primary", 2024, 2)


@pytest.mark.parametrize(
    ("text", "stage", "expected"),
    [
        ("七年级3班", "primary", ("junior", 2026, 3)), ("八(3)班", "primary", ("junior", 2025, 3)), ("初三(12)班", "primary", ("junior", 2024, 12)),
        ("三(2)班", "junior", ("junior", 2024, 2)), ("高一(3)班", "primary", ("senior", 2026, 3)), ("初2025级3班", "primary", ("junior", 2025, 3)),
        ("五年级1班", "junior", ("primary", 2022, 1)), ("2027级1班", "primary", ("primary", 2027, 1)),
    ],
)  # fmt: skip
def test_stages_above_the_primary_school(text, stage, expected):
    assert resolve_class(parse_class(text), school_year=2026, default_stage=stage) == expected


def test_a_class_and_its_grade_in_two_columns():
    assert parse_class("1班", grade="三年级") == ClassName(number=1, grade=3)
    assert parse_class("2", grade="2024级") == ClassName(number=2, entry_year=2024)
    assert parse_class("1班", grade="八年级", stage="初中").stage == "junior"


@pytest.mark.parametrize("text", ["火箭班", "2班", "三年级", "", "3月2日", "0班", "三年级0班"])
def test_an_unreadable_class_is_asked_about(text):
    with pytest.raises(Unreadable):
        parse_class(text)


@pytest.mark.parametrize("text", ["2019级1班", "2029级1班", "2020级1班"])
def test_a_class_that_is_not_at_school_is_refused(text):
    with pytest.raises(Unreadable):
        resolve_class(parse_class(text), school_year=2026)


def test_numerals_and_grades():
    assert [numeral(text) for text in ("七", "十", "十二", "二十", "二十一", "07")] == [7, 10, 12, 20, 21, 7]
    with pytest.raises(Unreadable):
        parse_grade("大班")


@given(st.text(max_size=12))
def test_no_text_breaks_a_parser(text):
    for parse in (
        parse_class,
        values.parse_date,
        values.parse_boolean,
        values.parse_seat,
        values.parse_resident_id,
        values.parse_kilometres,
        values.parse_month,
    ):
        try:
            parse(text)
        except Unreadable:
            pass
    for table in TABLES:
        try:
            values.parse_code(table, text)
        except Unreadable:
            pass


@given(st.text(max_size=40))
def test_plain_text_is_stable(text):
    assert values.plain_text(values.plain_text(text)) == values.plain_text(text)
