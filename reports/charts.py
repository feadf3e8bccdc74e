"""One look for every chart, on screen and on paper, readable in black and white.

Drawn by pygal at the size at which it is printed (1 px = 1/96 inch), so 12 px is 9 pt on paper. Bars start at zero and
carry their value, so there is no value axis; at most three series, told apart by fill (solid, hatched, white), never by
hue; the unit stands in the caption. The result is an SVG fragment without script, style element or style attribute, so
it passes the content security policy; `static/css/charts.css` lays it out for page and print and recolours .s0 .s1 .s2
on screen.

A value is a number, None (no bar: nothing can be said), SUPPRESSED (a count below the threshold: no bar, "<5") or a
`Bar`.
"""

import sys
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pygal
from django.utils.safestring import SafeString, mark_safe
from pygal.style import Style

PX_PER_MM = 96 / 25.4
FONT = "Noto Sans CJK SC, sans-serif"
TEXT_PX = 12  # 9 pt, the size of tables
INK = "#111"
FILLS = ("#333", "hatch", "#fff")  # a name is a key of PATTERNS
MAX_BAR_MM = 14
SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
SUPPRESSED = object()

# pygal adds an import hook for its map plugins that Python has deprecated: each later import of a module that does not
# exist would warn.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

LOOK = Style(
    font_family=FONT,
    label_font_size=TEXT_PX,
    major_label_font_size=TEXT_PX,
    value_font_size=TEXT_PX,
    value_label_font_size=TEXT_PX,
    legend_font_size=TEXT_PX,
)
PATTERNS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "hatch": [
        ("rect", {"width": "5", "height": "5", "fill": "#fff", "class": "p0"}),
        ("rect", {"width": "1.6", "height": "5", "fill": "#222", "class": "p1"}),
    ],
}


@dataclass(frozen=True)
class Bar:
    """A value with the address of the list that it counts and the words of that link."""

    value: float | None
    href: str = ""
    label: str = ""


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[Any]],
    *,
    title: str,
    desc: str = "",
    width_mm: float = 156,
    height_mm: float = 42,
) -> SafeString:
    """Upright bars for few categories with short names (weeks, grades). `title` is the alternative text; it must differ
    between the charts of one document. `desc`: the same in full words."""
    per_label = len(series)
    gap = max(0.24, 1 - MAX_BAR_MM * per_label * len(labels) / width_mm)
    return _draw(pygal.Bar, labels, series, title, desc, width_mm, height_mm, gap, flat=False)


def flat_bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[Any]],
    *,
    title: str,
    desc: str = "",
    width_mm: float = 156,
    height_mm: float | None = None,
) -> SafeString:
    """Lying bars for long names or many categories. The height follows the number of bars unless given."""
    height_mm = height_mm or 8 + len(labels) * (3 + 4.6 * len(series))
    return _draw(pygal.HorizontalBar, labels, series, title, desc, width_mm, height_mm, 0.2, flat=True)


def _draw(kind, labels, series, title, desc, width_mm, height_mm, gap, *, flat) -> SafeString:
    labels, names = [str(label) for label in labels], list(series)
    values = [[_point(value) for value in series[name]] for name in names]
    if flat:  # pygal lists lying bars bottom-up; people read top-down
        labels, values = labels[::-1], [points[::-1] for points in values]
    width, height = width_mm * PX_PER_MM, height_mm * PX_PER_MM
    chart = kind(**_options(labels, values, width, height, flat))
    chart._series_margin, chart._serie_margin = gap / 2, 0.06
    chart.x_labels = labels
    for name, points in zip(names, values, strict=True):
        chart.add(name, points)
    picture = Picture(title, desc, width, height, names, flat=flat)
    for group in chart.render_tree().iter():
        classes = group.get("class") or ""
        if tag_of(group) == "g" and "plot" in classes and "tooltip" not in classes:
            picture.copy_plot(group)
    return picture.render()


def _options(labels: list[str], values: list[list[Any]], width: float, height: float, flat: bool) -> dict[str, Any]:
    top = max([_number(point) or 0 for points in values for point in points], default=0) or 1
    return {
        "style": LOOK,
        "js": [],
        "width": width,
        "height": height,
        "show_legend": False,
        "margin": 2,
        "margin_top": 24 if len(values) > 1 else 6,
        "margin_right": 46 if flat else 2,
        "margin_left": _missing_margin(labels) if flat else 2,
        "spacing": 5,
        "range": (0, top * (1 if flat else 1.12)),
        "print_values": True,
        "print_values_position": "top",
        "show_y_labels": flat,
        "show_x_labels": True,
        "show_y_guides": False,
        "show_x_guides": False,
        "formatter": lambda value: f"{value:.1f}" if isinstance(value, float) else f"{value}",
    }


def _point(value: Any) -> Any:
    if value is SUPPRESSED:
        return {"value": 0, "formatter": lambda _value: "<5"}
    if isinstance(value, Bar):
        return {"value": value.value, "xlink": value.href, "label": value.label} if value.href else value.value
    return value


def _number(point: Any) -> float | None:
    return point.get("value") if isinstance(point, dict) else point


def _missing_margin(labels: Sequence[str]) -> float:
    """pygal reckons 0.6 em per character; a Han character needs 1 em."""
    return 6 + max((width_of(label) - 0.6 * TEXT_PX * len(label) for label in labels), default=0)


