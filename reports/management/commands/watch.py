"""`manage.py watch worker|beat PIDFILE`: is the process beside me alive, the whole way through broker and database?

For a supervisor, once a minute. A worker is sent a heartbeat of its own; one that has owed an answer for three minutes is
ended, and its supervisor starts it again. A live pid or `inspect ping` would not do: the part that answers them may live on
while no task is taken. The scheduler sends a heartbeat each minute without being asked; once it is silent, it owes one.
While the broker is away nobody is ended: a restart would mend nothing. Afterwards everybody has three minutes.
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
        is_worker = process == Heartbeat.Kind.WORKER
        name = (name or heartbeat.worker_name()) if is_worker else heartbeat.beat_name()
        if not health.broker_answers(current_app):
            Heartbeat.objects.excused(name)
            raise CommandError("The broker does not answer. Nothing is ended: a restart would not help.")
        if self._worker_owes(name) if is_worker else self._beat_owes(name):
            end(pidfile)
            raise CommandError(f"No sign of life from the {process} for three minutes: ended, to be started again.")

    def _worker_owes(self, name: str) -> bool:
        try:
            heartbeat.ask(name)
        except OperationalError as error:
            raise CommandError("The heartbeat could not be sent. Nothing is ended.") from error
        return Heartbeat.objects.get(name=name).owes(timezone.now())

    def _beat_owes(self, name: str) -> bool:
        """Silent it has been through any outage: from now on it has three minutes to send the next heartbeat."""
        beat = Heartbeat.objects.filter(name=name).first()
        if beat is None or not beat.is_silent(timezone.now()):
            return False
        Heartbeat.objects.asked(name, now=timezone.now())
        return beat.owes(timezone.now())


def end(pidfile: Path) -> None:
    """At once: what does not take a task does not take an orderly farewell either. Tasks are acknowledged late."""
    try:
        os.kill(int(pidfile.read_text()), signal.SIGKILL)
    except (OSError, ValueError) as error:
        raise CommandError(f"It is silent, and could not be ended by {pidfile}: {type(error).__name__}.") from error
