"""T46: a worker or scheduler that lives and does nothing is noticed over the whole way, and ended, so that its supervisor
starts it again. On both queues: Redis, and the folder of the embedded default. The clock is moved in the row, not waited for."""

import os
import signal
import socket
import sqlite3
import uuid
from contextlib import closing
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from reports import health
from reports.models import Heartbeat
from tests.faults.waiting import ask, fresh, is_at, wait_until
from tests.worker import Beat, Worker

pytestmark = pytest.mark.fault

LONG = timedelta(minutes=4)


class Watched:
    """A worker of a name of its own, and `manage.py watch` beside it."""

    def __init__(self, folder):
        self.name = f"celery@{uuid.uuid4().hex[:8]}"
        self.pidfile = folder / f"{self.name}.pid"
        self.worker = Worker("-n", self.name, "--pidfile", str(self.pidfile))

    @property
    def row(self) -> Heartbeat:
        return Heartbeat.objects.get(name=self.name)

    def watch(self) -> None:
        call_command("watch", "worker", str(self.pidfile), name=self.name)

    def answers(self) -> None:
        self.watch()
        wait_until(lambda: self.row.asked_at is None)

    def time_passes(self, field: str) -> None:
        Heartbeat.objects.filter(name=self.name).update(**{field: getattr(self.row, field) - LONG})

    def freeze_the_pool(self) -> None:
        """Not in the midst of a write: SQLite has one writer, and everybody else would wait for it."""
        self._to_the_pool(signal.SIGSTOP)
        while not can_write():
            self._to_the_pool(signal.SIGCONT)
            self._to_the_pool(signal.SIGSTOP)

    def _to_the_pool(self, order: signal.Signals) -> None:
        for pid in self.worker.children():
            os.kill(pid, order)

    def was_ended(self) -> bool:
        return self.worker.process.wait(timeout=30) == -signal.SIGKILL


def can_write() -> bool:
    if connection.vendor != "sqlite":
        return True
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0.5)) as file:
        try:
            file.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


@pytest.fixture
def watched(database, broker, tmp_path):
    watched = Watched(tmp_path)
    watched.worker.start()
    yield watched
    watched.worker.kill() if watched.worker.is_running else os.killpg(watched.worker.process.pid, signal.SIGKILL)


def test_a_worker_that_answers_is_left_alone(watched):
    for _ in range(2):
        watched.answers()
        watched.time_passes("at")
    assert watched.worker.is_running


def test_a_worker_that_answers_pings_and_takes_no_task_is_ended(watched):
    watched.answers()
    watched.freeze_the_pool()
    watched.watch()  # asks, and is not answered
    if connection.vendor == "postgresql":
        assert current_app.control.ping(destination=[watched.name], timeout=5)  # what a lesser check would have asked
    assert watched.worker.is_running
    later = timezone.now() + LONG
    assert "worker" in [line.name for line in health.lines(later) if not line.ok]
    watched.time_passes("asked_at")
    with pytest.raises(CommandError, match="ended"):
        watched.watch()
    assert watched.was_ended()


def test_after_it_was_ended_a_new_one_under_the_same_name_owes_nothing(watched):
    watched.freeze_the_pool()
    watched.watch()
    watched.time_passes("asked_at")
    with pytest.raises(CommandError):
        watched.watch()
    watched.was_ended()
    os.killpg(watched.worker.process.pid, signal.SIGKILL)  # the frozen child; a container ends it by itself
    watched.worker.start()
    watched.answers()
    assert watched.worker.is_running


def test_a_worker_with_a_long_task_is_left_alone_until_its_time_limit(watched, cast, shelf):
    job = ask(cast.zhou, cast.own_class)
    wait_until(is_at(job, "layout"))
    watched.freeze_the_pool()  # the longest task of all
    assert fresh(job).is_unfinished
    watched.watch()
    watched.time_passes("asked_at")
    watched.watch()
    assert watched.worker.is_running
    Heartbeat.objects.filter(name=watched.name).update(busy_until=timezone.now() - LONG)
    with pytest.raises(CommandError, match="ended"):
        watched.watch()
    assert watched.was_ended()


def test_while_the_broker_is_away_nobody_is_ended(watched, broker):
    if connection.vendor != "postgresql":
        pytest.skip("a folder is never away")
    watched.answers()
    broker.stop()
    watched.time_passes("at")
    with pytest.raises(CommandError, match="Nothing is ended"):
        watched.watch()
    assert watched.worker.is_running
    broker.start()
    watched.answers()


def test_the_scheduler_s_heartbeat_goes_the_whole_way_and_a_silent_scheduler_is_ended(watched, tmp_path):
    pidfile = tmp_path / "beat.pid"
    beat = Beat(tmp_path / "schedule", "--pidfile", str(pidfile), settings_module="tests.faults.quick_beat")
    before = watched.row.at
    beat.start()
    row = Heartbeat.objects.filter(name=f"beat@{socket.gethostname()}")
    try:
        wait_until(lambda: watched.row.at > before)  # from the scheduler through the queue and the pool to the row
        wait_until(row.exists)
        row.update(at=timezone.now() - LONG, asked_at=timezone.now() - LONG)  # as after an outage
        wait_until(row.filter(asked_at=None).exists)  # its next heartbeat is the answer
        call_command("watch", "beat", str(pidfile))
        os.kill(beat.process.pid, signal.SIGSTOP)
        row.update(at=timezone.now() - LONG)
        call_command("watch", "beat", str(pidfile))  # silent; it may have been an outage, so it is asked
        assert beat.is_running
        row.update(asked_at=timezone.now() - LONG)
        with pytest.raises(CommandError, match="ended"):
            call_command("watch", "beat", str(pidfile))
        assert beat.process.wait(timeout=30) == -signal.SIGKILL
    finally:
        if beat.is_running:
            beat.kill()
