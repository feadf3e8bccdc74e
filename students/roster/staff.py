"""The list of staff: who works here, as what, and which classes they teach. Layout: 工号 姓名 性别 部门 职务 班主任班级 任教 手机."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from simple_history.utils import bulk_create_with_history

from accounts import security
from accounts.actions import add_department, create_user, propose_role
from accounts.models import Department, Role, RoleMembership, School, User
from students.actions.grants import sync_grants
from students.actions.placements import end_former_heads
from students.models import ClassAssignment, ClassGroup, GradeAssignment, Student, school_year_of
from students.roster.actions import default_stage
from students.roster.classes import parse_class, resolve_class
from students.roster.columns import normalise_header
from students.roster.reading import Sheet
from students.roster.refusal import Refused
from students.roster.values import Unreadable, number_text, parse_name, plain_code

COLUMNS = {
    "工号": "employee_no", "教工号": "employee_no", "职工号": "employee_no", "姓名": "name", "教师姓名": "name", "性别": "sex", "部门": "department",
    "科室": "department", "职务": "post", "岗位": "post", "班主任班级": "head_of", "班主任": "head_of", "任教": "teaches", "任教班级": "teaches",
    "任课": "teaches", "手机": "phone", "手机号": "phone", "手机号码": "phone", "联系电话": "phone", "副班主任班级": "deputy_of", "副班主任": "deputy_of",
}  # fmt: skip
NO_STAFF_HEADER = gettext_noop("No row of the sheet looks like a header. It needs at least 工号 and 姓名.")
SEXES = {"男": User.Sex.MALE, "女": User.Sex.FEMALE}
GRADE_LEADER = "年级组长"
# The first that the post contains, in this order; everybody else is plain staff, and classes follow from assignments.
ROLES = (
    ("副校长", Role.VICE_PRINCIPAL),
    ("校长", Role.PRINCIPAL),
    ("德育", Role.MORAL_EDUCATION),
    ("政教", Role.MORAL_EDUCATION),
    ("心理", Role.COUNSELLOR),
    ("教务", Role.ACADEMIC),
    ("校医", Role.DOCTOR),
    ("系统管理员", Role.SYSTEM_ADMIN),
    ("资助", Role.AID_OFFICER),
    ("审计", Role.AUDITOR),
)
Place = tuple[str, int, int]


@dataclass
class StaffRow:
    """One row; classes as (stage, entry year, number). ``errors`` says in words what keeps it out."""

    row: int
    employee_no: str = ""
    name: str = ""
    sex: str = ""
    department: str = ""
    role: Role = Role.STAFF
    phone: str = ""
    leads_grade: bool = False
    head_of: list[Place] = field(default_factory=list)
    deputy_of: list[Place] = field(default_factory=list)
    teaches: list[tuple[str, Place]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def duties(self) -> list[tuple[str, str, Place]]:
        """(duty, subject, class)."""
        Duty = ClassAssignment.Duty  # noqa: N806
        heads = [(Duty.HEAD, "", place) for place in self.head_of]
        deputies = [(Duty.DEPUTY, "", place) for place in self.deputy_of]
        return [*heads, *deputies, *((Duty.SUBJECT, subject, place) for subject, place in self.teaches)]


@dataclass
class Hired:
    """What an import of staff did. ``passwords``: (employee number, name, one-time password) of the new accounts."""

    passwords: list[tuple[str, str, str]] = field(default_factory=list)
    unchanged: int = 0
    assignments: int = 0
    errors: list[str] = field(default_factory=list)


def role_of(post: str) -> Role:
    return next((role for word, role in ROLES if word in post), Role.STAFF)


def read_staff(sheet: Sheet, *, school_year: int, stage: str) -> list[StaffRow]:
    """One StaffRow per row below the header that has a number or a name. Raises Refused without a header."""
    header, columns = _header(sheet)
    rows = []
    for index, cells in enumerate(sheet.rows[header + 1 :], header + 2):
        texts = {key: cells[column] for column, key in columns.items() if column < len(cells)}
        if plain_code(texts.get("employee_no", "")) or plain_code(texts.get("name", "")):
            rows.append(_staff_row(index, texts, school_year, stage))
    _refuse_doubles(rows)
    return rows


def _header(sheet: Sheet) -> tuple[int, dict[int, str]]:
    for index, cells in enumerate(sheet.rows[:15]):
        columns = {i: COLUMNS[word] for i, cell in enumerate(cells) if (word := normalise_header(cell)) in COLUMNS}
        if {"employee_no", "name"} <= set(columns.values()):
            return index, columns
    raise Refused(NO_STAFF_HEADER)


def _staff_row(index: int, texts: dict[str, str], school_year: int, stage: str) -> StaffRow:
    post = plain_code(texts.get("post", ""))
    staff = StaffRow(
        row=index,
        employee_no=number_text(texts.get("employee_no", "")),
        sex=SEXES.get(plain_code(texts.get("sex", "")), ""),
        department=plain_code(texts.get("department", ""))[:40],
        role=role_of(post),
        phone=plain_code(texts.get("phone", ""))[:20],
        leads_grade=GRADE_LEADER in post,
    )
    if not staff.employee_no:
        staff.errors.append(_("The employee number is missing."))
    try:
        staff.name = parse_name(texts.get("name", ""))
        for key in ("head_of", "deputy_of"):
            setattr(staff, key, _classes(texts.get(key, ""), school_year, stage))
        staff.teaches = _subjects(texts.get("teaches", ""), school_year, stage)
    except Unreadable as error:
        staff.errors.append(str(error))
    return staff


def _classes(text: str, school_year: int, stage: str) -> list[Place]:
    parts = [part for part in re.split(r"[,，、;；\s]+", plain_code(text)) if part]
    return [resolve_class(parse_class(part), school_year=school_year, default_stage=stage) for part in parts]


def _subjects(text: str, school_year: int, stage: str) -> list[tuple[str, Place]]:
    """语文:一(1)班,一(2)班;数学:一(1)班 → [("语文", …), …]."""
    found = []
    for part in re.split(r"[;；]", plain_code(text)):
        subject, colon, classes = part.partition(":")
        if part.strip() and not colon:
            raise Unreadable(
                _("“%(text)s” is not a subject with its classes. Please write it like 语文:一(1)班,一(2)班.")
                % {"text": part[:20]}
            )
        found += [(subject.strip()[:20], place) for place in _classes(classes, school_year, stage)]
    return found


def _refuse_doubles(rows: list[StaffRow]) -> None:
    first: dict[str, int] = {}
    for staff in rows:
        if staff.employee_no and first.setdefault(staff.employee_no.lower(), staff.row) != staff.row:
            staff.errors.append(
                _("The same employee number stands in row %(row)d.") % {"row": first[staff.employee_no.lower()]}
            )


@transaction.atomic
def import_staff(*, by: User | None, school: School, sheet: Sheet, today: date, now: datetime) -> Hired:
    """Accounts, departments, roles and assignments that are missing; what is there stays as it is, so twice is once.

    All or nothing: with one bad row nothing is written, and ``errors`` says which and why.
    """
    school_year = school_year_of(today)
    rows = read_staff(sheet, school_year=school_year, stage=default_stage(school, today))
    hired = Hired(errors=[_row_error(staff, error) for staff in rows for error in staff.errors])
    if hired.errors:
        return hired
    try:
        with transaction.atomic():
            users = {staff.row: _hire(staff, by, school, today, now, hired) for staff in rows}
    except _BadRow as bad:
        return Hired(errors=[str(bad)])
    hired.assignments = _assign(rows, users, by, school, date(school_year, 9, 1), now)
    return hired


class _BadRow(ValueError):
    """Found only when saving."""


def _row_error(staff: StaffRow, error: str) -> str:
    return _("Row %(row)d: %(sentences)s") % {"row": staff.row, "sentences": error}


def _hire(staff: StaffRow, by: User | None, school: School, today: date, now: datetime, hired: Hired) -> User:
    department = _department(staff, by, school)
    user = User.objects.filter(school=school, employee_no__iexact=staff.employee_no).first()
    if user is not None and user.display_name != staff.name:
        raise _BadRow(_row_error(staff, _("This employee number belongs to somebody with another name.")))
    if user is None:
        try:
            user, password = create_user(
                by=by, school=school, employee_no=staff.employee_no, display_name=staff.name, sex=staff.sex,
                department=department, phone=staff.phone,
            )  # fmt: skip
        except ValidationError as error:
            raise _BadRow(_row_error(staff, " ".join(error.messages))) from error
        hired.passwords.append((user.employee_no, user.display_name, password))
    else:
        hired.unchanged += 1
    if not RoleMembership.objects.filter(user=user, role=staff.role, ends_on__isnull=True).exists():
        propose_role(by=by, user=user, role=staff.role, starts_on=today, now=now)
    return user


def _department(staff: StaffRow, by: User | None, school: School) -> Department | None:
    if not staff.department:
        return None
    found = Department.objects.filter(school=school, name=staff.department).first()
    return found or add_department(by=by, school=school, name=staff.department)


def _assign(
    rows: list[StaffRow], users: dict[int, User], by: User | None, school: School, start: date, now: datetime
) -> int:
    """All at once, and then the grants once: one by one every assignment would look at its whole class again."""
    groups = _groups(rows, by, school)
    held = set(
        ClassAssignment.objects.filter(class_group__school=school, ends_on__isnull=True).values_list(
            "user_id", "class_group_id", "duty", "subject"
        )
    )
    new = []
    for staff in rows:
        for duty, subject, place in staff.duties():
            key = (users[staff.row].pk, groups[place].pk, str(duty), subject)
            if key not in held:
                held.add(key)
                new.append(
                    ClassAssignment(
                        user=users[staff.row], class_group=groups[place], duty=duty, subject=subject, starts_on=start
                    )
                )
    leaders = _new_leaders(rows, users, school, start)
    for model, assignments in ((ClassAssignment, new), (GradeAssignment, leaders)):
        bulk_create_with_history(assignments, model, default_user=by, default_date=now)
        for each in assignments:
            security.record(security.Kind.DUTY_GIVEN, by=by, about=each.user, detail=getattr(each, "duty", "grade"))
    for each in new:
        end_former_heads(by, each)
    if new or leaders:
        sync_grants(by=by, students=Student.objects.filter(school=school), now=now)
    return len(new) + len(leaders)


def _groups(rows: list[StaffRow], by: User | None, school: School) -> dict[Place, ClassGroup]:
    groups = {
        (group.stage, group.entry_year, group.number): group for group in ClassGroup.objects.filter(school=school)
    }
    places = dict.fromkeys(place for staff in rows for _duty, _subject, place in staff.duties())
    missing = [
        ClassGroup(school=school, stage=stage, entry_year=entry_year, number=number)
        for stage, entry_year, number in places
        if (stage, entry_year, number) not in groups
    ]
    bulk_create_with_history(missing, ClassGroup, default_user=by)
    return groups | {(group.stage, group.entry_year, group.number): group for group in missing}


def _new_leaders(rows: list[StaffRow], users: dict[int, User], school: School, start: date) -> list[GradeAssignment]:
    """A grade leader leads the grade of the class that they head or teach."""
    held = set(
        GradeAssignment.objects.filter(user__school=school, ends_on__isnull=True).values_list(
            "user_id", "stage", "entry_year"
        )
    )
    leaders = []
    for staff in rows:
        places = [place for _duty, _subject, place in staff.duties()]
        if staff.leads_grade and places and (users[staff.row].pk, *places[0][:2]) not in held:
            stage, entry_year, _number = places[0]
            leaders.append(GradeAssignment(user=users[staff.row], stage=stage, entry_year=entry_year, starts_on=start))
    return leaders
