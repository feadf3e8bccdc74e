"""Make one backup, and keep its outcome as a row, whatever that outcome is."""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts import encryption
from accounts.backup import postgresql, sqlite
from accounts.backup.archive import FORMAT, ArchiveWriter, read_archive
from accounts.backup.failures import Code, Failed, code_of
from accounts.backup.files import named_files, private_files, still_named
from accounts.backup.sealed import Damaged
from accounts.backup.tables import differences
from accounts.models import BackupRun

Clock = Callable[[], datetime]
SUFFIX, PARTIAL = ".yidang-backup", ".partial"
ROWS_KEPT = timedelta(days=365)


class AlreadyRunning(Exception):
    """Another backup is being made at this moment: nothing to do, and no failure."""


def run(*, clock: Clock, verify: bool, keep: int, accept_missing: bool = False) -> BackupRun:
    """Make a backup into BACKUP_ROOT; read it back if `verify`; then keep the newest `keep` archives (0: all).

    Raises AlreadyRunning, or what went wrong; the row then says so too, and older archives stay. Only where not even
    the row can be written is there no trace of this run: the age of the newest verified backup tells
    (accounts.backup.state). `accept_missing`: files that are gone for good are no failure any more.
    """
    with contextlib.ExitStack() as stack:
        row = _begin(stack, clock)
        try:
            _make(row, clock, verify, stack)
            if not accept_missing:
                _refuse_loss(row)
            _end(row, clock)
        except BaseException as error:
            _end(row, clock, code=code_of(error))
            raise
        _forget_old(keep)
    return row


def _begin(stack: contextlib.ExitStack, clock: Clock) -> BackupRun:
    """The row stands before anything else is tried: what is killed later leaves it without an end.

    Whoever holds the lock is the only one, so rows without an end are of runs that were killed."""
    problem = _try(lambda: _lock(stack))
    now = clock()
    BackupRun.objects.filter(started_at__lt=now - ROWS_KEPT).delete()
    if problem is None:
        for killed in BackupRun.objects.filter(finished_at=None):
            _end(killed, clock, code=Code.BROKEN_OFF)
    row = BackupRun.objects.create(started_at=now)
    if problem is not None:
        _end(row, clock, code=code_of(problem))
        raise problem
    return row


def _try(act: Callable[[], None]) -> OSError | None:
    try:
        act()
    except OSError as error:
        return error
    return None


def _lock(stack: contextlib.ExitStack) -> None:
    settings.BACKUP_ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = stack.enter_context((settings.BACKUP_ROOT / ".lock").open("w"))
    try:
        fcntl.flock(
            lock, fcntl.LOCK_EX | fcntl.LOCK_NB
        )  # the system lets go of it when the process ends, however it ends
    except BlockingIOError:
        raise AlreadyRunning("Another backup is being made at this moment.") from None
    for left in settings.BACKUP_ROOT.glob(f"*{PARTIAL}"):
        left.unlink(missing_ok=True)
    sqlite.remove_leftovers()


def _make(row: BackupRun, clock: Clock, verify: bool, stack: contextlib.ExitStack) -> None:
    key = backup_key()
    row.archive = f"yidang-{row.started_at:%Y%m%dT%H%M%SZ}{SUFFIX}"
    target = settings.BACKUP_ROOT / row.archive
    partial = target.with_name(target.name + PARTIAL)
    stack.callback(partial.unlink, missing_ok=True)
    row.missing_files = _write(partial, key, row.started_at)
    if verify:
        check(partial, key)
        row.verified_at = clock()
    row.size = partial.stat().st_size
    partial.rename(target)
    _sync(settings.BACKUP_ROOT)


def _refuse_loss(row: BackupRun) -> None:
    """The archive stays, for its database; the older ones, which may hold the files, are not forgotten for it."""
    before = BackupRun.objects.newest_verified()
    most = before.missing_files if before else 0
    if row.missing_files > most:
        raise Failed(
            Code.FILES_GONE,
            f"{row.missing_files} files that rows name are not on the disk, before it were {most}. Is PRIVATE_ROOT "
            "mounted? If they are gone for good: backup --accept-missing.",
        )


