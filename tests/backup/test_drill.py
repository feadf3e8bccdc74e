"""T56: the restore drill. Back up while somebody writes; on a new, empty host with nothing but the archive, the keys and
the handbook's own commands everything is there again. T57: what was saved during the writing is whole."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from tests.backup.host import ROOT, Host, keys
from tests.backup.manual import block, blocks, follow

sys.path.insert(0, str(ROOT / ".ci"))
import services

pytestmark = [pytest.mark.slow, pytest.mark.second]
AFTER_RESTORE = {
    "django_session",
    "usersessions_usersession",
    "accounts_backuprun",
    "cache_table",
}  # end, or begin anew


@pytest.fixture(scope="module")
def archive(old_host):
    """Made by the handbook's command while another process writes note after note."""
    stop = old_host.var / "stop"
    counter = old_host.var / "stop.count"
    writer = old_host.start("write", stop)
    try:
        wait_for(lambda: written(counter) >= 3)
        before = written(counter)
        (command,) = [line for (line,) in blocks("备份") if line.startswith(".venv") and "restore" not in line]
        arguments = command.removeprefix(".venv/bin/python manage.py ").split()
        done = old_host.manage(*arguments)
        during = written(counter) - before
    finally:
        stop.touch()
        writer.wait(30)
    assert done.returncode == 0, done.stderr
    assert during >= 3, "nobody wrote while the backup was made"
    return old_host.archives[-1]


@pytest.fixture(scope="module")
def new_host(archive, tmp_path_factory):
    """An empty machine, after the handbook has been followed."""
    home, media = tmp_path_factory.mktemp("new"), tmp_path_factory.mktemp("media")
    lay_out(home, media, archive)
    with empty_place() as (owner, app):
        host = Host(home / "var", keys={}, database=owner, cwd=home)
        commands = block("恢复", "sh restore", compose=connection.vendor == "postgresql")
        said = follow(host, commands, media)
        assert any("Restored: " in words for words in said)
        yield Host(home / "var", keys=keys(), database=app)


def lay_out(home, media, archive):
    """The program, the archive in one place and the keys in another."""
    (home / ".venv").symlink_to(sys.prefix)
    (home / "manage.py").symlink_to(ROOT / "manage.py")
    for name in ("backup", "keys"):
        (media / name).mkdir()
    (media / "backup" / "latest.yidang-backup").write_bytes(archive.read_bytes())
    text = "".join(f"{name}={value}\n" for name, value in keys().items())
    for name in ("yidang.env", ".env"):
        (media / "keys" / name).write_text(text)


@contextlib.contextmanager
def empty_place():
    """What the owner of the tables and what the application connects with: on PostgreSQL a server of its own, with the
    two roles of docs/deploy, neither of which the old host knew."""
    if connection.vendor == "sqlite":
        yield {}, {}
        return
    folder = Path(tempfile.mkdtemp(prefix="yidang-drill-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user
    try:
        with services.postgresql(folder / "server") as url:
            yield two_roles(urlsplit(url))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def two_roles(server):
    """The handbook's database with its roles, made by the script that compose runs."""
    with psycopg.connect(server.geturl(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE yidang")
    libpq = {"PGHOST": server.hostname, "PGPORT": str(server.port), "PGPASSWORD": server.password}
    given = {
        "POSTGRES_USER": server.username,
        "POSTGRES_DB": "yidang",
        "DB_OWNER_PASSWORD": "o",
        "DB_APP_PASSWORD": "a",
    }
    path = {"PATH": f"{services.postgresql_binaries()}{os.pathsep}{os.environ['PATH']}"}
    script = ROOT / "docs" / "deploy" / "postgresql-roles.sh"
    subprocess.run(["bash", script], env=os.environ | libpq | given | path, check=True, capture_output=True)
    at, role = f"{server.hostname}:{server.port}/yidang", {"YIDANG_APP_ROLE": "yidang_app"}
    return (
        {"DATABASE_URL": f"postgresql://yidang_owner:o@{at}"} | role,
        {"DATABASE_URL": f"postgresql://yidang_app:a@{at}"} | role,
    )


def written(counter):
    return int(counter.read_text()) if counter.exists() else 0


def wait_for(ready, seconds=60):
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def old(archive, old_host):
    return old_host.ask("look") | {"manifest": old_host.ask("manifest", archive)}


@pytest.fixture(scope="module")
def new(new_host):
    """What it has, and then what happens when somebody works with it."""
    return new_host.ask("look_and_use")


def test_every_table_and_every_file_comes_back(old, new):
    manifest, sums = old["manifest"], new["sums"]
    assert manifest["tables"]["students_observation"]["rows"] > 2
    assert manifest["tables"]["django_session"]["rows"] == manifest["tables"]["usersessions_usersession"]["rows"] == 1
    wrong = {name for name in manifest["tables"].keys() | sums.keys() if manifest["tables"].get(name) != sums.get(name)}
    assert wrong <= AFTER_RESTORE
    assert manifest["missing"] == []
    assert new["files"] == manifest["files"]


def test_what_was_written_meanwhile_is_there_as_a_whole_or_not_at_all(old, new):
    """T57: no note of two students with one row, no photo without its file."""
    assert 4 <= new["notes"] <= old["notes"]
    assert new["halves"] == []
    assert new["without_file"] == 0
    assert new["photo_is_whole"] is True


def test_the_same_people_see_the_same_students_and_the_keys_open_what_is_stored(old, new):
    same = ("sees", "grants", "id_no", "phone")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert new["id_no"] == "650102201705201234"
    assert "安然然" in new["sees"]["Zhou老师"]


def test_people_sign_in_and_write_and_nobody_changes_the_read_log(new):
    """No key clashes with a restored one; who was signed in at the old host is not signed in here."""
    assert new["sessions"] == [0, 0]
    assert new["signed_in"] == [302, 200]
    assert new["log_grew"] >= 1
    assert "append-only" in new["log"] or "permission denied" in new["log"]
    assert new["guards"] is True


def test_the_archive_says_nothing_to_whoever_has_not_the_key(archive, old_host):
    """T58: no key, no name and no number stands in it, compressed or not."""
    content = archive.read_bytes()
    secret = [*old_host.keys.values(), "安然然", "students_observation", "attachments/", "manifest.json"]
    assert not [each for each in secret if each.encode() in content]
    assert archive.stat().st_mode & 0o777 == 0o600
