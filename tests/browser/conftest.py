"""A real browser (Debian's Chromium), a real server, and a real worker on the broker and database of the run."""

import os
import re

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import sync_playwright

from tests.worker import Worker

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in the thread that prepares the data

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=zh-CN",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            env=os.environ | {"LANGUAGE": "zh_CN"},  # its own date fields
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server):
    """`open_page(user, size)`: a page of a fresh browser profile, signed in as that user (None: nobody)."""
    contexts = []

    def open_as(user=None, size=PHONE):
        context = chromium.new_context(
            viewport=size, locale="zh-CN", has_touch=size == PHONE, is_mobile=size == PHONE, base_url=live_server.url
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: page.complaints.append(line.text) if _is_complaint(line) else None)
        return page

    yield open_as
    for context in contexts:
        context.close()


def _is_complaint(line) -> bool:
    """What the content security policy refused, and scripts that failed."""
    return line.type == "error" and not re.search(r"Failed to load resource|net::ERR", line.text)


def session_cookie(user, url: str) -> dict:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


@pytest.fixture(scope="module")
def _one_worker(django_db_setup):
    """It takes seconds to start, so journeys of a module share it. No longer: it would take what other tests send, and
    leave signs of its life among their rows."""
    control = Worker()
    yield control
    control.stop()


@pytest.fixture
def worker(transactional_db, _one_worker):
    """A real Celery worker on this run's database and broker, to be started and killed at will."""
    if settings.CELERY_BROKER_URL.startswith("memory"):
        pytest.skip("needs the broker that `make test` starts")
    return _one_worker


def serious(page) -> list[str]:
    """What axe finds serious or critical on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    before = list(page.complaints)
    found = Axe().run(page).response["violations"]
    page.complaints[:] = before  # axe's own styles are refused by the page's policy
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
