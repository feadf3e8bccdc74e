"""Minimal factories: a row with what its constraints ask for and nothing more."""

from datetime import date, timedelta

import factory
from django.utils import timezone

from accounts.models import Department, Role, RoleMembership, School, User
from students.actions import placements
from students.models import (
    ClassAssignment,
    ClassGroup,
    Observation,
    Student,
    StudentBackground,
    StudentProfile,
    Term,
    school_year_of,
)

PASSWORD = "correct horse battery 9"
LONG_AGO = date(2020, 9, 1)


class SchoolFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = School

    code = factory.Sequence(lambda n: f"21990{n:05d}")
    name = factory.Sequence(lambda n: f"示范小学{n}")
    duty_phone = "0990-1234567"


class DepartmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Department

    school = factory.SubFactory(SchoolFactory)
    name = factory.Sequence(lambda n: f"部门{n}")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        role = None

    school = factory.SubFactory(SchoolFactory)
    employee_no = factory.Sequence(lambda n: f"T{n + 10000}")  # above every number that a test names
    display_name = factory.Sequence(lambda n: f"教师{n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, password=kwargs.pop("password", PASSWORD), **kwargs)

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        for role in extracted or ():
            RoleMembershipFactory(user=self, role=role)


class RoleMembershipFactory(factory.django.DjangoModelFactory):
    """A role that counts: given at the server, hence confirmed."""

    class Meta:
        model = RoleMembership

    user = factory.SubFactory(UserFactory)
    role = Role.STAFF
    starts_on = LONG_AGO
    confirmed_at = factory.LazyFunction(timezone.now)


class TermFactory(factory.django.DjangoModelFactory):
    """This school year's autumn term, wide enough to hold today until January; use `this_year` for both."""

    class Meta:
        model = Term

    school = factory.SubFactory(SchoolFactory)
    school_year = factory.LazyFunction(lambda: school_year_of(timezone.localdate()))
    number = 1
    starts_on = factory.LazyAttribute(lambda o: date(o.school_year, 9, 1))
    ends_on = factory.LazyAttribute(lambda o: date(o.school_year + 1, 1, 31))
    week1_monday = factory.LazyAttribute(lambda o: o.starts_on - timedelta(days=o.starts_on.weekday()))

    class Params:
        spring = factory.Trait(
            number=2,
            starts_on=factory.LazyAttribute(lambda o: date(o.school_year + 1, 2, 1)),
            ends_on=factory.LazyAttribute(lambda o: date(o.school_year + 1, 8, 31)),
        )


def this_year(school: School) -> list[Term]:
    """Both terms of the running school year, without a gap: today always lies in one."""
    return [TermFactory(school=school), TermFactory(school=school, spring=True)]


class ClassGroupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ClassGroup

    class Params:
        grade = 3

    school = factory.SubFactory(SchoolFactory)
    entry_year = factory.LazyAttribute(lambda o: school_year_of(timezone.localdate()) + 1 - o.grade)
    number = factory.Sequence(lambda n: n + 1)


class StudentFactory(factory.django.DjangoModelFactory):
    """Without a class; `seat(student, class_group)` gives one, and the grants with it."""

    class Meta:
        model = Student

    school = factory.SubFactory(SchoolFactory)
    name = factory.Sequence(lambda n: f"学生{n}")
    sex = "1"
    birth_date = date(2017, 5, 20)


def seat(student: Student, class_group: ClassGroup, seat_no: int | None = None, on: date = LONG_AGO) -> Student:
    StudentProfile.objects.get_or_create(student=student)
    StudentBackground.objects.get_or_create(student=student)
    placements.move_student(
        by=None, student=student, class_group=class_group, seat_no=seat_no, on=on, now=timezone.now()
    )
    return student


def assign(
    user: User, class_group: ClassGroup, duty: str = "head", starts_on: date = LONG_AGO, **fields
) -> ClassAssignment:
    return placements.assign_to_class(
        by=None, user=user, class_group=class_group, duty=duty, starts_on=starts_on, now=timezone.now(), **fields
    )


class ObservationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Observation

    student = factory.SubFactory(StudentFactory)
    author = factory.LazyAttribute(lambda o: UserFactory(school=o.student.school))
    facts = "课间主动收好了全组的跳绳。"
    happened_on = factory.LazyFunction(timezone.localdate)
