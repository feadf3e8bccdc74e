"""T57: a backup without the photos is none. What can't be read or is no longer there is a failure, not a shorter archive."""

import os
import shutil
import sys

import pytest

from tests.backup.host import Host

pytestmark = pytest.mark.second

WALK = "import django; django.setup(); from accounts.backup.files import private_files; print(*dict(private_files()))"
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]  # root then opens what its owner may open


@pytest.mark.slow
def test_more_missing_files_than_before_are_a_failure_and_no_older_archive_is_forgotten(old_host):
    assert old_host.manage("backup", "--verify").returncode == 0
    before = old_host.archives
    photos = old_host.var / "private" / "attachments"
    photos.rename(old_host.var / "elsewhere")
    try:
        lacking = old_host.manage("backup", "--verify", "--keep", "1")
        assert lacking.returncode != 0
        assert "PRIVATE_ROOT" in lacking.stderr
        assert old_host.ask("runs")["failed"] == "files_gone"
        assert set(before) < set(old_host.archives)
        accepted = old_host.manage("backup", "--verify", "--accept-missing")
        assert accepted.returncode == 0, accepted.stderr
        assert old_host.manage("backup", "--verify").returncode == 0, "as many as before are missing"
        assert old_host.ask("runs")["failed"] is None
    finally:
        (old_host.var / "elsewhere").rename(photos)


@pytest.fixture
def root(tmp_path):
    for name in ("attachments/a/1", "attachments/b/2", ".restoring/attachments/3", "lost+found/4", "b/.restoring/5"):
        path = tmp_path / "private" / name
        path.parent.mkdir(parents=True)
        path.write_text("")
    return tmp_path / "private"


def walk(host, root):
    anybody = AS_ANYBODY if os.geteuid() == 0 else []
    return host.run(*anybody, sys.executable, "-c", WALK, PRIVATE_ROOT=str(root))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("setpriv") is None and os.geteuid() == 0, reason="for root no folder is closed")
def test_a_folder_that_can_not_be_read_stops_it(root, tmp_path):
    host = Host(tmp_path / "var")
    assert walk(host, root).stdout.split() == ["attachments/a/1", "attachments/b/2", "b/.restoring/5"]
    (root / "attachments" / "b").chmod(0)
    done = walk(host, root)
    assert "PermissionError" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_what_fails_after_it_was_read_back_has_an_end_and_is_not_verified(old_host):
    found = old_host.ask("late_failure")
    try:
        assert found == {"words": "IsADirectoryError", "code": "other", "ended": True, "verified": False}
    finally:
        shutil.rmtree(next(path for path in old_host.archives if path.is_dir()))
