import pytest

from reports import examples
from reports.summary import Counted, Reach, Seat, Week, percent, suppressed
from tests.reports.pages import class_summary


@pytest.mark.parametrize(("students", "printed"), [(0, "<5"), (1, "<5"), (4, "<5"), (5, "5"), (31, "31")])
def test_few_students_are_not_printed_as_a_number(students, printed):
    assert suppressed(students) == printed


def test_a_share_of_nothing_is_no_number():
    assert percent(0, 0) is None
    assert percent(1, 3) == 33.3
    assert Reach("x", 0, 0).percent is None


@pytest.mark.parametrize(("now", "before", "change"), [(5, 3, "+2"), (3, 5, "−2"), (4, 4, "0"), (4, None, "")])
def test_a_change_carries_its_sign(now, before, change):
    assert Counted("x", now, now, before, before).change == change


def test_gaps_come_as_numbers_first():
    figures = class_summary(silent=2, weeks=(Week(1, 0, 0), Week(2, 3, 0), Week(3, None, None)))
    assert figures.gaps == [
        "2人连续4周没有任何记录",
        "7人本学期还没有谈过心",
        "15人本学期还没有得到过表扬",
        "没有记录的领域：健康",
        "没有记录的周次：第1周",
    ]


def test_without_gaps_nothing_is_listed():
    full = Reach("x", 45, 45)
    figures = class_summary(silent=0, talked=full, praised=full, domains=(), weeks=())
    assert figures.gaps == []


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 44, 45, 46, 56])
def test_every_seat_is_printed_once_down_the_columns(size):
    figures = class_summary(seats=tuple(Seat(n, f"n{n}", 0, 0, 0, None) for n in range(1, size + 1)))
    rows = figures.seat_columns
    seats = [row[column] for column in range(len(rows[0]) if rows else 0) for row in rows]
    assert [seat.seat_no for seat in seats if seat] == list(range(1, size + 1))


NAMES = ["宋知远", "李欣怡", "林䶮", "欧阳静姝", "阿依努尔·木沙"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("宋知远扶起了李欣怡。", "一名同学扶起了一名同学。"),
        ("知远和欣怡一起值日。", "一名同学一起值日。"),
        ("林䶮、欧阳静姝主动打扫。", "一名同学主动打扫。"),
        ("静姝把伞借给李同学。", "一名同学把伞借给一名同学。"),
        ("阿依努尔·木沙领读，阿依努尔很高兴。", "一名同学领读，一名同学很高兴。"),
        ("全班鼓掌。", "全班鼓掌。"),
    ],
)
def test_names_become_a_fellow_student(words, told):
    assert examples.nameless(words, NAMES) == told


def test_what_could_still_point_at_a_child_is_left_out():
    notes = [
        ("study", "小怡读得很好。"),
        ("study", "电话13800001111说他进步了。"),
        ("study", "远远今天领读。"),
        ("study", "读得很好。"),
    ]
    assert examples.choose(notes, NAMES, NAMES) == ("读得很好。",)


def test_examples_come_from_different_domains_first():
    notes = [("study", "一"), ("study", "二"), ("peers", "三"), ("study", "四"), ("habits", "五")]
    assert examples.choose(notes, [], [], most=4) == ("一", "三", "五", "二")


def test_a_long_example_ends_with_a_sentence():
    long = "他把图书角的书一本一本整理好，又把破了的地方用胶带粘好。" + "然后" * 60
    assert examples.shortened(long) == "他把图书角的书一本一本整理好，又把破了的地方用胶带粘好。"
    assert len(examples.shortened("书" * 200)) == examples.LONGEST
