"""A roster through a real browser and a real worker: uploaded, watched, looked through, imported, taken back; and a worker that dies."""

import time
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from students.models import Enrolment, RosterImport, Student
from students.models.jobs import LOST_AFTER
from students.roster import actions
from tests.browser.conftest import DESKTOP, PHONE, serious
from tests.students.roster.test_import import line, sheet_of

pytestmark = pytest.mark.browser

Phase, State = RosterImport.Phase, RosterImport.State
WITHIN = 60_000  # ms


def upload(page, data: bytes) -> None:
    page.goto(reverse("students:imports"))
    page.locator("input[type=file]").set_input_files({"name": "名册.csv", "mimeType": "text/csv", "buffer": data})
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

    page.get_by_role("button", name=_("Import the %(n)s good rows only") % {"n": 2}).click()
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


def test_a_worker_that_is_killed_leaves_all_or_nothing_and_the_sweep_brings_it_to_its_end(cast, worker):
    before = Student.objects.count()
    data = sheet_of([line(n, 身份证件号="", 身份证件类型="其他") for n in range(300)])
    job = actions.upload(by=cast.jiao, school=cast.school, data=data, filename="a.csv", now=timezone.now())
    worker.start()
    wait_for(job, lambda: job.phase == Phase.PREPARED and not job.is_unfinished)
    actions.confirm(by=cast.jiao, job=job, good_rows_only=False, now=timezone.now())
    wait_for(job, lambda: job.state == State.RUNNING)
    worker.kill()
    job.refresh_from_db()
    found = Student.objects.count() - before
    assert found == (300 if job.phase == Phase.APPLIED else 0)

    actions.sweep(now=timezone.now() + LOST_AFTER + timedelta(seconds=1))
    worker.start()
    wait_for(job, lambda: job.phase == Phase.APPLIED and not job.is_unfinished)
    assert Student.objects.count() - before == 300
    assert Enrolment.objects.filter(student__name__startswith="学生").count() == 300


def wait_for(job, condition) -> None:
    deadline = time.monotonic() + WITHIN / 1000
    while time.monotonic() < deadline:
        job.refresh_from_db()
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"still {job.state} {job.phase} {job.error}")
