"""Who sees, proposes and decides on needs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Role, User
from students.access.classes import is_head_of
from students.access.records import record_condition
from students.access.rule import NOBODY, Standing
from students.levels import Level
from students.models.identification import CareNeed, Category, Group
from students.models.records import OPEN_TO_AUTHOR
from students.models.student import Student

# Whose office it is to know one group of needs for the whole school, at level 3.
NEED_GROUPS = {Role.DOCTOR: Group.HEALTH, Role.AID_OFFICER: Group.HARDSHIP}


def need_groups(user: User, now: datetime) -> list[str]:
    """The groups of needs that this user's office knows of every student."""
    return [group for role, group in NEED_GROUPS.items() if role in user.roles(now)]


def need_condition(user: User, *, now: datetime | None = None) -> Q:
    """By level; by group for doctor and aid officer; all of the school for 德育, who confirm; and one's own proposals
    of the last 7 days. What was not confirmed is no fact about a child: only 德育 and its proposer see it (ADR 0012)."""
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    roles = user.roles(now)
    if Role.MORAL_EDUCATION in roles:
        return Q(student__school=user.school_id)
    seen = record_condition(user, now=now)
    if groups := need_groups(user, now):
        seen |= Q(level=Level.SENSITIVE, category__group__in=groups)
    seen &= ~Q(state=CareNeed.State.REJECTED)
    own = Q(author=user, created_at__gt=now - OPEN_TO_AUTHOR)
    return Q(student__school=user.school_id) & (seen | own)


def opens_needs(user: User, of: Standing, *, now: datetime) -> bool:
    """Whether the part "needs" of that student's file opens: to level 3, and to the offices that see or propose some."""
    return of.level >= Level.SENSITIVE or (of.level >= Level.BASIC and proposes_by_office(user, now=now))


def proposes_by_office(user: User, *, now: datetime) -> bool:
    """Counsellor, doctor and aid officer propose for any student; so do head teacher and deputy for their own."""
    return user.is_active and not user.roles(now).isdisjoint((Role.COUNSELLOR, *NEED_GROUPS))


def proposable_categories(user: User, student: Student, *, now: datetime) -> QuerySet[Category]:
    """Of which categories this user may propose a need: all for the head teacher, the deputy and the counsellor; of the
    office's group for doctor and aid officer. One statement, and two to know who the user is."""
    offered = Category.objects.active().filter(school=student.school_id)
    if not user.is_active or user.school_id != student.school_id:
        return offered.none()
    if Role.COUNSELLOR in user.roles(now) or is_head_of(user, student, now=now):
        return offered
    return offered.filter(group__in=need_groups(user, now))


def decides_on_needs(user: User, student: Student, *, now: datetime) -> bool:
    """德育 alone confirms, rejects and closes needs, and lowers or ends an attention level."""
    return user.is_active and user.school_id == student.school_id and Role.MORAL_EDUCATION in user.roles(now)


def chooses_services(user: User, student: Student, *, now: datetime) -> bool:
    """Whoever tends to the child day by day, and 德育, say what the school offers for a need that they see."""
    return decides_on_needs(user, student, now=now) or is_head_of(user, student, now=now)
