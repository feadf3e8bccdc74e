"""Hosts of their own, each with an empty database."""

import pytest

from tests.backup.host import Host, empty_database


@pytest.fixture(scope="session")
def old_host(tmp_path_factory):
    """A school at work: the schema and the cast. Shared: to make one takes as long as everything that is asked of it."""
    with empty_database() as database:
        host = Host(tmp_path_factory.mktemp("old") / "var", database=database)
        host.var.mkdir()
        done = host.manage("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
        host.ask("seed")
        yield host
