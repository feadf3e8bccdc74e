"""The process that sandbox.py starts: reads one file from its input under limits and prints it as JSON. It knows no database and no keys."""

import json
import resource
import sys

from django.conf import settings

MAPPED = 512  # megabytes


def limit(seconds: int, megabytes: int) -> None:
    """For this process and for good: seconds of the processor and megabytes of memory of its own.

    Shared libraries and the system's list of languages count as address space and not as data, so that limit is wider.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    for kind, size in ((resource.RLIMIT_DATA, megabytes), (resource.RLIMIT_AS, megabytes + MAPPED)):
        resource.setrlimit(kind, (size * 1024 * 1024, size * 1024 * 1024))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(filename: str, seconds: str, megabytes: str) -> None:
    limit(int(seconds), int(megabytes))
    settings.configure(USE_I18N=False)  # sentences are translated where they are shown
    from students.roster.columns import header_score
    from students.roster.reading import read_sheet
    from students.roster.refusal import Refused

    try:
        answer = read_sheet(sys.stdin.buffer.read(), filename, score=header_score).as_json()
    except Refused as refusal:
        answer = {"refused": refusal.message, "params": refusal.params}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
