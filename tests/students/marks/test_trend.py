"""What a line of marks says (issue 4, Done when 5): a drop is found, an ordinary fluctuation is not. Pure, no database."""

from random import Random

import pytest

from students.marks import trend
from students.marks.trend import Point

TERMS = ("2025-2026-1", "2025-2026-2", "2026-2027-1", "2026-2027-2")


def line(*values, mean=75.0, spread=10.0, terms=TERMS) -> list[Point]:
    return [Point(term, f"{term} 期末", value, mean, spread) for term, value in zip(terms, values, strict=False)]


def kinds(points, **how) -> list[str]:
    return [found.kind for found in trend.findings({"数学": points}, **how)]


def test_a_drop_of_more_than_one_standard_deviation_is_found_with_its_numbers_in_words():
    found = trend.findings({"语文": line(80, 81), "数学": line(82, 78, 58)})
    assert [(each.subject, each.kind) for each in found] == [("数学", "drop")]
    assert found[0].fall == pytest.approx(2.2)
    for number in ("数学", "58", "75", "5", "17", "2.2", "10", "2026-2027-1"):
        assert number in found[0].words
    assert found[0].points[-1].value == 58


@pytest.mark.parametrize("values", [(82, 79, 76), (75, 71, 76), (60, 62, 55), (90, 85), (70, 80, 70)])
def test_an_ordinary_fluctuation_is_not(values):
    assert kinds(line(*values)) == []


def test_exactly_one_standard_deviation_is_not_more_than_one():
    assert kinds(line(80, 70)) == []
    assert kinds(line(80, 69.9)) == ["drop"]


def test_a_hard_paper_is_no_drop():
    """Everybody has fewer marks: compared with the class this student stands where he stood."""
    assert kinds([*line(85, 84), Point(TERMS[2], "期末", 62, 52.0, 12.0)]) == []


def test_an_easy_paper_hides_no_drop():
    assert kinds([*line(85, 84), Point(TERMS[2], "期末", 84, 95.0, 4.0)]) == ["drop"]


def test_a_steady_decline_over_three_terms_is_found_though_no_step_is_a_drop():
    assert kinds(line(81, 77, 73)) == ["decline"]
    found = trend.declines({"英语": line(81, 77, 73)})
    for number in ("英语", "6", "2", "2026-2027-1"):
        assert number in found[0].words


@pytest.mark.parametrize("values", [(81, 80, 79), (81, 74, 76), (81, 77), (77, 81, 73)])
def test_two_terms_small_steps_and_ups_are_no_steady_decline(values):
    assert "decline" not in kinds(line(*values))


def test_the_last_exam_of_a_term_stands_for_the_term():
    terms = (TERMS[0], TERMS[1], TERMS[1], TERMS[2])
    assert kinds(line(81, 90, 77, 73, terms=terms)) == ["decline"]
    assert trend.declines({"数学": line(81, 77, 73, terms=(TERMS[0], TERMS[1], TERMS[1]))}) == []


def test_absent_is_neither_0_nor_a_drop():
    assert kinds(line(82, 80, None)) == []
    assert kinds(line(82, 60, None)) == []  # what the last exam would have said nobody knows
    assert kinds(line(90, 85, 80, None)) == []
    assert kinds(line(82, None, 80)) == []
    assert kinds(line(82, None, 60)) == ["drop"]
    assert kinds(line(82, 80, 0)) == ["drop"]  # a real 0 is one


def test_where_the_class_is_too_small_or_all_alike_nothing_is_said():
    assert kinds(line(90, 20, mean=None, spread=None)) == []
    assert kinds(line(90, 75, spread=0.0)) == []
    assert kinds(line(90)) == []
    assert kinds([]) == []


def test_the_school_sets_the_thresholds():
    assert kinds(line(80, 68), drop=1.5) == []
    assert kinds(line(80, 76), drop=0.3) == ["drop"]
    assert kinds(line(80, 79, 78), step=0.05) == ["decline"]


def test_a_class_that_only_fluctuates_gives_few_findings():
    """500 students whose marks scatter by a third of the class's spread: hardly anybody is found, and with one planted
    drop exactly that one more."""
    rng = Random(5)
    noise = [
        line(*(75 + ability + rng.gauss(0, 3.3) for _ in range(4))) for ability in (rng.gauss(0, 9) for _ in range(500))
    ]
    assert sum(bool(kinds(points)) for points in noise) <= 12
    assert (
        sum(
            kinds([*points, Point("2027-2028-1", "期末", points[-1].value - 25, 75.0, 10.0)]) == ["drop"]
            for points in noise
        )
        > 480
    )
