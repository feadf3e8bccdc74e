"""Every main page on a phone and at a desk: accessible, no wider than the screen, quiet, and usable by thumb and by key."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from reports import actions, making
from students.models import Exam, Mark, Observation, Term
from tests.browser.conftest import DESKTOP, PHONE, serious
from tests.browser.hand import SAVE, open_sheet
from tests.factories import PASSWORD, ObservationFactory

pytestmark = pytest.mark.browser
NARROW = {"width": 320, "height": 568}
SETTLED = "() => !document.querySelector('[aria-busy=true], .htmx-request, .htmx-settling')"
THUMB = 44  # px
THUMB_TARGETS = (
    ".yd-tabbar a, .yd-savebar .btn, .yd-savebar button, .yd-sheet .yd-chip, .yd-icon, .yd-tile a, main .btn"
)

NOWHERE = "/students/00000000-0000-4000-8000-000000000000/"
PUBLIC = ["account_login", "offline"]
PLAIN = {
    "zhou": ["reports:home", "reports:todo", "students:list", "students:search", "students:note_picker",
             "students:notes_mine", "reports:index", "accounts:me", "usersessions_list", "account_change_password"],
    "xin": ["reports:home", "students:attention", "students:class_list"],
    "ruan": ["students:attention", "students:class_list", "reports:index", "accounts:waiting", "students:log"],
    "jiao": ["students:imports", "students:mark_imports", "students:rollover", "students:placements", "students:add"],
    "shen": ["reports:home", "students:log", "students:security_log"],
    "luo": ["reports:home", "students:class_list", "students:note_picker", "students:notes_mine"],
    "wang": ["accounts:staff", "accounts:staff_add", "accounts:roles", "accounts:departments", "accounts:school",
             "students:terms", "students:calendar", "students:classes_admin"],
}  # fmt: skip
OF_STUDENT = [
    "detail",
    "timeline",
    "profile",
    "profile_edit",
    "background",
    "family_edit",
    "access",
    "readers",
    "history",
]
OF_NOTE = ["note_detail", "note_edit", "note_append", "note_void", "note_move", "note_history"]


def urls(cast, who: str) -> list[str]:
    found = [reverse(name) for name in PLAIN[who]]
    if who != "zhou":
        return found
    note = ObservationFactory(student=cast.an, author=cast.zhou, facts="课间主动收好了全组的跳绳。" * 6)
    found.append(cast.own_class.get_absolute_url())
    found.append(f"{reverse('students:note_new')}?student={cast.an.pk}&student={cast.bei.pk}")
    found += [reverse(f"students:{name}", args=[cast.an.pk]) for name in OF_STUDENT]
    found += [reverse(f"students:{name}", args=[note.pk]) for name in OF_NOTE]
    job = actions.request_summary(
        by=cast.zhou,
        class_group=cast.own_class,
        term=Term.objects.filter(school=cast.school).latest_begun(timezone.localdate()),
        now=timezone.now(),
    )
    making.make(job_id=str(job.pk), clock=timezone.now)
    return [*found, job.get_absolute_url(), _marks(cast), NOWHERE]


def _marks(cast) -> str:
    """Two subjects, so that two pictures stand on one page."""
    exam = Exam.objects.create(term=Term.objects.filter(school=cast.school).first())
    for subject, value in (("数学", 80), ("语文", 75)):
        Mark.objects.create(student=cast.an, exam=exam, class_group=cast.own_class, subject=subject, value=value)
    return reverse("reports:marks", args=[cast.an.pk])


def overflow(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def too_small(page) -> list[str]:
    """Visible main targets that a thumb misses; what lies inside a larger target of its own row does not count."""
    return page.evaluate(
        """([css, least]) => [...document.querySelectorAll(css)].filter(e => !e.closest('[inert]')).flatMap(e => {
             const {width, height} = e.getBoundingClientRect();
             const missed = width && height && (height < least - 0.5 || width < least - 0.5);
             return missed ? [`${e.outerHTML.slice(0, 120)} ${Math.round(width)}x${Math.round(height)}`] : [];
           })""",
        [THUMB_TARGETS, THUMB],
    )


@pytest.mark.parametrize("who", PLAIN)
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_pages_are_accessible_fit_the_screen_and_raise_no_complaint(cast, open_page, who, size):
    page = open_page(cast.people[who], size)
    wrong = {}
    for number, url in enumerate(urls(cast, who)):
        answer = page.goto(url)
        assert answer.ok or url == NOWHERE, url
        page.wait_for_function(SETTLED)
        # At a desk another navigation stands around the same page, so one page of each person tells.
        found = serious(page) if size == PHONE or number == 0 else []
        if size == PHONE:
            found += too_small(page)
            page.set_viewport_size(NARROW)
        found += [f"{overflow(page)} px too wide"] if overflow(page) > 0 else []
        page.set_viewport_size(size)
        if found:
            wrong[url] = found
    assert wrong == {}
    assert page.complaints == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_pages_for_everybody_are_accessible_and_fit_the_screen(db, open_page, size):
    page = open_page(None, size)
    for name in PUBLIC:
        page.goto(reverse(name))
        assert serious(page) == []
        assert overflow(page) <= 0
    assert page.complaints == []


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_privacy_key_blurs_names_and_words_and_is_remembered(cast, open_page):
    ObservationFactory(student=cast.an, author=cast.zhou)
    page = open_page(cast.zhou, DESKTOP)
    page.goto(cast.an.get_absolute_url())
    page.wait_for_function(SETTLED)
    assert blurs(page, "h1.yd-name") == "none"
    page.keyboard.press("p")
    assert "blur" in blurs(page, "h1.yd-name")
    assert "blur" in blurs(page, "#timeline .yd-words")

    page.goto(cast.own_class.get_absolute_url())
    assert "blur" in blurs(page, ".yd-tile .yd-name:not(.yd-ava)")
    expect(page.locator("[data-privacy]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-privacy]").click()
    assert blurs(page, ".yd-tile .yd-name:not(.yd-ava)") == "none"


def blurs(page, css: str) -> str:
    return page.locator(css).first.evaluate("element => getComputedStyle(element).filter")


def test_the_first_key_skips_to_the_content_and_focus_is_seen(cast, open_page):
    page = open_page(cast.zhou, DESKTOP)
    page.goto(reverse("reports:home"))
    page.keyboard.press("Tab")
    skip = page.locator(".yd-skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "3px" in outline
    assert "solid" in outline


def test_escape_closes_the_sheet_keeps_the_draft_and_gives_the_focus_back(cast, open_page):
    page = open_page(cast.zhou, DESKTOP)
    page.goto(cast.an.get_absolute_url())
    opener = page.locator("[data-key=n]")
    opener.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#sheet textarea:focus")
    assert page.locator(".yd-app").evaluate("app => app.inert")
    page.keyboard.type("写到一半")
    with page.expect_response(lambda response: response.url.endswith(reverse("students:draft_save"))):
        page.keyboard.press("Escape")

    expect(page.locator(".yd-sheet")).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("n")
    page.wait_for_selector("#sheet textarea:focus")
    assert page.locator("#sheet textarea[name=facts]").input_value() == "写到一半"


def test_switched_off_keys_do_nothing(cast, open_page):
    cast.zhou.shortcuts_enabled = False
    cast.zhou.save()
    page = open_page(cast.zhou, DESKTOP)
    page.goto(cast.an.get_absolute_url())
    page.keyboard.press("p")
    assert "privacy" not in (page.locator("html").get_attribute("class") or "")


# --- without JavaScript -----------------------------------------------------------------------------------------------


def test_without_javascript_one_can_sign_in_write_a_note_and_find_a_student(cast, chromium, live_server):
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE, base_url=live_server.url, locale="zh-CN")
    page = context.new_page()
    page.goto(reverse("reports:home"))
    page.locator("input[name=login]").fill(cast.zhou.username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form button[type=submit]").last.click()
    page.wait_for_url(live_server.url + reverse("reports:home"))

    open_sheet(page, cast.an)
    page.locator("textarea[name=facts]").fill("没有脚本也能记。")
    page.locator(SAVE).click()
    assert Observation.objects.get().facts == "没有脚本也能记。"

    page.goto(reverse("students:search"))
    page.locator("main input[name=q]").fill("bnn")
    page.locator("main form button[type=submit]").first.click()
    page.locator("main").get_by_role("link", name="贝宁宁").click()
    assert page.locator("h1").inner_text() == "贝宁宁"
    page.goto(reverse("students:timeline", args=[cast.an.pk]))
    assert "没有脚本也能记。" in page.locator("main").inner_text()
    context.close()
