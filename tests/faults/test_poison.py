"""T43: a job that kills its worker each time is given up after three attempts, and an administrator sees it; others go on meanwhile."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from reports.models import ReportJob
from students.models.jobs import MAX_ATTEMPTS
from tests.factories import UserFactory
from tests.faults.waiting import ask, fresh, is_over, wait_until

pytestmark = pytest.mark.fault

State, Step = ReportJob.State, ReportJob.Step
OTHERS = 20


def test_a_poisonous_job_is_parked_while_twenty_others_are_made(cast, worker, shelf, broker, client):
    worker.start()
    askers = [UserFactory(school=cast.school, roles=[Role.MORAL_EDUCATION]) for _number in range(OTHERS)]
    others = [ask(by, cast.next_class) for by in askers[: OTHERS // 2]]
    poison = ask(cast.zhou, cast.own_class)
    others += [ask(by, cast.next_class) for by in askers[OTHERS // 2 :]]
    for attempt in range(1, MAX_ATTEMPTS + 1):
        wait_until(lambda attempt=attempt: reached(poison, attempt))
        worker.kill_child()
    wait_until(is_over(poison))
    assert (poison.state, poison.attempts, poison.file.name) == (State.FAILED, MAX_ATTEMPTS, "")
    assert poison.error

    for job in others:
        wait_until(is_over(job))
    assert {(job.state, job.attempts) for job in others} == {(State.DONE, 1)}
    assert len(list(shelf.iterdir())) == OTHERS
    wait_until(lambda: not broker.messages())
    assert_an_administrator_sees(poison, worker, cast, client)


def reached(job, attempt: int) -> bool:
    """The worker's only child is laying it out."""
    return (fresh(job).state, job.attempts, job.step) == (State.RUNNING, attempt, Step.LAYOUT)


def assert_an_administrator_sees(poison, worker, cast, client) -> None:
    """In the worker's log and on the page 系统状态, without a word of what it was about."""
    line = next(line for line in worker.log.read_text().splitlines() if "parked" in line)
    assert str(poison.pk) in line and Step.LAYOUT in line
    client.force_login(cast.wang, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("reports:system")).content.decode()
    assert str(poison.pk) in page
    ReportJob.objects.filter(pk=poison.pk).update(finished_at=timezone.now() - timezone.timedelta(days=8))
    assert str(poison.pk) not in client.get(reverse("reports:system")).content.decode()
