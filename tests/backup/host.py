"""A machine of its own as far as Yidang can tell: a folder, a database, keys, and commands in processes of their own."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection

ROOT = settings.BASE_DIR
OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "REDIS_CACHE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH")


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


def keys() -> dict[str, str]:
    return {
        "DJANGO_SECRET_KEY": "the-secret-key-of-a-host-of-the-tests-".ljust(60, "z"),
        "FIELD_KEYS": f"h2:{key('2')},h1:{key('1')}",
        "FINGERPRINT_KEY": key("f"),
        "BACKUP_KEY": key("b"),
    }


@dataclass
class Host:
    var: Path
    keys: dict[str, str] = field(default_factory=keys)
    database: dict[str, str] = field(default_factory=dict)  # DATABASE_URL; nothing is SQLite in the folder
    cwd: Path = ROOT

    def environment(self, **more: str) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name not in (*OURS, *keys())}
        own = {"YIDANG_VAR": str(self.var), "YIDANG_EMBEDDED": "1", "ALLOWED_HOSTS": "testserver,127.0.0.1"}
        own |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
        return plain | own | self.database | self.keys | more

    def manage(self, *arguments: object, **more: str) -> subprocess.CompletedProcess:
        return self.run(sys.executable, "manage.py", *arguments, **more)

    def run(self, *command: object, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.cwd, env=self.environment(**more), capture_output=True, text=True, check=False,
        )  # fmt: skip

    def put(self, archive: Path) -> subprocess.CompletedProcess:
        """Restore it here, where nothing is yet."""
        self.var.mkdir(exist_ok=True)
        return self.manage("restore", archive)

    def ask(self, what: str, *arguments: object) -> dict:
        """The answer of one function of tests/backup/inside.py, which runs on the host."""
        done = self.run(sys.executable, "-m", "tests.backup.inside", what, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self, what: str, *arguments: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.backup.inside", what, *map(str, arguments)]
        return subprocess.Popen(command, cwd=self.cwd, env=self.environment())

    @property
    def archives(self) -> list[Path]:
        return sorted((self.var / "backups").glob("*.yidang-backup"))


@contextlib.contextmanager
def empty_database() -> Iterator[dict[str, str]]:
    """On PostgreSQL a database of its own beside the test's, as an environment; on SQLite nothing is needed."""
    if connection.vendor == "sqlite":
        yield {}
        return
    given = connection.settings_dict
    name = f"host_{uuid.uuid4().hex[:12]}"
    server = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield {"DATABASE_URL": f"{server}/{name}"}
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
