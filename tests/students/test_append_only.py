"""The read log can be written and read, never changed: by triggers everywhere, by grants on PostgreSQL besides."""

import contextlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from students import append_only
from students.models import FileAccess

TABLE = "students_fileaccess"
ROLE = "yidang_test_app"
CHANGES = [f"UPDATE {TABLE} SET user_id = 'x'", f"DELETE FROM {TABLE}"]
on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no roles and no TRUNCATE")


@pytest.fixture
def line(db):
    return FileAccess.objects.create(at=timezone.now(), school_id="s", user_id="u", user_label="何老师", level=2)


@pytest.fixture
def app_role(db, settings):
    """A second role that may do everything with the table, as after a careless GRANT; gone with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(f"GRANT ALL ON {TABLE} TO {ROLE}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    settings.APP_ROLE = ROLE


@contextlib.contextmanager
def speaking_as(role):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        yield cursor
        cursor.execute("RESET ROLE")


def change(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("statement", CHANGES)
def test_nobody_changes_a_line(line, statement):
    with pytest.raises(DatabaseError, match="append-only"):
        change(statement)

    assert FileAccess.objects.get().user_id == "u"


@on_postgresql
def test_nobody_empties_the_log(line):
    with pytest.raises(DatabaseError, match="append-only"):
        change(f"TRUNCATE {TABLE}")


@on_postgresql
@pytest.mark.parametrize("statement", [*CHANGES, f"TRUNCATE {TABLE}"])
def test_after_a_migration_the_application_has_no_right_to_change_the_log(line, app_role, statement):
    append_only.install()

    with pytest.raises(DatabaseError, match="permission denied"), speaking_as(ROLE) as cursor:
        cursor.execute(statement)


@on_postgresql
def test_after_a_migration_the_application_still_writes_and_reads_the_log(line, app_role):
    append_only.install()

    with speaking_as(ROLE):
        FileAccess.objects.create(at=timezone.now(), school_id="s", user_id="v", user_label="周老师", level=2)
        assert {row.user_id for row in FileAccess.objects.all()} == {"u", "v"}


@on_postgresql
def test_the_check_finds_a_right_that_came_back(app_role):
    before = append_only.check_triggers(None, ["default"])
    append_only.install()

    assert [error.id for error in before] == ["students.E002"]
    assert append_only.check_triggers(None, ["default"]) == []


@on_postgresql
def test_an_owner_that_is_also_the_application_keeps_its_rights(line, settings):
    settings.APP_ROLE = connection.settings_dict["USER"]

    append_only.install()

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT has_table_privilege('{settings.APP_ROLE}', '{TABLE}', 'UPDATE')")
        assert cursor.fetchone() == (True,)


def test_the_check_finds_a_missing_trigger(db):
    name = f"{TABLE}_no_DELETE" if connection.vendor == "sqlite" else f"{TABLE}_append_only ON {TABLE}"
    change(f"DROP TRIGGER {name}")

    assert [error.id for error in append_only.check_triggers(None, ["default"])] == ["students.E001"]
