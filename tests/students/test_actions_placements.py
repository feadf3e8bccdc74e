"""Who sits where, who teaches whom, and September: the actions, and the access that follows from them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Role
from accounts.versions import StaleVersion
from students import access
from students.actions import placements, rollover, start_of
from students.levels import Level
from students.models import AccessGrant, ClassAssignment, ClassGroup, Enrolment, GradeAssignment, Student, Term
from tests.factories import LONG_AGO, StudentFactory, UserFactory, assign, seat

pytestmark = pytest.mark.django_db
ONE_DAY = timedelta(days=1)
L1, L3 = Level.BASIC, Level.SENSITIVE


def sees(user, student, now, level=L3):
    return access.level_of(user, student, now=now) >= level


# --- students ---------------------------------------------------------------------------------------------------------


def test_a_student_added_by_hand_has_a_file_a_seat_and_readers(cast, now, today):
    student = placements.add_student(
        by=cast.jiao,
        school=cast.school,
        fields={"name": "单小满"},
        class_group=cast.own_class,
        seat_no=9,
        on=today,
        now=now,
    )
    assert (student.profile.version, student.background.version, student.enrolments.get().seat_no) == (1, 1, 9)
    assert sees(cast.zhou, student, now)
    assert student.history.get().history_user == cast.jiao


def test_a_correction_from_an_old_page_is_refused(cast):
    placements.correct_student(by=cast.jiao, student=cast.an, fields={"name": "安冉冉"}, version=1)
    with pytest.raises(StaleVersion):
        placements.correct_student(by=cast.jiao, student=cast.an, fields={"name": "安燃燃"}, version=1)
    assert Student.objects.get(pk=cast.an.pk).name == "安冉冉"


def test_who_moves_leaves_the_old_teachers_and_meets_the_new_ones(cast, now, today):
    placements.move_student(by=cast.jiao, student=cast.an, class_group=cast.next_class, seat_no=5, on=today, now=now)
    assert not sees(cast.zhou, cast.an, now, L1)
    assert sees(cast.lin, cast.an, now)
    assert cast.an.enrolments.get(ends_on=today - ONE_DAY).class_group == cast.own_class


def test_a_move_to_come_opens_and_closes_on_its_day(cast, now, today):
    next_week = today + timedelta(days=7)
    placements.move_student(
        by=cast.jiao, student=cast.an, class_group=cast.next_class, seat_no=5, on=next_week, now=now
    )
    then = start_of(next_week)
    assert (sees(cast.zhou, cast.an, now), sees(cast.lin, cast.an, now)) == (True, False)
    assert (sees(cast.zhou, cast.an, then), sees(cast.lin, cast.an, then)) == (False, True)


def test_a_seat_taken_and_given_up_on_the_same_day_was_never_sat_on(cast, now, today):
    for group in (cast.next_class, cast.grade_four):
        placements.move_student(by=cast.jiao, student=cast.an, class_group=group, seat_no=1, on=today, now=now)
    assert [row.class_group for row in cast.an.enrolments.all()] == [cast.own_class, cast.grade_four]
    assert not sees(cast.lin, cast.an, now, L1)


def test_who_leaves_the_school_is_closed_to_class_teachers_and_keeps_the_file(cast, now, today):
    placements.leave_school(by=cast.jiao, student=cast.an, status="transferred", on=today, now=now)
    student = Student.objects.get(pk=cast.an.pk)
    assert (student.status, student.left_on) == ("transferred", today)
    assert not sees(cast.zhou, student, now, L1)
    assert sees(cast.ruan, student, now)


def test_who_comes_back_goes_on_with_the_old_file(cast, now, today):
    placements.leave_school(by=cast.jiao, student=cast.an, status="transferred", on=today, now=now)
    placements.return_to_school(
        by=cast.jiao, student=cast.an, class_group=cast.next_class, seat_no=7, on=today, now=now
    )
    assert (cast.an.status, cast.an.left_on) == ("present", None)
    assert sees(cast.lin, cast.an, now)


def test_who_is_on_leave_keeps_the_seat_and_the_teachers(cast, now):
    placements.suspend_student(by=cast.jiao, student=cast.an)
    assert Student.objects.get(pk=cast.an.pk).status == "suspended"
    assert sees(cast.zhou, cast.an, now)


# --- teachers ---------------------------------------------------------------------------------------------------------


def test_a_class_exists_once(cast):
    fields = {"school": cast.school, "stage": "primary", "entry_year": cast.own_class.entry_year, "number": 3}
    assert placements.add_class(by=cast.wang, **fields).history.get().history_user == cast.wang
    with pytest.raises(ValidationError):
        placements.add_class(by=cast.wang, **fields)


def duty(cast, now, **fields):
    defaults = {"by": cast.wang, "user": cast.luo, "class_group": cast.own_class, "duty": "head", "now": now}
    return placements.assign_to_class(**{**defaults, **fields})


def test_a_substitute_sees_the_class_for_two_weeks_and_then_no_more(cast, now, today):
    duty(cast, now, starts_on=today, ends_on=today + timedelta(days=13))
    assert sees(cast.luo, cast.an, now)
    assert sees(cast.luo, cast.an, start_of(today + timedelta(days=14)) - timedelta(seconds=1))
    assert not sees(cast.luo, cast.an, start_of(today + timedelta(days=14)), L1)


def test_nobody_assigns_or_ends_their_own_duty(cast, now, today):
    with pytest.raises(ValidationError):
        duty(cast, now, user=cast.wang, starts_on=today)
    row = placements.assign_to_class(
        by=None, user=cast.wang, class_group=cast.own_class, duty="head", starts_on=LONG_AGO, now=now
    )
    with pytest.raises(ValidationError):
        placements.end_class_assignment(by=cast.wang, assignment=row, on=today, now=now)
    with pytest.raises(ValidationError):
        placements.assign_to_grade(
            by=cast.wang, user=cast.wang, stage="primary", entry_year=2024, starts_on=today, now=now
        )


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [(0, None, True), (0, 5, True), (-9, -1, False), (-9, 0, True), (11, None, False), (10, 20, True)],
)
def test_a_duty_runs_once_at_a_time(cast, now, today, first, last, refused):
    duty(cast, now, starts_on=today, ends_on=today + timedelta(days=10))
    fields = {"starts_on": today + timedelta(days=first), "ends_on": last and today + timedelta(days=last)}
    if last == 0:
        fields["ends_on"] = today
    if refused:
        with pytest.raises(ValidationError):
            duty(cast, now, **fields)
    assert ClassAssignment.objects.filter(user=cast.luo).count() == 1
    if not refused:
        duty(cast, now, **fields)


def test_a_teacher_of_another_school_gets_no_class(cast, now, today):
    with pytest.raises(ValidationError):
        duty(cast, now, user=cast.yuan, starts_on=today)
    assert not AccessGrant.objects.filter(user=cast.yuan).exclude(content_object=cast.hang).exists()


def test_a_duty_that_has_not_begun_is_taken_back(cast, now, today):
    row = duty(cast, now, starts_on=today + timedelta(days=3))
    placements.end_class_assignment(by=cast.wang, assignment=row, on=today, now=now)
    assert not ClassAssignment.objects.filter(user=cast.luo).exists()
    assert not sees(cast.luo, cast.an, now + timedelta(days=30), L1)


def test_a_grade_leader_who_steps_down_sees_the_grade_no_more(cast, now, today):
    row = GradeAssignment.objects.get(user=cast.qin)
    placements.end_grade_assignment(by=cast.wang, assignment=row, on=today - ONE_DAY, now=now)
    assert not sees(cast.qin, cast.an, now, L1)


# --- counselling ------------------------------------------------------------------------------------------------------


def test_counselling_is_opened_and_ended_by_the_moral_education_office_alone(cast, now, today):
    fields = {"student": cast.an, "starts_on": today, "ends_on": today, "note": "家长同意", "now": now}
    for by, counsellor in ((cast.xiao, cast.xin), (cast.zhou, cast.xin), (cast.ruan, cast.ruan)):
        with pytest.raises(PermissionDenied):
            placements.open_counselling(by=by, counsellor=counsellor, **fields)
    with pytest.raises(ValidationError):
        placements.open_counselling(by=cast.ruan, counsellor=cast.zhou, **fields)
    far = UserFactory(school=cast.elsewhere, roles=[Role.COUNSELLOR])
    with pytest.raises(ValidationError):
        placements.open_counselling(by=cast.ruan, counsellor=far, **fields)
    grant = placements.open_counselling(by=cast.ruan, counsellor=cast.xin, **fields)
    assert sees(cast.xin, cast.an, now, Level.CONFIDENTIAL)
    with pytest.raises(PermissionDenied):
        placements.end_counselling(by=cast.xin, grant=grant, now=now)
    placements.end_counselling(by=cast.ruan, grant=grant, now=now)
    assert not sees(cast.xin, cast.an, now, Level.CONFIDENTIAL)


# --- September --------------------------------------------------------------------------------------------------------


@pytest.fixture
def leavers(cast):
    """六年级(1)班 with two students, one of them on leave, a head teacher and a grade leader."""
    year = cast.own_class.entry_year - 3
    group = placements.add_class(by=None, school=cast.school, stage="primary", entry_year=year, number=1)
    group.going, group.staying = (seat(StudentFactory(school=cast.school), group, n) for n in (1, 2))
    placements.suspend_student(by=cast.jiao, student=group.staying)
    group.head = assign(cast.luo, group, "head")
    return group


def test_the_plan_says_what_september_will_do(cast, leavers):
    plan = rollover.plan(school=cast.school, school_year=leavers.entry_year + 6)[0]
    assert (plan.leaving, plan.graduates, plan.on_leave, plan.begun) == ([leavers], 1, 1, 0)
    assert ("三年级(2)班", "四年级(2)班") in plan.going_up
    assert plan.has_work


def test_september_graduates_begins_and_prepares_the_year_once(cast, leavers, now):
    year = leavers.entry_year + 6
    GradeAssignment.objects.create(user=cast.luo, stage="primary", entry_year=leavers.entry_year, starts_on=LONG_AGO)
    fields = {"by": cast.jiao, "school": cast.school, "school_year": year, "new_classes": {"primary": 2}, "now": now}
    done = rollover.roll_over(**fields)
    assert (done["graduated"], done["classes"]) == (1, 2)
    student = Student.objects.get(pk=leavers.going.pk)
    assert (student.status, student.left_on) == ("graduated", date(year, 9, 1))
    assert ClassAssignment.objects.get(pk=leavers.head.pk).ends_on == date(year, 8, 31)
    assert GradeAssignment.objects.get(user=cast.luo).ends_on == date(year, 8, 31)
    assert not sees(cast.luo, leavers.staying, start_of(date(year, 9, 1)), L1)
    assert rollover.has_terms(cast.school, year)
    counted = [model.objects.count() for model in (ClassGroup, Term, Enrolment, AccessGrant.history.model)]
    assert rollover.roll_over(**fields)["graduated"] == 0
    assert counted == [model.objects.count() for model in (ClassGroup, Term, Enrolment, AccessGrant.history.model)]


def test_who_is_on_leave_is_not_graduated_by_the_way(cast, leavers, now):
    year = leavers.entry_year + 6
    rollover.roll_over(by=None, school=cast.school, school_year=year, new_classes={"primary": 0}, now=now)
    assert Student.objects.get(pk=leavers.staying.pk).status == "suspended"


def test_a_school_year_is_prepared_from_july():
    assert rollover.year_to_prepare(date(2026, 6, 30)) == 2025
    assert rollover.year_to_prepare(date(2026, 7, 1)) == 2026
    assert rollover.year_to_prepare(date(2026, 11, 1)) == 2026
