"""One run of an import in the worker: take the job, do what its row asks for, say how it went."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from students.actions.sending import log_parked
from students.marks import importing
from students.models import RosterImport
from students.models.jobs import MAX_ATTEMPTS
from students.roster import actions
from students.roster.attempts import Overtaken, mine
from students.roster.refusal import Refused

logger = logging.getLogger(__name__)
State, Kind = RosterImport.State, RosterImport.Kind
WORK = {Kind.ROSTER: actions, Kind.MARKS: importing}  # each with prepare, apply and take_back


class Cancelled(Exception):
    """Somebody pressed cancel."""


def run(*, job_id: str, clock: Callable[[], datetime], delivery: str = "") -> None:
    """Do the step that the job's row names. Whoever comes second finds the job taken and leaves it.

    `delivery`: the message's id. The same message twice: its worker died, or lost its connection to the broker and works on.
    Either way the second one takes the job over at once, and a first one that still lives finds it gone (as in reports/making.py).
    """
    job = _claim(job_id, delivery, clock())
    if job is None:
        return
    try:
        error = STEPS[job.step](job, clock)
    except Overtaken:
        return
    except Cancelled:
        _finish(job, State.CANCELLED, clock())
    except (Refused, actions.NotNow) as refusal:
        if _finish(job, State.FAILED, clock(), str(refusal)) and job.phase == job.Phase.UPLOADED:
            _forget_file(job)
    except Exception as fault:
        # Only the kind and the place: the text of a database error may quote a row. Not raised again: the worker would log it.
        where = "".join(traceback.format_tb(fault.__traceback__))
        logger.error("%s import %s: %s in %s\n%s", job.kind, job.pk, type(fault).__name__, job.step, where)
        _finish(
            job, State.FAILED, clock(), _("Something went wrong at our end. Nothing was imported. Please try again.")
        )
    else:
        _finish(job, State.FAILED if error else State.DONE, clock(), error)


@transaction.atomic
def _claim(job_id: str, delivery: str, now: datetime) -> RosterImport | None:
    """The job under the number of this attempt, if nobody else has it. Its row is held: what is returned is what stands there."""
    free = Q(state=State.QUEUED)
    if delivery:
        free |= Q(state=State.RUNNING, delivery=delivery)
    held = RosterImport.objects.select_for_update(of=("self",)).select_related("school", "requested_by")
    job = held.filter(free, pk=job_id).first()
    if job is None or _is_poison(job, now):
        return None
    job.state, job.attempts, job.heartbeat_at, job.delivery = State.RUNNING, job.attempts + 1, now, delivery
    job.save(update_fields=["state", "attempts", "heartbeat_at", "delivery"])
    return job


def _is_poison(job: RosterImport, now: datetime) -> bool:
    """An import that has killed its worker again and again is parked; the broker would bring it back for ever."""
    if job.attempts < MAX_ATTEMPTS:
        return False
    log_parked(job)
    job.state, job.error, job.finished_at, job.heartbeat_at = State.FAILED, actions.gave_up()[:300], now, now
    job.save(update_fields=["state", "error", "finished_at", "heartbeat_at"])
    return True


def _prepare(job: RosterImport, clock: Callable[[], datetime]) -> str:
    def progress(done: int, total: int) -> None:
        going_on = mine(job)
        if not going_on.update(steps_done=done, steps_total=max(total, 1), heartbeat_at=clock()):
            raise Overtaken
        if going_on.filter(cancel_requested=True).exists():
            raise Cancelled

    now = clock()
    WORK[Kind(job.kind)].prepare(job=job, today=timezone.localdate(now), progress=progress)
    return ""


def _apply(job: RosterImport, clock: Callable[[], datetime]) -> str:
    now = clock()
    return WORK[Kind(job.kind)].apply(job=job, today=timezone.localdate(now), now=now)


def _undo(job: RosterImport, clock: Callable[[], datetime]) -> str:
    WORK[Kind(job.kind)].take_back(job=job, now=clock())
    return ""


STEPS = {"prepare": _prepare, "apply": _apply, "undo": _undo}


def _finish(job: RosterImport, state: str, now: datetime, error: str = "") -> int:
    """How it went, if this attempt is still the one that counts: 1, else 0."""
    fields = {"state": state, "error": error[:300], "finished_at": now, "heartbeat_at": now}
    if state == State.DONE:
        fields |= {"steps_done": F("steps_total")}
    return mine(job).update(**fields)


@transaction.atomic
def _forget_file(job: RosterImport) -> None:
    """Nothing can be done with this file any more. The row lets go of it first: no row may name a file that is not there."""
    storage, name = job.file.storage, job.file.name
    job.file = ""
    job.save(update_fields=["file"])
    transaction.on_commit(partial(storage.delete, name))