def width_of(text: str) -> float:
    return sum(TEXT_PX if ord(character) > 0x2E80 else TEXT_PX * 0.58 for character in text)


def tag_of(node: ET.Element) -> str:
    return node.tag.rsplit("}", 1)[-1] if isinstance(node.tag, str) else ""


class Picture:
    """Our own SVG, into which the visible parts of pygal's tree are copied as plain attributes."""

    def __init__(self, title: str, desc: str, width: float, height: float, names: list[str], *, flat: bool) -> None:
        self.flat = flat
        size = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}", "height": f"{height:.0f}"}
        self.svg = ET.Element("svg", {"xmlns": SVG, **size, "role": "img", "class": "chart", "aria-label": title})
        ET.SubElement(self.svg, "title").text = title  # becomes the Alt text of the tagged PDF
        if desc:
            ET.SubElement(self.svg, "desc").text = desc
        self.fills = self._define(FILLS[: len(names)], mark=f"{zlib.crc32(title.encode()):x}")
        if len(names) > 1:
            self._legend(names)

    def render(self) -> SafeString:
        return mark_safe(ET.tostring(self.svg, encoding="unicode"))  # noqa: S308  ElementTree escapes text and attributes

    def _define(self, fills: Sequence[str], mark: str) -> list[str]:
        """Write the patterns in use; one fill per series. `mark`: ids must be unique in a page with several charts."""
        defs = ET.SubElement(self.svg, "defs")
        for name in [fill for fill in fills if fill in PATTERNS]:
            size = {"width": "5", "height": "5", "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"}
            pattern = ET.SubElement(defs, "pattern", {"id": f"{name}-{mark}", **size})
            for tag, attributes in PATTERNS[name]:
                ET.SubElement(pattern, tag, attributes)
        return [f"url(#{fill}-{mark})" if fill in PATTERNS else fill for fill in fills]

    def _legend(self, names: Sequence[str]) -> None:
        x = 2.0
        for index, name in enumerate(names):
            self._box(self.svg, {"x": f"{x:.0f}", "y": "3", "width": "14", "height": "10"}, index)
            self.text(self.svg, x + 19, 12, name, "start")
            x += 40 + width_of(name)

    def copy_plot(self, group: ET.Element) -> None:
        transform = group.get("transform")
        out = ET.SubElement(self.svg, "g", {"transform": transform} if transform else {})
        for axis in [node for node in group if "axis" in node.get("class", "")]:
            if f"axis {'y' if self.flat else 'x'}" in axis.get("class", ""):
                self._copy_labels(axis, out)
        background = next(
            (node for node in group if tag_of(node) == "rect" and node.get("class") == "background"), None
        )
        if background is not None:
            self._zero_line(background, out)
        for serie in [node for node in group if "series" in node.get("class", "")]:
            self._copy_serie(serie, out)

    def _copy_labels(self, axis: ET.Element, out: ET.Element) -> None:
        for node in axis.iter():
            if tag_of(node) == "text" and node.text:
                self._copy_text(node, out, "end" if self.flat else "middle", 0)

    def _zero_line(self, background: ET.Element, out: ET.Element) -> None:
        """The line on which the bars stand: pygal leaves 1/52 of the plot at each edge."""
        width, height = float(background.get("width", 0)), float(background.get("height", 0))
        path = f"M{width / 52:.1f} 0V{height:.1f}" if self.flat else f"M0 {height - height / 52:.1f}H{width:.1f}"
        ET.SubElement(out, "path", {"d": path, "stroke": INK, "stroke-width": "1", "fill": "none", "class": "axis"})

    def _copy_serie(self, serie: ET.Element, out: ET.Element) -> None:
        index = int(serie.get("class", "").split("serie-")[1].split()[0])
        for parent in serie.iter():
            for node in parent:
                if tag_of(node) == "rect" and float(node.get("width") or 0) and float(node.get("height") or 0):
                    self._copy_bar(node, parent, out, index)
                elif tag_of(node) == "text" and node.text:
                    self._copy_text(node, out, "start" if self.flat else "middle", 0 if self.flat else -2)

    def _copy_bar(self, node: ET.Element, parent: ET.Element, out: ET.Element, index: int) -> None:
        box = {key: f"{float(node.get(key, 0)):.1f}" for key in ("x", "y", "width", "height")}
        self._box(self._link(parent, out) if tag_of(parent) == "a" else out, box, index)

    def _link(self, link: ET.Element, out: ET.Element) -> ET.Element:
        self.svg.set("role", "group")  # an "img" would hide its links from a screen reader
        words = next((node.text for node in link if node.get("class") == "label"), "") or ""
        return ET.SubElement(out, "a", {"href": link.get(XLINK, ""), "aria-label": words})

    def _box(self, out: ET.Element, box: dict[str, str], index: int) -> None:
        look = {"fill": self.fills[index], "stroke": INK, "stroke-width": "0.8", "class": f"s{index}"}
        ET.SubElement(out, "rect", {**box, **look})

    def _copy_text(self, node: ET.Element, out: ET.Element, anchor: str, dy: float) -> None:
        self.text(out, float(node.get("x", 0)), float(node.get("y", 0)) + dy, node.text or "", anchor)

    def text(self, out: ET.Element, x: float, y: float, words: str, anchor: str) -> None:
        place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
        ET.SubElement(out, "text", {**place, "font-family": FONT, "font-size": str(TEXT_PX), "fill": INK}).text = words
