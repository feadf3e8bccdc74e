"""记一笔 in a real browser: few taps, and no word is lost, whatever happens to page, session, network or the other tab."""

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from students.models import Draft, Observation
from tests.browser.conftest import DESKTOP, PHONE, session_cookie
from tests.browser.hand import SAVE, Hand, draft_is_saved, open_sheet, write
from tests.factories import ObservationFactory

pytestmark = pytest.mark.browser
WORDS = "课间主动收好了全组的跳绳。"


def grid_of(cast) -> str:
    return reverse("students:class_grid", args=[cast.own_class.pk])


def sheet_for(student) -> str:
    return f"{reverse('students:note_new')}?student={student.pk}"


def saved_for(students: int) -> str:
    return ngettext("Saved for %(count)d student", "Saved for %(count)d students", students) % {"count": students}


def filed() -> list[str]:
    return list(Observation.objects.values_list("facts", flat=True))


# --- few taps ---------------------------------------------------------------------------------------------------------


def test_a_head_teacher_notes_what_she_saw_with_three_taps_and_typing(cast, open_page):
    page = open_page(cast.zhou, PHONE)
    hand = Hand(page)
    page.goto(grid_of(cast))
    assert "今天" not in page.get_by_role("link", name="安然然").inner_text()

    hand.tap(page.get_by_role("link", name="安然然"))
    hand.tap(page.locator(".yd-fab"))
    page.wait_for_selector(".yd-sheet textarea:focus")  # nobody taps into the box
    page.keyboard.type(WORDS)
    hand.tap(page.locator(SAVE))
    page.get_by_text(saved_for(1)).wait_for()

    assert hand.taps == 3
    note = Observation.objects.get()
    assert (note.student, note.author, note.facts, note.happened_on) == (
        cast.an,
        cast.zhou,
        WORDS,
        timezone.localdate(),
    )
    assert not any(draft.body for draft in Draft.objects.all())
    page.goto(grid_of(cast))
    assert "今天" in page.get_by_role("link", name="安然然").inner_text()
    assert page.complaints == []


def test_at_the_desk_a_note_needs_no_mouse(cast, open_page):
    page = open_page(cast.zhou, DESKTOP)
    page.goto(grid_of(cast))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + cast.an.get_absolute_url())
    page.keyboard.press("n")
    page.wait_for_selector(".yd-sheet textarea:focus")
    page.keyboard.type(WORDS + "npx")  # single letters are words here, not keys
    page.keyboard.press("Control+Enter")
    page.get_by_text(saved_for(1)).wait_for()

    assert [(note.student, note.facts) for note in Observation.objects.all()] == [(cast.an, WORDS + "npx")]


def test_several_students_chosen_in_the_grid_get_one_note_each(cast, open_page):
    page = open_page(cast.zhou, PHONE)
    page.goto(grid_of(cast))
    page.get_by_role("link", name=_("Choose several")).tap()
    page.get_by_role("checkbox", name="安然然").tap()
    page.get_by_role("checkbox", name="贝宁宁").tap()
    page.get_by_text(_("{n} chosen").replace("{n}", "2")).wait_for()
    page.locator(".yd-pick button[type=submit]").tap()
    write(page, WORDS)
    page.locator(SAVE).tap()
    page.get_by_text(saved_for(2)).wait_for()

    rows = Observation.objects.all()
    assert {row.student for row in rows} == {cast.an, cast.bei}
    assert len({row.incident for row in rows}) == 1


# --- no word is lost --------------------------------------------------------------------------------------------------


def test_the_text_outlives_a_killed_browser_and_is_for_its_writer_alone(cast, open_page):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    write(page, WORDS)
    draft_is_saved(page)
    page.context.close()

    again = open_page(cast.zhou)
    again.goto(reverse("reports:home"))
    again.get_by_role("link", name=_("a note not finished")).first.tap()
    assert again.locator("textarea[name=facts]").input_value() == WORDS
    colleague = open_page(cast.he)
    open_sheet(colleague, cast.an)
    assert colleague.locator("textarea[name=facts]").input_value() == ""
    colleague.goto(reverse("reports:home"))
    assert WORDS not in colleague.content()


