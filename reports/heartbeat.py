"""Signs of life of workers and the scheduler, as rows: they survive a restart of Redis, and the page can say since when.

A live process says nothing: Celery has stood for hours, pid and all, after its broker came back, and taken no task.
So the whole way is gone. The scheduler sends `reports.tasks.heartbeat` each minute, a worker takes it and writes.
Beside each worker `manage.py watch` sends one to that worker's own queue, and ends a worker that owes an answer.

A worker whose pool is busy owes none until the time limit of what it runs: nobody's import is killed for its length.
"""

import socket
from datetime import timedelta
from typing import Any

from celery import Task
from celery.signals import after_task_publish, beat_init, task_postrun, task_prerun, worker_init
from celery.utils.nodenames import worker_direct
from django.conf import settings
from django.db import connection
from django.utils import timezone

from reports.models import Heartbeat

EVERY = 60.0  # seconds
TASK = "reports.tasks.heartbeat"
EXPIRES = timedelta(minutes=2)  # when nobody takes them, they do not pile up


def worker_name() -> str:
    """What Celery calls the worker of this machine or container."""
    return f"celery@{socket.gethostname()}"


def beat_name() -> str:
    return f"beat@{socket.gethostname()}"


def ask(name: str) -> None:
    """Send one to that worker alone. Raises an error of the broker's when it cannot be sent."""
    from reports.tasks import heartbeat

    Heartbeat.objects.asked(name, now=timezone.now())
    heartbeat.apply_async(queue=worker_direct(name), expires=EXPIRES.total_seconds())


@worker_init.connect
def _worker_begins(sender: Any, **kwargs: Any) -> None:
    Heartbeat.objects.began(Heartbeat.Kind.WORKER, sender.hostname, now=timezone.now())
    connection.close()  # the pool's children must not inherit it


@beat_init.connect
def _beat_begins(**kwargs: Any) -> None:
    """From now on each heartbeat that the broker has taken is a sign of the scheduler's life."""
    Heartbeat.objects.began(Heartbeat.Kind.BEAT, beat_name(), now=timezone.now())
    connection.close()
    after_task_publish.connect(_beat_sent, sender=TASK, weak=False)


def _beat_sent(**kwargs: Any) -> None:
    Heartbeat.objects.seen(Heartbeat.Kind.BEAT, beat_name(), now=timezone.now())
    connection.close()  # a minute is long: the database may restart, and an old connection would fail each time


@task_prerun.connect
def _work_begins(sender: Task, **kwargs: Any) -> None:
    if _is_work(sender):
        until = timezone.now() + timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
        Heartbeat.objects.seen(Heartbeat.Kind.WORKER, sender.request.hostname, now=timezone.now(), busy_until=until)


@task_postrun.connect
def _work_ends(sender: Task, **kwargs: Any) -> None:
    if _is_work(sender):
        Heartbeat.objects.seen(Heartbeat.Kind.WORKER, sender.request.hostname, now=timezone.now())


def _is_work(task: Task) -> bool:
    """What people wait for. What the scheduler sends is short."""
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    return task.name not in scheduled and not task.request.is_eager
