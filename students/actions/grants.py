"""AccessGrants follow from assignments and enrolments; this writes the difference and nothing else does.

For one student and one teacher of the class a grant runs while both the enrolment and the assignment run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.contrib.auth.models import Permission
from django.db import transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import User
from students.actions import end_of, start_of
from students.actions.handovers import sync_handovers
from students.actions.sheets import sync_sheets
from students.levels import CODENAMES, Level
from students.models import AccessGrant, ClassAssignment, Enrolment, GradeAssignment, Student

Reason = AccessGrant.Reason
OPENED_BY = {
    ClassAssignment.Duty.HEAD: (Level.SENSITIVE, Reason.HEAD_TEACHER),
    ClassAssignment.Duty.DEPUTY: (Level.SENSITIVE, Reason.DEPUTY),
    ClassAssignment.Duty.SUBJECT: (Level.BASIC, Reason.SUBJECT_TEACHER),
}
GRADE = (Level.SENSITIVE, Reason.GRADE_LEADER)


class Wanted(NamedTuple):
    """A grant as it should stand; the first four fields are its identity."""

    user_id: object
    student_id: object
    level: int
    source: str
    reason: str
    starts_at: datetime
    ends_at: datetime | None

    @property
    def key(self) -> tuple:
        return (self.user_id, self.student_id, self.level, self.source)

    def is_live(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


def wanted_grants(students: Iterable[Student]) -> Iterator[Wanted]:
    """From scratch: what every assignment and enrolment of these students gives. Three statements."""
    enrolments = list(Enrolment.objects.filter(student__in=students).select_related("class_group"))
    classes = {enrolment.class_group_id: enrolment.class_group for enrolment in enrolments}
    by_class: dict = {pk: [] for pk in classes}
    for assignment in ClassAssignment.objects.filter(class_group__in=classes):
        by_class[assignment.class_group_id].append(
            (assignment, "class", *OPENED_BY[ClassAssignment.Duty(assignment.duty)])
        )
    schools = {group.school_id for group in classes.values()}
    for leader in GradeAssignment.objects.filter(user__school__in=schools).select_related("user"):
        for pk, group in classes.items():
            if (group.school_id, group.stage, group.entry_year) == (
                leader.user.school_id,
                leader.stage,
                leader.entry_year,
            ):
                by_class[pk].append((leader, "grade", *GRADE))
    for enrolment in enrolments:
        for assignment, kind, level, reason in by_class[enrolment.class_group_id]:
            if overlap := _overlap(enrolment, assignment):
                source = f"{kind}:{assignment.pk.hex}:{enrolment.pk.hex}"
                yield Wanted(assignment.user_id, enrolment.student_id, level, source, reason, *overlap)


def _overlap(one, other) -> tuple[datetime, datetime | None] | None:
    """The moments between which both dated rows run, or None."""
    first: date = max(one.starts_on, other.starts_on)
    lasts = [day for day in (one.ends_on, other.ends_on) if day is not None]
    last = min(lasts) if lasts else None
    return None if last is not None and last < first else (start_of(first), end_of(last))


def orphans(*, now: datetime) -> int:
    """Live grants from classes and grades that no assignment and enrolment give now: 0, or a fault (T15)."""
    due = {each.key for each in wanted_grants(Student.objects.all()) if each.is_live(now)}
    stored = AccessGrant.objects.live(now).filter(source__regex=r"^(class|grade):")
    levels = {codename: level for level, codename in CODENAMES.items()}
    held = stored.values_list("user_id", "content_object_id", "permission__codename", "source")
    return len({(user, student, levels[codename], source) for user, student, codename, source in held} - due)


@transaction.atomic
def sync_grants(*, by: User | None, students: Iterable[Student], now: datetime) -> None:
    """Make the stored grants of these students equal to the wanted ones. What is no longer wanted ends now. What follows
    from the same rows is kept in step here too: hand-overs, and the sheets of running screening rounds."""
    ids = [student.pk for student in students]
    wanted = {each.key: each for each in wanted_grants(Student.objects.filter(pk__in=ids))}
    permissions = dict(Permission.objects.filter(codename__in=CODENAMES.values()).values_list("codename", "pk"))
    levels = {permissions[codename]: level for level, codename in CODENAMES.items()}
    stored = AccessGrant.objects.filter(content_object__in=ids, source__regex=r"^(class|grade):")
    changed = []
    for grant in stored:
        key = (grant.user_id, grant.content_object_id, levels[grant.permission_id], grant.source)
        if _adjust(grant, wanted.pop(key, None), now):
            changed.append(grant)
    new = [
        AccessGrant(
            user_id=each.user_id,
            content_object_id=each.student_id,
            permission_id=permissions[CODENAMES[Level(each.level)]],
            reason=each.reason,
            source=each.source,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            granted_by=by,
        )
        for each in wanted.values()
    ]
    bulk_create_with_history(new, AccessGrant, default_user=by, batch_size=500)
    bulk_update_with_history(changed, AccessGrant, ["starts_at", "ends_at"], default_user=by, batch_size=500)
    sync_handovers(by=by, students=ids, now=now)
    sync_sheets(by=by, students=ids, now=now)


def _adjust(grant: AccessGrant, wanted: Wanted | None, now: datetime) -> bool:
    """Set the grant's dates to what is wanted; whether that changed it."""
    before = (grant.starts_at, grant.ends_at)
    if wanted is not None:
        grant.starts_at, grant.ends_at = wanted.starts_at, wanted.ends_at
    elif grant.ends_at is None or grant.ends_at > now:
        grant.ends_at = max(now, grant.starts_at)
    return before != (grant.starts_at, grant.ends_at)
