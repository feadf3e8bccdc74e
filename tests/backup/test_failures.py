"""T57: each way in which a backup can fail ends with an exit code and a row that the system administrator sees; the key
is in nothing that is written or said."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from tests.backup.host import ROOT, Host, key

pytestmark = [pytest.mark.slow, pytest.mark.second]
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no client and no credential")


def failed(host, *arguments, **more):
    """What a backup that fails says. No half archive is left."""
    before = host.archives
    done = host.manage("backup", "--verify", *arguments, **more)
    assert done.returncode != 0, done.stdout
    assert host.archives == before
    assert not list((host.var / "backups").glob("*.partial"))
    return done.stderr


def seen(host):
    """What the page makes of the last one."""
    return host.ask("runs")["failed"]


def test_without_a_key_there_is_no_backup_and_everybody_can_see_it(old_host):
    assert "BACKUP_KEY is not set" in failed(old_host, BACKUP_KEY="")
    assert seen(old_host) == "no_key"


def test_a_malformed_key_is_not_repeated(old_host):
    words = failed(old_host, BACKUP_KEY="abcdefg")
    assert "BACKUP_KEY" in words
    assert "abcdefg" not in words


def test_where_no_folder_can_be_made_the_failure_is_seen_all_the_same(old_host, tmp_path):
    (tmp_path / "file").write_text("")
    words = failed(old_host, BACKUP_ROOT=str(tmp_path / "file" / "backups"))
    assert "Not a directory" in words
    assert key("b") not in words
    assert seen(old_host) == "other"


@pytest.mark.skipif("os.geteuid() == 0", reason="for root no folder is closed")
def test_a_folder_that_is_closed(old_host, tmp_path):
    tmp_path.chmod(0o500)
    failed(old_host, BACKUP_ROOT=str(tmp_path / "backups"))
    assert seen(old_host) == "no_permission"


@pytest.mark.fault
def test_a_full_disk(old_host):
    """A limit on the size of files stands in for it: the system answers a write in the same way."""
    filler = old_host.var / "private" / "filler"
    filler.write_bytes(os.urandom(4_000_000))
    # `ulimit` counts 1,024 bytes each. The row itself still has to fit into SQLite's log.
    command = f"ulimit -f 3500; exec {sys.executable} manage.py backup --verify"
    try:
        done = old_host.run("bash", "-c", command)
    finally:
        filler.unlink()
    assert done.returncode != 0
    assert old_host.ask("runs")["failed"] == "no_space"
    assert not list((old_host.var / "backups").glob("*.partial"))


@pytest.mark.fault
def test_a_backup_that_is_killed_is_seen_by_the_next_and_leaves_nothing(old_host):
    filler = old_host.var / "private" / "filler"
    with filler.open("wb") as file:
        file.truncate(3_000_000_000)  # an empty hole: long to read, and nothing on the disk
    process = subprocess.Popen(
        [sys.executable, "manage.py", "backup"], cwd=ROOT, env=old_host.environment(), stdout=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: list((old_host.var / "backups").glob("*.partial")))
        busy = old_host.manage("backup")
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    finally:
        process.kill()
        filler.unlink()
    assert "AlreadyRunning" in busy.stderr
    assert old_host.ask("runs")["rows"][-1] == {"code": "", "ended": False}

    done = old_host.manage("backup", "--verify", "--keep", "1")
    assert done.returncode == 0, done.stderr
    runs = old_host.ask("runs")
    assert [row["code"] for row in runs["rows"]][-2:] == ["broken_off", ""]
    assert runs["failed"] is None
    assert runs["verified"] is True
    assert len(old_host.archives) == 1
    assert not [*(old_host.var / "backups").glob("*.partial"), *old_host.var.glob(".yidang-copy-*")]
    content = old_host.archives[0].read_bytes()
    assert not [each for each in old_host.keys.values() if each.encode() in content]


@on_postgresql
def test_a_client_that_is_older_than_the_server_or_missing(old_host, tmp_path):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    assert "this machine has version 9" in failed(old_host, YIDANG_PG_BIN=str(tmp_path))
    assert seen(old_host) == "old_client"
    old.unlink()
    assert "this machine has none" in failed(old_host, YIDANG_PG_BIN=str(tmp_path))


@on_postgresql
def test_a_credential_that_has_expired(old_host):
    """Not even a row can be written: the exit code says so, and within a day the age of the newest one does."""
    head, _at, tail = old_host.database["DATABASE_URL"].rpartition("@")
    words = old_host.manage("backup", DATABASE_URL=f"{head}-expired@{tail}")
    assert words.returncode != 0
    assert "authentication failed" in words.stderr
    assert head.rpartition(":")[2] not in words.stderr


# --- restore --------------------------------------------------------------------------------------------------------
def test_what_may_not_be_restored_is_refused_and_nothing_is_left(old_host, tmp_path):
    """T58: a wrong key is a hard error, for the archive as for the columns."""
    assert old_host.manage("backup").returncode == 0
    archive = old_host.archives[-1]
    host = Host(tmp_path / "var", database=old_host.database)
    wrong = host.manage("restore", archive, BACKUP_KEY=key("x"))
    assert wrong.returncode != 0
    assert "another BACKUP_KEY" in wrong.stderr

    assert not (host.var / "private").exists()
    assert not (host.var / "db.sqlite3").exists()

    words = old_host.ask("refusals", archive)
    assert "Damaged" in words["cut off"]
    assert "Damaged" in words["of 0 bytes"]
    assert "FIELD_KEYS h1" in words["without an old key of the columns"]
    assert "newer version" in words["of a newer version"]
    assert "no archive" in words["that is not there"]


def test_a_place_that_is_in_use_is_left_alone(old_host):
    assert old_host.manage("backup").returncode == 0
    done = old_host.manage("restore", old_host.archives[-1])
    assert done.returncode != 0
    assert "Restore into an empty" in done.stderr


def wait_for(ready, seconds=60):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
