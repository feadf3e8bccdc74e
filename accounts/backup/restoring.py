"""Put an archive into an empty place: read it to its end first, then again for real, and keep it only if all is right."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts.backup.archive import read_archive
from accounts.backup.failures import Code, Failed, Unfinished, unfinished
from accounts.backup.files import NOT_OURS, RESTORING
from accounts.backup.running import backup_key, check, compare, refuse_other_keys, vendor
from accounts.models import BackupRun


def restore(path: Path) -> dict[str, Any]:
    """Raises what is wrong with the archive, the keys or the place, and nothing is kept; or Unfinished, once all is in
    its place. Returns the manifest.

    Afterwards every session ends: a sign-in that was revoked after the backup must not come back with it. Then the
    database is brought to the schema of this version, which also sets the guards of the read log.
    """
    manifest = inspect(path)
    vendor().refuse_if_in_use()
    _refuse_files()
    with contextlib.ExitStack() as stack:
        files = stack.enter_context(_place_for_files())
        sink = vendor().Restore(stack)
        read_archive(path, backup_key(), database=sink.write, folder=files)
        with _moved_up(files):
            sink.keep(functools.partial(compare, manifest))
    _make_ready()
    return manifest


@contextlib.contextmanager
def _place_for_files() -> Iterator[Path]:
    """Inside the folder itself, which may be a disk of its own, so that moving them up is a matter of names."""
    files = settings.PRIVATE_ROOT / RESTORING
    shutil.rmtree(files, ignore_errors=True)  # of a restore that was broken off
    files.mkdir(mode=0o700, parents=True)
    try:
        yield files
    finally:
        shutil.rmtree(files, ignore_errors=True)


@contextlib.contextmanager
def _moved_up(files: Path) -> Iterator[None]:
    """The files lie in their place; and they lie there no longer if the database does not follow."""
    moved: list[tuple[Path, Path]] = []
    try:
        for source in list(files.iterdir()):
            target = settings.PRIVATE_ROOT / source.name
            source.rename(target)
            moved.append((source, target))
        yield
    except Unfinished:
        raise
    except BaseException:
        for source, target in moved:
            target.rename(source)
        raise


def _make_ready() -> None:
    with unfinished("The database and the files are in place, with their sessions. Empty both, and restore again."):
        end_sessions()
    with unfinished(
        "The database and the files are in place, and all sessions have ended. Do not restore again: mend what is said "
        "here, then run `manage.py migrate` and `manage.py check --database default`, and start when both are content."
    ):
        call_command("migrate", interactive=False, verbosity=0)
        BackupRun.objects.filter(finished_at=None).delete()  # the run that made this archive did not know its end
        call_command("check", databases=["default"])


def inspect(path: Path) -> dict[str, Any]:
    """Read the whole archive and change nothing."""
    if not path.is_file():
        raise Failed(Code.OTHER, f"There is no archive {path}.")
    manifest = read_archive(path, backup_key(), database=lambda block: None)
    made_with = manifest["versions"]["vendor"]
    if made_with != connection.vendor:
        raise Failed(Code.OTHER, f"This archive holds {made_with}, and DATABASE_URL names {connection.vendor}.")
    refuse_other_keys(manifest)
    _refuse_newer(manifest)
    return check(path, backup_key())


def _refuse_newer(manifest: dict[str, Any]) -> None:
    """A database that a newer version has changed is not for this one."""
    known = MigrationLoader(None).disk_migrations.keys()
    if newer := [f"{app}.{name}" for app, name in manifest["migrations"] if (app, name) not in known]:
        raise Failed(
            Code.OTHER, f"This archive comes from a newer version, which has {', '.join(newer)}. Install that."
        )


def _refuse_files() -> None:
    root = settings.PRIVATE_ROOT
    if root.exists() and any(each.name not in NOT_OURS for each in root.iterdir()):
        raise Failed(Code.OTHER, f"{root} holds files already. Restore into an empty place: move it away first.")


def end_sessions() -> None:
    """Before anything else is done, in the schema that the archive has."""
    from allauth.usersessions.models import UserSession

    there = connection.introspection.table_names()
    for model in (UserSession, Session):
        if model._meta.db_table in there:
            model.objects.all().delete()
