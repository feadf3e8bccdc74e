"""What every test of the harness has beside the world (tests/shared.py): a log without the thousand refusals that it asks for."""

import logging
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.harness.objects import build_world
from tests.harness.sent import SENT
from tests.harness.snapshot import changes, counts, tables
from tests.harness.table import url_for
from tests.harness.visiting import client_for, undone


@dataclass(frozen=True)
class Sending:
    """What sending a form did: models of which a row that stood was changed or deleted; rows that the first sending
    made, and rows that the second made."""

    changed: frozenset[str]
    first: Counter
    second: Counter


@pytest.fixture(scope="session")
def sendings(django_db_setup, django_db_blocker) -> dict[str, Sending]:
    """URL → what happened when what a person really sends was sent to it twice. Nothing of it stays."""
    with django_db_blocker.unblock(), undone():
        world = build_world()
        before = tables()
        return {name: _send_twice(world, name, before) for name in SENT}


def _send_twice(world, name: str, before: dict[str, Counter]) -> Sending:
    sent = SENT[name]
    client, url = client_for(world.person(sent.who)), url_for(world, name, sent.label)
    with undone():
        client.post(url, sent.data(world))
        once = tables()
        if made := counts(once) - counts(before):  # what makes nothing the first time is not asked twice
            client.post(url, sent.data(world))
        twice = tables() if made else once
    gone = {label for label, (rows, _new) in changes(before, once).items() if rows and "Historical" not in label}
    return Sending(frozenset(gone), made, counts(twice) - counts(once))


@pytest.fixture(autouse=True)
def _quiet():
    log = logging.getLogger("django.request")
    was, log.disabled = log.disabled, True
    yield
    log.disabled = was
