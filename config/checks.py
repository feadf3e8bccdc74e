"""`manage.py check --deploy`: what Django's own deployment checks do not look at. Each says what to put right.

config.W001 content security policy · W002 length of a session · W003 passwords · W004 rights of uploaded files ·
W005 admin site · W006 pages in caches · W007 names of cookies · E008 Redis without password · W009 SQLite under several
processes · W010 throttles counted apart · W011 one secret for two purposes · W012 keys that are no secret
"""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, SELF
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.urls import URLResolver, get_resolver

LONGEST_SESSION = timedelta(hours=12)
SHORTEST_PASSWORD = 12
FOR_OTHERS = 0o077
UNSAFE = ("'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "http:", "https:", "data:")
CLOSED = {"object-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'"}
CACHING = ("django.middleware.cache.UpdateCacheMiddleware", "django.middleware.cache.FetchFromCacheMiddleware")
APART = ("locmem", "dummy")


def deployed(check: Any) -> Any:
    return register(check, Tags.security, deploy=True)


def _warn(number: int, words: str, hint: str) -> list[CheckMessage]:
    return [Warning(words, hint=hint, id=f"config.W{number:03}")]


@deployed
def content_security_policy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    policy = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
    scripts = policy.get("script-src", policy.get("default-src", []))
    styles = policy.get("style-src", policy.get("default-src", []))
    good = (
        "csp.middleware.CSPMiddleware" in settings.MIDDLEWARE
        and policy.get("default-src") == [SELF]
        and not {*map(str, scripts), *map(str, styles)} & {*UNSAFE}
        and set(scripts) <= {SELF, NONCE}
        and all(list(map(str, policy.get(name, []))) == [value] for name, value in CLOSED.items())
    )
    hint = (
        "Keep CSPMiddleware, and only 'self' for scripts and styles; object-src, base-uri and frame-ancestors 'none'."
    )
    return [] if good else _warn(1, "The content security policy is missing, or lets foreign or inline code in.", hint)


@deployed
def length_of_a_session(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if LONGEST_SESSION.total_seconds() >= settings.SESSION_COOKIE_AGE:
        return []
    return _warn(2, "A session lives longer than 12 hours.", "Set SESSION_COOKIE_AGE to 43200 or less.")


@deployed
def passwords(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    named = {each["NAME"].rpartition(".")[2]: each.get("OPTIONS", {}) for each in settings.AUTH_PASSWORD_VALIDATORS}
    long_enough = named.get("MinimumLengthValidator", {}).get("min_length", 0) >= SHORTEST_PASSWORD
    if long_enough and "CommonPasswordValidator" in named and "Argon2" in settings.PASSWORD_HASHERS[0]:
        return []
    hint = (
        "AUTH_PASSWORD_VALIDATORS: at least 12 characters, none of the common ones; Argon2 first in PASSWORD_HASHERS."
    )
    return _warn(3, "Short or common passwords are taken, or hashed too cheaply.", hint)


@deployed
def rights_of_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    private = settings.STORAGES.get("private", {}).get("OPTIONS", {})
    modes = [settings.FILE_UPLOAD_PERMISSIONS, private.get("file_permissions_mode")]
    folders = private.get("directory_permissions_mode")
    if all(mode is not None and not mode & FOR_OTHERS for mode in [*modes, folders]):
        return []
    hint = "FILE_UPLOAD_PERMISSIONS and the private storage's file_permissions_mode 0o600, its folders 0o700."
    return _warn(4, "Uploaded files can be read by other users of this machine.", hint)


@deployed
def no_admin_site(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if "django.contrib.admin" not in settings.INSTALLED_APPS and not list(_admin_urls(get_resolver())):
        return []
    return _warn(5, "The admin site is open: it knows no policy and no read log.", "Take it out (docs/adr/0002).")


def _admin_urls(resolver: URLResolver) -> Iterator[URLResolver]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name == "admin":
                yield pattern
            yield from _admin_urls(pattern)


@deployed
def pages_in_caches(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if "accounts.middleware.PageMiddleware" in settings.MIDDLEWARE and not {*CACHING} & {*settings.MIDDLEWARE}:
        return []
    hint = "Keep accounts.middleware.PageMiddleware, which sends no-store, and no middleware that caches pages."
    return _warn(6, "Pages about students may stay in a cache.", hint)


@deployed
def names_of_cookies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.DEVICE_COOKIE_NAME)
    bound = (settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN) == (None, None)
    if bound and settings.SESSION_COOKIE_HTTPONLY and all(name.startswith("__Host-") for name in names):
        return []
    hint = "All names begin with __Host-, without a domain, and the session's is HttpOnly. Is YIDANG_PLAIN_HTTP set?"
    return _warn(7, "A neighbouring site could plant cookies.", hint)


@deployed
def redis_with_password(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An error: whoever can write into the queue decides what workers do."""
    caches = [each.get("LOCATION", "") for each in settings.CACHES.values()]
    urls = [urlsplit(str(url)) for url in [settings.CELERY_BROKER_URL, *caches]]
    if all(url.password for url in urls if url.scheme in ("redis", "rediss")):
        return []
    hint = "requirepass in Redis, and CELERY_BROKER_URL and REDIS_CACHE_URL as redis://:password@host:6379/0."
    return [Error("Redis takes orders from anybody on its network.", hint=hint, id="config.E008")]


@deployed
def one_writer(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    lite = [name for name, each in settings.DATABASES.items() if each["ENGINE"].endswith("sqlite3")]
    if not lite or settings.WEB_PROCESSES == 1:
        return []
    return _warn(9, "SQLite has one writer, and several processes serve.", "Set DATABASE_URL to a PostgreSQL.")


@deployed
def throttles_count_together(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not any(part in settings.CACHES["default"]["BACKEND"] for part in APART):
        return []
    hint = "A cache that all processes share: REDIS_CACHE_URL, or the database's (createcachetable)."
    return _warn(10, "Each process counts wrong passwords for itself.", hint)


@deployed
def one_secret_for_one_purpose(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, *_keys()]
    if len(set(secrets)) == len(secrets):
        return []
    return _warn(
        11,
        "One secret serves two purposes.",
        "DJANGO_SECRET_KEY, each of FIELD_KEYS, FINGERPRINT_KEY and BACKUP_KEY differ.",
    )


@deployed
def keys_are_secrets(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if all(_is_secret(key) for key in _keys()):
        return []
    return _warn(12, "A key can be guessed: its bytes repeat, or it is none.", "Make new ones: openssl rand -base64 32")


def _is_secret(key: str) -> bool:
    try:
        return len(set(base64.b64decode(key.strip(), validate=True))) >= 16
    except ValueError:
        return False


def _keys() -> list[str]:
    """FIELD_KEYS without their names, FINGERPRINT_KEY, and BACKUP_KEY where this process has one."""
    fields = [part.strip().partition(":")[2] for part in settings.FIELD_KEYS.split(",")]
    return [*fields, settings.FINGERPRINT_KEY, *filter(None, [settings.BACKUP_KEY])]