def _end(row: BackupRun, clock: Clock, *, code: str = "") -> None:
    """What fails after it was read back is not verified: the database would refuse such a row."""
    row.finished_at, row.code = clock(), code
    row.verified_at = None if code else row.verified_at
    row.save()


# --- what goes in ---------------------------------------------------------------------------------------------------
def _write(path: Path, key: bytes, made_at: datetime) -> int:
    """Write the archive and return how many files rows name that the disk does not have."""
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"))
        archive = ArchiveWriter(out, key)
        snapshot = vendor().Snapshot(stack)
        manifest = _manifest(snapshot, made_at)
        manifest["database"] = archive.add_database(snapshot.blocks())
        named = named_files(snapshot)
        for name, file in private_files():
            with contextlib.suppress(FileNotFoundError):  # retention was here since the folder was listed
                archive.add_file(name, file)
        manifest["files"] = archive.files
        manifest["missing"] = still_named(named - archive.files.keys())
        archive.finish(manifest)
        out.flush()
        os.fsync(out.fileno())
    return len(manifest["missing"])


def _manifest(snapshot: Any, made_at: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": made_at.isoformat(),
        "versions": {**snapshot.versions, "django": django.__version__, "python": sys.version.split()[0]},
        "migrations": sorted([app, name] for app, name in snapshot.rows("SELECT app, name FROM django_migrations")),
        "tables": snapshot.table_sums(),
        "keys": key_marks(),
    }


# --- reading back ---------------------------------------------------------------------------------------------------
def check(path: Path, key: bytes) -> dict[str, Any]:
    """Read the whole archive, rebuild its database in passing and compare every table. Returns the manifest."""
    with contextlib.ExitStack() as stack:
        sink = vendor().Check(stack)
        manifest = read_archive(path, key, database=sink.write)
        compare(manifest, sink.finish())
    return manifest


def compare(manifest: dict[str, Any], found: dict[str, dict]) -> None:
    if names := differences(manifest["tables"], found):
        raise Damaged(f"These tables are not what the manifest says: {', '.join(names)}.")


def vendor() -> Any:
    return {"sqlite": sqlite, "postgresql": postgresql}[connection.vendor]


# --- keys -----------------------------------------------------------------------------------------------------------
def backup_key() -> bytes:
    if not settings.BACKUP_KEY:
        raise Failed(
            Code.NO_KEY, "BACKUP_KEY is not set. `make setup` writes one into yidang.env; see docs/operations.md."
        )
    return encryption.key_bytes("BACKUP_KEY", settings.BACKUP_KEY)


def key_marks() -> dict[str, str]:
    """A mark of every key that the columns need. It says nothing about the key, and tells another key from it."""
    pairs = [part.strip().partition(":") for part in settings.FIELD_KEYS.split(",")]
    keys = {f"FIELD_KEYS {name}": value for name, _colon, value in pairs} | {
        "FINGERPRINT_KEY": settings.FINGERPRINT_KEY
    }
    return {name: _mark(encryption.key_bytes(name, value)) for name, value in keys.items()}


def _mark(key: bytes) -> str:
    return hmac.new(key, b"yidang backup", sha256).hexdigest()[:16]


def refuse_other_keys(manifest: dict[str, Any]) -> None:
    """Better now than as pages that nobody can read."""
    have = key_marks()
    if names := sorted(name for name, mark in manifest["keys"].items() if have.get(name) != mark):
        raise ImproperlyConfigured(
            f"Another key than when this backup was made, or none: {', '.join(names)}. Restore the keys first."
        )


# --- how many -------------------------------------------------------------------------------------------------------
def archives() -> list[Path]:
    """Newest first."""
    return sorted(settings.BACKUP_ROOT.glob(f"*{SUFFIX}"), reverse=True)


def _forget_old(keep: int) -> None:
    for path in archives()[keep:] if keep else ():
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
