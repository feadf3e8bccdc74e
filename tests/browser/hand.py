"""What a person does with a page: taps that are counted, a note that is written."""

from django.urls import reverse
from django.utils.translation import gettext as _
from playwright.sync_api import Locator, Page

SAVE = ".yd-sheet .yd-savebar button[type=submit]"
COUNT = "addEventListener('touchstart', () => countTap(), {capture: true, passive: true})"


class Hand:
    """Counts every touch that reaches a page, whoever caused it; to be made before the first page is opened."""

    def __init__(self, page: Page):
        self.taps = 0
        page.expose_function("countTap", self._count)
        page.add_init_script(COUNT)

    def _count(self) -> None:
        self.taps += 1

    def tap(self, target: Locator) -> None:
        target.tap()


def open_sheet(page: Page, student) -> None:
    page.goto(f"{reverse('students:note_new')}?student={student.pk}")


def write(page: Page, words: str) -> None:
    """Key by key, as a person types."""
    box = page.locator("textarea[name=facts]")
    box.wait_for()
    box.press_sequentially(words)


def draft_is_saved(page: Page) -> None:
    page.get_by_text(_("Draft saved just now")).wait_for()
