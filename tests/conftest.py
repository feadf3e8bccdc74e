"""Fixtures for all tests: the cast, signing in, and a flush that the append-only read log allows."""

import gc
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase
from django.utils import timezone, translation

from accounts.models import Role
from students import append_only
from tests.factories import SchoolFactory, UserFactory, this_year
from tests.parallel import real_database  # noqa: F401 -- a fixture
from tests.shared import cast, cast_of_module, pytest_runtest_setup, world, world_of_module  # noqa: F401 -- a hook, fixtures

DATABASE = {"db", "transactional_db", "django_db_setup", "real_database"}
HOSTS = ("backup/", "faults/")  # their tests start a database's own commands

WALKS = (
    "harness/test_agreement", "harness/test_crawl", "harness/test_forms", "harness/test_fragments", "harness/test_matrix",
    "harness/test_reading_log",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """What asks no database runs `once`. Walks over every page ask much of the rules and little of the database: on SQLite
    three people walk, in the second stage."""
    for item in items:
        asks = item.get_closest_marker("django_db") or not DATABASE.isdisjoint(item.fixturenames)
        if not asks and not _where(item).startswith(HOSTS):
            item.add_marker("once")
        if connection.vendor == "sqlite" and _where(item).startswith(WALKS):
            item.add_marker("once" if item.get_closest_marker("second") else "second")


def pytest_collection_finish():
    """What is loaded by now stays: looking through it again and again takes an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _where(item) -> str:
    return item.path.relative_to(Path(__file__).parent).as_posix()


@pytest.fixture(scope="session")
def django_db_use_migrations():
    """The schema comes from the models: migrations take a minute, and tests/backup/test_migrations.py shows that both are
    the same."""
    return False


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """pytest-django's, which leaves migrations switched off; and at the end no connection is left: a served page's thread
    may outlive its browser, and PostgreSQL drops no database that somebody is connected to."""
    settings.MIGRATION_MODULES = {}
    yield
    if connection.vendor == "postgresql":
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(others)


@pytest.fixture(autouse=True)
def _chinese():
    """Tests that call no view see the language that users see."""
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def sign_in(client):
    """The test client, signed in as that user."""

    def as_user(user):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return as_user


@pytest.fixture
def fresh_counters():
    """Throttles and locks count from nothing."""
    cache.clear()


@pytest.fixture
def teacher(db):
    """Somebody in a school of their own, with PASSWORD."""
    return UserFactory(school=SchoolFactory(code="SF"), employee_no="T0021", display_name="周敏")


# --- rosters ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_2026(monkeypatch):
    """The files of tests/data speak of the school year 2026-2027."""
    now = timezone.make_aware(timezone.datetime(2026, 11, 22, 12))
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.fixture
def school(db):
    """The school that those files name, with its terms and nobody in it."""
    school = SchoolFactory(code="2199000001", name="示范小学")
    this_year(school)
    return school


@pytest.fixture
def academic(school):
    return UserFactory(school=school, roles=[Role.ACADEMIC])


@pytest.fixture
def office(sign_in, academic):
    """The test client of the academic office."""
    return sign_in(academic)


# --- databases --------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def _flush_may_empty_the_read_log():
    """A flush between transactional tests empties every table; the triggers would refuse, so they step aside for it."""
    plain = TransactionTestCase._fixture_teardown

    def teardown(self):
        for alias in self._databases_names(include_mirrors=False):
            _drop_triggers(connections[alias])
        plain(self)
        for alias in self._databases_names(include_mirrors=False):
            append_only.install(using=alias)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = plain


@pytest.fixture(autouse=True, scope="session")
def _a_file_that_is_closed_leaves_the_connection_open():
    """Closing a FileResponse ends the request outside the client's care, and would end the test's transaction too.

    Only PostgreSQL shows it: closing a SQLite database in memory does nothing.
    """
    plain = BaseDatabaseWrapper.close_if_unusable_or_obsolete

    def unless_inside(self):
        if not self.in_atomic_block:
            plain(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", unless_inside)
        yield


def _drop_triggers(connection) -> None:
    names = ("{}_no_UPDATE", "{}_no_DELETE") if connection.vendor == "sqlite" else ("{}_append_only", "{}_no_truncate")
    with connection.cursor() as cursor:
        for table in append_only.TABLES:
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            for name in names:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name.format(table)}{on}")
