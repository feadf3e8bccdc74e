"""T45, T46: the broker stops, forgets, hangs or drops connections; nothing is lost and nobody is turned away."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from reports import actions, tasks
from reports.models import ReportJob
from students.models import Observation, Term
from students.models.jobs import LOST_AFTER
from tests.factories import UserFactory
from tests.faults.waiting import ask, fresh, is_over, wait_until
from tests.students.test_note_new import NEW, sheet
from tests.worker import Worker

pytestmark = pytest.mark.fault

State = ReportJob.State
USERS, AT_ONCE, DOCUMENTS = 100, 10, 10
WITHIN = 60  # seconds, T45 and T46


@pytest.fixture
def broker(redis):
    if connection.vendor == "sqlite":
        pytest.skip("The embedded default's broker is a folder, which does not go away.")
    return redis


@pytest.fixture
def crowd(cast):
    return [UserFactory(school=cast.school, roles=[Role.MORAL_EDUCATION]) for _number in range(USERS)]


def post(user, url: str, data: dict) -> int:
    """As that user's browser would, from a thread of its own."""
    try:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client.post(url, data).status_code
    finally:
        connections.close_all()


def everybody(jobs) -> list[int]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda job: post(*job), jobs))


def document(cast) -> dict:
    term = Term.objects.filter(school=cast.school).latest_begun(timezone.localdate())
    return {"ask": "class", "class_group": str(cast.next_class.pk), "term": str(term.pk)}


def test_a_hundred_people_save_while_redis_is_down(cast, crowd, database, broker, shelf):
    """T45: a hundred notes are saved, and what was asked for is made within a minute of its return."""
    broker.stop()
    assert (
        everybody((user, NEW, sheet(cast.ding, facts=f"第 {n} 位老师写的。")) for n, user in enumerate(crowd))
        == [302] * USERS
    )
    asked = [(user, reverse("reports:index"), document(cast)) for user in crowd[:DOCUMENTS]]
    assert everybody(asked) == [302] * DOCUMENTS
    assert Observation.objects.filter(student=cast.ding).count() == USERS
    assert ReportJob.objects.filter(state=State.QUEUED).count() == DOCUMENTS

    broker.start()
    back = time.monotonic()
    worker = Worker("--concurrency", "2")
    worker.start()
    try:
        tasks.sweep.delay()  # as beat does within half a minute: nobody moves the clock here
        done = ReportJob.objects.filter(state=State.DONE)
        wait_until(lambda: done.count() == DOCUMENTS, seconds=180)
        assert time.monotonic() - back <= WITHIN
        assert len(list(shelf.iterdir())) == DOCUMENTS
    finally:
        worker.kill()


def test_what_redis_forgets_is_sent_again_from_the_rows(cast, crowd, worker, broker, shelf):
    """T45: FLUSHALL."""
    jobs = [ask(user, cast.next_class) for user in crowd[:5]]
    assert len(broker.messages()) == 5
    with broker.client as client:
        client.flushall()
    worker.start()
    assert actions.sweep(now=timezone.now()) == 0, "not yet: nobody can know"
    assert actions.sweep(now=timezone.now() + LOST_AFTER + timedelta(seconds=1)) == 5
    for job in jobs:
        wait_until(is_over(job))
    assert {(job.state, job.attempts) for job in jobs} == {(State.DONE, 1)}
    assert len(list(shelf.iterdir())) == 5


def restarts(broker) -> None:
    broker.stop()
    time.sleep(3)
    broker.start()


def resets_connections(broker) -> None:
    with broker.client as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def hangs(broker) -> None:
    broker.pause()
    time.sleep(20)
    broker.go_on()


@pytest.mark.parametrize("fault", [restarts, resets_connections, hangs])
def test_the_worker_takes_tasks_again(cast, worker, broker, shelf, fault):
    """T46: within a minute, whatever happened to Redis meanwhile. The sign of life: tests/reports/test_health.py."""
    worker.start()
    wait_until(is_over(ask(cast.zhou, cast.own_class)))
    fault(broker)
    job = ask(cast.lin, cast.next_class)
    assert wait_until(is_over(job)) <= WITHIN
    assert fresh(job).state == State.DONE


def test_who_asks_while_redis_hangs_does_not_wait_for_ever(cast, worker, broker, shelf):
    """T45: the connection stands and nobody answers."""
    ask(cast.lin, cast.next_class)  # a connection that is used again
    broker.pause()
    threading.Timer(45, broker.go_on).start()
    begun = time.monotonic()
    assert post(cast.zhou, reverse("reports:index"), document(cast) | {"class_group": str(cast.own_class.pk)}) == 302
    assert time.monotonic() - begun < 30
    job = ReportJob.objects.get(requested_by=cast.zhou)
    assert actions.sweep(now=timezone.now()) >= 0
    assert fresh(job).state == State.QUEUED
    broker.go_on()
