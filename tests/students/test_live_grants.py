"""T15: whatever happens to classes, duties, roles, staff, emergencies and requests, the live grants are those that follow at
that instant, and what a person sees is what they give. Computed anew here, from rows alone and by other words than the
application's: nothing in `due` asks students.access or students.actions."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import actions as people
from accounts.models import Role, RoleMembership, User
from students import access
from students.actions import asking, placements, rollover
from students.levels import CODENAMES
from students.models import (
    AccessGrant,
    AccessRequest,
    ClassAssignment,
    EmergencyAccess,
    Enrolment,
    GradeAssignment,
    Student,
    school_year_of,
)
from tests.factories import ClassGroupFactory, SchoolFactory, StudentFactory, UserFactory, seat

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "move",
                "leave",
                "back",
                "assign",
                "end",
                "lead",
                "stop",
                "emergency",
                "approve",
                "close",
                "ask",
                "grant",
                "refuse",
                "end_request",
                "gone",
                "back_again",
                "role",
                "roll_over",
                "wait",
            ]
        ),
        st.integers(0, 2),
        st.integers(0, 1),
        st.integers(-9, 9),
        st.one_of(st.none(), st.integers(0, 9)),
    ),
    min_size=4,
    max_size=14,
)
LEVEL_OF_DUTY = {"head": 3, "deputy": 3, "subject": 1}
LEVEL_OF_ROLE = {"moral_education": 3, "principal": 3, "counsellor": 1}


def within(day, first, last) -> bool:
    return first <= day and (last is None or day <= last)


def due(now) -> set[tuple]:
    """(user, student, level) that duties, emergencies and requests give at this instant."""
    day = timezone.localdate(now)
    seats = [e for e in Enrolment.objects.select_related("class_group") if within(day, e.starts_on, e.ends_on)]
    found = set()
    for duty in ClassAssignment.objects.all():
        if within(day, duty.starts_on, duty.ends_on):
            level = LEVEL_OF_DUTY[duty.duty]
            found |= {(duty.user_id, e.student_id, level) for e in seats if e.class_group_id == duty.class_group_id}
    for duty in GradeAssignment.objects.select_related("user"):
        if within(day, duty.starts_on, duty.ends_on):
            cohort = (duty.user.school_id, duty.stage, duty.entry_year)
            found |= {
                (duty.user_id, e.student_id, 3)
                for e in seats
                if (e.class_group.school_id, e.class_group.stage, e.class_group.entry_year) == cohort
            }
    for row in EmergencyAccess.objects.all():
        if row.opened_at <= now < row.ends_at:
            found.add((row.user_id, row.student_id, 3))
            if row.approved_at is not None:
                found.add((row.user_id, row.student_id, 4))
    for row in AccessRequest.objects.filter(is_granted=True, ended_at=None):
        if within(day, row.starts_on, row.ends_on):
            found.add((row.user_id, row.student_id, row.level))
    return found


def live(now) -> set[tuple]:
    levels = {codename: level for level, codename in CODENAMES.items()}
    rows = AccessGrant.objects.live(now).values_list("user_id", "content_object_id", "permission__codename")
    return {(user, student, levels[codename]) for user, student, codename in rows}


def seen(now) -> dict[tuple, int]:
    """(user, student) → the level that the application opens."""
    users, students = list(User.objects.all()), list(Student.objects.all())
    found = {(u.pk, s.pk): access.level_of(u, s, now=now) for u in users for s in students}
    return {pair: level for pair, level in found.items() if level}


def seen_by_rule(now) -> dict[tuple, int]:
    """Of people who are still here: the highest of what is due and what their roles give."""
    day, found = timezone.localdate(now), {}
    staff = {user.pk for user in User.objects.filter(is_active=True)}
    for user, student, level in due(now):
        found[user, student] = max(level, found.get((user, student), 0))
    for row in RoleMembership.objects.exclude(confirmed_at=None):
        if within(day, row.starts_on, row.ends_on):
            for student in Student.objects.values_list("pk", flat=True):
                level = LEVEL_OF_ROLE.get(row.role, 0)
                found[row.user_id, student] = max(level, found.get((row.user_id, student), 0))
    return {pair: level for pair, level in found.items() if level and pair[0] in staff}


class Life:
    """A school with three teachers and an office, in which things happen."""

    def __init__(self, now):
        self.now = now
        self.school = SchoolFactory()
        self.users = [UserFactory(school=self.school, password=None) for _n in range(3)]
        self.office = [UserFactory(school=self.school, password=None, roles=[Role.MORAL_EDUCATION]) for _n in range(2)]
        self.classes = [ClassGroupFactory(school=self.school, number=n, grade=6) for n in (1, 2)]
        self.students = [seat(StudentFactory(school=self.school), self.classes[0]) for _n in range(3)]

    def step(self, what, who, which, offset, length) -> None:
        day = timezone.localdate(self.now) + timedelta(days=offset)
        last = None if length is None else day + timedelta(days=length)
        user, student = (
            row._meta.model.objects.get(pk=row.pk) for row in (self.users[who], self.students[(who + which) % 3])
        )
        getattr(self, what)(user, student, self.classes[which], day, last)

    def move(self, user, student, group, day, last):
        placements.move_student(by=None, student=student, class_group=group, seat_no=None, on=day, now=self.now)

    def back(self, user, student, group, day, last):
        placements.return_to_school(by=None, student=student, class_group=group, seat_no=None, on=day, now=self.now)

    def leave(self, user, student, group, day, last):
        placements.leave_school(by=None, student=student, status="left", on=day, now=self.now)

    def assign(self, user, student, group, day, last):
        duty = ["head", "deputy", "subject"][self.users.index(user)] if last else "head"
        placements.assign_to_class(
            by=None, user=user, class_group=group, duty=duty, starts_on=day, ends_on=last, now=self.now
        )

    def lead(self, user, student, group, day, last):
        span = {"starts_on": day, "ends_on": last, "now": self.now}
        placements.assign_to_grade(by=None, user=user, stage=group.stage, entry_year=group.entry_year, **span)

    def end(self, user, student, group, day, last):
        if row := ClassAssignment.objects.filter(user=user).first():
            placements.end_class_assignment(by=None, assignment=row, on=day, now=self.now)

    def stop(self, user, student, group, day, last):
        if row := GradeAssignment.objects.filter(user=user).first():
            placements.end_grade_assignment(by=None, assignment=row, on=day, now=self.now)

    def emergency(self, user, student, group, day, last):
        level = 4 if last else 3
        asking.open_emergency(by=user, student=student, level=level, reason="x", now=self.now)

    def approve(self, user, student, group, day, last):
        for row in EmergencyAccess.objects.all():
            asking.approve_emergency(by=self.office[0], emergency=row, now=self.now)

    def close(self, user, student, group, day, last):
        for row in EmergencyAccess.objects.filter(user=user):
            asking.end_emergency(by=self.office[0], emergency=row, now=self.now)

    def ask(self, user, student, group, day, last):
        level, until = 2 + (last is None), last or day
        asking.ask_for_access(
            by=user, student=student, level=level, reason="x", starts_on=day, ends_on=until, now=self.now
        )

    def grant(self, user, student, group, day, last, yes=True):
        for row in AccessRequest.objects.filter(decided_at=None):
            asking.decide_request(by=self.office[1], asked=row, grant=yes, note="x", now=self.now)

    def refuse(self, *things):
        self.grant(*things, yes=False)

    def end_request(self, user, student, group, day, last):
        for row in AccessRequest.objects.filter(user=user):
            asking.end_request(by=self.office[0], asked=row, now=self.now)

    def gone(self, user, student, group, day, last):
        people.deactivate_user(by=self.office[0], user=user)

    def back_again(self, user, student, group, day, last):
        people.reactivate_user(by=self.office[0], user=user)

    def role(self, user, student, group, day, last):
        role = Role.PRINCIPAL if last else Role.COUNSELLOR
        people.propose_role(by=None, user=user, role=role, starts_on=day, ends_on=last, now=self.now)

    def roll_over(self, user, student, group, day, last):
        year = school_year_of(timezone.localdate(self.now)) + 1
        rollover.roll_over(by=None, school=self.school, school_year=year, new_classes={"primary": 0}, now=self.now)

    def wait(self, user, student, group, day, last):
        self.now += timedelta(hours=25)


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
def test_live_grants_are_what_follows_at_that_instant(now, steps):
    with transaction.atomic():
        life = Life(now)
        for step in steps:
            life.now += timedelta(hours=1)
            try:
                with transaction.atomic():
                    life.step(*step)
            except (ValidationError, PermissionDenied):
                pass  # refused in words: then nothing has changed
        for later in (timedelta(0), timedelta(hours=23, minutes=59), timedelta(hours=25), timedelta(days=12)):
            assert live(life.now + later) == due(life.now + later)
        assert seen(life.now) == seen_by_rule(life.now)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_the_comparison_sees_a_grant_too_many_and_one_too_few(cast, now):
    """Planted faults: a grant that outlives its duty, and one that was never written."""
    assert live(now) == due(now)
    ClassAssignment.objects.filter(user=cast.zhou).delete()
    assert live(now) - due(now)
    AccessGrant.objects.filter(user=cast.lin).delete()
    assert due(now) - live(now)
