"""Readable copies lie beside the database for a moment: those of the dead go, and nothing else does."""

import pytest

from accounts.backup.sqlite import COPY, PREFIX, copy_place, remove_leftovers


@pytest.fixture(autouse=True)
def var(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return tmp_path


def test_what_a_killed_run_left_goes_with_the_next(var):
    left = var / f"{PREFIX}abc"
    left.mkdir()
    for end in ("", "-journal", "-wal", "-shm"):
        (left / f"{COPY}{end}").touch()
    remove_leftovers()
    assert not left.exists()


def test_other_people_s_files_stay_and_stop_nothing(var):
    ours = var / f"{PREFIX}1"
    ours.mkdir()
    (ours / COPY).touch()
    (ours / "mine.txt").touch()
    (var / f"{PREFIX}2" / COPY).mkdir(parents=True)  # no file of that name
    (var / f"{PREFIX}file").touch()
    (var / "backup-before-the-move").mkdir()
    (var / "backup-before-the-move" / "db.sqlite3").touch()
    (var / "backup-notes.txt").touch()
    remove_leftovers()
    assert not (ours / COPY).exists()
    assert (ours / "mine.txt").exists()
    assert (var / f"{PREFIX}file").exists()
    assert (var / "backup-before-the-move" / "db.sqlite3").exists()
    assert (var / "backup-notes.txt").exists()


def test_a_copy_that_is_being_read_is_no_leftover(var):
    """`restore --check` reads one while the backup of the night begins."""
    with copy_place() as path:
        path.touch()
        remove_leftovers()
        assert path.exists()
        with copy_place() as other:
            assert other.parent != path.parent
    assert list(var.glob(f"{PREFIX}*")) == []
