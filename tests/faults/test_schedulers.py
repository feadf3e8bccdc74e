"""T48: two schedulers run, one comes back after two hours; what is scheduled has its effect once."""

import shutil
from datetime import timedelta

import pytest
from celery import current_app
from celery.beat import PersistentScheduler
from django.conf import settings
from django.utils import timezone

from reports.models import ReportJob
from students.actions.drafts import KEPT, save_draft
from students.models import Draft
from students.models.jobs import LOST_AFTER
from tests.faults.broker import task_names
from tests.faults.waiting import ask, fresh, is_over, wait_until
from tests.worker import Beat

pytestmark = pytest.mark.fault

EVERY = sorted(e["task"] for e in settings.CELERY_BEAT_SCHEDULE.values() if isinstance(e["schedule"], float))


@pytest.fixture
def schedule(tmp_path):
    """The files of a scheduler that last wrote them two hours ago. The nightly backup is not due."""
    path = tmp_path / "down" / "schedule"
    path.parent.mkdir()
    scheduler = PersistentScheduler(current_app, schedule_filename=str(path))
    for entry in scheduler.schedule.values():
        if entry.task in EVERY:
            entry.last_run_at -= timedelta(hours=2)
    scheduler.close()
    return path.parent


@pytest.fixture
def beats(schedule, tmp_path, database, broker):
    beats = [Beat(shutil.copytree(schedule, tmp_path / name) / "schedule") for name in ("one", "two")]
    yield beats
    for beat in beats:
        if beat.is_running:
            beat.kill()


def scheduled(broker) -> list[str]:
    return [name for name in task_names(broker.messages()) if name in EVERY]


def test_after_two_hours_each_task_comes_once(beats, broker):
    """Not 240 sweeps."""
    beats[0].start()
    wait_until(lambda: len(scheduled(broker)) >= len(EVERY))
    beats[0].stop()
    assert scheduled(broker) == EVERY


def test_two_schedulers_do_everything_once(cast, beats, broker, worker, shelf, now):
    job = lost_document(cast)
    for key, age in (("old", KEPT + timedelta(hours=1)), ("young", timedelta(hours=1))):
        save_draft(by=cast.zhou, key=key, body={"facts": ["跳绳"]}, seq=1, now=now - age)
    for beat in beats:
        beat.start()
    wait_until(lambda: len(scheduled(broker)) >= 2 * len(EVERY))
    for beat in beats:
        beat.stop()
    assert scheduled(broker) == sorted(2 * EVERY)

    worker.start()
    wait_until(is_over(job))
    wait_until(lambda: not broker.messages())
    assert (fresh(job).state, job.attempts, len(list(shelf.iterdir()))) == ("done", 1, 1)
    assert [draft.key for draft in Draft.objects.all()] == ["young"]


def lost_document(cast) -> ReportJob:
    """Asked for; its message is gone."""
    job = ask(cast.zhou, cast.own_class)
    current_app.control.purge()
    ReportJob.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - 2 * LOST_AFTER)
    return job
