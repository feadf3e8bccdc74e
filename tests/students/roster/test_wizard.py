"""The wizard: upload, columns, difference, confirm, undo; and who may."""

import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from students.models import FileAccess, RosterImport, Student
from students.roster import running
from tests.factories import UserFactory
from tests.students.roster.test_import import imported, line, prepared, sheet_of

pytestmark = pytest.mark.usefixtures("in_2026")


def upload(office, data: bytes, name="名册.csv"):
    return office.post(reverse("students:imports"), {"file": SimpleUploadedFile(name, data)})


def work():
    for job in RosterImport.objects.filter(state="queued"):
        running.run(job_id=str(job.pk), clock=timezone.now)


def page_of(office, job, **query):
    return office.get(reverse("students:import_detail", args=[job.pk]), query)


def post(office, name, job, **fields):
    return office.post(reverse(f"students:{name}", args=[job.pk]), fields, follow=True)


def test_a_roster_comes_in_through_the_browser(office, academic):
    """T26: the task writes in the name of whoever confirmed."""
    assert office.get(reverse("students:imports")).status_code == 200
    answer = upload(office, sheet_of([line(1, 姓名="张𬱖"), line(2)]))
    job = RosterImport.objects.get()
    assert answer.url == reverse("students:import_detail", args=[job.pk])
    assert "hx-get" in page_of(office, job).content.decode()
    work()
    page = page_of(office, job).content.decode()
    assert "张𬱖" in page
    assert "三年级(2)班" in page
    assert not Student.objects.exists()
    assert "2" in post(office, "import_confirm", job).content.decode()
    work()
    assert Student.objects.count() == 2
    assert Student.history.filter(history_user=academic).count() == 2
    assert reverse("students:import_undo", args=[job.pk]) in page_of(office, job).content.decode()
    post(office, "import_undo", job)
    work()
    assert not Student.objects.exists()
    assert page_of(office, job).status_code == 200
    assert reverse("students:import_detail", args=[job.pk]) in office.get(reverse("students:imports")).content.decode()


def test_refused_rows_keep_the_whole_out_unless_chosen_and_come_back_as_a_file(office, academic, school):
    bad = line(2, 姓名="=1+张", 性别="公", 特长="=cmd|x")
    job = prepared(school, sheet_of([line(1), bad]), by=academic)
    page = page_of(office, job).content.decode()
    assert "aria-disabled" in page
    assert 'value="good"' in page
    post(office, "import_confirm", job)
    work()
    assert not Student.objects.exists()

    answer = office.get(reverse("students:import_refused", args=[job.pk]))
    assert FileAccess.objects.filter(kind="export").exists()
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:-1] == list(bad)
    assert rows[1][:-1] == list(bad.values())
    assert rows[1][-1]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}

    corrected = [*rows[0][:-1]], [*rows[1][:-1]]
    corrected[1][0], corrected[1][1] = "学生改好", "男"
    post(office, "import_confirm", job, rows="good")
    work()
    assert Student.objects.count() == 1
    again = imported(school, sheet_of([dict(zip(*corrected, strict=True))]), by=academic)
    assert again.new == 1
    assert Student.objects.get(name="学生改好").profile.talent == "=cmd|x"


def test_stored_values_above_level_1_show_only_as_different(office, academic, school):
    imported(school, sheet_of([line(1, 民族="苗族", 联系电话="13800001111", 家庭地址="秘密路9号")]), by=academic)
    job = prepared(school, sheet_of([line(1, 民族="壮族", 联系电话="13900002222", 家庭地址="新路1号")]), by=academic)
    page = page_of(office, job).content.decode()
    assert "苗族" in page
    assert "壮族" in page
    assert "秘密路" not in page
    assert "00001111" not in page and "****1111" not in page
    assert "新路1号" in page
    assert "139****2222" in page
    read = FileAccess.objects.latest("pk")
    assert read.level == 3
    assert str(Student.objects.get().pk) in read.student_ids


@pytest.mark.parametrize("show", ["all", "new", "changed", "unchanged"])
def test_the_difference_can_be_filtered_and_has_pages(office, academic, school, show):
    imported(school, sheet_of([line(1), line(2)]), by=academic)
    job = prepared(school, sheet_of([line(1), line(2, 民族="苗族"), line(3)]), by=academic)
    page = page_of(office, job, show=show).content.decode()
    wanted = {
        "all": (False, True, True),
        "new": (False, False, True),
        "changed": (False, True, False),
        "unchanged": (True, False, False),
    }[show]
    assert tuple(line(n)["姓名"] in page for n in (1, 2, 3)) == wanted


def test_more_rows_than_a_page_and_no_other_filter(office, academic, school):
    job = prepared(school, sheet_of([line(n, 身份证件号="", 身份证件类型="其他") for n in range(60)]), by=academic)
    assert line(55)["姓名"] not in page_of(office, job).content.decode()
    assert line(55)["姓名"] in page_of(office, job, page=2).content.decode()
    assert page_of(office, job, show="everything").status_code == 404


def test_columns_are_corrected_by_hand(office, academic, school):
    job = prepared(school, "姓名,班级,性别,生日,小名\n张三,302,男,20180301,三三\n".encode(), by=academic)
    url = reverse("students:import_columns", args=[job.pk])
    assert "小名" in office.get(url).content.decode()
    good = {"column_0": "name", "column_1": "class", "column_2": "sex", "column_3": "birth_date"}
    for bad in ({"column_4": "name"}, {"column_1": ""}, {"column_4": "password"}):
        answer = office.post(url, {**good, **bad})
        assert answer.status_code == 422
    assert office.post(url, {**good, "column_4": "former_name"}).status_code == 302
    work()
    job.refresh_from_db()
    assert job.mapping["fields"]["4"] == "former_name"
    post(office, "import_confirm", job)
    work()
    assert Student.objects.get().profile.former_name == "三三"
    assert office.get(url).status_code == 404


