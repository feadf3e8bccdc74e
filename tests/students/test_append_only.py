"""T27: the logs and their seals can be written and read, never changed: by triggers everywhere, by grants on PostgreSQL besides."""

import contextlib
import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import SecurityEvent
from students import append_only
from students.models import AuditSeal, FileAccess

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
        for table in append_only.TABLES:
            cursor.execute(f"GRANT ALL ON {table} TO {ROLE}")
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


def changes_of(table: str) -> list[str]:
    column = {"students_auditseal": "spans", "students_fileaccess": "user_id", "accounts_securityevent": "user_id"}[
        table
    ]
    return [f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"]


@on_postgresql
@pytest.mark.parametrize("statement", [change for table in append_only.TABLES for change in changes_of(table)])
def test_after_a_migration_the_application_has_no_right_to_change_the_log(line, app_role, statement):
    append_only.install()

    with pytest.raises(DatabaseError, match="permission denied"), speaking_as(ROLE) as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", append_only.TABLES)
def test_each_log_and_the_seals_refuse_a_change_by_whoever_owns_them(db, line, now, table):
    AuditSeal.objects.create(number=1, log="reads", spans="1", count=1, digest="d", sealed_at=now)
    SecurityEvent.objects.create(at=now, kind="sign_in")
    for statement in changes_of(table)[: 3 if connection.vendor == "postgresql" else 2]:
        with pytest.raises(DatabaseError, match="append-only"):
            change(statement)


@on_postgresql
@pytest.mark.fault
def test_the_roles_of_the_handbook_as_two_real_connections(transactional_db):
    """T27: the owner migrates, the application's own role connects by itself and is refused: as docs/deploy/postgresql-roles.sh
    makes them. What the triggers refuse is tried above; here the right alone is missing, before any trigger."""
    script = (settings.BASE_DIR / "docs/deploy/postgresql-roles.sh").read_text()
    sql = script.split("<<'SQL'\n")[1].split("\nSQL")[0]
    place = connection.settings_dict
    home = {"host": place["HOST"], "port": place["PORT"], "dbname": "yidang"}
    with psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        user=place["USER"],
        password=place["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as boss:
        boss.execute("CREATE DATABASE yidang")
        try:
            _as_in_the_handbook(place, home, sql)
        finally:
            boss.execute("DROP DATABASE yidang WITH (FORCE)")
            boss.execute("DROP ROLE IF EXISTS yidang_owner")
            boss.execute("DROP ROLE IF EXISTS yidang_app")


def _as_in_the_handbook(place: dict, home: dict, sql: str) -> None:
    for name in ("owner", "app"):
        sql = sql.replace(f":'{name}_password'", f"'{name}-pass'")
    with psycopg.connect(user=place["USER"], password=place["PASSWORD"], **home) as boss:
        boss.execute(sql)
    url = f"postgresql://yidang_owner:owner-pass@{home['host']}:{home['port']}/yidang"
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "YIDANG_APP_ROLE": "yidang_app",
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=env, check=True, timeout=500)
    with psycopg.connect(user="yidang_app", password="app-pass", autocommit=True, **home) as app:
        app.execute("INSERT INTO students_auditseal VALUES (1, 'reads', '1', 1, '', 'd', now())")
        assert app.execute("SELECT count(*) FROM students_auditseal").fetchone() == (1,)
        for table in append_only.TABLES:
            for statement in [*changes_of(table), f"ALTER TABLE {table} DISABLE TRIGGER ALL", f"DROP TABLE {table}"]:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(statement)


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
