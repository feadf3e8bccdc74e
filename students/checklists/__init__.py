"""A checklist as text, one sign on a line, as schools edit it; and the two that every school starts with.

A line within 【】 is the heading of the signs that follow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent
FEWEST, MOST, LONGEST = 3, 40, 60  # signs, and characters of one

# (purpose, name, file)
SHIPPED = (("screening", "开学摸排清单", "screening.txt"), ("learning", "学习困难观察清单", "learning.txt"))


class Item(TypedDict):
    code: str
    group: str
    text: str


def lines_of(text: str) -> list[tuple[str, str]]:
    """(heading, sign), in order; each sign once."""
    group, found = "", []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line[0] == "【" and line[-1] == "】":
            group = line[1:-1].strip()
        elif line not in [sign for _group, sign in found]:
            found.append((group, line))
    return found


def items_of(text: str, before: Iterable[Item] = ()) -> list[Item]:
    """A sign that stood in the edition `before` in the same words keeps its code, so that rounds can be compared."""
    before = list(before)
    known = {item["text"]: item["code"] for item in before}
    number = max((int(item["code"][1:]) for item in before), default=0)
    items: list[Item] = []
    for group, sign in lines_of(text):
        if sign not in known:
            number += 1
            known[sign] = f"s{number}"
        items.append({"code": known[sign], "group": group, "text": sign})
    return items


def text_of(items: Iterable[Item]) -> str:
    """The other way round, for the form."""
    lines, group = [], ""
    for item in items:
        if item["group"] != group:
            group = item["group"]
            lines += ["", f"【{group}】"] if lines else [f"【{group}】"]
        lines.append(item["text"])
    return "\n".join(lines)


@cache
def shipped(file: str) -> list[Item]:
    return items_of((HERE / file).read_text("utf-8"))