def test_a_difference_that_was_checked_anew_is_not_confirmed_unseen(office, academic, school):
    """T51: what a colleague's other columns made of the file was never shown on this page."""
    job = prepared(school, "姓名,班级,性别,生日,小名\n张三,302,男,20180301,三三\n".encode(), by=academic)
    shown = page_of(office, job).context["job"].finished_at.isoformat()
    assert f'name="checked" value="{shown}"' in page_of(office, job).content.decode()
    fields = ["name", "class", "sex", "birth_date", "former_name"]
    columns = {f"column_{number}": field for number, field in enumerate(fields)}
    assert office.post(reverse("students:import_columns", args=[job.pk]), columns).status_code == 302
    running.run(job_id=str(job.pk), clock=lambda: timezone.now() + timedelta(minutes=1))
    job.refresh_from_db()
    assert (job.state, job.new, job.refused) == ("done", 1, 0)  # nothing else keeps it out
    assert 'role="alert"' in post(office, "import_confirm", job, checked=shown).content.decode()
    assert not RosterImport.objects.filter(state="queued").exists() and not Student.objects.exists()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "roster.xlsx"),
        (b"", "a.csv"),
        (b"x" * 10_500_000, "a.csv"),
        (b"<html></html>", "a.xls"),
    ],
)
def test_what_is_no_roster_gets_a_sentence_and_leaves_no_trace(office, data, name):
    answer = upload(office, data, name)
    assert answer.status_code == 422
    assert (
        "invalid-feedback" in answer.content.decode()
        or 'role="alert"' in answer.content.decode()
        or "errorlist" in answer.content.decode()
    )
    assert not RosterImport.objects.exists()


def test_a_file_that_turns_out_unreadable_says_why(office):
    upload(office, "性别,班级\n男,302\n".encode())
    work()
    job = RosterImport.objects.get()
    assert job.error in page_of(office, job).content.decode()


def test_the_progress_bar_polls_and_then_leads_on(office, academic):
    upload(office, sheet_of([line(1)]))
    job = RosterImport.objects.get()
    url = reverse("students:import_status", args=[job.pk])
    assert 'hx-trigger="every 2s"' in office.get(url, headers={"hx-request": "true"}).content.decode()
    work()
    assert office.get(url, headers={"hx-request": "true"})["HX-Redirect"] == reverse(
        "students:import_detail", args=[job.pk]
    )
    assert office.get(url).status_code == 302


def test_an_import_can_be_stopped_or_put_away(office, academic, school):
    upload(office, sheet_of([line(1)]))
    job = RosterImport.objects.get()
    post(office, "import_cancel", job)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert page_of(office, job).status_code == 200
    ready = prepared(school, sheet_of([line(1)]), by=academic)
    post(office, "import_cancel", ready)
    assert not RosterImport.objects.filter(pk=ready.pk).exists()
    done = imported(school, sheet_of([line(1)]), by=academic)
    post(office, "import_cancel", done)
    assert RosterImport.objects.filter(pk=done.pk).exists()


def test_what_is_too_late_is_said_in_words(office, academic, school):
    done = imported(school, sheet_of([line(1)]), by=academic)
    assert 'role="alert"' in post(office, "import_confirm", done).content.decode()
    ready = prepared(school, sheet_of([line(2)]), by=academic)
    assert 'role="alert"' in post(office, "import_undo", ready).content.decode()
    assert office.get(reverse("students:import_refused", args=[done.pk])).status_code == 404


NAMES = [
    "import_detail",
    "import_status",
    "import_columns",
    "import_confirm",
    "import_cancel",
    "import_undo",
    "import_refused",
]


@pytest.mark.parametrize("role", [Role.MORAL_EDUCATION, Role.SYSTEM_ADMIN, Role.PRINCIPAL, Role.STAFF])
def test_nobody_else_finds_the_imports(sign_in, academic, school, role):
    job = prepared(school, sheet_of([line(1, 性别="公")]), by=academic)
    stranger = sign_in(UserFactory(school=school, roles=[role]))
    urls = [reverse("students:imports"), *(reverse(f"students:{name}", args=[job.pk]) for name in NAMES)]
    assert {stranger.get(url).status_code for url in urls} == {404}
    assert {stranger.post(url).status_code for url in urls} == {404}


def test_another_schools_academic_office_finds_nothing(sign_in, academic, school):
    job = prepared(school, sheet_of([line(1, 性别="公")]), by=academic)
    stranger = sign_in(UserFactory(roles=[Role.ACADEMIC]))
    for name in NAMES:
        method = stranger.post if name in {"import_confirm", "import_cancel", "import_undo"} else stranger.get
        assert method(reverse(f"students:{name}", args=[job.pk])).status_code == 404
    assert str(job.pk) not in stranger.get(reverse("students:imports")).content.decode()


def test_a_page_takes_the_same_statements_for_one_row_and_for_three(office, academic, school):
    counts = []
    office.get(reverse("students:imports"))  # activity is noted once a minute
    for many in (1, 3):
        job = prepared(
            school,
            sheet_of([*(line(n) for n in range(many)), *(line(n + 9, 性别="公") for n in range(many))]),
            by=academic,
        )
        with CaptureQueriesContext(connection) as seen:
            page_of(office, job)
        statements = [each["sql"] for each in seen.captured_queries if "SAVEPOINT" not in each["sql"]]
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12
