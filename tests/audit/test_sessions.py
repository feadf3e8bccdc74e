"""T6, T64: a session's life on the server, and what a browser may keep: nothing. The clocks of reading: tests/accounts/test_lock.py."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from tests.factories import PASSWORD
from tests.harness.objects import staged
from tests.harness.table import TABLE, pages, refusals, url_for
from tests.harness.visiting import ask, client_for, listed
from tests.test_architecture import ROOT, SOURCES

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


def sign_in(client, user):
    return client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})


def test_the_session_has_a_new_id_after_sign_in(cast):
    """T6: one that somebody planted before is worth nothing."""
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies[COOKIE] = planted = session.session_key
    sign_in(client, cast.zhou)
    assert client.cookies[COOKIE].value != planted
    thief = Client()
    thief.cookies[COOKIE] = planted
    assert thief.get("/me/").status_code == 302
    assert not Session.objects.filter(session_key=planted).exists()


def test_signing_out_ends_the_session_on_the_server(cast):
    """T6: a copied cookie is worth nothing afterwards."""
    client, thief = Client(), Client()
    sign_in(client, cast.zhou)
    thief.cookies[COOKIE] = copied = client.cookies[COOKIE].value
    assert thief.get("/me/").status_code == 200
    client.post("/accounts/logout/")
    assert thief.get("/me/").status_code == 302
    assert not Session.objects.filter(session_key=copied).exists()


def test_a_cookie_is_hidden_from_scripts_and_other_sites(cast):
    """T6; Secure and __Host- in production: tests/audit/test_production.py."""
    client = Client()
    sign_in(client, cast.zhou)
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie["max-age"] == 12 * 60 * 60


@pytest.mark.slow
@pytest.mark.parametrize("who", staged(["zhou", "jiao"]))
def test_no_answer_to_a_signed_in_person_is_stored(world, who):
    """T64: pages, fragments, refusals, redirects, forms and files, over the whole inventory."""
    client, wrong = client_for(world.person(who)), []
    for name, _, url in [*pages(world, who, 1), *refusals(world, who)]:
        answers = [ask(client, "GET", url), ask(client, "GET", url, htmx=True)]
        if "POST" in TABLE[name].methods and name != "account_logout":
            answers.append(ask(client, "POST", url))
        wrong += [f"{name}: {a.get('Cache-Control')}" for a in answers if a.get("Cache-Control") != "no-store, private"]
    assert not wrong, listed(wrong)


def test_what_comes_back_after_the_session_has_ended_is_not_stored_either(cast):
    """T64: the page with the typed words, made for somebody who is signed out by now."""
    answer = Client().post("/notes/new/", {"facts": "写好的话很长很长"}, headers={"Origin": "http://testserver"})
    assert answer.status_code == 401
    assert "写好的话" in answer.content.decode()
    assert "no-store" in answer.get("Cache-Control", "")


def test_no_page_is_kept_by_the_server():
    """T64: a cached page is one person's page for another (Django had three such faults in a year)."""
    caching = re.compile(r"cache_page|UpdateCacheMiddleware|FetchFromCacheMiddleware|cache_control|\{%\s*cache\b")
    checks = ROOT / "config" / "checks.py"  # which refuses such middleware by its name
    assert [path for path in SOURCES if path != checks and caching.search(path.read_text())] == []
    assert not [name for name in settings.MIDDLEWARE if "cache" in name.lower()]


def test_the_policy_of_every_page_is_as_written(world):
    """T64: own files only, in no frame, no plug-in, no base."""
    policy = ask(client_for(world.cast.zhou), "GET", url_for(world, "students:detail", "an"))["Content-Security-Policy"]
    told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert told == {
        "default-src": "'self'", "img-src": "'self' data:", "style-src": "'self'", "script-src": "'self'",
        "object-src": "'none'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'",
    }  # fmt: skip
    for name, label in (("account_login", ""), ("offline", ""), ("students:timeline", "an")):
        assert ask(client_for(world.cast.zhou), "GET", url_for(world, name, label))["Content-Security-Policy"] == policy
    assert ask(client_for(world.cast.luo), "GET", url_for(world, "students:detail", "an"))["X-Frame-Options"] == "DENY"
