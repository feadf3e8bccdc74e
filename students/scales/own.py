"""The checklists that come with the project, in its own words. Texts that belong to somebody else are never shipped."""

from __future__ import annotations

import tomllib
import uuid
from pathlib import Path
from typing import Any

from students.scales import words

FOLDER = Path(__file__).parent / "shipped"
ROW = ("kind", "name", "purpose", "instruction", "age_from", "age_to", "source", "licence")


def shipped() -> dict[str, dict[str, Any]]:
    """Code → the fields of an Instrument."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        fields = tomllib.loads(path.read_text("utf-8"))
        found[path.stem] = {name: fields[name] for name in ROW} | {"definition": words.define(fields).as_json()}
    return found


def series_of(school_id: uuid.UUID, code: str) -> uuid.UUID:
    """The same in every run, so that a school gets each of them once."""
    return uuid.uuid5(school_id, f"instrument:{code}")
