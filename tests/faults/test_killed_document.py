"""T42: a worker is killed while it lays out a document; the document is made once, and in time."""

from datetime import timedelta

import pytest
from django.conf import settings

from reports import tasks
from reports.models import ReportJob
from students.models.jobs import LOST_AFTER
from tests.factories import ObservationFactory
from tests.faults.broker import Redis
from tests.faults.waiting import ask, fresh, is_at, is_over, wait_until

pytestmark = pytest.mark.fault

State, Step = ReportJob.State, ReportJob.Step
CHILD_WITHIN, WORKER_WITHIN = 60, 120  # seconds, T42


@pytest.fixture
def job(worker, shelf, cast):
    """A document that a worker is laying out."""
    ObservationFactory(student=cast.an, author=cast.zhou)
    worker.start()
    job = ask(cast.zhou, cast.own_class)
    wait_until(is_at(job, Step.LAYOUT))
    return job


def assert_made_once(job, shelf, left) -> None:
    """One job, one file, taken up exactly once more; and nothing is `left` in the queue that could make another."""
    assert (fresh(job).state, job.attempts, ReportJob.objects.count()) == (State.DONE, 2, 1)
    (made,) = shelf.iterdir()
    assert f"reports/{made.name}" == job.file.name
    assert made.read_bytes().startswith(b"%PDF-")
    wait_until(lambda: not left())


def test_the_pool_s_child_is_killed(job, worker, shelf, broker):
    worker.kill_child()
    assert wait_until(is_over(job)) <= CHILD_WITHIN
    assert_made_once(job, shelf, broker.messages)


def test_the_whole_worker_is_killed_and_the_sweep_brings_the_job_back(job, worker, shelf, broker):
    worker.kill()
    assert fresh(job).state == State.RUNNING
    worker.start()
    ReportJob.objects.filter(pk=job.pk).update(heartbeat_at=job.heartbeat_at - LOST_AFTER)  # the clock, moved
    tasks.sweep.delay()  # as beat does twice a minute
    took = wait_until(is_over(job))
    every = timedelta(seconds=settings.CELERY_BEAT_SCHEDULE["sweep-jobs"]["schedule"])
    assert (LOST_AFTER + every).total_seconds() + took <= WORKER_WITHIN
    assert_made_once(job, shelf, broker.waiting)  # the dead worker's own message: see below


@pytest.mark.parametrize("worker", ["tests.faults.settings"], indirect=True)
def test_the_whole_worker_is_killed_and_the_broker_brings_the_job_back(job, worker, shelf, broker):
    if not isinstance(broker, Redis):
        pytest.skip("The folder of the embedded default forgets what a worker had taken; there the sweep does it.")
    worker.kill()
    worker.start()
    assert wait_until(is_over(job)) <= WORKER_WITHIN
    assert_made_once(job, shelf, broker.messages)
