"""What stands in every table, as values that can be compared: encrypted columns in plain, moments and new ids left out."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections import Counter

from django.apps import apps
from django.db import models

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OURS = ("accounts", "students", "care_plans", "referrals", "family_contact", "reports")
# Written by the asking itself: who read what, sessions, and when somebody was last seen.
ASKING = {"students.FileAccess", "accounts.SecurityEvent", "usersessions.UserSession"}


def tables(*leave_out: str) -> dict[str, Counter]:
    """model → its rows. A moment is only `set` or not, an id of the row itself is left out."""
    return {
        model._meta.label: Counter(_row(model, values) for values in model._base_manager.order_by().values())
        for model in apps.get_models()
        if model._meta.app_label in OURS and model._meta.label not in {*ASKING, *leave_out}
    }


def _row(model: type[models.Model], values: dict) -> tuple:
    return tuple(
        (name, _plain(name, value)) for name, value in values.items() if name not in ("history_id", "last_login")
    )


def _plain(name: str, value: object) -> object:
    if isinstance(value, dt.datetime):
        return "a moment"
    if name in ("password", "file", "sheet", "source"):
        return bool(value)
    if isinstance(value, (list, dict)):
        return repr(value)
    return value


def changes(before: dict[str, Counter], after: dict[str, Counter]) -> dict[str, tuple[Counter, Counter]]:
    """model → (rows that are gone, rows that are new), where there are any."""
    found = {label: (before[label] - after[label], after[label] - before[label]) for label in before}
    return {label: pair for label, pair in found.items() if any(pair)}


def ids_in(found: dict[str, Counter]) -> set[uuid.UUID]:
    return {value for rows in found.values() for row in rows for _, value in row if isinstance(value, uuid.UUID)}


def readable(
    found: dict[str, tuple[Counter, Counter]], known: set[uuid.UUID]
) -> dict[str, tuple[list[str], list[str]]]:
    """For comparing two runs of one request: an id that was not `known` before is a new row's, whichever it is."""

    def plain(name: str, value: object) -> object:
        if name == "led_to":  # an address, of what was made just now
            return ID.sub("new", str(value))
        if name in ("id", "incident") or isinstance(value, uuid.UUID):
            return value if value in known else "new"
        return value

    def rows(counted: Counter) -> list[str]:
        return sorted(repr([(name, plain(name, value)) for name, value in row]) for row in counted.elements())

    return {label: (rows(gone), rows(new)) for label, (gone, new) in found.items()}


# Rows that say that something was asked for, and so are written each time.
ASKED = {"accounts.SecurityEvent", "reports.ExportLog"}


def counts(found: dict[str, Counter]) -> Counter:
    """How many rows of each model there are, histories and logs left out."""
    kept = {label: rows for label, rows in found.items() if "Historical" not in label and label not in ASKED}
    return Counter({label: rows.total() for label, rows in kept.items()})
