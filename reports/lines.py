"""A line over time against two others, in the look of reports.charts: told apart by stroke (solid, dashed, dotted), never by
hue. The first line carries its values; None leaves a gap. Nothing here knows whose line it is."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

import pygal
from django.utils.safestring import SafeString

from reports.charts import INK, LOOK, PX_PER_MM, Picture, tag_of, width_of

STROKES = (
    {"stroke-width": "2"},
    {"stroke-width": "1.4", "stroke-dasharray": "6 3"},
    {"stroke-width": "1.4", "stroke-dasharray": "1.5 3"},
)
ROOM = 0.18  # of the span of the values, above and below


def lines(
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    title: str,
    desc: str = "",
    width_mm: float = 84,
    height_mm: float = 36,
) -> SafeString:
    """`title` is the alternative text and differs between the charts of one page. At most three series, as long as `labels`."""
    width, height = width_mm * PX_PER_MM, height_mm * PX_PER_MM
    chart = pygal.Line(**_options(labels, series, width, height))
    chart.x_labels = list(labels)
    for name, values in series.items():
        chart.add(name, list(values))
    picture = LinePicture(title, desc, width, height, list(series), flat=False)
    for group in chart.render_tree().iter():
        if tag_of(group) == "g" and "plot" in (classes := group.get("class") or "") and "tooltip" not in classes:
            picture.copy_plot(group)
    return picture.render()


def _options(labels: Sequence[str], series: Mapping[str, Sequence[float | None]], width: float, height: float) -> dict:
    told = [value for values in series.values() for value in values if value is not None] or [0.0]
    room = max((max(told) - min(told)) * ROOM, 3)
    edge = max(width_of(label) for label in labels) / 2
    return {
        "style": LOOK,
        "js": [],
        "width": width,
        "height": height,
        "show_legend": False,
        "allow_interruptions": True,
        "margin": 2,
        "margin_top": 26,
        "margin_left": edge,
        "margin_right": edge,
        "spacing": 5,
        "range": (min(told) - room, max(told) + room),
        "show_y_labels": False,
        "show_y_guides": False,
        "show_x_guides": False,
        "formatter": lambda value: f"{value:.1f}".removesuffix(".0"),
    }


class LinePicture(Picture):
    def _define(self, fills: Sequence[str], mark: str) -> list[str]:
        return []

    def _legend(self, names: Sequence[str]) -> None:
        x = 2.0
        for index, name in enumerate(names):
            self._path(self.svg, f"M{x:.0f} 8h20", index)
            self.text(self.svg, x + 25, 12, name, "start")
            x += 37 + width_of(name)

    def copy_plot(self, group: ET.Element) -> None:
        transform = group.get("transform")
        out = ET.SubElement(self.svg, "g", {"transform": transform} if transform else {})
        for axis in [node for node in group if "axis x" in node.get("class", "")]:
            self._copy_labels(axis, out)
        for serie in [node for node in group if "series" in node.get("class", "")]:
            index = int(serie.get("class", "").split("serie-")[1].split()[0])
            for node in serie.iter():
                if tag_of(node) == "path":
                    self._path(out, node.get("d", ""), index)
                elif tag_of(node) == "g" and node.get("class") == "dots":
                    self._dot(node, out, index)

    def _path(self, out: ET.Element, d: str, index: int) -> None:
        ET.SubElement(out, "path", {"d": d, "fill": "none", "stroke": INK, "class": f"l{index}", **STROKES[index]})

    def _dot(self, dots: ET.Element, out: ET.Element, index: int) -> None:
        """Of the first line with its value; of the others small, so that one exam alone shows too."""
        circle = next(node for node in dots if tag_of(node) == "circle")
        x, y = float(circle.get("cx", 0)), float(circle.get("cy", 0))
        place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "1.6" if index else "3.2"}
        ET.SubElement(out, "circle", {**place, "fill": INK, "class": f"d{index}"})
        value = next((node.text for node in dots if node.get("class") == "value"), "")
        if index == 0 and value:
            self.text(out, x, y - 7, value, "middle")
