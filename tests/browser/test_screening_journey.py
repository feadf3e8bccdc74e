"""A head teacher goes through a class of 45 without a mouse; the tab is killed half-way and nothing is lost (issue 4, Done when 4)."""

import os
import signal
from contextlib import suppress

import pytest
from django.urls import reverse
from django.utils.translation import gettext as _
from playwright.sync_api import Error, Page

from students.models import Draft, ScreeningEntry, Student
from tests.browser.conftest import CHROMIUM, DESKTOP, FLAGS, PHONE, serious, session_cookie
from tests.browser.hand import draft_is_saved
from tests.factories import StudentFactory, seat
from tests.students.sweep import a_round, sheet_of

pytestmark = pytest.mark.browser
WORDS = "这两周课间多半一个人坐着，问了说没事。"
MORE = "今天又是。"
KILLED_AT = 22  # answered by then; the next one is half-written
POINTER = "addEventListener('pointerdown', () => { window.pointed = true; }, {capture: true})"
AT = "id => document.activeElement?.closest('li')?.id === id"
IS_TEXT = "() => document.activeElement?.name === 'facts'"


@pytest.fixture
def sheet(cast):
    for number in range(3, 46):
        seat(StudentFactory(school=cast.school, name=f"同学{number:02}"), cast.own_class, seat_no=number)
    return sheet_of(a_round(cast.school, by=cast.ruan, days=3), cast.own_class)


@pytest.fixture
def students(sheet, today) -> list[Student]:
    return list(Student.objects.of_class(sheet.class_group, today))


def is_at(page: Page, student: Student) -> None:
    """The focus has come to this student's row."""
    page.wait_for_function(AT, arg=f"s-{student.pk}")


def nothing_seen(page: Page, student: Student) -> None:
    is_at(page, student)
    page.keyboard.press("Enter")


def open_form(page: Page, student: Student) -> None:
    is_at(page, student)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement?.type === 'checkbox'")


def to_the_text(page: Page) -> None:
    while not page.evaluate(IS_TEXT):
        page.keyboard.press("Tab")


def write_down(page: Page, student: Student) -> None:
    """Two signs and a line."""
    open_form(page, student)
    page.keyboard.press("Space")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    to_the_text(page)
    page.keyboard.type(WORDS)


def to_the_class(page: Page, sheet) -> None:
    """From the home page, where it stands among what is due."""
    page.goto(reverse("reports:home"))
    for _item in range(6):
        page.keyboard.press("j")
        if page.evaluate("document.activeElement.getAttribute('href')") == sheet.get_absolute_url():
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**" + sheet.get_absolute_url())


def kill(browser) -> None:
    """As the system does when memory is short: without a word to any page."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each["id"], signal.SIGKILL)
    with suppress(Error):
        browser.close()


def answers() -> dict:
    return {entry.student_id: entry for entry in ScreeningEntry.objects.all()}


def test_forty_five_students_without_a_mouse_and_with_a_tab_that_is_killed(
    cast, chromium, open_page, live_server, sheet, students
):
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=FLAGS)
    context = browser.new_context(base_url=live_server.url, locale="zh-CN", viewport=DESKTOP)
    context.add_cookies([session_cookie(cast.zhou, live_server.url)])
    page = context.new_page()
    page.add_init_script(POINTER)
    to_the_class(page, sheet)
    page.keyboard.press("j")
    for student in students[: KILLED_AT - 1]:
        nothing_seen(page, student)
    write_down(page, students[KILLED_AT - 1])
    page.keyboard.press("Control+Enter")
    write_down(page, students[KILLED_AT])
    draft_is_saved(page)
    assert not page.evaluate("window.pointed")
    kill(browser)

    stored = answers()
    assert set(stored) == {student.pk for student in students[:KILLED_AT]}
    seen = stored[students[KILLED_AT - 1].pk]
    assert (seen.answer, seen.signs, seen.facts) == ("signs", ["s1", "s2"], WORDS)
    colleague = open_page(cast.he, DESKTOP)
    colleague.goto(sheet.get_absolute_url())
    assert WORDS not in colleague.content()
    colleague.context.close()

    page = open_page(cast.zhou, DESKTOP)
    page.add_init_script(POINTER)
    to_the_class(page, sheet)
    is_at(page, students[KILLED_AT])  # where the work goes on
    row = page.locator(f"[id='s-{students[KILLED_AT].pk}']")
    assert row.locator("textarea").input_value() == WORDS
    assert row.locator("input[name=signs]:checked").evaluate_all("boxes => boxes.map(box => box.value)") == ["s1", "s2"]
    assert serious(page) == []
    to_the_text(page)
    page.keyboard.press("Control+End")
    page.keyboard.type(MORE)
    page.keyboard.press("Control+Enter")
    for student in students[KILLED_AT + 1 :]:
        nothing_seen(page, student)
    page.wait_for_function("() => document.activeElement?.dataset.finish !== undefined")
    page.keyboard.press("Enter")
    page.get_by_text(_("Finished. Thank you; the moral-education office looks at it now.")).wait_for()

    stored = answers()
    assert set(stored) == {student.pk for student in students}
    assert stored[students[KILLED_AT].pk].facts == WORDS + MORE
    assert sum(entry.answer == "signs" for entry in stored.values()) == 2
    assert not any(draft.body for draft in Draft.objects.all())
    sheet.refresh_from_db()
    assert sheet.finished_by == cast.zhou
    assert not page.evaluate("window.pointed") and page.complaints == []


def test_a_key_that_is_held_down_answers_for_one_student(cast, open_page, sheet, students):
    page = open_page(cast.zhou, DESKTOP)
    page.goto(sheet.get_absolute_url())
    page.keyboard.press("j")
    is_at(page, students[0])
    page.keyboard.down("Enter")
    is_at(page, students[1])
    page.keyboard.down("Enter")  # without letting go: the browser says that it repeats
    page.keyboard.up("Enter")
    page.wait_for_timeout(300)
    assert set(answers()) == {students[0].pk}


def test_by_thumb_one_tap_is_an_answer_and_closing_keeps_the_words(cast, open_page, sheet, students):
    page = open_page(cast.zhou, PHONE)
    page.goto(sheet.get_absolute_url())
    rows = [page.locator(f"[id='s-{student.pk}']") for student in students[:2]]
    rows[0].get_by_role("button", name=_("Nothing seen")).tap()
    rows[0].get_by_text(_("answered"), exact=True).wait_for()
    rows[1].get_by_role("link", name=_("Something seen")).tap()
    rows[1].locator("textarea").fill(WORDS)
    rows[1].locator("[data-screen-close]").tap()  # before the draft had its second of rest
    rows[1].get_by_role("link", name=_("Something seen")).wait_for()
    page.wait_for_timeout(500)
    page.reload()
    assert rows[1].locator("textarea").input_value() == WORDS
    assert set(answers()) == {students[0].pk}
    assert serious(page) == [] and page.complaints == []
