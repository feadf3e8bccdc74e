import logging

from celery import shared_task
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts import once
from accounts.models import BACKUP_LIMIT, KnownDevice

log = logging.getLogger(__name__)


@shared_task
def clear_sessions() -> None:
    """Sessions that are past their 12 hours leave the database: they hold an address and a user. Forms sent and devices used long ago too."""
    call_command("clearsessions")
    once.forget(now=timezone.now())
    KnownDevice.objects.long_unused(timezone.now()).delete()


@shared_task(
    soft_time_limit=BACKUP_LIMIT.total_seconds() - 60,
    time_limit=BACKUP_LIMIT.total_seconds(),
    reject_on_worker_lost=False,
)
def backup() -> None:
    """Every night. A message that the broker delivers a second time finds the lock, and does nothing.

    One that was killed, for want of memory for example, does not come back to be killed again: its row has no end, and
    the page says so."""
    from accounts.backup import running

    try:
        running.run(clock=timezone.now, verify=True, keep=settings.BACKUP_KEEP)
    except running.AlreadyRunning:
        log.info("A backup is being made already.")
