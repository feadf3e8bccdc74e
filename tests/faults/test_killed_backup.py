"""T57: a backup that is killed, for want of memory say, is not begun again and killed again until the morning."""

import base64
import shutil
from datetime import timedelta

import pytest
from celery.schedules import crontab
from django.conf import settings

from accounts import tasks
from accounts.models import BackupRun
from tests.faults.waiting import wait_until
from tests.worker import Worker


@pytest.fixture
def long_to_read():
    hole = settings.PRIVATE_ROOT / "hole"
    hole.parent.mkdir(parents=True, exist_ok=True)
    with hole.open("wb") as file:
        file.truncate(3_000_000_000)  # nothing on the disk
    yield
    hole.unlink()
    shutil.rmtree(settings.BACKUP_ROOT)


@pytest.fixture
def worker(database, broker):
    worker = Worker(BACKUP_KEY=base64.b64encode(b"b" * 32).decode())
    worker.start()
    yield worker
    worker.kill()


@pytest.mark.fault
def test_a_backup_whose_process_is_killed_does_not_come_back(long_to_read, worker, broker):
    tasks.backup.delay()
    wait_until(lambda: list(settings.BACKUP_ROOT.glob("*.partial")))
    worker.kill_child()
    wait_until(lambda: b"WorkerLostError" in worker.log.read_bytes())
    tasks.clear_sessions.delay()  # what came back would stand before it
    wait_until(lambda: b"accounts.tasks.clear_sessions" in worker.log.read_bytes().partition(b"WorkerLost")[2])
    wait_until(lambda: not broker.messages())
    row = BackupRun.objects.get()
    assert (row.finished_at, row.verified_at, row.code) == (None, None, "")


def test_what_is_due_once_a_night_is_forgotten_after_half_a_day():
    """Of a week without a worker one backup is left to make, not seven."""
    nightly = [each for each in settings.CELERY_BEAT_SCHEDULE.values() if isinstance(each["schedule"], crontab)]
    assert len(nightly) >= 2
    assert {each["options"]["expires"] for each in nightly} == {timedelta(hours=12).total_seconds()}
    assert all(each["options"]["expires"] for each in settings.CELERY_BEAT_SCHEDULE.values())
