"""Why a backup or a restore did not work: one code for the row that the page shows, words for the terminal."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from accounts.backup.sealed import Damaged, WrongBackupKey
from accounts.models import BackupRun

Code = BackupRun.Code
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class Failed(Exception):
    """It did not work, and this is why. `code` is one of BackupRun.Code."""

    def __init__(self, code: str, words: str):
        super().__init__(words)
        self.code = code


class Unfinished(Exception):
    """A restore is in place, and something after that went wrong. Says what to do."""


@contextlib.contextmanager
def unfinished(words: str) -> Iterator[None]:
    """Whatever goes wrong in here comes too late for "nothing was restored"."""
    try:
        yield
    except Exception as error:
        raise Unfinished(f"{words} {type(error).__name__}: {error}") from error


def code_of(error: BaseException) -> str:
    if isinstance(error, Failed):
        return error.code
    if isinstance(error, ImproperlyConfigured | WrongBackupKey):
        return Code.NO_KEY
    if isinstance(error, Damaged):
        return Code.DAMAGED
    if isinstance(error, OSError):
        return _of_the_disk(error)
    if "disk is full" in str(error):  # SQLite's words for ENOSPC
        return Code.NO_SPACE
    if isinstance(error, OperationalError):
        return Code.NO_DATABASE
    return Code.OTHER if isinstance(error, Exception) else Code.BROKEN_OFF


def _of_the_disk(error: OSError) -> str:
    if error.errno in FULL:
        return Code.NO_SPACE
    return Code.NO_PERMISSION if error.errno in CLOSED else Code.OTHER
