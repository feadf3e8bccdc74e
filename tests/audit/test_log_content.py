"""T65: what goes wrong in a request leaves no word and no name in the server's log, and no line that a client wrote.

The formatters themselves: tests/test_log.py. gunicorn and Caddy write no access log at all (.ci/gunicorn.py, docs/deploy/Caddyfile).
"""

import io
import logging
import secrets

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from tests.harness.objects import staged
from tests.harness.table import pages
from tests.harness.test_crawl import Links
from tests.harness.visiting import BACKEND, ask, body, client_for

WORD = "kx" + secrets.token_hex(6)  # in a note, a form, and the database's own words


@pytest.fixture(params=["lines", "json"])
def written(request):
    """Everything that is logged meanwhile, as the settings write it."""
    config = settings.LOGGING["formatters"][request.param]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(import_string(config["()"])(config.get("format")))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream.getvalue
    root.removeHandler(handler)


@pytest.fixture
def zhou(cast):
    client = Client(raise_request_exception=False)
    client.force_login(cast.zhou, backend=BACKEND)
    return client


def note(**fields) -> dict:
    return {"kind": "observation", "tone": "plain", "level": "2", "facts": WORD * 3, "follow_up": "none", **fields}


def refuse_with_its_words() -> None:
    """As PostgreSQL does where a value breaks a constraint: the refusal quotes the row."""
    words = f"Failing row contains ({WORD}, 安然然)"
    if connection.vendor == "sqlite":
        make = f"CREATE TRIGGER quoting BEFORE INSERT ON students_observation BEGIN SELECT RAISE(ABORT, '{words}'); END"
    else:
        make = f"""CREATE FUNCTION yidang_test_quoting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = '23514'; END $$;
        CREATE TRIGGER quoting BEFORE INSERT ON students_observation FOR EACH ROW EXECUTE FUNCTION yidang_test_quoting()"""
    with connection.cursor() as cursor:
        cursor.execute(make)


def test_an_error_of_the_database_is_logged_without_the_row_that_it_quotes(cast, zhou, written, today):
    refuse_with_its_words()
    data = note(incident="00000000-0000-4000-8000-000000000009", student=str(cast.an.pk), happened_on=str(today))
    assert zhou.post(reverse("students:note_new"), data).status_code == 500
    assert "Error" in written()
    assert WORD not in written()
    assert "安然" not in written()


def test_a_form_that_is_refused_and_one_without_its_token_leave_no_word(cast, zhou, written):
    assert zhou.post(reverse("students:note_new"), note(kind="nonsense", student=str(cast.an.pk))).status_code == 422
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.zhou, backend=BACKEND)
    assert strict.post(reverse("students:note_new"), note()).status_code == 403
    assert strict.post("/accounts/login/", {"login": WORD, "password": WORD}).status_code == 403
    Client().post("/accounts/login/", {"login": WORD, "password": WORD})
    assert "Forbidden" in written()
    assert WORD not in written()


@pytest.mark.parametrize(
    "path", ["/x%0AERROR forged", "/x%0D%0AERROR forged", "/x%1B[31mforged", "/x%E2%80%A8forged", "/x%00forged"]
)
def test_an_address_can_begin_no_line_and_colour_none(db, written, path):
    Client().get(path)
    lines = written().splitlines()
    assert len(lines) == 1
    assert "forged" in lines[0]
    assert lines[0].isprintable()


def test_what_a_library_quotes_can_begin_no_line_either(written):
    """Django makes the addresses that it tells of harmless itself; whatever else logs may quote a client as it came."""
    logging.getLogger("a.library").warning("Not understood: %s", "x\nERROR forged\x1b[31m\u2028")
    assert len(written().splitlines()) == 1
    assert written().rstrip("\n").isprintable()


def test_what_stands_behind_the_question_mark_is_not_logged(cast, zhou, written):
    assert zhou.get(f"/nowhere/?q={WORD}").status_code == 404
    assert "/nowhere/" in written()
    assert WORD not in written()


def test_no_statement_is_logged_however_slow(cast, zhou, written):
    """The settings log from WARNING on, and Django tells of statements in DEBUG."""
    zhou.get(cast.an.get_absolute_url())
    assert settings.LOGGING["root"]["level"] == "WARNING"
    assert not settings.DEBUG
    assert "SELECT" not in written()


@pytest.mark.slow
@pytest.mark.parametrize("who", staged(["zhou", "jiao"]))
def test_no_link_names_a_student_in_its_address(world, who):
    """What is in an address lands in the history of browsers and in the logs of proxies: opaque ids, no name, no number."""
    canaries = {canary.text for canary in world.canaries if canary.text.count("-") != 4}
    client, wrong = client_for(world.person(who)), []
    for name, _, url in pages(world, who, 1):
        page = body(ask(client, "GET", url))
        wrong += [f"{name}: {link}" for link in Links(page).found if any(text in link for text in canaries)]
    assert not wrong, "\n".join(wrong)
