"""Reads a file in a process of its own, with its own limits of memory and time: a hostile file takes down nobody else."""

import json
import subprocess
import sys
from pathlib import Path

from django.utils.translation import gettext_noop as _

from students.roster.reading import Sheet
from students.roster.refusal import Refused

TOO_COSTLY = _("The file takes too much memory or time to read. Copy the table into a new workbook and upload that.")
ROOT = Path(__file__).resolve().parent.parent.parent


def read_in_child(data: bytes, filename: str, *, seconds: int = 30, megabytes: int = 768) -> Sheet:
    """Like read_sheet; the bytes go through a pipe and never lie on a disk.

    ``seconds`` of the processor; ``megabytes`` of address space, of which the interpreter takes about 200.
    """
    command = [sys.executable, "-m", "students.roster.child", filename, str(seconds), str(megabytes)]
    try:
        done = subprocess.run(command, cwd=ROOT, input=data, capture_output=True, timeout=seconds * 2, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(TOO_COSTLY) from error
    if done.returncode != 0:
        raise Refused(TOO_COSTLY)
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise Refused(answer["refused"], **answer["params"])
    return Sheet.from_json(answer)
