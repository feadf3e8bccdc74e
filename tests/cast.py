"""The people of the access tests. Changes here will impact many tests.

示范小学 (`school`): 三年级(2)班 with 安然 and 贝宁, 三年级(1)班 with 丁一鸣, 四年级(1)班 with 高飞; 郭去 has graduated.
远山小学 (`elsewhere`): 三年级(1)班 with 远航.

| who        | is                                              |
|------------|-------------------------------------------------|
| zhou       | head teacher of 三年级(2)班                      |
| he         | deputy head teacher of 三年级(2)班               |
| guo        | subject teacher (数学) of 三年级(2)班            |
| qin        | leader of grade three                           |
| lin        | head teacher of 三年级(1)班                      |
| xin        | counsellor                                      |
| ruan       | moral-education office (德育处)                  |
| fu, xiao   | vice-principal, principal                       |
| yi         | school doctor                                   |
| jiao       | academic office (教务)                           |
| zi         | student-aid officer                             |
| luo        | dormitory keeper: no role, no class             |
| wang       | system administrator                            |
| shen       | auditor                                         |
| yuan       | head teacher in the other school                |
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Role, RoleMembership, School, User
from students.actions.grants import sync_grants
from students.models import (
    ClassAssignment,
    ClassGroup,
    Enrolment,
    FileVerification,
    GradeAssignment,
    Student,
    StudentBackground,
    StudentProfile,
)
from tests.factories import LONG_AGO, PASSWORD, ClassGroupFactory, SchoolFactory, StudentFactory, this_year

ROLES = {
    "xin": Role.COUNSELLOR,
    "ruan": Role.MORAL_EDUCATION,
    "fu": Role.VICE_PRINCIPAL,
    "xiao": Role.PRINCIPAL,
    "yi": Role.DOCTOR,
    "jiao": Role.ACADEMIC,
    "zi": Role.AID_OFFICER,
    "luo": Role.STAFF,
    "wang": Role.SYSTEM_ADMIN,
    "shen": Role.AUDITOR,
}
STAFF = ["zhou", "he", "guo", "qin", "lin", *ROLES]
EVERYBODY = [*STAFF, "yuan"]


@dataclass
class Cast:
    school: School
    elsewhere: School
    own_class: ClassGroup
    next_class: ClassGroup
    grade_four: ClassGroup
    far_class: ClassGroup
    people: dict[str, User] = field(default_factory=dict)
    an: Student = None
    bei: Student = None
    ding: Student = None
    gao: Student = None
    gone: Student = None
    hang: Student = None

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def staff(self) -> dict[str, User]:
        """Everybody of 示范小学 and the stranger, by name."""
        return self.people

    @property
    def students(self) -> dict[str, Student]:
        return {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), Student)}


def build_cast() -> Cast:
    school, elsewhere = SchoolFactory(name="示范小学"), SchoolFactory(name="远山小学")
    for each in (school, elsewhere):
        this_year(each)
    cast = Cast(
        school=school,
        elsewhere=elsewhere,
        own_class=ClassGroupFactory(school=school, number=2),
        next_class=ClassGroupFactory(school=school, number=1),
        grade_four=ClassGroupFactory(school=school, grade=4, number=1),
        far_class=ClassGroupFactory(school=elsewhere, number=1),
    )
    _hire(cast)
    _enrol(cast)
    return cast


def _hire(cast: Cast) -> None:
    """In bulk and without history: a hundred tests build this, and none asks how these people were hired."""
    password = make_password(PASSWORD)
    for number, name in enumerate([*STAFF, "yuan"], 1):
        school = cast.elsewhere if name == "yuan" else cast.school
        number = f"T{number:04d}"
        cast.people[name] = User(
            school=school, employee_no=number, username=f"{school.code}-{number}", display_name=f"{name.title()}老师",
            password=password,
        )  # fmt: skip
    User.objects.bulk_create(cast.people.values())
    now = timezone.now()
    memberships = [
        RoleMembership(user=cast.people[name], role=role, starts_on=LONG_AGO, confirmed_at=now)
        for name, role in ROLES.items()
    ]
    RoleMembership.objects.bulk_create(memberships)
    duties = [
        ("zhou", "own_class", "head", ""),
        ("he", "own_class", "deputy", ""),
        ("guo", "own_class", "subject", "数学"),
    ]
    duties += [("lin", "next_class", "head", ""), ("yuan", "far_class", "head", "")]
    ClassAssignment.objects.bulk_create(
        ClassAssignment(
            user=cast.people[who], class_group=getattr(cast, where), duty=duty, subject=subject, starts_on=LONG_AGO
        )
        for who, where, duty, subject in duties
    )
    GradeAssignment.objects.create(
        user=cast.qin, stage="primary", entry_year=cast.own_class.entry_year, starts_on=LONG_AGO
    )


def _enrol(cast: Cast) -> None:
    last_day = timezone.localdate() - timedelta(days=31)
    seats = [
        ("an", "安然然", cast.own_class, 1),
        ("bei", "贝宁宁", cast.own_class, 2),
        ("ding", "丁一鸣", cast.next_class, 1),
        ("gao", "高飞飞", cast.grade_four, 1),
        ("gone", "郭去去", cast.own_class, 3),
        ("hang", "远航航", cast.far_class, 1),
    ]
    for attribute, name, group, seat_no in seats:
        left = {"status": Student.Status.GRADUATED, "left_on": last_day} if attribute == "gone" else {}
        student = StudentFactory(school=group.school, name=name, **left)
        setattr(cast, attribute, student)
        Enrolment.objects.create(
            student=student, class_group=group, seat_no=seat_no, starts_on=LONG_AGO, ends_on=last_day if left else None
        )
    students = cast.students.values()
    StudentProfile.objects.bulk_create(StudentProfile(student=student) for student in students)
    StudentBackground.objects.bulk_create(StudentBackground(student=student) for student in students)
    sync_grants(by=None, students=students, now=timezone.now())
    # Every head teacher has looked through the files today, so that nothing waits by itself.
    heads = {"own_class": cast.zhou, "next_class": cast.lin, "grade_four": cast.ruan, "far_class": cast.yuan}
    FileVerification.objects.bulk_create(
        FileVerification(student=getattr(cast, who), author=heads[where], verified_on=timezone.localdate())
        for who, where in (
            ("an", "own_class"),
            ("bei", "own_class"),
            ("ding", "next_class"),
            ("gao", "grade_four"),
            ("hang", "far_class"),
        )
    )
