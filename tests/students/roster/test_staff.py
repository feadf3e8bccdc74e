"""The list of staff becomes accounts, roles and assignments; and a school begins with its terms."""

import csv
import io
import stat
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Department, Role, RoleMembership, School, SecurityEvent, User
from students.models import AccessGrant, CalendarDay, ClassAssignment, ClassGroup, GradeAssignment, Student, Term
from students.roster.staff import role_of

pytestmark = pytest.mark.usefixtures("in_2026")

DATA = Path(__file__).parents[2] / "data"
CODE = "2199000001"


@pytest.fixture
def school(db):
    call_command("add_school", CODE, "示范小学", stdout=io.StringIO())
    return School.objects.get(code=CODE)


def import_staff(*arguments) -> str:
    out = io.StringIO()
    call_command("import_staff", *map(str, arguments), "--school", CODE, stdout=out)
    return out.getvalue()


def staff_file(path, *rows) -> Path:
    file = path / "staff.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["工号", "姓名", "性别", "部门", "职务", "班主任班级", "任教", "手机"], *rows])
    return file


def test_a_school_begins_with_terms_departments_and_holidays(school):
    terms = Term.objects.filter(school=school).order_by("number")
    assert [(term.school_year, term.number) for term in terms] == [(2026, 1), (2026, 2)]
    assert terms[0].week1_monday.weekday() == 0
    assert Department.objects.filter(school=school, name="德育处").exists()
    assert CalendarDay.objects.filter(school=school, day=date(2026, 10, 1), is_school_day=False).exists()
    again = io.StringIO()
    before = Department.objects.count(), CalendarDay.objects.count(), Term.objects.count()
    call_command("add_school", CODE, "示范小学", stdout=again)
    assert before == (Department.objects.count(), CalendarDay.objects.count(), Term.objects.count())


def test_a_code_is_not_given_to_two_schools_and_is_no_sentence(school):
    with pytest.raises(CommandError):
        call_command("add_school", CODE, "另一所小学", stdout=io.StringIO())
    with pytest.raises(CommandError):
        call_command("add_school", "not a code", "小学", stdout=io.StringIO())
    assert School.objects.count() == 1


