"""Marks in the browser: the pages of the roster's import, with a term and an exam. Everything else: tests/students/roster."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from students.models import FileAccess, Mark, RosterImport, Term
from students.roster import running
from tests.factories import ClassGroupFactory, StudentFactory, TermFactory, seat
from tests.students.marks.conftest import imported, prepared, sheet_of

pytestmark = pytest.mark.usefixtures("in_2026")


@pytest.fixture
def an(school):
    return seat(StudentFactory(school=school, name="安然然"), ClassGroupFactory(school=school, grade=3, number=2), 1)


def row(**marks) -> dict:
    return {"班级": "三(2)班", "学号": "1", "姓名": "安然然", **marks}


def upload(office, school, data: bytes, **fields):
    term = Term.objects.get(school=school, number=1)
    sent = {"term": term.pk, "exam": "2", "classes_of": "0", "full_mark": "100", **fields}
    return office.post(reverse("students:mark_imports"), {"file": SimpleUploadedFile("成绩.csv", data), **sent})


def work() -> RosterImport:
    for job in RosterImport.objects.filter(state="queued"):
        running.run(job_id=str(job.pk), clock=timezone.now)
    return RosterImport.objects.first()


def page_of(office, job, name="import_detail", **query) -> str:
    return office.get(reverse(f"students:{name}", args=[job.pk]), query).content.decode()


def post(office, name, job, **fields):
    return office.post(reverse(f"students:{name}", args=[job.pk]), fields, follow=True)


def test_marks_come_in_through_the_browser_and_go_again(office, academic, school, an):
    """T26: the task writes in the name of whoever confirmed; the difference is level 2 in the read log."""
    assert upload(office, school, sheet_of(row(数学="84.5", 语文="缺考"))).status_code == 302
    job = work()
    page = page_of(office, job)
    assert "84.5" in page and gettext("absent") in page and "三年级(2)班" in page
    read = FileAccess.objects.latest("pk")
    assert (read.level, read.student_ids) == (2, str(an.pk))
    assert not Mark.objects.exists()
    post(office, "import_confirm", job)
    assert work().phase == "applied"
    assert {mark.history.get().history_user for mark in Mark.objects.all()} == {academic}
    assert reverse("students:import_undo", args=[job.pk]) in page_of(office, job)
    post(office, "import_undo", job)
    assert work().phase == "undone"
    assert not Mark.objects.exists()


def test_the_old_mark_shows_beside_the_new_one(office, academic, school, an):
    """The academic office sees marks (DESIGN §3)."""
    imported(school, sheet_of(row(数学="71")), by=academic)
    job = prepared(school, sheet_of(row(数学="93")), by=academic)
    page = page_of(office, job)
    assert "71" in page and "93" in page


def test_refused_rows_come_back_as_a_file(office, academic, school, an):
    job = prepared(school, sheet_of(row(数学="840"), row(语文="80")), by=academic)
    assert "840" in page_of(office, job)
    answer = office.get(reverse("students:import_refused", args=[job.pk]))
    rows = [[cell.value for cell in cells] for cells in openpyxl.load_workbook(io.BytesIO(answer.content)).active]
    assert rows[1][:4] == ["三(2)班", "1", "安然然", "840"]
    assert rows[1][-1]
    assert FileAccess.objects.latest("pk").level == 2


def test_columns_are_chosen_by_hand_and_remembered(office, academic, school, an):
    """A subject that the list does not know; and a choice with which nothing could be read is refused."""
    data = sheet_of(row(数学="84", 珠心算="97"))
    job = prepared(school, data, by=academic)
    url = reverse("students:import_columns", args=[job.pk])
    assert "subject:珠心算" in office.get(url).content.decode()
    good = {"column_0": "class", "column_1": "seat_no", "column_2": "name", "column_3": "subject:数学"}
    for bad in ({"column_2": ""}, {"column_3": ""}, {"column_4": "subject:数学"}, {"column_4": "id_no"}):
        assert office.post(url, {**good, **bad}).status_code == 422, bad
    assert office.post(url, {**good, "column_4": "subject:珠心算"}).status_code == 302
    work()
    again = prepared(school, data, by=academic)
    assert again.mapping["summary"]["marks"] == 2


def test_each_list_holds_the_imports_of_its_kind(office, academic, school, an):
    job = prepared(school, sheet_of(row(数学="84")), by=academic)
    assert str(job.pk) in office.get(reverse("students:mark_imports")).content.decode()
    assert str(job.pk) not in office.get(reverse("students:imports")).content.decode()
    assert post(office, "import_cancel", job).redirect_chain[-1][0] == reverse("students:mark_imports")


@pytest.mark.parametrize("wrong", [{"term": "1"}, {"exam": "9"}, {"classes_of": "1990"}, {"full_mark": "0"}])
def test_an_upload_says_term_exam_year_and_full_mark(office, school, an, wrong):
    assert upload(office, school, sheet_of(row(数学="84")), **wrong).status_code == 422
    assert not RosterImport.objects.exists()


def test_the_term_of_another_school_is_none_of_ours(office, school, an):
    """T12."""
    assert upload(office, school, sheet_of(row(数学="84")), term=TermFactory().pk).status_code == 422


def test_what_is_no_spreadsheet_gets_a_sentence_and_leaves_no_trace(office, school):
    """T30: by the same reading as a roster's."""
    assert upload(office, school, b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20).status_code == 422
    assert upload(office, school, b"PK\x03\x04 nothing of a workbook").status_code == 422
    assert not RosterImport.objects.exists()
