"""How many statements each page takes: asked in-process, so that counting slows no measured page.

`python -m benchmarks.statements FILE PART` reads the people as JSON from a file and prints role → page → statements, for the
pages of that part of the run. BEGIN, COMMIT and savepoints are not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.pages import CSRF, Page, Person, opened

NOT_COUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


def counted(people: dict, part: str = "") -> dict[str, dict[str, int]]:
    return {
        role: {page.name: statements(Person(0, known[0]), page) for page in opened(role, part)}
        for role, known in people.items()
    }


def statements(person: Person, page: Page) -> int:
    return len(asked(person, page))


def asked(person: Person, page: Page) -> list[str]:
    """The statements of the second visit."""
    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = person.known["session"]
    client.cookies[settings.CSRF_COOKIE_NAME] = CSRF
    send(client, person, page)
    with CaptureQueriesContext(connection) as queries:
        send(client, person, page)
    return [query["sql"] for query in queries if not query["sql"].startswith(NOT_COUNTED)]


def send(client: Client, person: Person, page: Page) -> None:
    path, body, headers = person.request(page)
    headers = {name: value for name, value in headers.items() if name not in ("Cookie", "Host")}
    if body is None:
        response = client.get(path, secure=True, headers=headers)
    else:
        response = client.post(path, body, content_type=headers["Content-Type"], secure=True, headers=headers)
    if response.status_code != page.expected:
        raise SystemExit(f"{page.name}: {response.status_code} instead of {page.expected}")


if __name__ == "__main__":
    print(json.dumps(counted(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2])))
