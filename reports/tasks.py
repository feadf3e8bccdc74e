"""Work in the background: ids only, one action each. acks_late and the time limits stand in the settings.

No automatic retry here: a job that fails goes back to its row, and the sweep sends it again, three times at most.
"""

from celery import shared_task
from django.utils import timezone

from reports import actions, making
from reports import heartbeat as signs
from reports.models import Heartbeat


@shared_task(bind=True)
def make(self, job_id: str) -> None:
    making.make(job_id=job_id, clock=timezone.now, delivery=self.request.id or "")


@shared_task
def sweep() -> None:
    actions.sweep(now=timezone.now())


@shared_task
def expire_files() -> None:
    actions.expire_files(now=timezone.now())


@shared_task(bind=True)
def heartbeat(self) -> None:
    """The whole way: sent, taken from the broker, run by the pool, written to the database."""
    Heartbeat.objects.seen(Heartbeat.Kind.WORKER, self.request.hostname or signs.worker_name(), now=timezone.now())
