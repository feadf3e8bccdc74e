"""What a queue must be set to, so that no job is lost and none is done twice (docs/adr/0008).

That Redis has a password stands in config/checks.py, for the queue and the cache alike.
"""

from typing import Any

from celery import current_app
from django.core.checks import CheckMessage, Error, register

HOUR = 3600  # seconds: what kombu takes where nothing is said


@register("queue")
def queue_keeps_its_jobs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return queue_faults(current_app.conf)


def queue_faults(conf: Any, *, time_limit: float | None = None) -> list[CheckMessage]:
    """students.E011 to E013, of the settings in force. `time_limit` (seconds): where the worker was given another one."""
    return [*_hidden_long_enough(conf, time_limit or conf.task_time_limit), *_given_back(conf), *_only_json(conf)]


def _hidden_long_enough(conf: Any, time_limit: float | None) -> list[CheckMessage]:
    """Redis gives a message to another worker after this time, whether or not the first one lives."""
    hidden = conf.broker_transport_options.get("visibility_timeout", HOUR)
    if time_limit and hidden >= 2 * time_limit:
        return []
    words = (
        "visibility_timeout is %s s and must be at least twice task_time_limit (%s s): a task could run twice at once."
    )
    return [Error(words % (hidden, time_limit), hint="See CELERY_BROKER_TRANSPORT_OPTIONS.", id="students.E011")]


def _given_back(conf: Any) -> list[CheckMessage]:
    if conf.task_acks_late and conf.task_reject_on_worker_lost:
        return []
    words = (
        "task_acks_late and task_reject_on_worker_lost must both be on: a killed process would take its task with it."
    )
    return [Error(words, id="students.E012")]


def _only_json(conf: Any) -> list[CheckMessage]:
    """Anything else can carry code."""
    if list(conf.accept_content) == ["json"] and conf.task_serializer == "json":
        return []
    return [Error("Tasks must be sent and taken as JSON alone.", id="students.E013")]
