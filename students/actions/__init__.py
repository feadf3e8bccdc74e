"""Writes that touch several rows. Keyword-only, `by` is who does it; all or nothing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User


def stamp(by: User | None, *instances, reason: str = "") -> None:
    """Say in the history who did it, also where there is no request (commands, tasks), and why."""
    for instance in instances:
        instance._history_user = by
        instance._change_reason = reason or None


def start_of(day: date) -> datetime:
    """Local midnight at which the day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date | None) -> datetime | None:
    """Local midnight after a last day: from then on it is over."""
    return None if day is None else start_of(day + timedelta(days=1))
