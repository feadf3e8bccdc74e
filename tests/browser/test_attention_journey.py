"""Needs attention: from the dormitory to the counsellor's home page, and the receipt back."""

import pytest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role
from students.models import AttentionRequest, Observation
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.hand import SAVE, write

pytestmark = pytest.mark.browser
WORDS = "熄灯后一直在哭，说明天不想去上学。"
FIRST_ROW = "#h-todo >> xpath=ancestor::section >> li >> nth=0"


def ask_for_attention(page) -> None:
    """The dormitory keeper has no class: the child is found by its initials."""
    page.goto(reverse("reports:home"))
    page.locator(".yd-fab").tap()
    page.locator("#picker-q").press_sequentially("arr")
    page.locator("#picked").get_by_role("link", name="安然然").tap()
    write(page, WORDS)
    page.locator("#id_needs_attention").tap()
    page.locator(".yd-if-urgent").wait_for()  # if somebody is in danger now: the phone number
    page.locator(SAVE).tap()
    page.locator(".yd-toast").first.wait_for()


def test_a_call_for_attention_stands_first_until_it_is_taken_up(cast, open_page):
    keeper, counsellor = open_page(cast.luo, PHONE), open_page(cast.xin, DESKTOP)
    counsellor.goto(reverse("reports:home"))
    assert counsellor.locator(f"main a[href='{reverse('students:attention')}']").count() == 0
    ask_for_attention(keeper)
    note = Observation.objects.get()
    assert (note.student, note.author) == (cast.an, cast.luo)

    counsellor.reload()
    first = counsellor.locator(FIRST_ROW)
    assert "安然然" in first.inner_text()
    assert first.get_by_role("link").get_attribute("href") == reverse("students:attention")
    keeper.goto(reverse("students:notes_mine"))
    assert _("not taken up yet") in keeper.locator("main").inner_text()

    first.get_by_role("link").click()
    assert WORDS in counsellor.locator("main").inner_text()
    counsellor.get_by_role("button", name=_("I take it up")).click()
    counsellor.get_by_text(_("Nothing waits")).wait_for()
    counsellor.goto(reverse("reports:home"))
    assert "安然然" not in counsellor.locator("#h-todo >> xpath=ancestor::section").inner_text()
    assert AttentionRequest.objects.get().acknowledged_by == cast.xin


def test_the_keeper_learns_that_it_was_received_and_nothing_else(cast, open_page):
    keeper, counsellor = open_page(cast.luo, PHONE), open_page(cast.xin, DESKTOP)
    ask_for_attention(keeper)
    counsellor.goto(reverse("students:attention"))
    counsellor.get_by_role("button", name=_("I take it up")).click()
    counsellor.get_by_text(_("Nothing waits")).wait_for()

    keeper.goto(reverse("students:notes_mine"))
    shown = keeper.locator("main").inner_text()
    assert str(Role.COUNSELLOR.label) in shown  # the office, not the person
    assert cast.xin.display_name not in shown
    for closed in (
        cast.an.get_absolute_url(),
        reverse("students:attention"),
        reverse("students:timeline", args=[cast.an.pk]),
    ):
        assert keeper.goto(closed).status == 404
    assert keeper.complaints == counsellor.complaints == []
