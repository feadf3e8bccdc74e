"""Work in the background: ids only, one action each. acks_late and the time limits stand in the settings."""

import logging

from celery import shared_task
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import School
from students import sealing, watching
from students.actions import answer_sheets, drafts, grants, signals

log = logging.getLogger(__name__)


@shared_task(bind=True)
def run_import(self, job_id: str) -> None:
    from students.roster import running  # it asks for this task itself

    running.run(job_id=job_id, clock=timezone.now, delivery=self.request.id or "")


@shared_task
def sweep_imports() -> None:
    """What was lost is sent again; what can no longer be undone goes, with its file."""
    from students.roster import actions

    actions.sweep(now=timezone.now())
    actions.expire(now=timezone.now())


@shared_task
def expire_drafts() -> None:
    drafts.expire_drafts(now=timezone.now())


@shared_task
def expire_answer_sheets() -> None:
    answer_sheets.expire_sheets(now=timezone.now())


@shared_task
def seal_audit() -> None:
    try:
        sealing.seal(now=timezone.now())
    except IntegrityError:
        pass  # another scheduler sealed at the same moment


@shared_task
def watch_reading() -> None:
    watching.watch(now=timezone.now())


@shared_task
def check_grants() -> None:
    """At night: a grant that follows from nothing is a fault of ours. It is told, and somebody looks."""
    if many := grants.orphans(now=timezone.now()):
        log.error("%d grants follow from no duty", many)


@shared_task
def raise_all_signals() -> None:
    """Before school begins: one task for each school, so that a large one holds up no other."""
    for pk in School.objects.values_list("pk", flat=True):
        raise_signals.delay(str(pk))


@shared_task
def raise_signals(school_id: str) -> None:
    school = School.objects.filter(pk=school_id).first()
    if school is None:
        return
    try:
        signals.raise_signals(school=school, today=timezone.localdate(), now=timezone.now())
    except IntegrityError:
        pass  # another worker looked at the same moment
