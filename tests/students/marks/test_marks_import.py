"""Marks from a sheet: both files of the school, and what people do to sheets (issue 4, Done when 5)."""

import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from students.marks.averages import findings_of
from students.models import ClassGroup, Enrolment, Exam, Mark, Student, Term
from students.roster import actions
from students.roster.difference import Difference
from tests.factories import ClassGroupFactory, StudentFactory, UserFactory, seat
from tests.students.marks.conftest import counts, imported, prepared, ran, sheet_of, undone

pytestmark = pytest.mark.usefixtures("in_2026")

CODE = "2199000001"


def command(file: str, **options) -> str:
    said = io.StringIO()
    call_command("import_marks", f"tests/data/{file}", school=CODE, stdout=said, **options)
    return said.getvalue()


@pytest.fixture
def small(school):
    """三年级(2)班 with five, one of whom left, and two of one name."""
    group = ClassGroupFactory(school=school, grade=3, number=2)
    for number, name in enumerate(("安然然", "贝宁宁", "陈一一", "王伟", "王伟"), 1):
        seat(StudentFactory(school=school, name=name), group, number)
    return school


def row(name="安然然", seat_no="1", **marks) -> dict:
    return {"班级": "三(2)班", "学号": seat_no, "姓名": name, **marks}


def got(name="安然然", subject="数学", seat_no=None):
    marks = Mark.objects.filter(student__name=name, subject=subject)
    return (marks.filter(student__enrolments__seat_no=seat_no) if seat_no else marks).first()


def errors_of(job) -> list[str]:
    return [error for each in job.rows.filter(status="refused") for error in Difference.of(each).errors]


# --- the files of the school ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_both_files_come_in_and_again_change_nothing(full_school):
    """Issue 4, Done when 5: each cell as it stands, 缺考 absent and never 0; the term of last year is made where it is missing."""
    said = command("marks_2025-2026-2.xlsx", term="2025-2026-2", classes_of="2026-2027")
    command("marks_2026-2027-1.xlsx", term="2026-2027-1")
    assert "2026-02" in said
    assert Term.objects.filter(school=full_school, school_year=2025).count() == 2
    told = Mark.objects.filter(exam__term__school_year=2025)
    assert (told.count(), told.filter(is_absent=True).count()) == (2880, 12)
    assert (Mark.objects.count(), Mark.objects.filter(is_absent=True).count()) == (5760, 23)
    assert not Mark.objects.filter(value=0).exists()
    assert not Mark.objects.filter(is_absent=True, value__isnull=False).exists()
    first = Mark.objects.filter(student__name="黄丽华", class_group__entry_year=2024, class_group__number=1)
    assert {(mark.exam.term.code, mark.subject): mark.value for mark in first} == {
        ("2025-2026-2", "语文"): 64, ("2025-2026-2", "数学"): 66, ("2025-2026-2", "英语"): 81, ("2025-2026-2", "科学"): 78,
        ("2026-2027-1", "语文"): 84, ("2026-2027-1", "数学"): 58, ("2026-2027-1", "英语"): 65, ("2026-2027-1", "科学"): 67,
    }  # fmt: skip
    history = Mark.history.count()
    assert "720" in command("marks_2026-2027-1.xlsx", term="2026-2027-1")
    assert (Mark.objects.count(), Mark.history.count()) == (5760, history)


def test_the_wrong_school_year_for_the_names_of_classes_is_told_and_nothing_written(full_school):
    with pytest.raises(CommandError, match=r"another school\s+year|学年"):
        command("marks_2025-2026-2.xlsx", term="2025-2026-2")
    assert not Mark.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"term": "2026-1"},
        {"term": "2026-2028-1"},
        {"term": "2026-2027-1", "classes_of": "2026"},
        {"term": "2026-2027-1", "full_mark": "none"},
    ],
)
def test_the_command_refuses_in_a_sentence_what_is_no_term_and_no_year(small, wrong):
    with pytest.raises(CommandError):
        command("marks_2026-2027-1.xlsx", **wrong)


def test_a_dry_run_writes_nothing(small, tmp_path):
    file = tmp_path / "成绩.csv"
    file.write_bytes(sheet_of(row(数学="80")))
    said = io.StringIO()
    call_command("import_marks", str(file), school=CODE, term="2026-2027-1", dry_run=True, stdout=said)
    assert not Mark.objects.exists()
    assert "1" in said.getvalue()


# --- what a cell says (tests/students/marks/test_sheet.py) -------------------------------------------------------------


