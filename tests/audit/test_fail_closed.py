"""T25: if the row of the log can't be written, nothing is shown and nothing is done; by the database's own refusal."""

import contextlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts import actions
from accounts.models import RoleMembership, SecurityEvent, User
from reports.models import ExportLog
from students.actions import notes, placements
from students.models import AccessGrant, FileAccess, Observation
from tests.factories import PASSWORD
from tests.harness.objects import PEOPLE
from tests.harness.sent import SENT
from tests.harness.table import TABLE, pages, url_for
from tests.harness.visiting import BACKEND, listed, undone

FUNCTION = """CREATE OR REPLACE FUNCTION yidang_test_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"""
# POSTs that show: what they hand out stands in the read log as well.
SHOWN_BY_POST = ("students:search", "students:note_picker", "students:note_fellows", "students:list")


@contextlib.contextmanager
def full(table: str):
    """No row can be added to the table, whatever the application does."""
    name = f"{table}_full"
    if connection.vendor == "sqlite":
        make = [f"CREATE TRIGGER {name} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"]
        drop = f"DROP TRIGGER {name}"
    else:
        call = f"BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION yidang_test_full()"
        make = [FUNCTION, f"CREATE TRIGGER {name} {call}"]
        drop = f"DROP TRIGGER {name} ON {table}"
    with connection.cursor() as cursor:
        for statement in make:
            cursor.execute(statement)
    yield
    with connection.cursor() as cursor:
        cursor.execute(drop)


def asking(user) -> Client:
    """A client that gets the page of a 500 as a browser would."""
    client = Client(raise_request_exception=False)
    client.force_login(user, backend=BACKEND)
    client.get("/accounts/sessions/")  # starts the session's clock
    return client


def words(world) -> set[str]:
    """Every sensitive text there is, and every name."""
    return {canary.text for canary in world.canaries if not canary.masked}


@pytest.mark.slow
def test_no_page_that_is_logged_shows_anything_without_its_row(world):
    """Every view of the inventory that writes a row, as the first who may open it; before, it is shown that it would leak."""
    canaries, asked = words(world), _logged_pages(world)
    clients = {who: asking(world.person(who)) for who, _, _ in asked}
    assert {name for _, name, _ in asked} == {name for name, row in TABLE.items() if row.log}
    with undone():
        could = sum(_leaks(clients[who].get(url), canaries) for who, _, url in asked)
    with full("students_fileaccess"):
        answers = [(name, clients[who].get(url)) for who, name, url in asked]
    wrong = [
        f"{name}: {answer.status_code} without a row in the log"
        for name, answer in answers
        if answer.status_code != 500 or _leaks(answer, canaries)
    ]
    assert could > len(asked) / 2
    assert not wrong, listed(wrong)


def _logged_pages(world) -> list[tuple[str, str, str]]:
    """(person, name, address), one for each view with a row in the log."""
    found: dict[str, tuple[str, str, str]] = {}
    for who in dict.fromkeys(("zhou", "ruan", "jiao", "xin", "shen", *PEOPLE)):
        for name, _, url in pages(world, who, 1):
            if TABLE[name].log:
                found.setdefault(name, (who, name, url))
    return list(found.values())


def _leaks(response, canaries: set[str]) -> bool:
    page = body(response)
    return any(text in page for text in canaries)


def body(response) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return content.decode("utf-8", "replace")


def test_no_search_and_no_number_in_full_is_shown_without_its_row(world):
    client = asking(world.cast.zhou)
    asked = [(name, url_for(world, name, "").split("?")[0], {"q": "安然然"}) for name in SHOWN_BY_POST]
    show = SENT["students:background_show"]
    asked.append((show.label, url_for(world, "students:background_show", show.label), show.data(world)))
    with full("students_fileaccess"):
        for name, url, data in asked:
            response = client.post(url, data)
            assert response.status_code == 500, name
            assert world.cast.an.name not in body(response)


@pytest.mark.slow
def test_no_file_goes_out_without_its_rows(world):
    """Both logs in one transaction: of the reading and of the export."""
    client, job = asking(world.cast.zhou), world.things["job"]["own"]
    reads = FileAccess.objects.count()
    for table in ("students_fileaccess", "reports_exportlog"):
        link = client.post(url_for(world, "reports:link", "own"), {"what": "file"})["Location"]
        with full(table):
            response = client.get(link)
            assert response.status_code == 500
            assert not response.streaming
    assert (FileAccess.objects.count(), ExportLog.objects.count()) == (reads, 0)
    response = client.get(client.post(url_for(world, "reports:link", "own"), {"what": "file"})["Location"])
    assert response.status_code == 200
    assert body(response)
    assert ExportLog.objects.get().job_id == str(job.pk)


def test_nobody_signs_in_without_a_row(cast):
    client = Client(raise_request_exception=False)
    data = {"login": cast.zhou.username, "password": PASSWORD}
    with full("accounts_securityevent"):
        assert client.post("/accounts/login/", data).status_code == 500
    assert client.get("/me/").status_code == 302
    client.post("/accounts/login/", data)
    assert client.get("/me/").status_code == 200


def _all_acts(cast, now, today):
    role = RoleMembership.objects.get(user=cast.xin)
    return [
        lambda: actions.create_user(by=cast.wang, school=cast.school, employee_no="N1", display_name="新来"),
        lambda: actions.propose_role(by=cast.wang, user=cast.luo, role="doctor", starts_on=today, now=now),
        lambda: actions.end_role(by=cast.wang, membership=role, last_day=today),
        lambda: actions.deactivate_user(by=cast.wang, user=cast.zhou),
        lambda: actions.reset_password(by=cast.wang, user=cast.zhou),
        lambda: placements.assign_to_class(
            by=cast.wang, user=cast.luo, class_group=cast.own_class, duty="head", starts_on=today, now=now
        ),
        lambda: placements.open_counselling(
            by=cast.ruan, counsellor=cast.xin, student=cast.an, starts_on=today, ends_on=today, note="x", now=now
        ),
    ]


def test_no_role_duty_or_grant_changes_without_its_row(cast, now, today):
    """T25: record and row, or neither."""
    before, events = _rights(), SecurityEvent.objects.count()
    with full("accounts_securityevent"):
        for act in _all_acts(cast, now, today):
            with pytest.raises(DatabaseError, match="the disk is full"), transaction.atomic():
                act()
    assert _rights() == before
    assert SecurityEvent.objects.count() == events


def _rights() -> tuple:
    tables = (User, RoleMembership, AccessGrant, AccessGrant.history.model, User.history.model)
    return tuple(sorted(map(str, model.objects.values_list())) for model in tables)


def test_a_note_and_its_history_stand_or_fall_together(cast, now):
    """T25: an exception between write and commit leaves neither; and so does a history that can't be written."""
    note = {
        "by": cast.zhou,
        "students": [cast.an],
        "fields": {"facts": "把绳子让给同学。", "happened_on": now.date()},
        "now": now,
    }

    kept, before = Observation.objects.count(), Observation.history.count()

    class PowerCut(Exception):
        pass

    def half() -> None:
        with transaction.atomic():
            notes.record_observation(**note)
            assert Observation.history.count() == before + 1
            raise PowerCut

    with pytest.raises(PowerCut):
        half()
    assert (Observation.objects.count(), Observation.history.count()) == (kept, before)
    table = Observation.history.model._meta.db_table
    with full(table), pytest.raises(DatabaseError, match="the disk is full"), transaction.atomic():
        notes.record_observation(**note)
    assert Observation.objects.count() == kept