@pytest.mark.slow
def test_the_67_of_the_school_get_accounts_roles_and_classes(school, tmp_path):
    passwords = tmp_path / "passwords.csv"
    import_staff(DATA / "staff.xlsx", "--passwords", passwords)
    assert User.objects.filter(school=school, must_change_password=True).count() == 67
    roles = Counter(RoleMembership.objects.live(date(2026, 11, 22)).values_list("role", flat=True))
    assert roles == {
        Role.PRINCIPAL: 1, Role.VICE_PRINCIPAL: 1, Role.MORAL_EDUCATION: 2, Role.COUNSELLOR: 2, Role.ACADEMIC: 1, Role.DOCTOR: 1,
        Role.SYSTEM_ADMIN: 1, Role.AID_OFFICER: 1, Role.STAFF: 57,
    }  # fmt: skip
    assert ClassGroup.objects.count() == 24
    duties = Counter(ClassAssignment.objects.values_list("duty", flat=True))
    assert duties == {"head": 24, "subject": 96}
    assert sorted(GradeAssignment.objects.values_list("entry_year", flat=True)) == [2021, 2022, 2023, 2024, 2025, 2026]
    head = ClassAssignment.objects.get(user__employee_no="T0033", duty="head")
    assert (str(head.class_group), head.starts_on) == ("2024级2班", date(2026, 9, 1))

    given = Counter(SecurityEvent.objects.filter(kind="duty_given").values_list("detail", flat=True))
    assert given == {"head": 24, "subject": 96, "grade": 6}

    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    rows = list(csv.reader(passwords.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 68
    number, name, password = rows[1]
    user = User.objects.get(employee_no=number)
    assert user.display_name == name
    assert user.check_password(password)

    before = [
        model.objects.count()
        for model in (User, RoleMembership, ClassAssignment, GradeAssignment, Department, ClassGroup)
    ]
    assert import_staff(DATA / "staff.xlsx").count("\t") == 0
    assert before == [
        model.objects.count()
        for model in (User, RoleMembership, ClassAssignment, GradeAssignment, Department, ClassGroup)
    ]


def test_staff_and_roster_together_open_each_class_to_its_teachers(school, tmp_path):
    import_staff(
        staff_file(
            tmp_path,
            ["T1", "安老师", "女", "年级组", "年级组长", "三(2)班", "语文:三(2)班", ""],
            ["T2", "贝老师", "男", "年级组", "教师", "", "数学:三(2)班", ""],
        )
    )
    roster = tmp_path / "roster.csv"
    roster.write_text("姓名,性别,出生日期,班级\n安然,女,20180301,三年级2班\n", encoding="utf-8")
    call_command("import_roster", str(roster), "--school", CODE, stdout=io.StringIO())
    opened = {number: User.objects.get(employee_no=number) for number in ("T1", "T2")}
    assert Student.objects.visible_to(opened["T1"], 3, now=timezone.now()).count() == 1
    assert Student.objects.visible_to(opened["T2"], 1, now=timezone.now()).count() == 1
    assert Student.objects.visible_to(opened["T2"], 2, now=timezone.now()).count() == 0
    assert AccessGrant.objects.count() == 4  # head, grade leader, and a subject each


def test_assigning_staff_after_the_roster_opens_the_class_as_well(school, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("姓名,性别,出生日期,班级\n安然,女,20180301,三年级2班\n", encoding="utf-8")
    call_command("import_roster", str(roster), "--school", CODE, stdout=io.StringIO())
    assert "T1\t安老师\t" in import_staff(
        staff_file(tmp_path, ["T1", "安老师", "女", "年级组", "教师", "三(2)班", "", ""])
    )
    assert Student.objects.visible_to(User.objects.get(employee_no="T1"), 3, now=timezone.now()).count() == 1


@pytest.mark.parametrize(
    "bad",
    [
        ["", "无号", "男", "", "", "", "", ""], ["T1", "", "男", "", "", "", "", ""], ["T1", "重号", "男", "", "", "", "", ""],
        ["T9", "乱班", "男", "", "", "火箭班", "", ""], ["T9", "乱课", "男", "", "", "", "三(2)班", ""], ["号 码!", "坏号", "男", "", "", "", "", ""],
    ],
)  # fmt: skip
def test_one_bad_row_keeps_everybody_out(school, tmp_path, bad):
    with pytest.raises(CommandError):
        import_staff(staff_file(tmp_path, ["T1", "安老师", "女", "", "教师", "", "", ""], bad))
    assert not User.objects.exists()


def test_a_number_is_not_given_to_another_person(school, tmp_path):
    import_staff(staff_file(tmp_path, ["T1", "安老师", "女", "", "", "", "", ""]))
    with pytest.raises(CommandError):
        import_staff(staff_file(tmp_path, ["t1", "别老师", "女", "", "", "", "", ""]))
    assert User.objects.get().display_name == "安老师"


def test_what_is_no_list_of_staff_is_refused(school, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("姓名,班级\n张三,302\n", encoding="utf-8")
    with pytest.raises(CommandError):
        import_staff(file)
    with pytest.raises(CommandError):
        import_staff(tmp_path / "missing.xlsx")
    with pytest.raises(CommandError):
        call_command("import_staff", str(file), "--school", "0", stdout=io.StringIO())


@pytest.mark.parametrize(
    ("post", "role"),
    [
        ("校长", Role.PRINCIPAL),
        ("分管德育副校长", Role.VICE_PRINCIPAL),
        ("德育干事", Role.MORAL_EDUCATION),
        ("兼职心理教师", Role.COUNSELLOR),
        ("总务主任", Role.STAFF),
        ("教师", Role.STAFF),
    ],
)
def test_posts_become_roles(post, role):
    assert role_of(post) == role
