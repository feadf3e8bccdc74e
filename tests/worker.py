"""A real Celery process (worker or scheduler) on this run's database and broker, to be started and killed at will."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import connection

STARTS_WITHIN = 90  # seconds, on a busy machine


class Process:
    """`settings_module`, `env`: what the process has otherwise than the tests. The broker is the one of the moment."""

    command: tuple[str, ...] = ()
    ready = b""

    def __init__(self, *options: str, settings_module: str = "tests.settings", **env: str):
        self.process: subprocess.Popen | None = None
        self.log = Path(os.environ["YIDANG_VAR"]) / f"{type(self).__name__.lower()}-{uuid.uuid4().hex}.log"
        self.options = options
        self.env = {"DJANGO_SETTINGS_MODULE": settings_module, **env}

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        if self.is_running:
            return
        here = {
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": current_app.conf.broker_url,
            "CELERY_QUEUE": settings.CELERY_TASK_DEFAULT_QUEUE,
        }
        command = [sys.executable, "-m", "celery", "-A", "config", *self.command, *self.options]
        with self.log.open("wb") as log:  # anew: a second start must not take the first one's words for its own
            self.process = subprocess.Popen(
                command,
                env=os.environ | here | self.env,
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            if self.ready in self.log.read_bytes():
                return
            if not self.is_running:
                break
            time.sleep(0.1)
        raise AssertionError(f"{self.command[0]} did not start:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.is_running:
            self.process.terminate()
            self.process.wait(timeout=30)

    def kill(self) -> None:
        """As a power cut would: the pool's children die at the same moment."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


class Worker(Process):
    command = ("worker", "--concurrency", "1", "--loglevel", "INFO")
    command += ("--without-gossip", "--without-mingle", "--without-heartbeat")  # it is alone
    ready = b" ready."

    def children(self) -> list[int]:
        """The pool's processes, in which tasks run. One that was replaced is the child of another thread."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for path in threads for pid in path.read_text().split()]

    def kill_child(self) -> None:
        """As the kernel does when memory runs out: the worker itself stays."""
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)


class Beat(Process):
    """The scheduler, with a schedule file of its own."""

    command = ("beat", "--loglevel", "INFO", "--pidfile=")
    ready = b"beat: Starting"

    def __init__(self, schedule: Path, *options: str, **env: str):
        super().__init__("-s", str(schedule), *options, **env)


def database_url() -> str:
    """Where the tests' own rows stand."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
