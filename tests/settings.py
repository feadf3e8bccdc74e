"""The project's settings with test values: a cheap hasher, private folders of the run, no background but the test's own."""

import base64
import os
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SECRET_KEY", "tests-only")
os.environ.setdefault("FIELD_KEYS", "t1:" + base64.b64encode(b"0" * 32).decode())
os.environ.setdefault("FINGERPRINT_KEY", base64.b64encode(b"1" * 32).decode())
if "YIDANG_VAR" not in os.environ:
    os.environ["YIDANG_VAR"] = tempfile.mkdtemp(prefix="yidang-tests-")
# A folder for each process: what one test sweeps away is not another's file. A started worker inherits it.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "one")
if Path(os.environ["YIDANG_VAR"]).name != WORKER:
    os.environ["YIDANG_VAR"] = str(Path(os.environ["YIDANG_VAR"]) / WORKER)
Path(os.environ["YIDANG_VAR"]).mkdir(parents=True, exist_ok=True)
os.environ.setdefault("YIDANG_EMBEDDED", "1")
os.environ.setdefault("YIDANG_PLAIN_HTTP", "1")
os.environ.setdefault("CELERY_BROKER_URL", "memory://")
os.environ.setdefault("CELERY_QUEUE", f"tests-{WORKER}")
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 -- a served page's thread leaves no connection behind
WHITENOISE_AUTOREFRESH = True  # each test client would look through all static files when it is made
