"""gunicorn, for `make run` and for the image."""

import os

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