def test_absent_is_absent_empty_is_nothing_and_0_is_0(small):
    imported(small, sheet_of(row(数学="缺考", 语文="0", 英语="", 科学="84.5")))
    stored = {mark.subject: (mark.value, mark.is_absent) for mark in Mark.objects.all()}
    assert stored == {"数学": (None, True), "语文": (0, False), "科学": (Decimal("84.5"), False)}


def test_what_is_no_mark_refuses_its_row_and_says_in_which_subject(small):
    job = prepared(small, sheet_of(row(数学="优", 语文="80"), row("贝宁宁", "2", 数学="70", 语文="70")))
    assert counts(job) == (1, 0, 0, 1)
    assert "数学" in errors_of(job)[0]


def test_an_empty_cell_erases_nothing(small):
    imported(small, sheet_of(row(数学="80", 语文="90")))
    assert counts(prepared(small, sheet_of(row(数学="", 语文="90")))) == (0, 0, 1, 0)
    assert got().value == 80


# --- layouts ----------------------------------------------------------------------------------------------------------


def test_a_row_for_each_mark(small):
    long = [
        {"学生": "安然然", "班级": "三(2)班", "科目": "数学", "成绩": "80"},
        {"学生": "安然然", "班级": "三(2)班", "科目": "语文", "成绩": "缺考"},
        {"学生": "贝宁宁", "班级": "三(2)班", "科目": "数学", "成绩": ""},
        {"学生": "贝宁宁", "班级": "三(2)班", "科目": "语文", "成绩": "66.5"},
    ]
    job = imported(small, sheet_of(*long))
    assert counts(job) == (3, 0, 1, 0)
    assert (got().value, got(subject="语文").is_absent, got("贝宁宁"), got("贝宁宁", "语文").value) == (
        80,
        True,
        None,
        Decimal("66.5"),
    )
    assert counts(prepared(small, sheet_of(*long))) == (0, 0, 4, 0)


def test_the_full_mark_comes_from_the_header_the_column_or_the_form(small):
    imported(small, sheet_of({**row(), "数学(120)": "112", "语文": "130"}), full_mark=Decimal(150))
    assert (got().value, got().full_mark, got(subject="语文").full_mark) == (112, 120, 150)
    imported(small, sheet_of({"姓名": "贝宁宁", "班级": "三(2)班", "科目": "数学", "成绩": "108", "满分": "120"}))
    assert got("贝宁宁").full_mark == 120


# --- who is meant -----------------------------------------------------------------------------------------------------


def test_two_of_one_name_are_told_apart_by_their_seats_or_asked_about(small):
    """T33."""
    job = imported(small, sheet_of(row("王伟", "4", 数学="61"), row("王伟", "5", 数学="95")))
    assert counts(job) == (2, 0, 0, 0)
    assert (got("王伟", seat_no=4).value, got("王伟", seat_no=5).value) == (61, 95)
    assert counts(prepared(small, sheet_of(row("王伟", "", 数学="61")))) == (0, 0, 0, 1)


def test_another_seat_is_a_question_and_an_empty_one_is_not(small):
    assert counts(prepared(small, sheet_of(row(seat_no="9", 数学="80")))) == (0, 0, 0, 1)
    assert counts(prepared(small, sheet_of(row(seat_no="", 数学="80")))) == (1, 0, 0, 0)


def test_marks_of_last_year_find_who_sat_there_then(small, today):
    """The student has left since, or sits elsewhere: the class is the one of the sheet."""
    was = ClassGroup.objects.get()
    moved = Student.objects.get(name="陈一一")
    seat(moved, ClassGroupFactory(school=small, grade=3, number=1), 1, on=today)
    assert Enrolment.objects.filter(student=moved).count() == 2
    imported(small, sheet_of(row("陈一一", "3", 数学="80")))
    assert got("陈一一").class_group == was


def test_classes_are_named_as_in_the_year_that_is_said(small):
    """Last year's names: the class was 二(2)班 then."""
    last = Term.objects.create(
        school=small,
        school_year=2025,
        number=2,
        starts_on="2026-02-23",
        ends_on="2026-07-10",
        week1_monday="2026-02-23",
    )
    old = {**row(数学="80"), "班级": "二(2)班"}
    assert counts(prepared(small, sheet_of(row(数学="80")), term=last)) == (0, 0, 0, 1)
    assert counts(prepared(small, sheet_of(row(数学="80")), term=last, classes_of=2026)) == (1, 0, 0, 0)
    imported(small, sheet_of(old), term=last)
    assert got().exam.term == last


