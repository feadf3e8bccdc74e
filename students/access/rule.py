"""How a user stands to a student: by the roles of the school and by live grants, never by anything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Role, User
from students.levels import CODENAMES, Level
from students.models.grants import AccessGrant
from students.models.student import Student

if TYPE_CHECKING:
    from students.models.student import StudentQuerySet

NOBODY = Q(pk__in=[])

# What a school-wide role opens without a grant. Doctor and student-aid officer see their kinds of needs at level 3
# through those records; the system administrator and the auditor see no student at all.
SCHOOL_LEVEL = {
    Role.MORAL_EDUCATION: Level.SENSITIVE,
    Role.VICE_PRINCIPAL: Level.SENSITIVE,
    Role.PRINCIPAL: Level.SENSITIVE,
    Role.COUNSELLOR: Level.BASIC,
    Role.DOCTOR: Level.BASIC,
    Role.ACADEMIC: Level.BASIC,
    Role.AID_OFFICER: Level.BASIC,
}
# The grants of whoever answers for a class.
LEADING = (AccessGrant.Reason.HEAD_TEACHER, AccessGrant.Reason.DEPUTY)


def school_level(user: User, now: datetime) -> int:
    """The level that this user's roles open for every student of the school; 0 for none."""
    return max((SCHOOL_LEVEL.get(role, 0) for role in user.roles(now)), default=0)


def answers_for_school(user: User, *, now: datetime) -> bool:
    return user.is_active and school_level(user, now) >= Level.SENSITIVE


def live_grants(user: User, now: datetime, level: int) -> QuerySet:
    return AccessGrant.objects.live(now).opening(level).filter(user=user)


def visible_students(
    students: StudentQuerySet, user: User, level: int, *, now: datetime | None = None
) -> StudentQuerySet:
    """Those of `students` whose records of `level` this user may see now."""
    now = now or timezone.now()
    if not user.is_active:
        return students.none()
    students = students.filter(school=user.school_id)
    if school_level(user, now) >= level:
        return students
    return students.filter(Exists(live_grants(user, now, level).filter(content_object=OuterRef("pk"))))


@dataclass(frozen=True)
class Standing:
    """How a user stands to one student: the highest level that may be seen (0: none), whether this is the head teacher or
    deputy of a student in counselling, who may know that one line of level 4, and whether the head teacher or deputy."""

    student: Student
    level: int = 0
    told_of_counselling: bool = False
    leads: bool = False


def standing(user: User, student: Student, *, now: datetime | None = None) -> Standing:
    """At most two statements: roles, and grants."""
    now = now or timezone.now()
    if not user.is_active or user.school_id != student.school_id:
        return Standing(student)
    counselling = AccessGrant.Reason.COUNSELLING
    about = AccessGrant.objects.live(now).filter(Q(user=user) | Q(reason=counselling), content_object=student)
    grants = list(about.values_list("user", "permission__codename", "reason"))
    own = [(codename, reason) for holder, codename, reason in grants if holder == user.pk]
    codenames, reasons = {codename for codename, _reason in own}, {reason for _codename, reason in own}
    level = max([school_level(user, now), *(level for level, name in CODENAMES.items() if name in codenames)])
    teaches = not reasons.isdisjoint(LEADING)
    counselled = any(reason == counselling for _who, _name, reason in grants)
    return Standing(student, level, teaches and counselled, teaches and student.status in Student.PRESENT)


def level_of(user: User, student: Student, *, now: datetime | None = None) -> int:
    """The highest level that this user may see of this student; 0 for none. At most two statements."""
    return standing(user, student, now=now).level


def pickable_students(user: User) -> QuerySet:
    """Any staff member may file a note on any student of the school: name and class only."""
    return Student.objects.in_school().filter(school=user.school_id) if user.is_active else Student.objects.none()