def test_a_session_that_ends_while_writing_keeps_the_page_and_the_words(cast, open_page):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    Session.objects.all().delete()
    with page.expect_response(lambda response: response.status == 401):
        write(page, WORDS)
    page.get_by_text(_("Signed out meanwhile; your words are still on this page")).wait_for()

    assert page.get_by_role("link", name=_("Sign in and go on")).is_visible()
    assert page.locator("textarea[name=facts]").input_value() == WORDS
    assert page.url.endswith(sheet_for(cast.an))


def test_a_note_sent_after_the_session_ended_is_shown_again_and_can_be_sent(cast, open_page, live_server):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    Session.objects.all().delete()
    write(page, WORDS)
    page.locator(SAVE).tap()
    page.get_by_role("heading", name=_("You are signed out")).wait_for()
    assert filed() == []
    page.context.add_cookies([session_cookie(cast.zhou, live_server.url)])  # as the other tab does
    page.get_by_role("button", name=_("Send it again")).tap()
    page.wait_for_url("**" + reverse("reports:home"))

    assert filed() == [WORDS]


def test_without_network_the_text_stays_and_is_saved_when_it_is_back(cast, open_page):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    page.context.set_offline(True)
    write(page, WORDS)
    page.get_by_text(_("No network. Go on writing; it is saved as soon as the network is back.")).wait_for()
    assert page.locator("textarea[name=facts]").input_value() == WORDS
    assert not Draft.objects.exists()

    page.context.set_offline(False)
    draft_is_saved(page)
    assert Draft.objects.get().form["facts"] == [WORDS]


def test_an_expired_form_shows_the_text_again_and_can_be_sent(cast, open_page):
    page = open_page(cast.zhou)
    open_sheet(page, cast.an)
    write(page, WORDS)
    draft_is_saved(page)
    page.context.clear_cookies(name="csrftoken")
    page.locator(SAVE).tap()
    page.get_by_role("heading", name=_("This form had expired")).wait_for()
    assert page.get_by_label(_("What you wrote")).input_value() == WORDS
    assert filed() == []

    page.get_by_role("button", name=_("Send it again")).tap()
    page.wait_for_url("**" + reverse("reports:home"))
    assert filed() == [WORDS]


# --- once, and nothing overwritten ------------------------------------------------------------------------------------


def test_a_double_click_on_save_makes_one_note(cast, open_page):
    page = open_page(cast.zhou, DESKTOP)
    open_sheet(page, cast.an)
    write(page, WORDS)
    page.locator(SAVE).dblclick(no_wait_after=True)
    page.get_by_text(saved_for(1)).wait_for()

    assert filed() == [WORDS]


def test_two_tabs_correcting_one_note_get_both_texts(cast, open_page):
    note = ObservationFactory(student=cast.an, author=cast.zhou, facts="第一句。")
    edit = reverse("students:note_edit", args=[note.pk])
    first = open_page(cast.zhou, DESKTOP)
    second = first.context.new_page()
    first.goto(edit)
    second.goto(edit)
    first.locator("textarea[name=facts]").fill("第一句。先存的一句。")
    first.locator(SAVE).click()
    first.wait_for_url("**" + note.get_absolute_url())
    second.locator("textarea[name=facts]").fill("第一句。后写的一句。")
    with second.expect_response(lambda response: response.status == 409):
        second.locator(SAVE).click()

    shown = second.locator("main").inner_text()
    assert "先存的一句。" in shown
    assert "后写的一句。" in shown
    note.refresh_from_db()
    assert note.facts == "第一句。先存的一句。"
    second.locator("#both").fill("第一句。两句都要。")
    second.get_by_role("button", name=_("Save this text")).click()
    second.wait_for_url("**" + note.get_absolute_url())
    note.refresh_from_db()
    assert note.facts == "第一句。两句都要。"
