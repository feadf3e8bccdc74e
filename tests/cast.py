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

from django.utils import timezone

from accounts.models import Role, School, User
from students.actions import placements
from students.models import ClassGroup, Student
from tests.factories import (
    LONG_AGO,
    ClassGroupFactory,
    SchoolFactory,
    StudentFactory,
    UserFactory,
    assign,
    seat,
    this_year,
)

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
    for number, name in enumerate(STAFF, 1):
        roles = [ROLES[name]] if name in ROLES else []
        cast.people[name] = UserFactory(
            school=cast.school, employee_no=f"T{number:04d}", display_name=f"{name.title()}老师", roles=roles
        )
    cast.people["yuan"] = UserFactory(school=cast.elsewhere, employee_no="T0001", display_name="Yuan老师")
    assign(cast.zhou, cast.own_class, "head")
    assign(cast.he, cast.own_class, "deputy")
    assign(cast.guo, cast.own_class, "subject", subject="数学")
    assign(cast.lin, cast.next_class, "head")
    assign(cast.yuan, cast.far_class, "head")
    placements.assign_to_grade(
        by=None,
        user=cast.qin,
        stage="primary",
        entry_year=cast.own_class.entry_year,
        starts_on=LONG_AGO,
        now=timezone.now(),
    )


def _enrol(cast: Cast) -> None:
    cast.an = seat(StudentFactory(school=cast.school, name="安然然"), cast.own_class, 1)
    cast.bei = seat(StudentFactory(school=cast.school, name="贝宁宁"), cast.own_class, 2)
    cast.ding = seat(StudentFactory(school=cast.school, name="丁一鸣"), cast.next_class, 1)
    cast.gao = seat(StudentFactory(school=cast.school, name="高飞飞"), cast.grade_four, 1)
    cast.gone = seat(StudentFactory(school=cast.school, name="郭去去"), cast.own_class, 3)
    placements.leave_school(
        by=None,
        student=cast.gone,
        status=Student.Status.GRADUATED,
        on=timezone.localdate() - timedelta(days=30),
        now=timezone.now(),
    )
    cast.hang = seat(StudentFactory(school=cast.elsewhere, name="远航航"), cast.far_class, 1)
