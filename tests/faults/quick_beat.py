"""The tests' settings with a heartbeat each second."""

from tests.settings import *  # noqa: F403

CELERY_BEAT_SCHEDULE = {"heartbeat": CELERY_BEAT_SCHEDULE["heartbeat"] | {"schedule": 1.0}}  # noqa: F405
