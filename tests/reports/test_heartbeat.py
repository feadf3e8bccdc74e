"""T46, without a worker: who owes a sign of life, and until when a task excuses. With real processes: tests/faults/test_silence.py."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from celery.signals import task_postrun, task_prerun
from django.conf import settings as current
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.tasks import backup
from reports import heartbeat, tasks
from reports.models import Heartbeat
from tests.reports.test_health import closed_port

ONE = "celery@one"
LONG = timedelta(minutes=4)


# --- a pool of two --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(db, now):
    Heartbeat.objects.began(Heartbeat.Kind.WORKER, ONE, now=now)
    return Pool()


class Pool:
    """What the pool's processes tell Celery, and so us."""

    def begins(self, task) -> timedelta:
        task.push_request(id=task.name, hostname=ONE)
        task_prerun.send(sender=task, task_id=task.name, task=task)
        return self.excused_for()

    def ends(self, task) -> timedelta | None:
        task_postrun.send(sender=task, task_id=task.name, task=task)
        task.pop_request()
        return self.excused_for()

    def does(self, task) -> timedelta | None:
        self.begins(task)
        return self.ends(task)

    def excused_for(self) -> timedelta | None:
        until = Heartbeat.objects.get(name=ONE).busy_until
        return until and until - timezone.now()


def about(**limit) -> object:
    return pytest.approx(timedelta(**limit).total_seconds(), abs=60)


def test_each_task_excuses_until_its_own_time_limit(pool):
    assert pool.begins(backup).total_seconds() == about(hours=2)
    assert pool.ends(backup) is None
    assert pool.begins(tasks.make).total_seconds() == about(minutes=15)
    assert pool.ends(tasks.make) is None
    assert pool.begins(tasks.sweep).total_seconds() == about(minutes=15)  # what the scheduler sends can be slow as well
    assert pool.ends(tasks.sweep) is None


def test_what_a_second_process_does_meanwhile_leaves_the_first_its_time(pool):
    """A backup in one process; in the other a heartbeat is answered, and shorter work begins and ends."""
    pool.begins(backup)
    for task in (tasks.heartbeat, tasks.sweep, tasks.make, tasks.heartbeat):
        assert pool.does(task).total_seconds() == about(hours=2)
    assert pool.ends(backup) is None


def test_a_full_pool_owes_no_answer(pool, now):
    pool.does(tasks.heartbeat)
    pool.begins(backup)
    pool.begins(tasks.make)
    Heartbeat.objects.asked(ONE, now=timezone.now())
    row = Heartbeat.objects.get(name=ONE)
    assert not row.owes(timezone.now() + timedelta(minutes=100))
    assert row.owes(timezone.now() + timedelta(minutes=121))
    pool.ends(tasks.make)
    pool.ends(backup)


def test_the_question_itself_is_no_work(pool):
    assert pool.begins(tasks.heartbeat) is None
    assert pool.ends(tasks.heartbeat) is None


def test_a_worker_that_starts_is_at_no_work(pool, now):
    pool.begins(backup)
    Heartbeat.objects.began(Heartbeat.Kind.WORKER, ONE, now=now)
    assert pool.excused_for() is None
    pool.ends(backup)


# --- the scheduler after an outage ----------------------------------------------------------------------------------------


@pytest.fixture
def beat(db, tmp_path):
    """A process in the scheduler's place, and its row: for longer than three minutes nothing could be noted."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / "beat.pid").write_text(str(process.pid))
    Heartbeat.objects.seen(Heartbeat.Kind.BEAT, heartbeat.beat_name(), now=timezone.now() - LONG)
    yield process
    process.kill()
    process.communicate()


def watch(tmp_path) -> None:
    call_command("watch", "beat", str(tmp_path / "beat.pid"))


def row():
    return Heartbeat.objects.filter(name=heartbeat.beat_name())


def test_a_scheduler_that_could_note_nothing_is_asked_first(beat, tmp_path):
    watch(tmp_path)
    assert beat.poll() is None
    Heartbeat.objects.seen(Heartbeat.Kind.BEAT, heartbeat.beat_name(), now=timezone.now())  # its next heartbeat
    row().update(at=timezone.now() - LONG)  # and another outage
    watch(tmp_path)
    assert beat.poll() is None


def test_a_scheduler_that_stays_silent_once_asked_is_ended(beat, tmp_path):
    watch(tmp_path)
    watch(tmp_path)
    assert beat.poll() is None
    row().update(asked_at=timezone.now() - LONG)
    with pytest.raises(CommandError, match="ended"):
        watch(tmp_path)
    assert beat.wait(timeout=30) == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("process", ["beat", "worker"])
def test_what_was_asked_before_the_broker_went_is_asked_anew(beat, tmp_path, monkeypatch, process):
    pidfile = str(tmp_path / "beat.pid")
    call_command("watch", process, pidfile, name=ONE)
    Heartbeat.objects.update(asked_at=timezone.now() - LONG)
    with monkeypatch.context() as away:
        away.setenv("CELERY_BROKER_WRITE_URL", f"redis://127.0.0.1:{closed_port()}/0")  # asked before the settings
        with pytest.raises(CommandError, match="Nothing is ended"):
            call_command("watch", process, pidfile, name=ONE)
    call_command("watch", process, pidfile, name=ONE)
    assert beat.poll() is None


BEGINS = """
import django; django.setup()
from celery.signals import after_task_publish, beat_init
from reports import heartbeat
beat_init.send(sender=None)
print([found for _, found in after_task_publish.receivers] == [] or "listens")
"""


@pytest.mark.slow
def test_a_scheduler_that_starts_before_the_database_is_heard_later():
    nowhere = {
        "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{closed_port()}/none",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "-c", BEGINS]
    done = subprocess.run(
        command, env=os.environ | nowhere, cwd=current.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "listens", done.stderr
    assert "OperationalError" in done.stderr  # it could not say so itself
