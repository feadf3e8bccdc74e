"""The tests' settings with short times, for workers that are killed: what a broker holds back comes again in seconds."""

import os

from tests.settings import *  # noqa: F403

CELERY_TASK_SOFT_TIME_LIMIT = 13
CELERY_TASK_TIME_LIMIT = 14
if CELERY_BROKER_URL.startswith("redis"):  # noqa: F405
    CELERY_BROKER_TRANSPORT_OPTIONS |= {  # noqa: F405
        "visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", "28")),
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }
