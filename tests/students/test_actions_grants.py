"""Whatever happens to classes and duties, the stored grants open exactly what the rule gives at that instant."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from students.actions import placements
from students.actions.grants import sync_grants, wanted_grants
from students.levels import CODENAMES, Level
from students.models import AccessGrant, ClassAssignment, GradeAssignment, Student
from tests.factories import ClassGroupFactory, SchoolFactory, StudentFactory, UserFactory, seat

DAYS = st.integers(-20, 20)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["move", "leave", "back", "assign", "end", "lead", "stop"]),
        st.integers(0, 2),
        st.integers(0, 1),
        DAYS,
        st.one_of(st.none(), st.integers(0, 20)),
    ),
    min_size=1,
    max_size=12,
)


def live(now):
    """(user, student, level, source) that the table opens at `now`."""
    levels = {codename: level for level, codename in CODENAMES.items()}
    rows = AccessGrant.objects.live(now).values_list("user_id", "content_object_id", "permission__codename", "source")
    return {(user, student, levels[codename], source) for user, student, codename, source in rows}


def expected(now):
    """The same, from assignments and enrolments alone."""
    wanted = wanted_grants(Student.objects.all())
    return {each.key for each in wanted if each.starts_at <= now and (each.ends_at is None or each.ends_at > now)}


class School:
    def __init__(self, now, today):
        self.now, self.today = now, today
        self.school = SchoolFactory()
        self.users = [UserFactory(school=self.school, password=None) for _ in range(3)]
        self.classes = [ClassGroupFactory(school=self.school, number=n) for n in (1, 2)]
        self.students = [seat(StudentFactory(school=self.school), self.classes[0]) for _ in range(3)]

    def step(self, what, who, which, offset, length):
        day = self.today + timedelta(days=offset)
        last = None if length is None else day + timedelta(days=length)
        student, group, user = self.students[who], self.classes[which], self.users[who]
        place = {"by": None, "student": student, "class_group": group, "seat_no": None, "on": day, "now": self.now}
        span = {"by": None, "user": user, "starts_on": day, "ends_on": last, "now": self.now}
        if what == "move":
            placements.move_student(**place)
        elif what == "back":
            placements.return_to_school(**place)
        elif what == "leave":
            placements.leave_school(by=None, student=student, status="left", on=day, now=self.now)
        elif what == "assign":
            duty = ["head", "deputy", "subject"][who]
            placements.assign_to_class(class_group=group, duty=duty, **span)
        elif what == "lead":
            placements.assign_to_grade(stage=group.stage, entry_year=group.entry_year, **span)
        elif what == "end":
            self._end(ClassAssignment, placements.end_class_assignment, user, day)
        else:
            self._end(GradeAssignment, placements.end_grade_assignment, user, day)

    def _end(self, model, act, user, day):
        if row := model.objects.filter(user=user).first():
            act(by=None, assignment=row, on=day, now=self.now)


@pytest.mark.slow
@pytest.mark.django_db(transaction=False)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_live_grants_equal_those_computed_from_scratch(now, today, steps):
    with transaction.atomic():
        school = School(now, today)
        for step in steps:
            school.now += timedelta(days=2)
            try:
                school.step(*step)
            except ValidationError:
                pass  # refused in words: then nothing has changed
            for offset in (0, 1, 15, 60):
                moment = school.now + timedelta(days=offset)
                assert live(moment) == expected(moment), step
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_syncing_twice_writes_nothing(cast, now):
    history = AccessGrant.history.count()
    sync_grants(by=None, students=list(cast.students.values()), now=now)
    assert AccessGrant.history.count() == history


@pytest.mark.django_db
def test_a_grant_that_follows_from_nothing_ends_now_and_other_kinds_stay(cast, now, today):
    counselling = placements.open_counselling(
        by=cast.ruan, counsellor=cast.xin, student=cast.an, starts_on=today, ends_on=today, note="", now=now
    )
    assignment = ClassAssignment.objects.get(user=cast.zhou)
    assignment.delete()
    sync_grants(by=cast.wang, students=[cast.an], now=now)
    assert not AccessGrant.objects.live(now).filter(user=cast.zhou, content_object=cast.an).exists()
    assert AccessGrant.objects.live(now).filter(pk=counselling.pk).exists()
    ended = AccessGrant.objects.get(user=cast.zhou, content_object=cast.an)
    assert ended.history.first().history_user == cast.wang


@pytest.mark.django_db
def test_one_rule_opens_three_levels(cast, now):
    rows = AccessGrant.objects.live(now).filter(content_object=cast.an).values_list("user", "permission__codename")
    opened = dict(rows)
    assert opened[cast.zhou.pk] == opened[cast.he.pk] == opened[cast.qin.pk] == CODENAMES[Level.SENSITIVE]
    assert opened[cast.guo.pk] == CODENAMES[Level.BASIC]
