"""Reads a file in a process of its own, with its own limits of memory and time: a hostile file takes down nobody else."""

import json
import subprocess
import sys
from pathlib import Path

from django.utils.translation import gettext_noop as _

from students.roster.reading import Sheet
from students.roster.refusal import Refused
from students.scanning import is_clean

TOO_COSTLY = _("The file takes too much memory or time to read. Copy the table into a new workbook and upload that.")
NOT_CLEAN = _("The school's virus scanner did not pass this file, or could not check it. Nothing was kept.")
ROOT = Path(__file__).resolve().parent.parent.parent

MEGABYTE = 1024 * 1024


def read_in_child(data: bytes, filename: str, *, seconds: int | None = None, megabytes: int | None = None) -> Sheet:
    """Like read_sheet; the bytes go through a pipe and never lie on a disk.

    ``seconds`` of the processor, ``megabytes`` of memory; without them as much as a file of this size may need.
    """
    if not is_clean(data):
        raise Refused(NOT_CLEAN)
    seconds = seconds_for(data) if seconds is None else seconds
    command = child_command(filename, seconds=seconds, megabytes=megabytes or megabytes_for(data))
    try:
        done = subprocess.run(command, cwd=ROOT, input=data, capture_output=True, timeout=seconds * 2 + 5, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(TOO_COSTLY) from error
    if done.returncode != 0:
        raise Refused(TOO_COSTLY)
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise Refused(answer["refused"], **answer["params"])
    return Sheet.from_json(answer)


def child_command(filename: str, *, seconds: int, megabytes: int) -> list[str]:
    return [sys.executable, "-m", "students.roster.child", filename, str(seconds), str(megabytes)]


def seconds_for(data: bytes) -> int:
    """A full registry of 8 MB takes about 20 s on a slow machine."""
    return 5 + 5 * len(data) // MEGABYTE


def megabytes_for(data: bytes) -> int:
    """The interpreter takes about 20, a full registry of 8 MB 250: a small file never more than 100 above the former."""
    return 75 + 40 * len(data) // MEGABYTE
