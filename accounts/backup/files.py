"""The private files: those that lie in the folder, and those that rows name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import storages
from django.db import models

RESTORING = ".restoring"  # a restore puts its files there first; a folder that is a disk of its own can't be renamed
NOT_OURS = {RESTORING, "lost+found"}


def private_files() -> Iterator[tuple[str, Path]]:
    """(name, path) of each. What can't be read stops the backup: left out, nobody would miss it until a restore."""
    root = settings.PRIVATE_ROOT
    for folder, folders, names in os.walk(root, onerror=_stop) if root.exists() else ():
        folders[:] = sorted(name for name in folders if Path(folder) != root or name not in NOT_OURS)
        for path in (Path(folder) / name for name in sorted(names)):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix(), path


def _stop(error: OSError) -> None:
    raise error


def named_files(snapshot: Any) -> set[str]:
    """The files that the rows of the snapshot name."""
    return {
        name
        for field in file_fields()
        for (name,) in snapshot.rows(
            f'SELECT "{field.column}" FROM "{field.model._meta.db_table}"'  # noqa: S608 -- names out of the models
        )
        if name
    }


def still_named(names: set[str]) -> list[str]:
    """Those of the names that rows still bear now: retention deletes the file and takes its name from the row."""
    still: set[str] = set()
    for field in file_fields() if names else ():
        rows = field.model._base_manager.filter(**{f"{field.name}__in": names})
        still.update(rows.values_list(field.name, flat=True))
    return sorted(still)


def folder_is_lost() -> bool:
    """Rows name files, and the folder is gone, closed or empty: a disk that is not mounted looks like that. One statement."""
    if _holds_something(settings.PRIVATE_ROOT):
        return False
    first, *others = [
        field.model._base_manager.exclude(**{field.name: ""}).values_list(field.name) for field in file_fields()
    ]
    return first.union(*others, all=True).exists()


def _holds_something(folder: Path) -> bool:
    try:
        return any(each.name not in NOT_OURS for each in folder.iterdir())
    except OSError:
        return False


def file_fields() -> Iterator[models.FileField]:
    """Those of every table whose files lie in the private folder."""
    for model in apps.get_models():
        yield from (
            field
            for field in model._meta.local_fields
            if isinstance(field, models.FileField) and field.storage is storages["private"]
        )
