"""T9, TRUST fact 12: `check --deploy` is silent for the production settings, and each check of ours speaks for its own fault."""

import base64
import os
import subprocess
import sys

import pytest
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.conf import settings as current
from django.core.checks import run_checks
from django.urls import include, path

from config import checks

GOOD = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(32, 64))).decode()
THIRD = base64.b64encode(bytes(range(128, 160))).decode()
SECRET = base64.b64encode(bytes(range(64, 112))).decode()
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DJANGO_SECRET_KEY": SECRET,
    "FIELD_KEYS": f"k1:{GOOD}",
    "FINGERPRINT_KEY": OTHER,
    "DATABASE_URL": "postgresql://yidang_app:secret@127.0.0.1:1/yidang",
    "CELERY_BROKER_URL": "redis://:secret@127.0.0.1:1/0",
    "REDIS_CACHE_URL": "redis://:secret@127.0.0.1:1/1",
    "ALLOWED_HOSTS": "yidang.school.test",
    "YIDANG_EMBEDDED": "0",
    "BEHIND_PROXY": "1",
    "WEB_PROCESSES": "3",
}


def manage(tmp_path, *command: str, **more: str) -> subprocess.CompletedProcess:
    """With the environment of docker-compose.yml, and nothing of the tests'."""
    return python(tmp_path, "manage.py", *command, **more)


def python(tmp_path, *command: str, **more: str) -> subprocess.CompletedProcess:
    env = {"PATH": os.environ["PATH"], "YIDANG_VAR": str(tmp_path), **PRODUCTION, **more}
    command = [sys.executable, *command]
    return subprocess.run(command, env=env, cwd=current.BASE_DIR, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_production_settings_pass_without_a_warning(tmp_path):
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.slow
def test_the_check_fails_for_a_bad_setting(tmp_path):
    """The command that stops the start in docker-compose.yml, with two settings spoiled."""
    spoiled = {"REDIS_CACHE_URL": "redis://127.0.0.1:1/1", "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **spoiled)
    assert done.returncode == 1
    assert "config.E008" in done.stderr
    assert "config.W009" in done.stderr  # SQLite, and WEB_PROCESSES is 3
    assert "2 issues" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DJANGO_DEBUG", "1"),
        ("ALLOWED_HOSTS", "yidang.school.test,*"),
        ("DJANGO_SECRET_KEY", "django-insecure-" + SECRET),
        ("DJANGO_SECRET_KEY", "changeme"),
        ("DJANGO_SECRET_KEY", "x" * 60),
        ("DJANGO_SECRET_KEY", ""),
    ],
)
def test_what_is_open_to_everybody_does_not_start(tmp_path, name, value):
    """T9"""
    assert python(tmp_path, "-c", "import config.settings").returncode == 0
    done = python(tmp_path, "-c", "import config.settings", **{name: value})
    assert done.returncode == 1
    assert f"ImproperlyConfigured: {name}" in done.stderr


# --- each check fires for its own fault -----------------------------------------------------------------------------------


