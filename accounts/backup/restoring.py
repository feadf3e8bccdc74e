"""Put an archive into an empty place: read it to its end first, then again for real, and keep it only if all is right."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts.backup.archive import read_archive
from accounts.backup.failures import Code, Failed
from accounts.backup.running import backup_key, check, compare, refuse_other_keys, vendor
from accounts.models import BackupRun


def restore(path: Path) -> dict[str, Any]:
    """Raises what is wrong with the archive, the keys or the place; nothing is kept then. Returns the manifest.

    Afterwards the database is brought to the schema of this version, which also sets the guards of the read log, and
    every session ends: a sign-in that was revoked after the backup must not come back with it.
    """
    manifest = inspect(path)
    vendor().refuse_if_in_use()
    _refuse_files()
    with contextlib.ExitStack() as stack:
        files = settings.PRIVATE_ROOT.with_name(settings.PRIVATE_ROOT.name + ".restoring")
        shutil.rmtree(files, ignore_errors=True)  # of a restore that was broken off
        files.mkdir(mode=0o700, parents=True)
        stack.callback(shutil.rmtree, files, ignore_errors=True)
        sink = vendor().Restore(stack)
        read_archive(path, backup_key(), database=sink.write, folder=files)
        compare(manifest, sink.finish())
        files.rename(settings.PRIVATE_ROOT)
        sink.keep()
    call_command("migrate", interactive=False, verbosity=0)
    BackupRun.objects.filter(finished_at=None).delete()  # the run that made this archive did not know its end
    end_sessions()
    call_command("check", databases=["default"])
    return manifest


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
    if root.exists() and any(root.iterdir()):
        raise Failed(Code.OTHER, f"{root} holds files already. Restore into an empty place: move it away first.")


def end_sessions() -> None:
    from allauth.usersessions.models import UserSession

    UserSession.objects.all().delete()
    Session.objects.all().delete()
