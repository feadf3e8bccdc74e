"""`manage.py watch worker|beat PIDFILE`: is the process beside me alive, the whole way through broker and database?

For a supervisor, once a minute. A worker is sent a heartbeat of its own; one that has owed an answer for three minutes is
ended, and its supervisor starts it again. A live pid or `inspect ping` would not do: the part that answers them may live on
while no task is taken. While the broker is away nobody is ended: a restart would mend nothing.
"""

import os
import signal
from pathlib import Path

from celery import current_app
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from kombu.exceptions import OperationalError

from reports import health, heartbeat
from reports.models import Heartbeat


class Command(BaseCommand):
    help = "Ask the worker or scheduler of this machine for a sign of life; end it when it has owed one for 3 minutes."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("process", choices=Heartbeat.Kind.values)
        parser.add_argument("pidfile", type=Path, help="as given to celery with --pidfile")
        parser.add_argument("--name", help="the worker's node name, celery@<host name> unless it has another")

    def handle(self, *, process: str, pidfile: Path, name: str | None, **options):
        if not health.broker_answers(current_app):
            raise CommandError("The broker does not answer. Nothing is ended: a restart would not help.")
        is_worker = process == Heartbeat.Kind.WORKER
        if self._owes(name or heartbeat.worker_name()) if is_worker else self._stands_still(heartbeat.beat_name()):
            end(pidfile)
            raise CommandError(f"No sign of life from the {process} for three minutes: ended, to be started again.")

    def _owes(self, name: str) -> bool:
        try:
            heartbeat.ask(name)
        except OperationalError as error:
            raise CommandError("The heartbeat could not be sent. Nothing is ended.") from error
        return Heartbeat.objects.get(name=name).owes(timezone.now())

    def _stands_still(self, name: str) -> bool:
        beat = Heartbeat.objects.filter(name=name).first()
        return beat is not None and beat.is_silent(timezone.now())


def end(pidfile: Path) -> None:
    """At once: what does not take a task does not take an orderly farewell either. Tasks are acknowledged late."""
    try:
        os.kill(int(pidfile.read_text()), signal.SIGKILL)
    except (OSError, ValueError) as error:
        raise CommandError(f"It is silent, and could not be ended by {pidfile}: {type(error).__name__}.") from error
