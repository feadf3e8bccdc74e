"""Waiting for what other processes do, and asking for documents."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.utils import timezone

from reports import actions
from reports.models import ReportJob
from students.models import Term

ON_A_BUSY_MACHINE = 120  # seconds, for what has no bound of its own


def wait_until(condition: Callable[[], object], *, seconds: float = ON_A_BUSY_MACHINE) -> float:
    """How long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "still waiting"
        time.sleep(0.01)
    return time.monotonic() - begun


def ask(by, class_group) -> ReportJob:
    """For the term summary of that class."""
    term = Term.objects.filter(school=by.school_id).latest_begun(timezone.localdate())
    return actions.request_summary(by=by, class_group=class_group, term=term, now=timezone.now())


def fresh(job):
    job.refresh_from_db()
    return job


def is_at(job, step: str) -> Callable[[], bool]:
    return lambda: (fresh(job).state, job.step) == ("running", step)


def is_over(job) -> Callable[[], bool]:
    return lambda: not fresh(job).is_unfinished
