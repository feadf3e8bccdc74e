"""T8, T9: what a client claims about host and address reaches no link, no throttle and no log; a fresh house is empty."""

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import SecurityEvent, User
from students.models import FileAccess
from tests.factories import PASSWORD
from tests.harness.visiting import client_for
from tests.test_deploy_checks import python

EVIL = "evil.example"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/health/", "/offline/", "/nowhere/", "/me/"])
def test_a_forged_host_is_refused(path):
    """T8"""
    answer = Client(headers={"Host": EVIL}).get(path)
    assert answer.status_code == 400
    assert EVIL not in answer.content.decode()


def test_a_forwarded_host_reaches_neither_the_slip_nor_a_redirect(cast):
    """T8: the slip with the one-time password is the one page that says where to sign in."""
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Forwarded-Server"):
        client = client_for(cast.wang, headers={name: f"host={EVIL}" if name == "Forwarded" else EVIL})
        slip = client.post(reverse("accounts:staff_reset", args=[cast.luo.pk]))
        assert EVIL not in slip["Location"]
        page = client.get(slip["Location"]).content.decode()
        assert "http://testserver/" in page
        assert EVIL not in page
        assert EVIL not in Client(headers={name: EVIL}).get("/me/")["Location"]


def addresses(client, cast) -> tuple[str, str]:
    """As the two logs have it."""
    client.post("/accounts/login/", {"login": cast.zhou.username, "password": PASSWORD})
    client.get(reverse("students:timeline", args=[cast.an.pk]))
    return SecurityEvent.objects.latest("pk").address, FileAccess.objects.latest("pk").address


def test_a_client_says_nothing_about_its_address(cast):
    """T8: without a proxy the header is a client's invention."""
    client = Client(headers={"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"})
    assert addresses(client, cast) == ("127.0.0.1", "127.0.0.1")


def test_behind_our_proxy_its_word_counts_and_what_the_client_put_before_it_does_not(cast, settings):
    """T8: BEHIND_PROXY; Caddy adds the address that it sees at the end, or replaces the header."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert addresses(Client(headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.7"}), cast) == ("10.0.0.7", "10.0.0.7")


def test_a_forged_address_opens_no_second_bucket(cast, settings):
    """T8: the flood limit counts the address that the connection has."""
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip", "login_failed": "99/m/key"}
    data = {"login": cast.zhou.username, "password": "wrong"}
    statuses = [
        Client(headers={"X-Forwarded-For": f"6.6.6.{n}"}).post("/accounts/login/", data).status_code for n in range(5)
    ]
    cache.clear()
    assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.django_db
def test_a_fresh_installation_has_no_account_but_those_that_set_up_makes():
    """T9: no AnonymousUser, no administrator with a known password; a new school has departments and nobody in it."""
    assert User.objects.count() == 0
    call_command("add_school", "2199000123", "示范小学", verbosity=0)
    assert User.objects.count() == 0
    answer = Client().post("/accounts/login/", {"login": "admin", "password": "admin"})
    assert answer.status_code == 200
    assert "_auth_user_id" not in answer.wsgi_request.session


@pytest.mark.slow
def test_in_production_cookies_are_bound_to_the_host_and_go_over_tls_alone(tmp_path):
    """T6, T8; what refuses to start (T9): tests/test_deploy_checks.py."""
    told = """
from config import settings as s
print([s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE,
       s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_SECURE, s.CSRF_COOKIE_SAMESITE, s.SESSION_COOKIE_AGE, s.SECURE_SSL_REDIRECT,
       s.ALLAUTH_TRUSTED_PROXY_COUNT, getattr(s, "USE_X_FORWARDED_HOST", False), getattr(s, "SESSION_COOKIE_DOMAIN", None)])
"""
    done = python(tmp_path, "-c", told)
    assert done.stdout.strip() == repr(
        ["__Host-sessionid", True, True, "Lax", "__Host-csrftoken", True, "Lax", 43200, True, 1, False, None]
    )
