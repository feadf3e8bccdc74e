"""gunicorn, for `make run` and for the image."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.logging import Json, Quiet

bind = os.environ.get("YIDANG_BIND", "127.0.0.1:8000")
certfile = os.environ.get("YIDANG_CERT") or None
keyfile = os.environ.get("YIDANG_KEY") or None
# One process on SQLite, which has one writer; more behind PostgreSQL.
workers = int(os.environ.get("WEB_PROCESSES", "1"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 10
# The heartbeat file in memory: on a slow disk a healthy worker would be taken for a hung one.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# No control socket: nobody uses it, and the image's root is read-only.
control_socket_disable = True
# Access lines would hold addresses of pages somebody read; who read what stands in the audit table.
accesslog = None
errorlog = "-"
loglevel = "warning"
# As the application writes (LOG_FORMAT in config/settings.py): what Django does not catch is told without its words too.
_embedded = os.environ.get("YIDANG_EMBEDDED", "0" if "DATABASE_URL" in os.environ else "1") == "1"
_lines = os.environ.get("LOG_FORMAT", "lines" if _embedded else "json") == "lines"
_format = {"()": Quiet, "format": "%(asctime)s %(levelname)s %(name)s %(message)s"} if _lines else {"()": Json}
_console = {"level": "WARNING", "handlers": ["error_console"], "propagate": False}
logconfig_dict = {"formatters": {"generic": _format}, "root": _console, "loggers": {"gunicorn.error": _console}}
