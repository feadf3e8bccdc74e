"""The services as production has them: PostgreSQL, Redis, gunicorn, a worker and the scheduler, on loopback and free ports.

Differences to production: nothing is forced to disk (fsync off: a commit costs less than on a real disk), PostgreSQL has
its default memory, TLS ends before us (as at Caddy), and the client is on the same machine.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / ".ci"))

import services  # noqa: E402 -- .ci/services.py

WEB_PROCESSES = 2
OURS = (
    "YIDANG",
    "DJANGO",
    "DATABASE",
    "CELERY",
    "REDIS",
    "STATIC",
    "PRIVATE",
    "FIELD",
    "FINGERPRINT",
    "ALLOWED",
    "CSRF",
)


@dataclass(frozen=True)
class House:
    """Where everything is: `folder` is gone at the end."""

    folder: Path
    env: dict[str, str]

    def on(self, database: str) -> dict[str, str]:
        """The environment of a process that works on that database."""
        url = urlsplit(self.env["DATABASE_URL"])
        return self.env | {"DATABASE_URL": url._replace(path=f"/{database}").geturl()}

    def python(self, database: str, *arguments: str) -> str:
        """Run a module to its end; what it printed."""
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.on(database), check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        return done.stdout

    def inside(self, database: str, module: str, *arguments: object) -> dict:
        """What a module of ours, run with the settings of production, prints as JSON."""
        return json.loads(self.python(database, "-m", f"benchmarks.{module}", *map(str, arguments)))

    def sql(self, statement: str, *, database: str = "postgres") -> None:
        with psycopg.connect(self.on(database)["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def house() -> Iterator[House]:
    with services.test_services() as urls, contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="yidang-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        yield House(folder, env | urls | _production(folder, urls["CELERY_BROKER_URL"]))


def _production(folder: Path, broker: str) -> dict[str, str]:
    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_KEYS": f"k1:{key()}",
        "FINGERPRINT_KEY": key(),
        "YIDANG_VAR": str(folder),
        "YIDANG_EMBEDDED": "0",
        "STATIC_ROOT": str(folder / "static"),
        "REDIS_CACHE_URL": f"{broker.rpartition('/')[0]}/1",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "BEHIND_PROXY": "1",
        "WEB_PROCESSES": str(WEB_PROCESSES),
    }


@contextlib.contextmanager
def running(house: House, name: str, database: str, *command: str, **env: str) -> Iterator[subprocess.Popen]:
    """One of the servers, started as .ci/Procfile starts it."""
    with (house.folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=house.on(database) | env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def web(house: House, database: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """gunicorn on that database; its port, and the process."""
    port = services.free_port()
    command = ("gunicorn", "config.wsgi", "--config", ".ci/gunicorn.py")
    with running(house, f"web-{database}", database, *command, YIDANG_BIND=f"127.0.0.1:{port}") as process:
        services.wait_for(process, house.folder / f"web-{database}.log", lambda: services.listens(port))
        yield port, process


@contextlib.contextmanager
def heavy_document(house: House, database: str) -> Iterator[None]:
    """Somebody's document that is too large is being laid out meanwhile."""
    log = house.folder / "heavy.log"
    with running(house, "heavy", database, "benchmarks.heavy") as process:
        services.wait_for(process, log, lambda: b"begun" in log.read_bytes())
        yield


@contextlib.contextmanager
def background(house: House, database: str) -> Iterator[tuple[subprocess.Popen, subprocess.Popen]]:
    """A worker with two children, and the scheduler."""
    worker = ("celery", "--quiet", "-A", "config", "worker", "-Q", "celery", "--concurrency", "2")
    worker = (*worker, "--loglevel", "WARNING", "--without-gossip", "--without-mingle")
    beat = ("celery", "--quiet", "-A", "config", "beat", "-s", str(house.folder / "beat"), "--pidfile=")
    with running(house, "worker", database, *worker) as first, running(house, "beat", database, *beat) as second:
        yield first, second
