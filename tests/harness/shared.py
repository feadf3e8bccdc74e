"""One world for all tests of a module. Two hundred tests need it, none may see what another did to it, and building it
takes longer than most of them.

It is built inside a transaction that stays open while tests of the module run; each test works within a savepoint and on
copies of the objects. Tests that commit (`transactional_db`) can't run inside: the transaction is taken back before them,
and whoever needs the world afterwards builds an own one.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.db import transaction

from tests.harness.objects import World, build_world


class Shared:
    """The open transaction and what was built in it."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.atomic: transaction.Atomic | None = None

    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # as TestCase marks its own: durable blocks may run inside
        self.atomic.__enter__()
        self.world = build_world()

    def end(self) -> None:
        if self.atomic is not None:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
        self.world = self.atomic = None


SHARED = Shared()


@pytest.fixture(scope="module")
def world_of_module(django_db_setup, django_db_blocker) -> Iterator[Shared]:
    with django_db_blocker.unblock():
        SHARED.begin()
    yield SHARED
    with django_db_blocker.unblock():
        SHARED.end()


@pytest.fixture
def world(world_of_module, db) -> World:
    return deepcopy(world_of_module.world) if world_of_module.world else build_world()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item) -> None:
    if "transactional_db" in item.fixturenames and SHARED.atomic is not None:
        from pytest_django.plugin import blocking_manager_key

        with item.config.stash[blocking_manager_key].unblock():
            SHARED.end()
