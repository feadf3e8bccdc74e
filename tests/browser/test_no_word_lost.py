"""T52: a half-written observation survives one fault of any kind; T53: a fragment of somebody who is signed out; T54, in the
browser. In every case at most the last ten seconds of typing are lost, and they come back for the same person alone."""

import os
import signal
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from playwright.sync_api import Error, Page

from students.models import Draft, Observation
from students.tasks import expire_drafts
from tests.browser.conftest import DESKTOP, FLAGS, session_cookie
from tests.browser.hand import SAVE, draft_is_saved, open_sheet, write

pytestmark = pytest.mark.browser
WORDS = "课间主动收好了全组的跳绳。"
MORE = "后来又帮同桌捡起了铅笔。"
BOX = "textarea[name=facts]"
LOSS_MS = 10_000  # of typing
STORED = """async () => JSON.stringify([
    Object.entries(localStorage), Object.entries(sessionStorage),
    (await indexedDB.databases()).map((each) => each.name), await caches.keys().catch(() => []),
])"""


def drafted() -> str:
    """What the server has of what was typed."""
    return "".join(draft.words for draft in Draft.objects.all())


def wait_for(page: Page, what, seconds: int = 15) -> None:
    """Real requests need real time, the page's clock stands: a little of it at a time."""
    for _each in range(10 * seconds):
        if what():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"It did not come to that: {drafted()!r}")


def words_again(open_page, user, student) -> str:
    page = open_page(user)
    open_sheet(page, student)
    return page.locator(BOX).input_value()


# --- (a) the session ends ---------------------------------------------------------------------------------------------


def test_words_typed_after_the_session_ended_are_saved_once_the_same_person_signs_in(cast, open_page, live_server):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    write(page, WORDS)
    draft_is_saved(page)
    Session.objects.all().delete()
    with page.expect_response(lambda response: response.status == 401):
        write(page, MORE)
    page.context.add_cookies([session_cookie(cast.guo, live_server.url)])  # a colleague at the same computer
    with page.expect_response(lambda response: response.status == 401):
        page.evaluate("window.dispatchEvent(new Event('focus'))")
    assert not Draft.objects.filter(user=cast.guo).exists()
    page.context.add_cookies([session_cookie(cast.zhou, live_server.url)])
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    wait_for(page, lambda: drafted() == page.locator(BOX).input_value())

    assert WORDS in drafted() and MORE in drafted()
    assert words_again(open_page, cast.zhou, cast.an) == drafted()
    assert words_again(open_page, cast.guo, cast.an) == ""


# --- (b) no network ---------------------------------------------------------------------------------------------------


def test_ten_minutes_without_network_lose_nothing(cast, open_page):
    page = open_page(cast.zhou)
    page.clock.install(time=timezone.now())
    open_sheet(page, cast.an)
    page.context.set_offline(True)
    write(page, WORDS)
    page.clock.run_for("05:00")
    write(page, MORE)
    page.clock.run_for("05:00")
    page.get_by_text(_("No network. Go on writing; it is saved as soon as the network is back.")).wait_for()
    assert drafted() == ""
    page.context.set_offline(False)  # the browser says "online", and nobody has to wait for the next attempt
    page.clock.run_for(1000)
    wait_for(page, lambda: MORE in drafted())

    assert drafted() == WORDS + MORE == page.locator(BOX).input_value()


def test_a_network_that_swallows_requests_is_tried_again(cast, open_page):
    page = open_page(cast.zhou)
    page.clock.install(time=timezone.now())
    open_sheet(page, cast.an)
    swallowed = []

    def swallow_the_first(route):  # for good: taking the route away would let the request through after all
        if swallowed:
            route.continue_()
        else:
            swallowed.append(route)

    page.route("**" + reverse("students:draft_save"), swallow_the_first)
    write(page, WORDS)
    page.clock.run_for(2000)
    wait_for(page, lambda: swallowed)
    assert drafted() == ""
    page.clock.run_for(15_000)  # no answer is waited for any longer
    page.get_by_text(_("No network. Go on writing; it is saved as soon as the network is back.")).wait_for()
    page.clock.run_for(5_000)
    wait_for(page, lambda: drafted() == WORDS)


# --- (c) tab or browser killed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [22, 60])
def test_a_browser_that_is_killed_loses_at_most_ten_seconds_of_typing_without_a_pause(
    cast, chromium, open_page, live_server, keys
):
    """A key every half second, never the second of rest after which a draft is saved otherwise. Eleven seconds of it show
    a limit that is too long; longer typing could end just after a save."""
    browser = chromium.browser_type.launch(executable_path=chromium_path(), args=FLAGS)
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    context.add_cookies([session_cookie(cast.zhou, live_server.url)])
    page = context.new_page()
    page.clock.install(time=timezone.now())
    open_sheet(page, cast.an)
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    for number in range(keys):
        page.locator(BOX).press_sequentially(chr(0x4E00 + number))
        page.clock.run_for(500)
    page.wait_for_timeout(300)  # what is on its way arrives; nothing more is sent, for the page's clock stands
    kill(browser)

    assert len(drafted()) >= keys - LOSS_MS // 500
    assert words_again(open_page, cast.zhou, cast.an) == drafted()
    assert words_again(open_page, cast.guo, cast.an) == ""


def chromium_path() -> str:
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")


