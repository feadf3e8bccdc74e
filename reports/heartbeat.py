"""Signs of life of workers and the scheduler, as rows: they survive a restart of Redis, and the page can say since when.

A live process says nothing: Celery has stood for hours, pid and all, after its broker came back, and taken no task.
So the whole way is gone. The scheduler sends `reports.tasks.heartbeat` each minute, a worker takes it and writes.
Beside each worker `manage.py watch` sends one to that worker's own queue, and ends a worker that owes an answer.

A worker whose pool is busy owes none until the time limit of what it runs: nobody's import is killed for its length.
"""

import socket
from datetime import datetime, timedelta
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
    """From now on each heartbeat that the broker has taken is a sign of the scheduler's life; first of all, for the database
    may be away at this moment, and Celery swallows what a receiver raises."""
    after_task_publish.connect(_beat_sent, sender=TASK, weak=False)
    Heartbeat.objects.began(Heartbeat.Kind.BEAT, beat_name(), now=timezone.now())
    connection.close()


def _beat_sent(**kwargs: Any) -> None:
    Heartbeat.objects.seen(Heartbeat.Kind.BEAT, beat_name(), now=timezone.now())
    connection.close()  # a minute is long: the database may restart, and an old connection would fail each time


_limits: dict[str, datetime] = {}  # of what this process of the pool runs: until when it may take


@task_prerun.connect
def _work_begins(sender: Task, task_id: str, **kwargs: Any) -> None:
    if _is_work(sender):
        now = timezone.now()
        _limits[task_id] = now + timedelta(seconds=sender.time_limit or settings.CELERY_TASK_TIME_LIMIT)
        Heartbeat.objects.seen(Heartbeat.Kind.WORKER, sender.request.hostname, now=now, busy_until=_limits[task_id])


@task_postrun.connect
def _work_ends(sender: Task, task_id: str, **kwargs: Any) -> None:
    if until := _limits.pop(task_id, None):
        Heartbeat.objects.idle(sender.request.hostname, now=timezone.now(), until=until)


def _is_work(task: Task) -> bool:
    """Everything but the question itself: a backup at night takes longer than anything that people wait for."""
    return task.name != TASK and not task.request.is_eager
