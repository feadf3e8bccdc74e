import re
import xml.etree.ElementTree as ET

import pytest

from reports import charts, summary
from tests.reports.pages import class_summary

WEEKS = ["1", "2", "3", "4"]


def words(svg: str) -> list[str]:
    return [node.text for node in ET.fromstring(svg).iter() if node.tag.endswith("text")]


def test_a_chart_passes_the_content_security_policy():
    svg = charts.bars(WEEKS, {"a": [1, 2, 3, 4], "b": [4, 3, 2, 1]}, title="图")
    assert not re.search(r"<style|<script|style=|onload|javascript", svg)


@pytest.mark.parametrize("draw", [charts.bars, charts.flat_bars])
def test_every_value_stands_on_its_bar_and_gaps_stay_gaps(draw):
    svg = draw(WEEKS, {"a": [7, None, 0, charts.SUPPRESSED]}, title="图")
    root = ET.fromstring(svg)
    bars = [node for node in root.iter() if node.get("class") == "s0"]
    assert len(bars) == 1
    assert sorted(set(words(svg)) - set(WEEKS)) == ["0", "7", "<5"]


def test_a_bar_links_to_the_list_that_it_counts():
    svg = charts.bars(WEEKS, {"a": [charts.Bar(3, "/notes/?week=1&kind=talk", "第1周"), 2, 1, 1]}, title="图")
    link = next(node for node in ET.fromstring(svg).iter() if node.tag.endswith("}a"))
    assert link.get("href") == "/notes/?week=1&kind=talk"
    assert link.get("aria-label") == "第1周"
    assert 'role="group"' in svg


def test_title_and_labels_are_escaped():
    svg = charts.flat_bars(["<b>&"], {"x": [1]}, title='"><script>', desc="<i>")
    assert "<script>" not in svg
    assert "<b>" not in svg
    assert ET.fromstring(svg)[0].text == '"><script>'


def test_series_are_told_apart_without_colour():
    svg = charts.bars(WEEKS, {"观察": [1, 2, 3, 4], "谈心": [1, 1, 1, 1]}, title="图一")
    assert 'fill="#333"' in svg
    assert 'fill="url(#hatch-' in svg
    assert words(svg)[:2] == ["观察", "谈心"]


def test_two_charts_of_one_page_share_no_id():
    ids = [re.findall(r'id="([^"]+)"', draw(class_summary())) for draw in (summary.weekly_chart, summary.domain_chart)]
    assert ids[0]
    assert ids[1]
    assert not set(ids[0]) & set(ids[1])


def test_lying_bars_read_from_top_to_bottom():
    svg = charts.flat_bars(["甲", "乙"], {"x": [1, 2]}, title="图")
    place = {node.text: float(node.get("y")) for node in ET.fromstring(svg).iter() if node.tag.endswith("text")}
    assert place["甲"] < place["乙"]


def test_last_term_has_no_bars_when_there_was_none():
    assert "上学期" in summary.domain_chart(class_summary())
    assert "上学期" not in summary.domain_chart(class_summary(entries_before=None))


def test_a_chart_without_any_figure_can_be_drawn():
    assert words(charts.bars(WEEKS, {"a": [None] * 4}, title="空")) == WEEKS
