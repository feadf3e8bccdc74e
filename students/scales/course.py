"""One scale over time as a line: a handful of points, so it is drawn here. reports.charts, with its bars, stands above us.

An SVG without script, style element or style attribute; `static/css/charts.css` colours it. The table beside it says the
same in numbers, so it is hidden from screen readers.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT, EDGE, BELOW = 320, 96, 14, 18
INK = "#111"


def line(points: Sequence[tuple[date, Decimal]], words: Sequence[str], *, least: int, most: int) -> SafeString | str:
    """Oldest first; days keep their distance, the height is the scale's own range. `words`: the days as they are said.

    Fewer than two points are no line.
    """
    if len(points) < 2 or most <= least:
        return ""
    days = [(day - points[0][0]).days for day, _score in points]
    places = [
        (EDGE + (WIDTH - 2 * EDGE) * day / max(days[-1], 1), _height(score, least, most))
        for day, (_, score) in zip(days, points, strict=True)
    ]
    size = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": f"{WIDTH}", "height": f"{HEIGHT}"}
    svg = ET.Element("svg", {**size, "class": "chart chart-line", "aria-hidden": "true"})
    for y in (_height(Decimal(least), least, most), _height(Decimal(most), least, most)):
        ET.SubElement(svg, "path", {"d": f"M0 {y:.1f}H{WIDTH}", "class": "guide", "stroke": INK, "stroke-width": "0.3"})
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    ET.SubElement(svg, "path", {"d": f"M{path}", "fill": "none", "stroke": INK, "stroke-width": "2", "class": "line"})
    for (x, y), (_day, score) in zip(places, points, strict=True):
        ET.SubElement(svg, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "3", "fill": INK, "class": "dot"})
        _text(svg, x, y - 6, f"{score.normalize():f}", "middle")
    _text(svg, places[0][0] - EDGE, HEIGHT - 4, words[0], "start")
    _text(svg, WIDTH, HEIGHT - 4, words[-1], "end")
    return mark_safe(ET.tostring(svg, encoding="unicode"))  # noqa: S308 -- ElementTree escapes text and attributes


def _height(score: Decimal, least: int, most: int) -> float:
    top, bottom = EDGE + 4, HEIGHT - BELOW - 4
    return bottom - (bottom - top) * float((score - least) / (most - least))


def _text(svg: ET.Element, x: float, y: float, words: str, anchor: str) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": "11", "fill": INK}
    ET.SubElement(svg, "text", place).text = words
