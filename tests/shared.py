"""One cast, or one world, for all tests of a module. Two thousand tests need one, none may see what another did to it, and
building it takes longer than many of them.

It is built inside a transaction that stays open while tests of the module run; each test works within a savepoint and on
copies of the objects. Tests that want nothing of it, or that commit, can't run inside: the transaction is taken back before
them, and opened again for the next that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.cast import Cast, build_cast
from tests.harness.objects import World, build_world

BUILD: dict[str, Callable[[], Any]] = {"world": build_world, "cast": build_cast}
COMMITS = {"transactional_db", "live_server"}


class Shared:
    """What is open (`name`, `made`, `atomic`), what the test that begins wants, and what its module has asked for so far."""

    def __init__(self) -> None:
        self.name = self.wanted = ""
        self.made: Any = None
        self.atomic: transaction.Atomic | None = None
        self.asked: set[str] = set()

    def turn(self) -> None:
        """Open what is wanted, and nothing else."""
        if self.name == self.wanted:
            return
        self.end()
        if self.wanted in self.asked:
            self.begin()

    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # as TestCase marks its own: durable blocks may run inside
        self.atomic.__enter__()
        self.made, self.name = BUILD[self.wanted](), self.wanted

    def end(self) -> None:
        if self.atomic is not None:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
        self.made, self.atomic, self.name = None, None, ""

    def copy(self, name: str) -> Any:
        """Counters of the cache belong to a key that this copy has in common with the last one."""
        cache.clear()
        return deepcopy(self.made) if self.name == name else BUILD[name]()


SHARED = Shared()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item) -> None:
    from pytest_django.plugin import blocking_manager_key

    SHARED.wanted = "" if _commits(item) else next((name for name in BUILD if name in item.fixturenames), "")
    with item.config.stash[blocking_manager_key].unblock():
        SHARED.turn()


def _commits(item) -> bool:
    mark = item.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction")) or not COMMITS.isdisjoint(item.fixturenames)


def _of_module(name: str):
    @pytest.fixture(scope="module", name=f"{name}_of_module")
    def of_module(django_db_setup, django_db_blocker) -> Iterator[None]:
        with django_db_blocker.unblock():
            SHARED.asked.add(name)
            SHARED.turn()
        yield
        with django_db_blocker.unblock():
            SHARED.asked.discard(name)
            SHARED.end()

    return of_module


cast_of_module, world_of_module = _of_module("cast"), _of_module("world")


@pytest.fixture
def cast(cast_of_module, db) -> Cast:
    return SHARED.copy("cast")


@pytest.fixture
def world(world_of_module, db) -> World:
    return SHARED.copy("world")
