"""SQLite: a copy by its backup API, never by `cp`, which would miss what still stands in the write-ahead log."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

from accounts.backup.failures import Code, Failed
from accounts.backup.sealed import Damaged
from accounts.backup.tables import Judge, TableSum

PREFIX = ".yidang-copy-"  # of the folders with copies; what a killed run left is removed by a later one
COPY = "copy.sqlite3"


def remove_leftovers() -> None:
    """None while somebody works with a copy. What can't be removed waits for the next time, and stops nothing."""
    with contextlib.suppress(OSError), _copies(fcntl.LOCK_EX | fcntl.LOCK_NB):
        for folder in settings.VAR_DIR.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                _remove(folder)


@contextlib.contextmanager
def copy_place() -> Iterator[Path]:
    """Where a readable copy may lie for a moment: beside the database itself, closed to others."""
    with _copies(fcntl.LOCK_SH):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=settings.VAR_DIR))
        try:
            yield folder / COPY
        finally:
            _remove(folder)


@contextlib.contextmanager
def _copies(how: int) -> Iterator[None]:
    """Hold all copies: LOCK_SH to have one, LOCK_EX to remove those of the dead. The system lets go of what died."""
    with (settings.VAR_DIR / ".yidang-copies.lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


class Snapshot:
    """The database as it stood at one moment, while others go on writing."""

    def __init__(self, stack: contextlib.ExitStack):
        self._path = stack.enter_context(copy_place())
        source = stack.enter_context(contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=60)))
        self._copy = stack.enter_context(contextlib.closing(sqlite3.connect(self._path)))
        source.backup(self._copy)  # in one step: in WAL mode nobody waits for it
        # A copy need not be a WAL database: its one file is all of it.
        self._copy.execute("PRAGMA journal_mode=DELETE")
        self.versions = {"vendor": "sqlite", "server": sqlite3.sqlite_version}

    def rows(self, query: str) -> list[tuple]:
        return self._copy.execute(query).fetchall()

    def table_sums(self) -> dict[str, dict]:
        return table_sums(self._copy)

    def blocks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block


class Check:
    """A sink that rebuilds the database in a copy, for reading back."""

    def __init__(self, stack: contextlib.ExitStack):
        self._path = stack.enter_context(copy_place())
        self._file = stack.enter_context(self._path.open("xb"))
        self.write = self._file.write

    def finish(self) -> dict[str, dict]:
        self._file.close()
        return sums_of_file(self._path)


class Restore:
    """A sink that becomes the database, once all is right."""

    def __init__(self, stack: contextlib.ExitStack):
        self._target = Path(connection.settings_dict["NAME"])
        self._path = self._target.with_name(self._target.name + ".restoring")
        self._path.unlink(missing_ok=True)
        self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = stack.enter_context(
            os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        )
        self.write = self._file.write

    def keep(self, judge: Judge) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        judge(sums_of_file(self._path))
        self._path.rename(self._target)


def refuse_if_in_use() -> None:
    """A log that lies beside no database would be played into the restored one."""
    target = Path(connection.settings_dict["NAME"])
    for path in (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm"))):
        if path.exists() and path.stat().st_size:
            raise Failed(Code.OTHER, f"{path} is there already. Restore into an empty place: move it away first.")


def sums_of_file(path: Path) -> dict[str, dict]:
    try:
        with contextlib.closing(sqlite3.connect(path)) as copy:
            if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise Damaged("The database in the archive does not pass SQLite's own check.")
            return table_sums(copy)
    except sqlite3.DatabaseError:
        raise Damaged("The database in the archive is none that SQLite can open.") from None


def table_sums(database: sqlite3.Connection) -> dict[str, dict]:
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    )
    tables = [name for (name,) in names.fetchall()]
    return {name: _sum(database, name).as_dict() for name in tables}


def _sum(database: sqlite3.Connection, table: str) -> TableSum:
    rows = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- a name out of the schema
    return TableSum(repr(row).encode("utf-8", "surrogatepass") for row in rows)


def _remove(folder: Path) -> None:
    """Only what we put there."""
    for end in ("", "-journal", "-wal", "-shm"):
        (folder / f"{COPY}{end}").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
