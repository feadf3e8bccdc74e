"""Which rows about a student a user may see: conditions that each model's `visible_to` puts into its query."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Role, User
from students.access.rule import NOBODY, Standing, live_grants, school_level, visible_students
from students.levels import Level
from students.models.records import OPEN_TO_AUTHOR, AttentionRequest
from students.models.student import Student

if TYPE_CHECKING:
    from students.models.student import StudentQuerySet

# Whose duty it is to take up "needs attention", and so to read that note whatever its level.
ATTENTION_ROLES = (Role.COUNSELLOR, Role.MORAL_EDUCATION)


def record_condition(user: User, *, now: datetime | None = None) -> Q:
    """Rows of a StudentRecord whose level this user may see of their student."""
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    by_role = school_level(user, now)
    opened = Q(level__lte=by_role)
    for level in (each for each in Level if each > max(by_role, Level.BASIC)):
        granted = live_grants(user, now, level).filter(content_object=OuterRef("student_id"))
        opened |= Q(Exists(granted), level__lte=level)
    return Q(student__school=user.school_id) & opened


def observation_condition(user: User, *, now: datetime | None = None, of: Standing | None = None) -> Q:
    """By level; one's own notes of the last 7 days, and daily ones as long as one sees the student; and those on which
    attention was asked of one's office.

    `of`: how the user stands to the one student whose notes are meant, so that no statement has to find it out again.
    """
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    if of is None:
        basic = visible_students(Student.objects.all(), user, Level.BASIC, now=now).filter(pk=OuterRef("student_id"))
        by_level, in_sight = record_condition(user, now=now), Q(Exists(basic))
    else:
        by_level, in_sight = Q(level__lte=of.level), Q() if of.level else NOBODY
    own = Q(author=user) & (Q(created_at__gt=now - OPEN_TO_AUTHOR) | (Q(level=Level.DAILY) & in_sight))
    condition = by_level | own
    roles = user.roles(now)
    if Role.MORAL_EDUCATION in roles:
        condition |= Q(attention__isnull=False)
    if Role.COUNSELLOR in roles:
        condition |= Q(attention__isnull=False) & (
            Q(attention__acknowledged_at__isnull=True) | Q(attention__acknowledged_by=user)
        )
    meant = Q() if of is None else Q(student=of.student)
    return meant & Q(student__school=user.school_id) & condition


def within_reach(user: User, *, now: datetime) -> Q:
    """Every observation that `observation_condition` could let through, told so that the database finds them by their
    indexes instead of asking each row of the school. It opens nothing: use it beside `visible_to`. Two statements at most.
    """
    if school_level(user, now) >= Level.DAILY:
        return Q()
    students = live_grants(user, now, Level.DAILY).values_list("content_object", flat=True)
    near = Q(author=user) | Q(student__in=list(students.distinct()))
    if Role.COUNSELLOR not in user.roles(now):
        return near
    open_or_own = Q(acknowledged_at__isnull=True) | Q(acknowledged_by=user)
    requests = AttentionRequest.objects.filter(open_or_own, student__school=user.school_id)
    return near | Q(pk__in=list(requests.values_list("observation", flat=True)))


def attention_condition(user: User, *, now: datetime | None = None) -> Q:
    """Counsellors and 德育 see every request of their school; whoever asked sees that it was received."""
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    mine = Q(author=user)
    if not user.roles(now).isdisjoint(ATTENTION_ROLES):
        mine |= Q(student__school=user.school_id)
    return mine


def mark_condition(user: User, *, now: datetime | None = None) -> Q:
    """By level, and all of the school to the academic office, which imports them. Not to subject teachers (DESIGN §3)."""
    now = now or timezone.now()
    condition = record_condition(user, now=now)
    if reads_all_marks(user, now=now):
        condition |= Q(student__school=user.school_id)
    return condition


def reads_all_marks(user: User, *, now: datetime) -> bool:
    return user.is_active and Role.ACADEMIC in user.roles(now)


def students_with_marks(user: User, *, now: datetime) -> StudentQuerySet:
    """Whose marks this user may open: `mark_condition`, asked of students."""
    level = Level.BASIC if reads_all_marks(user, now=now) else Level.DAILY
    return Student.objects.visible_to(user, level, now=now)
