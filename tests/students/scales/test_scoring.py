"""Scores are computed by code: reversed items, open items, the edges of bands (FEATURES F32)."""

from decimal import Decimal

import pytest

from students.scales import own
from students.scales.scoring import MEAN, Band, Definition, Item, Option, Scale, band_of, counts_as, score

OPTIONS = tuple(Option(text, points) for points, text in enumerate(("从不", "偶尔", "常常", "总是")))
BANDS = (Band(Decimal(0), "平稳"), Band(Decimal(6), "多聊聊"), Band(Decimal(9), "尽快谈"))


def four(reverse: tuple[int, ...] = (), **more) -> Definition:
    items = tuple(Item(f"第{n}题", n in reverse) for n in range(1, 5))
    return Definition(OPTIONS, items, (Scale("总分", (1, 2, 3, 4), BANDS),), **more)


def value(definition: Definition, *answers: int | None) -> Decimal | None:
    return score(definition, answers)[0].score


def test_a_sum_adds_the_points():
    assert value(four(), 0, 1, 2, 3) == 6


def test_a_reversed_item_counts_from_the_other_end():
    definition = four(reverse=(1, 4))
    assert [counts_as(definition, 1, points) for points in (0, 1, 2, 3)] == [3, 2, 1, 0]
    assert value(definition, 0, 1, 2, 3) == 3 + 1 + 2 + 0


def test_points_that_do_not_begin_at_zero_are_reversed_within_their_own_range():
    options = tuple(Option(str(points), points) for points in (1, 2, 3, 4, 5))
    definition = Definition(options, (Item("一", True), Item("二")), (Scale("总分", (1, 2)),))
    assert value(definition, 1, 1) == 5 + 1
    assert score(definition, (5, 5))[0].least, score(definition, (5, 5))[0].most == (2, 10)


def test_all_answers_at_one_end_give_the_range():
    definition = four(reverse=(2,))
    assert [(r.least, r.most) for r in score(definition, (0, 3, 0, 0))] == [(0, 12)]
    assert value(definition, 0, 3, 0, 0) == 0
    assert value(definition, 3, 0, 3, 3) == 12


def test_an_item_belongs_to_several_scales_and_an_item_of_none_counts_nowhere():
    scales = (Scale("甲", (1, 2)), Scale("乙", (2, 3)))
    definition = Definition(OPTIONS, four().items, scales)
    assert [result.score for result in score(definition, (1, 2, 3, 3))] == [3, 5]


# --- open items -------------------------------------------------------------------------------------------------------


def test_with_one_item_too_many_open_there_is_no_score_and_no_band():
    result = score(four(missing=1), (3, None, None, 3))[0]
    assert (result.score, result.band, result.open) == (None, None, 2)


def test_an_open_item_within_the_rule_counts_as_the_mean_of_the_others():
    result = score(four(missing=1), (3, 2, 3, None))[0]
    assert (result.score, result.open) == (Decimal("10.7"), 1)


def test_without_a_rule_one_open_item_is_one_too_many():
    assert value(four(), 3, 3, 3, None) is None


def test_an_open_item_is_never_zero():
    assert value(four(missing=1), 2, 2, 2, None) == 8
    assert counts_as(four(reverse=(1,)), 1, None) is None


def test_nothing_answered_is_no_score_even_where_all_may_be_open():
    assert value(four(missing=4), None, None, None, None) is None


def test_the_rule_is_asked_of_each_scale_alone():
    definition = Definition(OPTIONS, four().items, (Scale("甲", (1, 2)), Scale("乙", (3, 4))), missing=0)
    assert [result.score for result in score(definition, (1, 1, None, 2))] == [2, None]


# --- means ------------------------------------------------------------------------------------------------------------


def test_a_mean_is_over_the_items_answered_to_two_places_half_up():
    assert value(four(method=MEAN, missing=1), 1, 1, 2, None) == Decimal("1.33")
    assert value(four(method=MEAN), 1, 1, 1, 2) == Decimal("1.25")
    eight = Definition(OPTIONS, (Item(""),) * 8, (Scale("总分", tuple(range(1, 9))),), method=MEAN)
    assert value(eight, 1, 0, 0, 0, 0, 0, 0, 0) == Decimal("0.13")  # 0.125


# --- bands ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "name"),
    [("0", "平稳"), ("5.9", "平稳"), ("6", "多聊聊"), ("8.9", "多聊聊"), ("9", "尽快谈"), ("12", "尽快谈")],
)
def test_a_score_equal_to_a_cut_off_belongs_to_the_band_above(points, name):
    assert band_of(four().scales[0], Decimal(points)).name == name


def test_the_band_is_that_of_the_number_that_is_shown():
    """5.96 is shown as 6.0, so it can't stand in the band below 6."""
    seven = Definition(OPTIONS, (Item(""),) * 25, (Scale("总分", tuple(range(1, 26)), BANDS),), missing=5)
    answers = [1] * 5 + [0] * 16 + [None] * 4  # 5 of 21: 5.952
    result = score(seven, answers)[0]
    assert (result.score, result.band.name) == (Decimal("6.0"), "多聊聊")


def test_a_score_below_the_first_band_and_a_scale_without_bands_have_none():
    assert band_of(Scale("总分", (1,), (Band(Decimal(3), "高"),)), Decimal(2)) is None
    assert band_of(Scale("总分", (1,)), Decimal(2)) is None


# --- what does not belong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [(1, 1, 1), (1, 1, 1, 1, 1), (1, 1, 1, 4), (1, 1, 1, -1)])
def test_answers_that_the_instrument_does_not_offer_are_no_answers(answers):
    with pytest.raises(ValueError, match="answer"):
        score(four(), answers)


def test_a_definition_is_the_same_after_it_was_stored():
    definition = four(reverse=(2,), method=MEAN, missing=1)
    assert Definition.from_json(definition.as_json()) == definition


# --- what is shipped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "fields"), own.shipped().items())
def test_what_is_shipped_is_our_own_and_its_bands_can_all_be_reached(code, fields):
    definition = Definition.from_json(fields["definition"])
    assert fields["licence"] == "own" and all(item.text for item in definition.items)
    for scale in definition.scales:
        least, most = definition.range_of(scale)
        assert all(least <= band.least <= most for band in scale.bands), scale.name


def test_the_best_and_the_hardest_two_weeks_stand_at_the_two_ends():
    """By hand: each favourable answer of the adaptation checklist is 3 where the item is reversed, 0 where it is not."""
    definition = Definition.from_json(own.shipped()["adaptation"]["definition"])
    best = [3 if item.reverse else 0 for item in definition.items]
    overall = {result.scale.name: result for result in score(definition, best)}["总体"]
    assert (overall.score, overall.band.name) == (0, "平稳")
    hardest = score(definition, [3 - points for points in best])
    assert {r.scale.name: r.score for r in hardest} == {"上学": 12, "同伴": 12, "心情": 12, "作息": 12, "总体": 48}
    assert {r.band.name for r in hardest} == {"尽快谈一次"}
