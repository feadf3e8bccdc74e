"""Whose class it is: head teachers and deputies by their duties, leaders of a grade by its years, the rest by role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from students.access.rule import LEADING, NOBODY, answers_for_school, live_grants, school_level
from students.levels import Level
from students.models.classes import ClassAssignment, ClassGroup
from students.models.student import Student

if TYPE_CHECKING:
    from students.models.student import StudentQuerySet

HEADS = (ClassAssignment.Duty.HEAD, ClassAssignment.Duty.DEPUTY)


def my_classes(user: User, *, day: date, duties: Iterable[str] = tuple(ClassAssignment.Duty)) -> QuerySet:
    """Classes that the user teaches or leads that day, in the school's order; `is_head`: as head teacher or deputy."""
    if not user.is_active:
        return ClassGroup.objects.none()
    held = ClassAssignment.objects.on(day).filter(user=user, class_group=OuterRef("pk"))
    taught = Exists(held.filter(duty__in=duties))
    led = NOBODY
    for stage, entry_year in user.grade_assignments.on(day).values_list("stage", "entry_year"):
        led |= Q(stage=stage, entry_year=entry_year)
    classes = ClassGroup.objects.filter(school=user.school_id).filter(taught | led)
    return classes.annotate(is_head=Exists(held.filter(duty__in=HEADS))).in_order()


def classes_in_care(user: User, *, now: datetime) -> QuerySet:
    """Classes for whose students this user answers, and sees level 3 of: one's own as head teacher or deputy, those of
    the grade one leads, and for those who see level 3 of the whole school all of it."""
    day = timezone.localdate(now)
    if answers_for_school(user, now=now):
        return ClassGroup.objects.filter(school=user.school_id).in_school_on(day)
    return my_classes(user, day=day, duties=HEADS)


def visible_classes(user: User, *, now: datetime) -> QuerySet:
    """All classes of the school for a school-wide role, else one's own."""
    day = timezone.localdate(now)
    if school_level(user, now):
        return ClassGroup.objects.filter(school=user.school_id).in_school_on(day)
    return my_classes(user, day=day)


def is_class_teacher(user: User, class_group: ClassGroup, *, day: date) -> bool:
    """Head teacher or deputy that day: whoever may hold the class's own copy of a report."""
    held = class_group.assignments.on(day).filter(user=user, duty__in=HEADS)
    return user.is_active and user.school_id == class_group.school_id and held.exists()


def own_students(user: User, *, now: datetime) -> StudentQuerySet:
    """The students whose head teacher or deputy this user is now, as the grants say."""
    if not user.is_active:
        return Student.objects.none()
    held = live_grants(user, now, Level.SENSITIVE).filter(reason__in=LEADING, content_object=OuterRef("pk"))
    return Student.objects.in_school().filter(Exists(held), school=user.school_id)


def is_head_of(user: User, student: Student, *, now: datetime) -> bool:
    return own_students(user, now=now).filter(pk=student.pk).exists()


def students_led(user: User, *, now: datetime) -> QuerySet:
    """Ids of the students whose head teacher or deputy this user is now."""
    return live_grants(user, now, Level.DAILY).filter(reason__in=LEADING).values("content_object")


def students_to_ask_about(user: User, *, now: datetime) -> StudentQuerySet:
    """Of whom this user may ask the head teacher to turn to them: students of the classes that the user answers for, other
    than one's own as head teacher or deputy."""
    day = timezone.localdate(now)
    students = Student.objects.visible_to(user, Level.SENSITIVE, now=now).in_school().placed_on(day)
    students = students.filter(place__class_group__in=classes_in_care(user, now=now))
    return students.exclude(pk__in=own_students(user, now=now).values("pk"))
