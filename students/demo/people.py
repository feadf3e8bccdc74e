"""Staff, classes, students and their families."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from simple_history.utils import bulk_create_with_history

from accounts.models import Department, Role, RoleMembership, School, User
from students import demo
from students.models import (
    Boarding,
    ClassAssignment,
    ClassGroup,
    Enrolment,
    GradeAssignment,
    Guardian,
    Stage,
    Student,
    StudentBackground,
    StudentProfile,
    school_year_of,
)
from students.pinyin import search_keys

GRADES = "一二三四五六"
ROLES = {
    "校长": Role.PRINCIPAL,
    "分管德育副校长": Role.VICE_PRINCIPAL,
    "德育主任": Role.MORAL_EDUCATION,
    "德育干事": Role.MORAL_EDUCATION,
    "专职心理教师": Role.COUNSELLOR,
    "兼职心理教师": Role.COUNSELLOR,
    "教务主任": Role.ACADEMIC,
    "总务主任": Role.AUDITOR,
    "校医": Role.DOCTOR,
    "系统管理员": Role.SYSTEM_ADMIN,
    "资助专干": Role.AID_OFFICER,
    "宿舍管理员": Role.STAFF,
    "食堂管理员": Role.STAFF,
}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
AREA = "990101"  # assigned to no place
FOUR_SURNAMES = "单仇解曾"  # read otherwise as a surname than as a word


@dataclass
class ClassOf:
    """A class with its people, as the notes need them."""

    group: ClassGroup
    grade: int
    head: User
    subjects: dict[str, User] = field(default_factory=dict)
    deputy: User | None = None
    students: list[Student] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{GRADES[self.grade - 1]}({self.group.number})班"


def save(rows: list, when: datetime | None = None) -> None:
    if rows:
        bulk_create_with_history(rows, type(rows[0]), batch_size=500, default_date=when)


def hire(school: School, now: datetime) -> dict[str, User]:
    """The staff of staff.csv by employee number, with one common password."""
    rows = demo.staff_rows()
    departments = {name: Department(school=school, name=name) for name in dict.fromkeys(row["部门"] for row in rows)}
    save([*departments.values()])
    password = make_password(demo.PASSWORD)
    users = {row["工号"]: _user(school, departments[row["部门"]], row, password) for row in rows}
    save([*users.values()])
    long_ago = date(school_year_of(now.date()) - 3, 9, 1)
    save([
        RoleMembership(user=users[row["工号"]], role=ROLES[row["职务"]], starts_on=long_ago, confirmed_at=now)
        for row in rows
        if row["职务"] in ROLES
    ])  # fmt: skip
    return users


def _user(school: School, department: Department, row: dict[str, str], password: str) -> User:
    return User(
        school=school,
        department=department,
        employee_no=row["工号"],
        username=f"{school.code}-{row['工号']}",
        display_name=row["姓名"],
        sex="F" if row["性别"] == "女" else "M",
        phone=row["手机"],
        password=password,
        last_note_kind="observation",
    )


def open_classes(school: School, users: dict[str, User], year: int) -> list[ClassOf]:
    """24 classes with head teachers, deputies, subject teachers and grade leaders."""
    groups = {
        f"{GRADES[grade - 1]}({number})班": ClassGroup(school=school, entry_year=year + 1 - grade, number=number)
        for grade in range(1, 7)
        for number in range(1, 5)
    }
    save([*groups.values()])
    classes = {name: ClassOf(group, year + 1 - group.entry_year, head=None) for name, group in groups.items()}
    assignments, leaders = [], []
    for row in demo.staff_rows():
        user = users[row["工号"]]
        if row["班主任班级"]:
            classes[row["班主任班级"]].head = user
        subject, _, taught = row["任教"].partition(":")
        for name in filter(None, taught.split(",")):
            classes[name].subjects[subject] = user
        if row["职务"] == "年级组长":
            leaders.append(_leader(user, classes[row["班主任班级"]].group, year))
    for each in classes.values():
        assignments += _duties(each, year)
    save(assignments)
    save(leaders)
    return [*classes.values()]


def _since(group: ClassGroup, year: int) -> date:
    """Teachers stay for years: since last school year, or since the class began."""
    return date(max(group.entry_year, year - 1), 9, 1)


def _leader(user: User, group: ClassGroup, year: int) -> GradeAssignment:
    return GradeAssignment(user=user, stage=Stage.PRIMARY, entry_year=group.entry_year, starts_on=_since(group, year))


def _duties(each: ClassOf, year: int) -> list[ClassAssignment]:
    if each.group.number == 2:
        each.deputy = each.subjects["英语"]
    duties = [(each.head, "head", ""), (each.deputy, "deputy", "")]
    duties += [(user, "subject", subject) for subject, user in each.subjects.items()]
    return [
        ClassAssignment(
            user=user, class_group=each.group, duty=duty, subject=subject, starts_on=_since(each.group, year)
        )
        for user, duty, subject in duties
        if user is not None
    ]


# --- students ---------------------------------------------------------------------------------------------------------


def enrol(classes: list[ClassOf], rng: Random, now: datetime, size: int = demo.PER_CLASS) -> None:
    """`size` students in each class, with profile, background, guardians and a seat."""
    rows: dict[str, list] = {"student": [], "profile": [], "background": [], "guardian": [], "seat": []}
    numbers: dict[date, int] = {}
    for each in classes:
        taken: set[str] = set()
        for seat_no in range(1, size + 1):
            student = _student(each, seat_no, taken, rng)
            each.students.append(student)
            rows["student"].append(student)
            rows["seat"].append(_seat(student, each.group, seat_no))
            rows["profile"].append(_profile(student, each, rng))
            _family(student, rows, numbers, rng)
    for kind in rows.values():
        save(kind, now)


def _student(each: ClassOf, seat_no: int, taken: set[str], rng: Random) -> Student:
    sex = rng.choice("12")
    name = _special_name(each, seat_no)
    if name:
        name, sex = name
    while not name or name in taken:
        name = _surname(rng) + rng.choice(demo.names()["boys" if sex == "1" else "girls"].split())
    taken.add(name)
    pinyin, initials = search_keys(name)
    year = each.group.entry_year
    boards = each.grade >= 3 and rng.random() < 0.14
    return Student(
        school=each.group.school,
        name=name,
        name_pinyin=pinyin,
        name_initials=initials,
        sex=sex,
        birth_date=date(year - 7, 9, 1) + timedelta(days=rng.randrange(365)),
        ethnicity=rng.choice(demo.names()["ethnicities"].split()),
        nationality="中国",
        political_status="群众",
        entry_month=f"{year}09",
        entry_mode="就近入学",
        boarding_type=Boarding.BOARDER if boards else Boarding.DAY,
        student_source="正常入学",
        student_no_aux=f"{year}{each.group.number:02d}{seat_no:03d}",
    )


def _special_name(each: ClassOf, seat_no: int) -> tuple[str, str] | None:
    """In 三(2)班 the four surnames; in every grade one character that old fonts and GBK do not have."""
    girls = demo.names()["girls"].split()
    if each.name == "三(2)班" and seat_no % 9 == 3 and seat_no // 9 < 4:
        return FOUR_SURNAMES[seat_no // 9] + girls[seat_no], "2"
    if each.group.number == 2 and seat_no == 8:
        given, sex = demo.names()["rare"][each.grade - 1]
        return "林沈周梁许温"[each.grade - 1] + given, sex
    return None


def _surname(rng: Random) -> str:
    surnames = demo.names()["surnames"]
    return rng.choices(surnames, [1 / (place + 9) for place in range(len(surnames))])[0]


def _seat(student: Student, group: ClassGroup, seat_no: int) -> Enrolment:
    return Enrolment(student=student, class_group=group, seat_no=seat_no, starts_on=date(group.entry_year, 9, 1))


def _profile(student: Student, each: ClassOf, rng: Random) -> StudentProfile:
    row = StudentProfile(
        student=student,
        native_place=rng.choice(demo.names()["provinces"].split()),
        hukou_type=rng.choice(["农业户口", "非农业户口"]),
        is_only_child=rng.random() < 0.4,
        attended_preschool=True,
        commute_km=rng.randrange(1, 12),
        commute_mode=rng.choice(demo.names()["commute"].split()),
        needs_bus=False,
    )
    if rng.random() < (0.7 if each.name == "三(2)班" else 0.25):
        for name, texts in demo.growth().items():
            setattr(row, name, filled(rng.choice(texts), student) if rng.random() < 0.8 else "")
    return row


def filled(text: str, student: Student) -> str:
    return text.replace("{ta}", "她" if student.sex == "2" else "他")


def _family(student: Student, rows: dict[str, list], numbers: dict[date, int], rng: Random) -> None:
    street = rng.choice(demo.names()["streets"].split())
    address = f"示范区{street}{rng.randrange(1, 99)}号"
    number = identity_number(student.birth_date, student.sex, numbers)
    rows["background"].append(
        StudentBackground(
            student=student,
            id_type="居民身份证",
            id_no=number,
            national_no=f"G{number}",
            address_now=address,
            address_home=address,
            phone=_phone(rng),
            health_status="健康或良好",
            left_behind=rng.choices(["0", "1", "2"], [88, 8, 4])[0],
            is_migrant_child=rng.random() < 0.12,
            needs_aid=rng.random() < 0.05,
        )
    )
    for order, relation in enumerate(("父亲", "母亲"), 1):
        given = rng.choice(demo.names()["boys" if order == 1 else "girls"].split())
        surname = student.name[0] if order == 1 else _surname(rng)
        rows["guardian"].append(
            Guardian(
                student=student,
                order=order,
                name=surname + given,
                relation=relation,
                is_guardian=True,
                phone=_phone(rng),
                address=address,
            )
        )


def _phone(rng: Random) -> str:
    return f"129{rng.randrange(10**8):08d}"  # no operator has 129: nobody's telephone rings


def identity_number(birth: date, sex: str, numbers: dict[date, int]) -> str:
    """A valid checksum under an area code that no place has (GB 11643-1999; DOMAIN §2.5)."""
    numbers[birth] = numbers.get(birth, 0) + 1
    order = numbers[birth] * 2 + (sex == "1")
    body = f"{AREA}{birth:%Y%m%d}{order:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]
