"""A roster through a real browser and a real worker: uploaded, watched, looked through, imported, taken back. A worker that dies: tests/faults."""

import io
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Role
from students.models import ClassGroup, RosterImport, Student
from tests.browser.conftest import DESKTOP, PHONE, serious
from tests.factories import SchoolFactory, UserFactory, this_year
from tests.students.roster.test_import import line, sheet_of

pytestmark = pytest.mark.browser

WITHIN = 60_000  # ms
DATA = Path(__file__).parents[1] / "data"
in_the_files_year = pytest.mark.skipif(
    timezone.localdate() >= date(2027, 9, 1), reason="The files speak of the school year 2026-2027."
)


def upload(page, data: bytes, name: str = "名册.csv") -> None:
    page.goto(reverse("students:imports"))
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": data})
    page.get_by_role("button", name=_("Upload and check")).click()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_academic_office_imports_the_good_rows_and_takes_them_back(cast, open_page, worker, size):
    worker.start()
    before = Student.objects.count()
    page = open_page(cast.jiao, size)
    upload(page, sheet_of([line(1, 姓名="张𬱖"), line(2), line(3, 性别="公")]))
    page.locator("#h-diff").wait_for(timeout=WITHIN)
    shown = page.locator("main").inner_text()
    assert "张𬱖" in shown
    assert "公" in shown
    assert Student.objects.count() == before
    assert serious(page) == []

    page.get_by_role("button", name=good_rows_only(2)).click()
    page.locator("#h-done").wait_for(timeout=WITHIN)
    assert Student.objects.count() == before + 2
    assert serious(page) == []

    page.get_by_text(_("Take this import back")).click()
    page.get_by_role("button", name=_("Take it back")).click()
    page.get_by_text(_("The students are as they were before this import.")).wait_for(timeout=WITHIN)
    assert Student.objects.count() == before
    assert page.complaints == []


def test_columns_are_matched_by_hand_and_checked_again(cast, open_page, worker):
    worker.start()
    page = open_page(cast.jiao, DESKTOP)
    upload(page, "姓名,班级,性别,生日,小名\n张三,三(2)班,男,20180301,三三\n".encode())
    page.locator("#h-diff").wait_for(timeout=WITHIN)
    page.get_by_role("link", name=_("Change the columns")).click()
    page.get_by_label("小名").select_option("former_name")
    assert serious(page) == []
    page.get_by_role("button", name=_("Check again")).click()
    page.locator("#h-diff").wait_for(timeout=WITHIN)
    assert RosterImport.objects.get().mapping["fields"]["4"] == "former_name"
    assert page.complaints == []


@pytest.fixture
def academic(transactional_db):
    """The academic office of the school that the files are from: two terms, and nobody in it yet."""
    school = SchoolFactory(code="2199000001", name="示范小学")
    this_year(school)
    return UserFactory(school=school, roles=[Role.ACADEMIC])


@in_the_files_year
def test_a_whole_school_comes_in_with_its_progress_shown(academic, open_page, worker):
    worker.start()
    page = open_page(academic, DESKTOP)
    upload(page, (DATA / "registry_roster.xlsx").read_bytes(), "名册.xlsx")
    page.locator("#progress progress").wait_for()
    page.locator("#h-diff").wait_for(timeout=WITHIN)
    assert counted(page) == ["1080", "0", "0", "0"]
    page.get_by_role("link", name=_("Change the columns")).click()
    assert page.get_by_label("班号").input_value() == "class"
    page.go_back()

    page.get_by_role("button", name=_("Import all")).click()
    page.locator("#progress progress").wait_for()
    page.locator("#h-done").wait_for(timeout=WITHIN)
    assert Student.objects.count() == 1080
    assert ClassGroup.objects.count() == 24
    page.get_by_role("link", name=_("See the classes")).click()
    assert page.locator("main li a").count() == 24
    assert page.complaints == []


@in_the_files_year
def test_the_refused_rows_of_a_dirty_file_come_back_with_their_reasons(academic, open_page, worker):
    expected = json.loads((DATA / "registry_dirty.expected.json").read_text())
    good = sum(each["expect"].startswith("accepted") for each in expected)
    refused = len(expected) - good
    worker.start()
    page = open_page(academic, PHONE)
    upload(page, (DATA / "registry_dirty.xlsx").read_bytes(), "名册.xlsx")
    page.locator("#h-diff").wait_for(timeout=WITHIN)
    assert counted(page) == [str(good), "0", "0", str(refused)]
    assert page.get_by_role("button", name=_("Import all")).get_attribute("aria-disabled") == "true"

    with page.expect_download() as coming:
        page.get_by_role("link", name=_("Download these rows")).click()
    rows = list(openpyxl.load_workbook(io.BytesIO(Path(coming.value.path()).read_bytes())).active.values)
    reasons = [row[-1] for row in rows if row[-1]][1:]  # below the header
    assert len(reasons) == refused
    page.get_by_role("button", name=good_rows_only(good)).click()
    page.locator("#h-done").wait_for(timeout=WITHIN)
    assert Student.objects.count() == good
    assert page.complaints == []


def good_rows_only(number: int) -> str:
    return ngettext("Import the one good row only", "Import the %(n)s good rows only", number) % {"n": number}


def counted(page) -> list[str]:
    """New, changed, unchanged, refused, as the page says."""
    return [number.replace(",", "") for number in page.locator(".yd-stat .yd-num").all_inner_texts()]