@pytest.fixture
def production(settings):
    """What differs from production in the settings of the tests is put right."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://:a@b/1"}
    }
    settings.CELERY_BROKER_URL = "redis://:secret@redis:6379/0"
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    settings.DEVICE_COOKIE_NAME = "__Host-device"
    settings.SECRET_KEY, settings.FIELD_KEYS, settings.FINGERPRINT_KEY = SECRET, f"k1:{GOOD}", OTHER
    return settings


def warned(check) -> list[str]:
    return [each.id for each in check(None)]


EVERY = [
    checks.content_security_policy, checks.length_of_a_session, checks.passwords, checks.rights_of_files, checks.no_admin_site,
    checks.pages_in_caches, checks.names_of_cookies, checks.redis_with_password, checks.one_writer, checks.throttles_count_together,
    checks.one_secret_for_one_purpose, checks.keys_are_secrets,
]  # fmt: skip


@pytest.mark.parametrize("backup_key", ["", THIRD])
def test_all_are_silent_for_good_settings(production, backup_key):
    """Only what makes backups has their key."""
    production.BACKUP_KEY = backup_key
    assert [found for check in EVERY for found in warned(check)] == []


def policy(**changed):
    good = dict(current.CONTENT_SECURITY_POLICY["DIRECTIVES"])
    return {"DIRECTIVES": good | {name.replace("_", "-"): value for name, value in changed.items()}}


@pytest.mark.parametrize(
    "spoiled",
    [
        {},
        policy(script_src=[SELF, UNSAFE_INLINE]),
        policy(style_src=[SELF, UNSAFE_INLINE]),
        policy(script_src=[SELF, "https://cdn.example"]),
        policy(default_src=["*"]),
        policy(frame_ancestors=[SELF]),
        policy(object_src=[]),
        policy(base_uri=[NONE, SELF]),
    ],
)
def test_w001_a_policy_that_lets_code_in(production, spoiled):
    production.CONTENT_SECURITY_POLICY = spoiled
    assert warned(checks.content_security_policy) == ["config.W001"]


@pytest.mark.parametrize(
    ("check", "name", "value"),
    [
        (checks.length_of_a_session, "SESSION_COOKIE_AGE", 14 * 24 * 3600),
        (checks.passwords, "AUTH_PASSWORD_VALIDATORS", []),
        (checks.passwords, "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"]),
        (checks.rights_of_files, "FILE_UPLOAD_PERMISSIONS", 0o644),
        (checks.rights_of_files, "FILE_UPLOAD_PERMISSIONS", None),
        (checks.names_of_cookies, "SESSION_COOKIE_NAME", "sessionid"),
        (checks.names_of_cookies, "DEVICE_COOKIE_NAME", "device"),
        (checks.names_of_cookies, "CSRF_COOKIE_DOMAIN", ".school.test"),
        (checks.names_of_cookies, "SESSION_COOKIE_HTTPONLY", False),
        (checks.redis_with_password, "CELERY_BROKER_URL", "redis://redis:6379/0"),
        (checks.throttles_count_together, "CACHES", {"default": {"BACKEND": "a.locmem.LocMemCache"}}),
        (checks.one_secret_for_one_purpose, "FINGERPRINT_KEY", GOOD),
        (checks.one_secret_for_one_purpose, "SECRET_KEY", GOOD),
        (checks.one_secret_for_one_purpose, "BACKUP_KEY", GOOD),
        (checks.keys_are_secrets, "FIELD_KEYS", "k1:" + base64.b64encode(b"0" * 32).decode()),
        (checks.keys_are_secrets, "BACKUP_KEY", base64.b64encode(b"0" * 32).decode()),
        (checks.keys_are_secrets, "BACKUP_KEY", "changeme!"),
    ],
)
def test_a_check_fires_for_its_own_fault_alone(production, check, name, value):
    setattr(production, name, value)
    number = EVERY.index(check) + 1
    kind = "E" if check is checks.redis_with_password else "W"
    assert [found for each in EVERY for found in warned(each)] == [f"config.{kind}{number:03}"]


@pytest.mark.parametrize("place", ["queue", "cache"])
@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://redis:6379/0", ["config.E008"]),
        ("rediss://:@redis:6379/0", ["config.E008"]),
        ("redis://:word@redis:6379/0", []),
        ("filesystem://localhost", []),
    ],
)
def test_e008_a_redis_without_a_password(production, place, url, found, monkeypatch):
    """An error, so that a plain `check --deploy` ends with 1 too. This rule stands in one place: no second id beside it."""
    if place == "queue":
        production.CELERY_BROKER_URL = url
        monkeypatch.setenv("CELERY_BROKER_URL", url)  # Celery asks here first
    else:
        production.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}
    assert warned(checks.redis_with_password) == found
    told = run_checks(tags=["security"], include_deployment_checks=True)
    assert [each.id for each in told if "edis" in each.msg or "broker" in each.msg] == found


def test_w005_an_admin_site(production):
    production.INSTALLED_APPS = [*current.INSTALLED_APPS, "django.contrib.admin"]
    assert warned(checks.no_admin_site) == ["config.W005"]


def test_w005_an_admin_site_under_any_address(production):
    """By its own patterns, without the app: that is how somebody would bring it back for an hour."""
    here = type("Urls", (), {"urlpatterns": [path("hidden/", include(([], "admin"), namespace="back"))]})
    production.ROOT_URLCONF = here
    assert warned(checks.no_admin_site) == ["config.W005"]


@pytest.mark.parametrize("change", ["without", "caching"])
def test_w006_pages_in_caches(production, change):
    ours = [each for each in current.MIDDLEWARE if each != "accounts.middleware.PageMiddleware"]
    caching = [*current.MIDDLEWARE, "django.middleware.cache.UpdateCacheMiddleware"]
    production.MIDDLEWARE = ours if change == "without" else caching
    assert warned(checks.pages_in_caches) == ["config.W006"]
