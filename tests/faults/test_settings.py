"""T44: what is hidden from other workers is hidden for long enough, nothing is sent for later, and twice is once. T49: JSON and ids alone."""

import ast
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from celery.app.utils import Settings
from django.conf import settings
from django.core.checks import run_checks

from reports import tasks
from reports.models import ReportJob
from students.checks import queue_faults
from students.models.jobs import LOST_AFTER
from tests.factories import ObservationFactory
from tests.faults.waiting import ask, fresh, is_at, is_over, wait_until
from tests.worker import Worker

APPS = ("config", "accounts", "students", "care_plans", "referrals", "family_contact", "reports")
LATER = {"eta", "countdown"}


def conf(**changes) -> Settings:
    """The application's, as a deployment on Redis has it."""
    safe = {"broker_transport_options": {"visibility_timeout": 1800}, "task_time_limit": 900}
    return Settings(changes | {}, [safe, dict(current_app.conf)])


def ids(**changes) -> list[str]:
    return [each.id for each in queue_faults(conf(**changes))]


# --- what a start refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"broker_transport_options": {"visibility_timeout": 1799}}, ["students.E011"]),
        ({"broker_transport_options": {}}, []),  # an hour, kombu's own
        ({"broker_transport_options": {}, "task_time_limit": 1801}, ["students.E011"]),
        ({"task_time_limit": None}, ["students.E011"]),
        ({"task_acks_late": False}, ["students.E012"]),
        ({"task_reject_on_worker_lost": False}, ["students.E012"]),
        ({"accept_content": ["json", "pickle"]}, ["students.E013"]),
        ({"task_serializer": "pickle"}, ["students.E013"]),
    ],
)
def test_settings_that_lose_or_double_tasks_are_found(changes, found):
    assert ids(**changes) == found


def test_the_check_is_part_of_every_start():
    """Ours are in order; a changed one is found by the check that commands run."""
    assert run_checks(tags=["queue"]) == []
    before = current_app.conf.task_acks_late
    current_app.conf.task_acks_late = False
    try:
        assert [each.id for each in run_checks(tags=["queue"])] == ["students.E012"]
    finally:
        current_app.conf.task_acks_late = before


@pytest.mark.fault
@pytest.mark.parametrize("fault", ["hidden too short", "given a longer limit"])
def test_a_worker_with_unsafe_settings_does_not_start(fault):
    env = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", "CELERY_BROKER_URL": "redis://:x@127.0.0.1:1/0"}
    env |= {"VISIBILITY_TIMEOUT": "20"} if fault == "hidden too short" else {}
    options = ["--time-limit", "600"] if fault == "given a longer limit" else []
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "1", *options]
    done = subprocess.run(
        command, env=os.environ | env, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode != 0
    assert "students.E011" in done.stderr


def test_the_sweep_keeps_the_bound_of_two_minutes():
    """T42: lost, seen by the sweep, and half a minute to make it."""
    for name in ("sweep-jobs", "sweep-imports"):
        entry = settings.CELERY_BEAT_SCHEDULE[name]
        assert LOST_AFTER + timedelta(seconds=entry["schedule"]) <= timedelta(seconds=90)


def test_what_is_scheduled_does_not_pile_up():
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        if isinstance(entry["schedule"], float):
            assert entry["options"]["expires"] <= 10 * entry["schedule"], name


# --- what code may say ------------------------------------------------------------------------------------------------


def calls_for_later(source: str) -> list[int]:
    """Lines that send a task for a later moment: past the visibility timeout a broker hands it out again and again."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if LATER & {word.arg for word in call.keywords}]


def our_files() -> list[Path]:
    return [path for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py")]


def test_nothing_is_sent_for_later():
    assert calls_for_later("task.apply_async(args, countdown=5)\nx.retry(eta=now)") == [1, 2]
    found = {path.name: calls_for_later(path.read_text("utf-8")) for path in our_files()}
    assert not {name: lines for name, lines in found.items() if lines}


def test_tasks_take_ids_and_nothing_else():
    ours = [task for name, task in current_app.tasks.items() if name.split(".")[0] in APPS]
    assert len(ours) >= 7
    for task in ours:
        code = task.run.__code__
        names = [name for name in code.co_varnames[: code.co_argcount] if name != "self"]
        assert all(name.endswith("_id") for name in names), task.name


# --- twice is once ----------------------------------------------------------------------------------------------------


@pytest.mark.fault
def test_a_message_that_comes_again_while_it_is_worked_on_has_one_effect(cast, worker, database, broker, shelf):
    """T44: as if the work had taken longer than the broker waits. The second worker takes over, the first one stops."""
    second = Worker("--hostname", "second@%h", settings_module="tests.faults.settings")
    ObservationFactory(student=cast.an, author=cast.zhou)
    worker.start()
    second.start()
    try:
        job = ask(cast.zhou, cast.own_class)
        wait_until(is_at(job, ReportJob.Step.LAYOUT))
        tasks.make.apply_async([str(job.pk)], task_id=job.delivery)
        wait_until(is_over(job))
        wait_until(lambda: not broker.messages())
    finally:
        second.kill()
    assert (fresh(job).state, job.attempts) == ("done", 2)
    (made,) = shelf.iterdir()
    assert f"reports/{made.name}" == job.file.name
