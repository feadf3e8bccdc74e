"""Why somebody sees a student, and who does: the same rule, told the other way round."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from accounts.models import Role, RoleMembership, User
from students.access.records import ATTENTION_ROLES
from students.access.rule import SCHOOL_LEVEL
from students.levels import CODENAMES, Level
from students.models.grants import AccessGrant
from students.models.student import Student


@dataclass(frozen=True)
class Why:
    """One live reason: in words, up to which level, since when, until when (moments; None: open)."""

    reason: str
    level: int
    since: datetime | date | None
    until: datetime | date | None
    user: User | None = None
    code: str = ""  # an AccessGrant.Reason or a Role


def why_visible(user: User, student: Student, *, now: datetime | None = None) -> list[Why]:
    """Every live reason why this user sees this student; empty when there is none."""
    return who_can_see(student, now=now, only=user)


def who_can_see(
    student: Student, *, now: datetime | None = None, level: int = Level.BASIC, only: User | None = None
) -> list[Why]:
    """Everybody who sees this student's records of `level`, with the reason: what opens most first. Two statements."""
    now = now or timezone.now()
    staff = {"user__school": student.school_id, "user__is_active": True}
    grants = AccessGrant.objects.live(now).opening(level).filter(content_object=student, **staff)
    roles = [role for role, opens in SCHOOL_LEVEL.items() if opens >= level]
    memberships = RoleMembership.objects.live(timezone.localdate(now)).filter(
        user__school=student.school_id, role__in=roles
    )
    if only is not None:
        grants, memberships = grants.filter(user=only), memberships.filter(user=only)
    levels = {codename: level for level, codename in CODENAMES.items()}
    by_grant = [
        Why(
            reason=grant.get_reason_display(),
            level=levels[grant.permission.codename],
            since=grant.starts_at,
            until=grant.ends_at,
            user=grant.user,
            code=grant.reason,
        )
        for grant in grants.select_related("user", "permission").order_by("starts_at", "pk")
    ]
    by_role = [
        Why(
            reason=each.get_role_display(),
            level=SCHOOL_LEVEL[Role(each.role)],
            since=each.starts_on,
            until=each.ends_on,
            user=each.user,
            code=each.role,
        )
        for each in memberships.select_related("user").order_by("role", "starts_on")
    ]
    return sorted(by_grant + by_role, key=lambda why: -why.level)


def audience(students: Iterable[Student], level: int, *, attention: bool, now: datetime) -> list[Why]:
    """Everybody who will see a note of `level` filed under these students: grants first, then roles. Two statements.

    With `attention` also those whose duty it is to take it up, whatever the level.
    """
    students = list(students)
    schools = {student.school_id for student in students}
    staff = {"user__school__in": schools, "user__is_active": True}
    grants = AccessGrant.objects.live(now).opening(level).filter(content_object__in=students, **staff)
    roles = [r for r, opens in SCHOOL_LEVEL.items() if opens >= level or (attention and r in ATTENTION_ROLES)]
    memberships = RoleMembership.objects.live(timezone.localdate(now)).filter(user__school__in=schools, role__in=roles)
    by_grant = [
        Why(reason=each.get_reason_display(), level=level, since=None, until=None, user=each.user, code=each.reason)
        for each in grants.select_related("user").order_by("reason", "user__employee_no")
    ]
    by_role = [
        Why(reason=each.get_role_display(), level=level, since=None, until=None, user=each.user, code=each.role)
        for each in memberships.select_related("user").order_by("role", "user__employee_no")
    ]
    return by_grant + by_role
