"""How long work gets from its row to the queue."""

from __future__ import annotations

import logging
from datetime import datetime

from celery import Task
from django.db import transaction

from students.models.jobs import LOST_AFTER, Job

log = logging.getLogger(__name__)


def send_after_commit(task: Task, job: Job, *, now: datetime) -> None:
    """Send the job's id once its row stands. Robust: the row is the outbox, so with a dead broker the request still
    succeeds. What was not sent counts as lost from this moment, so that the next sweep sends it, not one a minute later.
    """

    def send() -> None:
        try:
            task.delay(str(job.pk))
        except Exception:
            waiting = type(job).objects.filter(pk=job.pk, state=Job.State.QUEUED)
            waiting.update(heartbeat_at=now - LOST_AFTER)
            raise

    transaction.on_commit(send, robust=True)


def log_parked(job: Job) -> None:
    """For the administrator: which job was given up, and how far it came. Nothing of what it was about."""
    kind, step = type(job).__name__, job.step or "no step"
    log.error("%s %s is parked after %d attempts; the last one ended at: %s", kind, job.pk, job.attempts, step)
