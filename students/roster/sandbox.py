"""Reads a file in a process of its own, with its own limits of memory and time: a hostile file takes down nobody else."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from django.utils.translation import gettext_noop as _

from students.roster.columns import header_score
from students.roster.reading import Sheet, read_sheet
from students.roster.refusal import Refused

TOO_COSTLY = _("The file takes too much memory or time to read. Copy the table into a new workbook and upload that.")
ROOT = Path(__file__).resolve().parent.parent.parent


def read_in_child(path: str | Path, filename: str, *, seconds: int = 30, megabytes: int = 768) -> Sheet:
    """Like read_sheet. ``megabytes`` bounds the child's address space, of which the interpreter itself takes about 200."""
    command = [sys.executable, "-m", "students.roster.sandbox", str(path), filename, str(seconds), str(megabytes)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=seconds * 2, check=False)
    except subprocess.TimeoutExpired as error:
        raise Refused(TOO_COSTLY) from error
    if done.returncode != 0:
        raise Refused(TOO_COSTLY)
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise Refused(answer["refused"], **answer["params"])
    return Sheet.from_json(answer)


def limit(seconds: int, megabytes: int) -> None:
    """For this process and for good: CPU seconds and address space."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def main(path: str, filename: str, seconds: str, megabytes: str) -> None:
    limit(int(seconds), int(megabytes))
    try:
        answer = read_sheet(path, filename, score=header_score).as_json()
    except Refused as refusal:
        answer = {"refused": refusal.message, "params": refusal.params}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
