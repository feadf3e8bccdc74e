"""The records that a signal counted: by key, and as each reader may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from uuid import UUID

from django.apps import apps
from django.utils import timezone

from accounts.models import User
from students.models import Signal, StudentRecord


def records() -> list[type[StudentRecord]]:
    """Every kind of record about a student, of whatever app; not the tables of their history."""
    return [each for each in apps.get_models() if issubclass(each, StudentRecord) and hasattr(each, "history")]


@cache
def by_kind() -> dict[str, type[StudentRecord]]:
    return {model._meta.label_lower: model for model in records()}


def ids_of(signals: Iterable[Signal]) -> dict[str, set[str]]:
    """kind of record → ids, of all that these signals counted. A key that names no record is left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for signal in signals:
        for counted in signal.counted:
            kind, _colon, pk = counted.partition(":")
            if kind in by_kind():
                found[kind].add(pk)
    return found


def shown_records(signal: Signal, user: User, *, now: datetime) -> list[StudentRecord]:
    """What the signal counted, as far as this reader may see it, oldest first; one statement for each kind."""
    found: list[StudentRecord] = []
    for kind, ids in ids_of([signal]).items():
        rows = by_kind()[kind]._default_manager.filter(pk__in=ids, student=signal.student_id)
        found += rows.visible_to(user, now=now).select_related("author")
    return sorted(found, key=day_of)


def day_of(record: StudentRecord) -> tuple:
    """The day that the record speaks of, where it has one; then the moment at which it was written."""
    return getattr(record, "happened_on", timezone.localdate(record.created_at)), record.created_at


def unsound(signals: Iterable[Signal]) -> set[UUID]:
    """Those that counted a record which is gone, withdrawn, in another file, or above their level. One statement for
    each kind of record."""
    signals = list(signals)
    told: dict[str, tuple] = {}
    for kind, ids in ids_of(signals).items():
        rows = by_kind()[kind]._default_manager.filter(pk__in=ids)
        rows = rows.valid() if hasattr(rows, "valid") else rows
        told |= {f"{kind}:{pk}": (student, level) for pk, student, level in rows.values_list("pk", "student", "level")}
    return {signal.pk for signal in signals if not all(_holds(signal, each, told) for each in signal.counted)}


def _holds(signal: Signal, counted: str, told: dict[str, tuple]) -> bool:
    if counted.partition(":")[0] not in by_kind():
        return True
    student, level = told.get(counted, (None, 0))
    return student == signal.student_id and level <= signal.level
