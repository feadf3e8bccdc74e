"""T31: whatever a cell says, it leaves the house as text, and comes back as it was."""

import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reports.sheets import coverage_sheet
from reports.summary import Seat
from students.models import RosterImport, Student
from students.roster import running
from students.roster.leaving import STARTERS, harmless
from tests.hostile import files
from tests.reports.pages import class_summary
from tests.students.roster.test_import import errors_of, line, sheet_of

pytestmark = pytest.mark.usefixtures("in_2026")

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://127.0.0.1/x","点我")',
    "=cmd|'/C calc'!A0",
    "='http://127.0.0.1/[x.xls]a'!A1",
    "+1+1",
    "+cmd|x!A0",
    "-1+1",
    "@SUM(1,1)",
    "|cmd",
    "%0A=1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u2060@x",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "{=1+1}",
    "http://127.0.0.1/x",
    "mailto:a@127.0.0.1",
    "#REF!",
    "TRUE",
    "1E5",
    "007",
    "2026-11-27",
    "110101201803010011",
]
KEPT = {"联系电话": "+86 138 0013 8000", "特长": "@home", "籍贯": "-", "曾用名": "＝等等"}


def shape(text: str | None) -> str:
    """As XML gives it back: one kind of line end."""
    return re.sub(r"\r\n?", "\n", text or "")


def texts_of(book: bytes) -> list[list[str]]:
    """Cells of all sheets, after it was seen that each is text: no formula, no link, nothing outside."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        names = archive.namelist()
        parts = [archive.read(name) for name in names if name.startswith("xl/worksheets/")]
    assert not [name for name in names if "externalLinks" in name or "_rels/sheet" in name or "connections" in name]
    assert not [part for part in parts if b"<f>" in part or b"<f " in part or b"<hyperlink" in part.lower()]
    rows = []
    for sheet in openpyxl.load_workbook(io.BytesIO(book)).worksheets:
        for row in sheet.iter_rows():
            assert [cell.coordinate for cell in row if cell.hyperlink] == []
            assert {cell.data_type for cell in row if isinstance(cell.value, str)} <= {"s"}
            rows.append([shape(str(cell.value)) if cell.value is not None else "" for cell in row])
    return rows


def test_the_look_at_cells_would_notice():
    book = openpyxl.Workbook()
    book.active.append(["=1+1"])
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(AssertionError):
        texts_of(out.getvalue())


# --- the refused rows -------------------------------------------------------------------------------------------------


def upload(office, data: bytes, name="名册.csv") -> RosterImport:
    answer = office.post(reverse("students:imports"), {"file": SimpleUploadedFile(name, data)})
    job = RosterImport.objects.get(pk=answer.url.strip("/").rpartition("/")[2])
    running.run(job_id=str(job.pk), clock=timezone.now)
    job.refresh_from_db()
    return job


def refused_file(office, job) -> bytes:
    answer = office.get(reverse("students:import_refused", args=[job.pk]))
    assert answer.status_code == 200
    return answer.content


@pytest.mark.slow
def test_refused_rows_come_back_as_text_cell_by_cell(office):
    """In the title, the header and the rows."""
    lines = [line(n, 班级="幼儿园", 特长=text, 联系电话=text) for n, text in enumerate(FORMULAS, 1)]
    rows = list(csv.reader(io.StringIO(sheet_of(lines).decode(), newline="")))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["=1+1 名册", *[""] * len(rows[0])])
    writer.writerows([*row, "=2+2" if number else "=HEADER()"] for number, row in enumerate(rows))
    job = upload(office, out.getvalue().encode())
    assert job.refused == len(FORMULAS)
    came = texts_of(refused_file(office, job))
    assert came[0][0] == "=1+1 名册" and came[1][len(rows[0])] == "=HEADER()"
    column = rows[0].index("特长")
    assert [row[column] for row in came[2:]] == [shape(text) for text in FORMULAS]


@pytest.mark.slow
def test_a_formula_of_an_uploaded_workbook_comes_back_as_the_text_it_was(office):
    book = openpyxl.Workbook()
    book.active.append(["姓名", "性别", "班级", "特长"])
    book.active.append(["张三", "男", "幼儿园", FORMULAS[1]])
    out = io.BytesIO()
    book.save(out)
    job = upload(office, out.getvalue(), "名册.xlsx")
    assert texts_of(refused_file(office, job))[1][3] == FORMULAS[1]


@pytest.mark.slow
def test_numbers_and_odd_texts_survive_there_and_back(office):
    """Out as refused rows, the class put right by hand, and in again: stored as they were typed."""
    good = line(7, **KEPT)
    job = upload(office, sheet_of([good | {"班级": "幼儿园"}]))
    assert job.refused == 1
    book = openpyxl.load_workbook(io.BytesIO(refused_file(office, job)))
    place = next(cell for cell in book.active[1] if cell.value == "班级")
    book.active.cell(2, place.column).value = "三(2)班"
    out = io.BytesIO()
    book.save(out)
    job = upload(office, out.getvalue(), "again.xlsx")
    assert (job.new, job.refused) == (1, 0), errors_of(job)
    office.post(reverse("students:import_confirm", args=[job.pk]))
    running.run(job_id=str(job.pk), clock=timezone.now)
    student = Student.objects.get()
    stored = {
        "联系电话": student.background.phone, "特长": student.profile.talent, "籍贯": student.profile.native_place,
        "曾用名": student.profile.former_name, "身份证件号": student.background.id_no,
    }  # fmt: skip
    assert stored == KEPT | {"身份证件号": good["身份证件号"]}


# --- what else leaves -------------------------------------------------------------------------------------------------


def test_the_coverage_sheet_holds_text_and_numbers_only():
    figures = [replace(class_summary(), class_name=text, school=text) for text in FORMULAS]
    seats = [Seat(1, text, 1, 2, 3, 4) for text in FORMULAS]
    came = texts_of(coverage_sheet([(each, seats) for each in figures]))
    assert {row[0] for row in came} >= {shape(text) for text in FORMULAS}


@pytest.mark.slow
def test_the_list_of_passwords_starts_nothing(school, tmp_path):
    names = ["=cmd|x!A0", "＝HYPERLINK(a)", "+王", "-李", "@赵", "|钱", "%孙"]
    file, passwords = tmp_path / "staff.csv", tmp_path / "passwords.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([files.STAFF[0], *[[f"A{n}", name, "女"] for n, name in enumerate(names)]])
    call_command(
        "import_staff", str(file), "--school", school.code, "--passwords", str(passwords), stdout=io.StringIO()
    )
    rows = list(csv.reader(io.StringIO(passwords.read_text("utf-8-sig"), newline="")))
    assert [row[1] for row in rows[1:]] == [f"'{name}" for name in names]
    assert not [cell for row in rows for cell in row if starts_something(cell)]


def starts_something(text: str) -> bool:
    seen = unicodedata.normalize("NFKC", re.sub("[\ufeff\u200b-\u200f\u2060]", "", text))
    return seen[:1] in {*STARTERS, "\t", "\r", "\n"} or seen.lstrip()[:1] in {*STARTERS}


@given(st.text() | st.builds(str.__add__, st.sampled_from([*STARTERS, *"＝＋－＠\t\r\ufeff\u200b "]), st.text()))
def test_no_text_starts_anything_in_a_csv(text):
    made = harmless(text)
    assert not starts_something(made) and made.removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("text", ["张三", "A007", "138", "a=b", "", "王-李"])
def test_what_starts_nothing_stays_as_it_is(text):
    assert harmless(text) == text
