"""The statements of pages that run while the schema changes, until the stop file is there; no Django, as fast as it goes.
Says "ready" when the first note is in, and at the end how many there were, the longest one in seconds, and every error."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import time
import uuid
from pathlib import Path

import psycopg


def connect():
    if url := os.environ.get("DATABASE_URL"):
        return psycopg.connect(url, autocommit=True), "%s", "BEGIN"
    path = Path(os.environ["YIDANG_VAR"]) / "db.sqlite3"
    return sqlite3.connect(path, timeout=20, isolation_level=None), "?", "BEGIN IMMEDIATE"


def one_visit(database, mark: str, begin: str, given: dict) -> None:
    database.execute(begin)
    note, incident = uuid.uuid4(), uuid.uuid4()
    form = str if mark == "%s" else lambda key: key.hex
    for insert in given["inserts"]:
        own = {"id": form(note), "incident": form(incident)}
        values = [own.get(name, value) for name, value in zip(insert["names"], insert["values"], strict=True)]
        names = ", ".join(f'"{name}"' for name in insert["names"])
        marks = ", ".join([mark] * len(values))
        database.execute(f"INSERT INTO {insert['table']} ({names}) VALUES ({marks})", values)
    database.execute("COMMIT")
    database.execute(given["read"]).fetchall()


def main() -> None:
    given = json.loads(sys.stdin.readline())
    database, mark, begin = connect()
    visits, longest, errors = 0, 0.0, []
    while not Path(given["stop"]).exists():
        started = time.monotonic()
        try:
            one_visit(database, mark, begin, given)
        except (psycopg.Error, sqlite3.Error) as error:
            errors.append(str(error))
            with contextlib.suppress(psycopg.Error, sqlite3.Error):
                database.execute("ROLLBACK")
        longest = max(longest, time.monotonic() - started)
        visits += 1
        if visits == 1:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
        time.sleep(0.005)
    one_visit(database, mark, begin, given)  # the old code on the new schema
    sys.stdout.write(json.dumps({"visits": visits, "longest": longest, "errors": errors[:5]}))


if __name__ == "__main__":
    main()