def test_nobody_and_no_class_are_refused_and_another_school_is_not_searched(small):
    other = ClassGroupFactory(grade=3, number=2)
    seat(StudentFactory(school=other.school, name="远航航"), other, 1)
    job = prepared(small, sheet_of(row("远航航", "1", 数学="80"), {**row(数学="80"), "班级": "三(9)班"}))
    assert counts(job) == (0, 0, 0, 2)


def test_two_rows_for_one_student_are_asked_about(small):
    job = prepared(small, sheet_of(row(数学="80"), row(数学="90"), row(语文="70")))
    assert counts(job) == (2, 0, 0, 1)
    assert "2" in errors_of(job)[0]


# --- again, corrected, taken back -------------------------------------------------------------------------------------


def test_a_corrected_mark_is_a_change_with_history_and_an_author(small):
    """T26."""
    by = UserFactory(school=small)
    imported(small, sheet_of(row(数学="80", 语文="缺考")), by=by)
    job = imported(small, sheet_of(row(数学="81", 语文="75")), by=by)
    assert counts(job) == (0, 1, 0, 0)
    assert (got().value, got(subject="语文").value, got().version, got().author) == (81, 75, 2, by)
    assert [(past.value, past.history_user, past.history_type) for past in got().history.order_by("history_id")] == [
        (80, by, "+"), (81, by, "~"),
    ]  # fmt: skip
    assert got().history.first().history_change_reason == f"marks {job.pk}"


def table() -> list:
    return sorted(
        Mark.objects.values_list(
            "student", "subject", "value", "is_absent", "full_mark", "class_group", "exam", "version"
        )
    )


def test_undo_gives_back_what_was_there(small):
    """T32: what it changed is as before, what it made is gone, and with the last mark the exam."""
    first = imported(small, sheet_of(row(数学="80"), row("贝宁宁", "2", 数学="缺考")))
    before = table()
    second = imported(small, sheet_of(row(数学="81", 语文="70"), row("贝宁宁", "2", 数学="55")))
    assert table() != before
    undone(second)
    assert second.phase == "undone"
    assert table() == before
    undone(first)
    assert table() == []
    assert not Exam.objects.exists()
    assert Mark.history.filter(history_type="-").count() == 3


def test_what_a_later_import_changed_is_not_taken_back_from_under_it(small):
    first = imported(small, sheet_of(row(数学="80")))
    imported(small, sheet_of(row(数学="81")))
    undone(first)
    assert (first.phase, first.state) == ("applied", "failed")
    assert got().value == 81


def test_what_changed_since_the_dry_run_is_not_overwritten(small):
    """T32: the preview is the result, or nothing."""
    waiting = prepared(small, sheet_of(row(数学="80"), row("贝宁宁", "2", 数学="70")))
    imported(small, sheet_of(row(数学="99")))
    actions.confirm(by=None, job=waiting, good_rows_only=False, now=timezone.now(), in_background=False)
    assert ran(waiting).phase == "prepared"
    assert waiting.error
    assert (got().value, got("贝宁宁")) == (99, None)


def test_good_rows_go_in_without_the_refused_ones_only_by_choice(small):
    data = sheet_of(row(数学="80"), row("贝宁宁", "2", 数学="800"))
    with pytest.raises(actions.NotNow):
        imported(small, data)
    imported(small, data, good_rows_only=True)
    assert (got().value, got("贝宁宁")) == (80, None)


def test_midterm_and_final_of_one_term_stand_beside_each_other(small):
    imported(small, sheet_of(row(数学="80")), exam=Exam.Kind.MIDTERM)
    imported(small, sheet_of(row(数学="60")), exam=Exam.Kind.FINAL)
    assert [mark.value for mark in Mark.objects.in_order()] == [80, 60]


def test_a_drop_in_imported_sheets_is_found_and_a_fluctuation_is_not(school):
    """Issue 4, Done when 5: from the files to the finding."""
    group = ClassGroupFactory(school=school, grade=3, number=2)
    names = [f"学生{'甲乙丙丁戊己庚辛壬癸子丑'[n]}" for n in range(12)]
    for number, name in enumerate(names, 1):
        seat(StudentFactory(school=school, name=name), group, number)
    usual = [60 + 3 * n for n in range(12)]
    now = [mark + (2 if n % 2 else -2) for n, mark in enumerate(usual)]
    now[9] -= 20
    for exam, marks in ((1, usual), (2, now)):
        imported(
            school,
            sheet_of(*(row(name, "", 数学=str(mark)) for name, mark in zip(names, marks, strict=True))),
            exam=exam,
        )
    found = findings_of(Student.objects.filter(school=school))
    assert [Student.objects.get(pk=pk).name for pk in found] == [names[9]]
