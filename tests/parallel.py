"""Many people at one moment: real threads, each with its own connection, on the database of the run.

SQLite lives in memory otherwise, where threads share one connection; for these tests it is a file, opened with the
project's own settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections
from django.db.models import Model
from django.db.models.signals import pre_save


@pytest.fixture
def real_database(transactional_db, tmp_path):
    """Committed data that every thread and process can open. Yields the address, for DATABASE_URL, of a file database."""
    old = connections["default"]
    if old.vendor != "sqlite":
        yield "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**old.settings_dict)
        return
    path, kept = tmp_path / "db.sqlite3", old.settings_dict["NAME"]
    with old.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    old.settings_dict["NAME"] = str(path)
    connections["default"] = connections.create_connection("default")
    try:
        yield f"sqlite:///{path}"
    finally:
        connections["default"].close()
        old.settings_dict["NAME"] = kept
        connections["default"] = old


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """All of them begin together; what each returned, or the exception that it ended with."""
    results: list[Any] = [None] * len(acts)
    start = Barrier(len(acts))

    def run(place: int) -> None:
        start.wait()
        try:
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[place]) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@contextmanager
def overtaken(model: type[Model], act: Callable[[], Any]) -> Iterator[None]:
    """`act` is done and committed on a connection of its own, just before the next row of `model` is written on this one.

    Wants a database that takes two writers: SQLite lets the second begin when the first has ended.
    """

    def somebody_else(**kwargs) -> None:
        pre_save.disconnect(somebody_else, sender=model)
        [result] = at_once([act])
        assert not isinstance(result, Exception), result

    pre_save.connect(somebody_else, sender=model, weak=False)
    try:
        yield
    finally:
        pre_save.disconnect(somebody_else, sender=model)
