"""One run of an import in the worker: take the job, do what its row asks for, say how it went."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from students.actions.sending import log_parked
from students.models import RosterImport
from students.models.jobs import MAX_ATTEMPTS
from students.roster import actions
from students.roster.refusal import Refused

logger = logging.getLogger(__name__)
State = RosterImport.State


class Cancelled(Exception):
    """Somebody pressed cancel."""


def run(*, job_id: str, clock: Callable[[], datetime], delivery: str = "") -> None:
    """Do the step that the job's row names. Whoever comes second finds the job taken and leaves it.

    `delivery`: the message's id. The same message twice means that the worker which had it died, so its job is taken
    over at once (as in reports/making.py).
    """
    free = Q(state=State.QUEUED)
    if delivery:
        free |= Q(state=State.RUNNING, delivery=delivery)
    waiting = RosterImport.objects.filter(free, pk=job_id)
    if _is_poison(waiting, clock()) or not waiting.update(
        state=State.RUNNING, attempts=F("attempts") + 1, heartbeat_at=clock(), delivery=delivery
    ):
        return
    job = RosterImport.objects.select_related("school", "requested_by").get(pk=job_id)
    try:
        error = STEPS[job.step](job, clock)
    except Cancelled:
        _finish(job, State.CANCELLED, clock())
    except (Refused, actions.NotNow) as refusal:
        _finish(job, State.FAILED, clock(), str(refusal))
        if job.phase == job.Phase.UPLOADED:  # nothing can be done with this file any more
            job.file.delete(save=False)
            RosterImport.objects.filter(pk=job.pk).update(file="")
    except Exception as fault:
        # Only the kind and the place: the text of a database error may quote a row. Not raised again: the worker would log it.
        where = "".join(traceback.format_tb(fault.__traceback__))
        logger.error("roster import %s: %s in %s\n%s", job.pk, type(fault).__name__, job.step, where)
        _finish(
            job, State.FAILED, clock(), _("Something went wrong at our end. Nothing was imported. Please try again.")
        )
    else:
        _finish(job, State.FAILED if error else State.DONE, clock(), error)


def _is_poison(waiting: QuerySet[RosterImport], now: datetime) -> bool:
    """An import that has killed its worker again and again is parked; the broker would bring it back for ever."""
    if job := waiting.filter(attempts__gte=MAX_ATTEMPTS).first():
        log_parked(job)
        _finish(job, State.FAILED, now, actions.gave_up())
    return job is not None


def _prepare(job: RosterImport, clock: Callable[[], datetime]) -> str:
    def progress(done: int, total: int) -> None:
        mine = RosterImport.objects.filter(pk=job.pk)
        mine.update(steps_done=done, steps_total=max(total, 1), heartbeat_at=clock())
        if mine.filter(cancel_requested=True).exists():
            raise Cancelled

    now = clock()
    actions.prepare(job=job, today=timezone.localdate(now), progress=progress)
    return ""


def _apply(job: RosterImport, clock: Callable[[], datetime]) -> str:
    now = clock()
    return actions.apply(job=job, today=timezone.localdate(now), now=now)


def _undo(job: RosterImport, clock: Callable[[], datetime]) -> str:
    actions.take_back(job=job, now=clock())
    return ""


STEPS = {"prepare": _prepare, "apply": _apply, "undo": _undo}


def _finish(job: RosterImport, state: str, now: datetime, error: str = "") -> None:
    fields = {"state": state, "error": error[:300], "finished_at": now, "heartbeat_at": now}
    if state == State.DONE:
        fields |= {"steps_done": F("steps_total")}
    RosterImport.objects.filter(pk=job.pk).update(**fields)
