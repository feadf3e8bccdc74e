"""T64: the browser keeps nothing of a file, and asks nobody else for anything."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_pages import SETTLED, urls

pytestmark = pytest.mark.browser
STORED = """async () => ({
  local: Object.keys(localStorage).length, caches: (await caches.keys()).length, cookies: document.cookie,
})"""


def test_back_after_signing_out_shows_the_door(cast, open_page):
    """T64: the computer at the lectern. Neither Back nor the address shows the file, from memory or from disk."""
    page = open_page(cast.zhou, DESKTOP)
    file = reverse("students:detail", args=[cast.an.pk])
    page.goto(file)
    page.wait_for_function(SETTLED)
    assert cast.an.name in page.locator("main").inner_text() + page.locator("h1").inner_text()
    page.goto(reverse("account_logout"))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()
    for _n in range(3):
        page.go_back()
        page.wait_for_load_state()
        assert cast.an.name not in page.content()
    page.goto(file)
    assert urlsplit(page.url).path == reverse("account_login")


def test_signing_out_clears_what_the_browser_holds(cast, open_page):
    """T64: Clear-Site-Data; the session's own cookie is hidden from scripts before."""
    page = open_page(cast.zhou, DESKTOP)
    page.goto(reverse("reports:home"))
    page.evaluate("localStorage.setItem('planted', 'x')")
    assert "sessionid" not in page.evaluate("document.cookie")
    page.goto(reverse("account_logout"))
    with page.expect_response(lambda answer: answer.request.method == "POST") as left:
        page.locator("main form button[type=submit]").first.click()
    assert left.value.all_headers()["clear-site-data"] == '"cache", "storage"'
    page.wait_for_load_state()
    assert page.evaluate(STORED)["local"] == 0
    assert page.evaluate(STORED)["caches"] == 0


@pytest.mark.parametrize("who", ["zhou", "ruan", "wang"])
def test_no_page_asks_anybody_else(cast, open_page, live_server, who):
    """T64: every main page with its panels, scripts, styles, fonts and pictures: all from this very server."""
    page = open_page(cast.people[who], PHONE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for url in urls(cast, who):
        page.goto(url)
        page.wait_for_function(SETTLED)
    home = urlsplit(live_server.url).netloc
    assert len(asked) > 20
    assert [url for url in asked if urlsplit(url).netloc != home and not url.startswith("data:")] == []
    assert page.complaints == []
