"""Each fault has a broker of its own; on SQLite it is the embedded default's folder, and the database a file that a worker can open."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from django.db import connection

from reports.models import private_storage
from tests.faults.broker import Folder, Redis, in_force
from tests.worker import Worker


@pytest.fixture
def database(transactional_db, tmp_path):
    """A database that other processes see. The one in memory is copied to a file and comes back afterwards."""
    if connection.vendor == "sqlite":
        memory, connection.connection = connection.connection, None
        name = connection.settings_dict["NAME"]
        with sqlite3.connect(tmp_path / "db.sqlite3") as file:
            memory.backup(file)
        file.close()
        connection.settings_dict["NAME"] = str(tmp_path / "db.sqlite3")
        yield
        connection.close()
        connection.settings_dict["NAME"], connection.connection = name, memory
    else:
        yield


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path / "redis")
    server.start()
    with in_force(server):
        yield server
    server.stop()


@pytest.fixture
def broker(request):
    """What the database is deployed with: Redis beside PostgreSQL, a folder beside SQLite."""
    if connection.vendor == "postgresql":
        yield request.getfixturevalue("redis")
    else:
        folder = Folder()
        folder.start()
        with in_force(folder):
            yield folder


@pytest.fixture
def worker(request, database, broker):
    """With the limits of production; a test may name other settings."""
    worker = Worker(settings_module=getattr(request, "param", "tests.settings"))
    yield worker
    if worker.is_running:
        worker.kill()


@pytest.fixture
def shelf():
    """Where documents lie. Rows go after a test, files do not."""
    folder = Path(private_storage().location) / "reports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
