"""An instrument written as a manual prints it."""

import pytest
from django.core.exceptions import ValidationError

from students.scales import own, words
from students.scales.scoring import Definition

FIELDS = {
    "answers": "从不 = 0\n常常：1",
    "items": "1. 睡得好\n2、吃得香\n愿意上学",
    "count": None,
    "reverse": "",
    "scales": "",
    "bands": "",
    "method": "sum",
    "missing": 0,
}


def define(**changed) -> Definition:
    return words.define(FIELDS | changed)


def wrong(**changed) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        define(**changed)
    return set(caught.value.message_dict)


def test_the_lines_are_read_and_their_numbers_left_out():
    definition = define()
    assert [(option.text, option.points) for option in definition.options] == [("从不", 0), ("常常", 1)]
    assert [item.text for item in definition.items] == ["睡得好", "吃得香", "愿意上学"]
    assert [scale.items for scale in definition.scales] == [(1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1, 3", (1, 3)), ("1、3，5-7", (1, 3, 5, 6, 7)), ("２－４", (2, 3, 4)), ("1 - 2 4", (1, 2, 4)), ("全部", tuple(range(1, 9))), ("", ()), ("2，2", (2,))],
)  # fmt: skip
def test_numbers_as_people_write_them(text, numbers):
    assert words.read_numbers(text, 8) == numbers


@pytest.mark.parametrize("text", ["9", "0", "3-1", "一", "1-99"])
def test_a_number_without_an_item_is_refused(text):
    with pytest.raises(ValidationError):
        words.read_numbers(text, 8)


def test_a_band_names_its_scale_only_where_there_are_several():
    assert define(bands="2 = 多聊聊 / 一周内谈一次").scales[0].bands[0].advice == "一周内谈一次"
    two = define(scales="睡眠: 1\n吃饭: 2", bands="吃饭：1 = 留意 / 问一问：早饭吃了没有")
    assert [len(scale.bands) for scale in two.scales] == [0, 1]
    assert two.scales[1].bands[0].advice == "问一问：早饭吃了没有"
    assert wrong(scales="睡眠: 1\n吃饭: 2", bands="1 = 留意") == {"bands"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("answers", "从不 = 0"), ("answers", "从不\n常常"), ("answers", "从不 = 0\n常常 = 0"), ("answers", "从不 = 0\n从不 = 1"),
        ("items", ""), ("reverse", "4"), ("scales", "睡眠: 9"), ("scales", "睡眠"), ("scales", "睡眠: 1\n睡眠: 2"),
        ("bands", "多 = 多聊聊"), ("bands", "2 ="), ("bands", "2 = 甲\n2 = 乙"), ("bands", "吃饭: 2 = 甲"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_at_its_field(field, text):
    assert wrong(**{field: text}) == {field}


def test_without_the_right_to_copy_the_number_of_items_is_enough():
    assert [item.text for item in define(items="", count=20).items] == [""] * 20
    assert wrong(count=20) == {"items"}


@pytest.mark.parametrize(
    "text",
    [
        "6 = 抑郁症",
        "6 = 中度抑郁 / 诊断为心境障碍",
        "6 = F32.1",
        "6 = 患者 / 看医生",
        "6 = ADHD 阳性",
        "6 = 疑似多动症",
    ],
)
def test_a_band_that_reads_like_a_diagnosis_is_refused(text):
    """DOMAIN §5 row 13: counsellors do not diagnose."""
    assert wrong(bands=text) == {"bands"}


@pytest.mark.parametrize(
    "text", ["6 = 分数较高 / 建议家长陪孩子去医院就诊咨询", "6 = 身体症状较多", "2 = 3 题以上选常常"]
)
def test_how_high_and_what_next_may_be_said(text):
    assert define(bands=text)


@pytest.mark.parametrize("code", own.shipped())
def test_what_is_written_back_is_read_as_the_same(code):
    definition = Definition.from_json(own.shipped()[code]["definition"])
    assert words.define(words.as_lines(definition)) == definition
