"""T42, T43: an import whose message comes again is taken over, and given up in the end. With real workers: tests/faults."""

import pytest
from django.utils import timezone

from students.models import RosterImport
from students.models.jobs import MAX_ATTEMPTS
from students.roster import actions, running
from tests.students.roster.test_import import line, sheet_of

State = RosterImport.State


@pytest.fixture
def taken(cast, now):
    """A dry run that a worker had begun on message m1."""
    job = actions.upload(by=cast.jiao, school=cast.school, data=sheet_of([line(1)]), filename="a.csv", now=now)
    RosterImport.objects.filter(pk=job.pk).update(state=State.RUNNING, attempts=1, delivery="m1")
    return job


def run(job, delivery: str) -> tuple:
    running.run(job_id=str(job.pk), clock=timezone.now, delivery=delivery)
    job.refresh_from_db()
    return job.state, job.attempts


@pytest.mark.slow
def test_the_same_message_takes_the_import_over_and_another_one_does_not(taken):
    assert run(taken, "m2") == (State.RUNNING, 1)
    assert run(taken, "") == (State.RUNNING, 1)
    assert run(taken, "m1") == (State.DONE, 2)
    assert run(taken, "m1") == (State.DONE, 2)


def test_an_import_that_kills_its_worker_is_parked_where_an_administrator_sees_it(taken, now, caplog):
    RosterImport.objects.filter(pk=taken.pk).update(attempts=MAX_ATTEMPTS)
    assert run(taken, "m1") == (State.FAILED, MAX_ATTEMPTS)
    assert taken.error == actions.gave_up()
    assert str(taken.pk) in caplog.text and "prepare" in caplog.text
    assert list(RosterImport.objects.parked(since=now)) == [taken]
