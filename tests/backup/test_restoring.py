"""T56: a restore is all or nothing, and its words are true: what failed before the database is committed leaves nothing,
and what fails later says so."""

import psycopg
import pytest
from django.db import connection

from tests.backup.host import Host, empty_database

pytestmark = [pytest.mark.slow, pytest.mark.second]
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's file is renamed at the end")


@pytest.fixture(scope="module")
def archive(old_host):
    done = old_host.manage("backup")
    assert done.returncode == 0, done.stderr
    return old_host.archives[-1]


@pytest.fixture
def empty_host(tmp_path):
    with empty_database() as database:
        yield Host(tmp_path / "var", database=database)


def files(host):
    return [path for path in (host.var / "private").rglob("*") if path.is_file()]


def test_the_folder_of_the_files_may_be_a_disk_of_its_own(archive, empty_host, tmp_path):
    """As one it can't be replaced by another folder. A link stands in for it; a new disk brings a folder of its own."""
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    empty_host.var.mkdir()
    (empty_host.var / "private").symlink_to(tmp_path / "disk")
    done = empty_host.put(archive)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == ["attachments", "lost+found"]
    again = empty_host.put(archive)
    assert "Nothing was restored" in again.stderr
    assert (tmp_path / "disk" / "attachments").exists()


@on_postgresql
def test_where_the_database_refuses_the_last_step_no_file_stays_either(archive, empty_host):
    """A sequence has the name that a key needs, and keys come after all rows."""
    with psycopg.connect(empty_host.database["DATABASE_URL"], autocommit=True) as database:
        database.execute("CREATE SEQUENCE students_observation_pkey")
        refused = empty_host.put(archive)
        assert "Nothing was restored" in refused.stderr
        assert "students_observation_pkey" in refused.stderr
        assert list((empty_host.var / "private").iterdir()) == []
        assert tables(database) == 0
        database.execute("DROP SEQUENCE students_observation_pkey")
        done = empty_host.put(archive)
        assert done.returncode == 0, done.stderr
        assert tables(database) > 50
        assert files(empty_host)


@on_postgresql
def test_nothing_is_committed_before_the_files_lie_in_their_place(archive, empty_host):
    empty_host.var.mkdir()
    assert empty_host.ask("held_back", archive) == {"tables": []}


def tables(database):
    return database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()[0]


def test_what_fails_once_all_is_in_place_says_so_and_nobody_is_signed_in(old_host, empty_host):
    assert old_host.ask("look")["sessions"] == [1, 1]
    old_host.ask("as_of_an_older_version")
    done = empty_host.put(old_host.archives[-1])
    assert done.returncode != 0
    assert "Nothing was restored" not in done.stderr
    assert "are in place, and all sessions have ended" in done.stderr
    assert "InconsistentMigrationHistory" in done.stderr
    found = empty_host.ask("look")
    assert found["sessions"] == [0, 0]
    assert found["notes"] >= 1
    assert found["without_file"] == 0
