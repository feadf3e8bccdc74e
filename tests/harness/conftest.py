"""What every test of the harness has: the world, and a log without the thousand refusals that it asks for."""

import logging

import pytest

from tests.harness.objects import build_world


@pytest.fixture
def world(db):
    return build_world()


@pytest.fixture(autouse=True)
def _quiet():
    log = logging.getLogger("django.request")
    was, log.disabled = log.disabled, True
    yield
    log.disabled = was