def kill(browser) -> None:
    """As the system does when memory is short: without a word to any page."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each["id"], signal.SIGKILL)
    with suppress(Error):
        browser.close()


def test_a_page_that_goes_into_the_background_saves_at_once(cast, open_page):
    page = open_page(cast.zhou)
    page.clock.install(time=timezone.now())
    open_sheet(page, cast.an)
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    write(page, WORDS)
    assert drafted() == ""
    page.evaluate("""() => {
        Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    wait_for(page, lambda: drafted() == WORDS)


def test_a_tab_that_is_closed_sends_its_last_words(cast, open_page):
    page = open_page(cast.zhou)
    page.clock.install(time=timezone.now())
    open_sheet(page, cast.an)
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    write(page, WORDS)
    other = page.context.new_page()
    page.close(run_before_unload=True)
    wait_for(other, lambda: drafted() == WORDS)


# --- (e) the token changes --------------------------------------------------------------------------------------------


def test_a_token_that_was_changed_or_lost_holds_nothing_up(cast, open_page):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    page.context.clear_cookies(name="csrftoken")
    with page.expect_response(lambda response: response.status == 403):
        write(page, WORDS)
    wait_for(page, lambda: drafted() == WORDS)  # the refusal brought a new one


# --- where the words lie ----------------------------------------------------------------------------------------------


def test_a_draft_is_encrypted_and_nothing_of_it_lies_in_the_browser(cast, open_page):
    page = open_page(cast.zhou)
    page.goto(reverse("reports:home"))
    open_sheet(page, cast.an)
    write(page, WORDS)
    draft_is_saved(page)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM students_draft")
        [(body,)] = cursor.fetchall()
    assert WORDS[:4] not in body and WORDS[:4].encode("unicode_escape").decode() not in body
    stored = page.evaluate(STORED)
    assert not any(each in stored for each in (WORDS, WORDS[:4], cast.an.name))
    page.goto(reverse("account_logout"))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**" + reverse("account_login") + "**")
    assert page.evaluate(STORED) == "[[],[],[],[]]"
    page.go_back()
    assert WORDS not in page.content()


def test_the_browser_would_show_what_is_stored(cast, open_page):
    """Otherwise the test above would prove nothing."""
    page = open_page(cast.zhou)
    page.goto(reverse("reports:home"))
    page.evaluate("sessionStorage.setItem('x', '课间'); indexedDB.open('y')")
    assert "课间" in page.evaluate(STORED) and "y" in page.evaluate(STORED)


def test_a_draft_goes_with_the_form_that_was_sent_and_after_seven_days(cast, open_page):
    page = open_page(cast.zhou, DESKTOP)
    open_sheet(page, cast.an)
    write(page, WORDS)
    draft_is_saved(page)
    page.locator(SAVE).click()
    page.wait_for_url("**" + reverse("reports:home"))
    assert drafted() == "" and Observation.objects.get().facts == WORDS
    open_sheet(page, cast.bei)
    write(page, MORE)
    draft_is_saved(page)
    Draft.objects.update(updated_at=timezone.now() - timedelta(days=7))
    expire_drafts()
    assert not Draft.objects.exists()


# --- T53: htmx and an ended session -----------------------------------------------------------------------------------


def test_a_fragment_of_a_signed_out_person_leads_to_the_door_and_leaves_no_copy_of_a_page(cast, open_page):
    """T53."""
    page = open_page(cast.zhou, DESKTOP)
    page.goto(cast.an.get_absolute_url())
    page.goto(reverse("reports:home"))
    kept = page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))")
    assert set(kept) <= {"htmx-current-path-for-history"}  # where the tab is, and no copy of any page
    page.wait_for_load_state("networkidle")  # the page's own fragments are in
    Session.objects.all().delete()
    page.locator("nav.yd-side .btn-note").click()
    page.wait_for_url("**" + reverse("account_login") + "**")
    assert page.locator("#sheet input[type=password]").count() == 0


def test_who_writes_while_signed_out_stays_on_the_page_with_the_words(cast, open_page):
    """T53: a fragment of the sheet is asked for; going to the door would throw the words away."""
    page = open_page(cast.zhou, DESKTOP)
    page.goto(reverse("reports:home"))
    page.goto(cast.an.get_absolute_url())
    page.locator("nav.yd-side .btn-note").click()
    write(page, WORDS)
    Session.objects.all().delete()
    with page.expect_response(
        lambda response: "HX-Redirect" in response.all_headers() or "hx-redirect" in response.all_headers()
    ):
        page.evaluate("htmx.ajax('GET', document.querySelector('.btn-note').getAttribute('hx-get'), '#found')")
    page.locator("[data-stay] a").wait_for()
    assert page.locator(BOX).input_value() == WORDS
    assert page.locator("input[type=password]").count() == 0


# --- T54: Back and send again -----------------------------------------------------------------------------------------


def test_back_and_send_again_makes_one_note(cast, open_page):
    """T54."""
    page = open_page(cast.zhou, DESKTOP)
    page.goto(reverse("reports:home"))
    open_sheet(page, cast.an)
    write(page, WORDS)
    page.locator(SAVE).click()
    page.wait_for_url("**" + reverse("reports:home"))
    page.go_back()
    page.locator(BOX).wait_for()
    assert (
        page.locator(BOX).input_value() == ""
    )  # a new sheet: it has a number of its own, and so no words of the old one
    page.go_forward()
    assert Observation.objects.count() == 1


def test_a_device_whose_clock_is_behind_loses_no_word(cast, open_page):
    """What an earlier note's draft left behind has a greater number than this clock gives."""
    page = open_page(cast.zhou)
    page.clock.install(time=timezone.now() - timedelta(hours=1))
    open_sheet(page, cast.an)
    key = page.locator("form[data-draft-key]").get_attribute("data-draft-key")
    later = int(timezone.now().timestamp() * 1000)
    Draft.objects.create(user=cast.zhou, key=key, body="{}", seq=later, updated_at=timezone.now())
    write(page, WORDS)
    page.clock.run_for(2_000)  # no further: answers take real time, and after 15 s of the page's own it waits for none
    wait_for(page, lambda: drafted() == WORDS)
