#!/usr/bin/env python3
"""Copy the front-end files of node_modules that pages use into static/vendor, and build the icon sprite."""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
ICONS = ROOT / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
SVG = "http://www.w3.org/2000/svg"


def copy_tabler() -> None:
    source = ROOT / "node_modules" / "@tabler" / "core" / "dist" / "css" / "tabler.min.css"
    # The source map stays behind, and the manifest storage refuses a file that names a missing one.
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", source.read_text(encoding="utf-8"))
    (VENDOR / "tabler.min.css").write_text(css, encoding="utf-8")


def icon_names() -> list[str]:
    lines = (ROOT / "static" / "icons.txt").read_text(encoding="utf-8").splitlines()
    return sorted({line.split("#")[0].strip() for line in lines} - {""})


def symbol(name: str) -> ET.Element:
    """The drawing alone: colour and stroke come from the page's stylesheet, through the <use> that shows it."""
    result = ET.Element(f"{{{SVG}}}symbol", {"id": f"i-{name}", "viewBox": "0 0 24 24"})
    for shape in ET.parse(ICONS / f"{name}.svg").getroot():  # noqa: S314 -- the lock holds its hash
        if shape.get("stroke") != "none":  # Tabler's transparent bounding box
            result.append(shape)
    return result


def build_sprite() -> None:
    names = icon_names()
    if unknown := [name for name in names if not (ICONS / f"{name}.svg").exists()]:
        sys.exit("static/icons.txt names icons that Tabler does not have: " + ", ".join(unknown))
    ET.register_namespace("", SVG)
    sprite = ET.Element(f"{{{SVG}}}svg")
    sprite.extend(symbol(name) for name in names)
    ET.ElementTree(sprite).write(VENDOR / "icons.svg", encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    VENDOR.mkdir(parents=True, exist_ok=True)
    copy_tabler()
    build_sprite()
