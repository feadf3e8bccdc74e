"""The Celery application. What each setting guards against is measured in docs/adr."""

import logging
import os

from celery import Celery
from celery.signals import after_setup_logger, after_setup_task_logger, worker_init
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TRANSPORT_ALIASES["filesystem"] = "config.folder:Transport"
app = Celery("yidang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@after_setup_logger.connect
@after_setup_task_logger.connect
def speak_as_the_pages_do(logger: logging.Logger, **kwargs) -> None:
    """Celery brings handlers of its own, and with them each error's words and so the names of children."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    told = dict(settings.LOGGING["formatters"][settings.LOG_FORMAT])
    formatter = import_string(told.pop("()"))(told.get("format"))
    for handler in logger.handlers:
        handler.setFormatter(formatter)


@worker_init.connect
def refuse_unsafe_settings(sender, **kwargs) -> None:
    """Celery runs Django's checks when it starts, and throws away what they say."""
    from students.checks import queue_faults

    if faults := queue_faults(app.conf, time_limit=sender.time_limit):
        raise SystemExit("\n".join(f"{each.id} {each.msg}" for each in faults))
