"""T59: a school's database moves from the ground floor to today while people work with the old version, and nothing that
stood in it changes. Whatever migrations there are by then."""

import json
import sys

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.backup.host import Host, empty_database
from tests.backup.moving import GROUND_FLOOR
from tests.backup.schema import facts

pytestmark = pytest.mark.second

# table → why a migration changes what stands there
TOUCHED: dict[str, str] = {}
LOCK_SECONDS = 2


@pytest.fixture
def moved(tmp_path):
    def with_students(number):
        with empty_database() as database:
            host = Host(tmp_path / "var", database=database)
            host.var.mkdir()
            done = host.run(sys.executable, "-m", "tests.backup.moving", number)
            assert done.returncode == 0, done.stdout + done.stderr
            return json.loads(done.stdout)

    return with_students


def holds(found):
    assert found["errors"] == []
    assert found["visits"] > 1
    assert {"students_observation", "students_fileaccess"} <= set(found["grew"])
    assert set(found["changed"]) <= set(TOUCHED)
    assert found["second_run_changed"] == []
    assert found["left_to_do"] == 0


@pytest.mark.fault
def test_a_district_of_ten_thousand_waits_two_seconds_at_most(moved):
    found = moved(10_000)
    holds(found)
    assert found["rows"] > 80_000
    # SQLite does all of its work in the migrating process, so what other processes took from it can be told apart.
    crowding = found["crowding"] if connection.vendor == "sqlite" else 1
    assert found["longest"] / crowding <= LOCK_SECONDS


def ours():
    loader = MigrationLoader(connection=None)
    return {key: each for key, each in loader.disk_migrations.items() if key[0] in GROUND_FLOOR}


def test_the_ground_floor_is_there():
    assert GROUND_FLOOR.items() <= set(ours())


def test_every_migration_can_be_taken_back():
    """A data migration without a reverse would make an upgrade a one-way road."""
    stuck = [
        f"{app}.{name}: {type(operation).__name__}"
        for (app, name), migration in ours().items()
        for operation in migration.operations
        if not operation.reversible
    ]
    assert stuck == []


def test_a_data_migration_without_a_reverse_would_be_found():
    from django.db.migrations import RunPython, RunSQL

    assert not RunPython(lambda apps, editor: None).reversible
    assert not RunSQL("SELECT 1").reversible


def test_migrations_make_the_schema_that_the_models_describe(db, tmp_path):
    """The other tests work on the schema of the models (tests/conftest.py); a school's database comes from migrations."""
    with empty_database() as database:
        host = Host(tmp_path / "var", database=database)
        host.var.mkdir()
        done = host.run(sys.executable, "-m", "tests.backup.schema")
    assert done.returncode == 0, done.stdout + done.stderr
    migrated, described = json.loads(done.stdout), facts(connection)
    differing = {kind: set(rows) ^ set(described[kind]) for kind, rows in migrated.items()}
    assert differing == {kind: set() for kind in described}
    assert min(map(len, described.values())) > 5
