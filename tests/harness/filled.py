"""A page's form as a person finds it: its fields with their kinds and values, and what somebody else might type there."""

from __future__ import annotations

from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit


class _Forms(HTMLParser):
    """Every form of a page: (address, {name: (kind, value, choices)})."""

    def __init__(self, here: str):
        super().__init__()
        self.here, self.forms, self.area, self.select = here, [], "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((urlsplit(urljoin(self.here, a.get("action", ""))).path, {}))
        elif self.forms and tag in ("input", "textarea", "select") and a.get("name"):
            self._field(tag, a)
        elif tag == "option" and self.select:
            kind, value, choices = self.forms[-1][1][self.select]
            chosen = a.get("value", "") if "selected" in a else value
            self.forms[-1][1][self.select] = (kind, chosen, (*choices, a.get("value", "")))

    def _field(self, tag: str, a: dict[str, str]) -> None:
        kind = a.get("type", "text") if tag == "input" else tag
        if kind in ("radio", "checkbox"):
            return
        self.forms[-1][1].setdefault(a["name"], (kind, a.get("value", ""), ()))
        self.area = a["name"] if tag == "textarea" else ""
        self.select = a["name"] if tag == "select" else ""

    def handle_endtag(self, tag: str) -> None:
        self.area = "" if tag == "textarea" else self.area
        self.select = "" if tag == "select" else self.select

    def handle_data(self, data: str) -> None:
        if self.area:
            kind, value, choices = self.forms[-1][1][self.area]
            self.forms[-1][1][self.area] = (kind, value + data, choices)


def forms_of(html: str, here: str) -> list[tuple[str, dict[str, tuple]]]:
    parser = _Forms(here)
    parser.feed(html)
    return [(to, {name: _typed(*field) for name, field in fields.items()}) for to, fields in parser.forms]


def _typed(kind: str, value: str, choices: tuple) -> tuple[str, str, tuple]:
    """A browser drops the first line break of a text area."""
    return kind, value.removeprefix("\n") if kind == "textarea" else value, choices


def form_to(html: str, here: str, address: str, field: str) -> dict[str, tuple]:
    """The page's form that goes to `address` and has `field`."""
    path = urlsplit(address).path
    found = [fields for to, fields in forms_of(html, here) if to == path and field in fields]
    assert found, f"{here} has no form to {path} with {field}."
    return found[0]


def otherwise(data: dict[str, Any], fields: dict[str, tuple]) -> dict[str, str]:
    """For each field that a person types or chooses: another good value than in `data`. Nothing for hidden fields."""
    other = {}
    for name, (kind, _value, choices) in fields.items():
        mine = str(data.get(name, ""))
        if kind in ("text", "textarea", "search") and mine and not mine.isascii():
            other[name] = f"{mine}乙"
        elif kind == "date" and mine:
            other[name] = f"{date.fromisoformat(mine) - timedelta(days=1)}"
        elif kind == "select" and (rest := [each for each in choices if each not in ("", mine)]):
            other[name] = rest[0]
    return other
