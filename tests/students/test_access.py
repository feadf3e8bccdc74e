"""Who sees what (DESIGN §3), asked of the one door."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role
from students import access
from students.actions import placements
from students.actions.grants import sync_grants
from students.actions.notes import acknowledge_attention
from students.levels import Level
from students.models import AccessGrant, AttentionRequest, ClassAssignment, Observation, Student
from tests.factories import ObservationFactory, UserFactory

L1, L2, L3, L4 = Level

# The level that each person of the cast may see of 安然然, 丁一鸣 and 高飞飞.
EXPECTED = {
    "zhou": (L3, 0, 0),
    "he": (L3, 0, 0),
    "guo": (L1, 0, 0),
    "qin": (L3, L3, 0),
    "lin": (0, L3, 0),
    "xin": (L1, L1, L1),
    "ruan": (L3, L3, L3),
    "fu": (L3, L3, L3),
    "xiao": (L3, L3, L3),
    "yi": (L1, L1, L1),
    "jiao": (L1, L1, L1),
    "zi": (L1, L1, L1),
    "luo": (0, 0, 0),
    "wang": (0, 0, 0),
    "shen": (0, 0, 0),
    "yuan": (0, 0, 0),
}


@pytest.mark.parametrize("who", EXPECTED)
def test_levels_follow_the_role_table(cast, who):
    user = cast.people[who]
    held = tuple(access.level_of(user, student) for student in (cast.an, cast.ding, cast.gao))
    assert held == EXPECTED[who]


@pytest.mark.parametrize("who", EXPECTED)
def test_list_and_object_and_has_perm_agree(cast, who):
    user = cast.people[who]
    for level in Level:
        listed = set(Student.objects.visible_to(user, level))
        assert listed == {s for s in cast.students.values() if access.level_of(user, s) >= level}
        assert listed == {s for s in cast.students.values() if user.has_perm(f"students.{level.codename}", s)}


@pytest.mark.parametrize("who", EXPECTED)
def test_a_reason_stands_for_everything_that_is_visible(cast, who):
    user = cast.people[who]
    for student in cast.students.values():
        reasons = access.why_visible(user, student)
        assert max((why.level for why in reasons), default=0) == access.level_of(user, student)


def test_nobody_of_another_school_sees_anything(cast):
    assert set(Student.objects.visible_to(cast.yuan)) == {cast.hang}
    assert not Student.objects.visible_to(cast.ruan).filter(pk=cast.hang.pk).exists()


def test_an_inactive_user_sees_nothing(cast):
    cast.zhou.is_active = False
    cast.zhou.save(update_fields=["is_active"])
    ObservationFactory(student=cast.an, author=cast.zhou)
    assert access.level_of(cast.zhou, cast.an) == 0
    assert not Student.objects.visible_to(cast.zhou).exists()
    assert not Observation.objects.visible_to(cast.zhou).exists()
    assert access.record_condition(cast.zhou) == access.NOBODY
    assert not access.pickable_students(cast.zhou).exists()
    assert not access.my_classes(cast.zhou, day=timezone.localdate()).exists()
    assert not access.own_students(cast.zhou, now=timezone.now()).exists()


def test_only_the_clock_moves_past_the_end_of_an_assignment(cast):
    substitute = cast.luo
    today = timezone.localdate()
    placements.assign_to_class(
        by=None, user=substitute, class_group=cast.own_class, duty="head", starts_on=today,
        ends_on=today + timedelta(days=13), now=timezone.now(),
    )  # fmt: skip
    last_moment = placements.end_of(today + timedelta(days=13)) - timedelta(seconds=1)
    assert access.level_of(substitute, cast.an, now=last_moment) == L3
    assert access.level_of(substitute, cast.an, now=last_moment + timedelta(seconds=1)) == 0


def test_a_future_grant_is_not_live(cast):
    start = timezone.localdate() + timedelta(days=7)
    placements.assign_to_class(
        by=None, user=cast.luo, class_group=cast.own_class, duty="head", starts_on=start, now=timezone.now()
    )
    assert access.level_of(cast.luo, cast.an) == 0
    assert access.level_of(cast.luo, cast.an, now=placements.start_of(start)) == L3


def test_the_old_teachers_lose_a_student_who_moves_and_the_new_ones_gain(cast):
    today = timezone.localdate()
    placements.move_student(
        by=cast.jiao, student=cast.an, class_group=cast.next_class, seat_no=9, on=today, now=timezone.now()
    )
    assert access.level_of(cast.zhou, cast.an) == 0
    assert access.level_of(cast.lin, cast.an) == L3


def test_access_stays_where_a_second_live_reason_exists(cast, now):
    placements.assign_to_class(
        by=None, user=cast.zhou, class_group=cast.own_class, duty="subject", subject="语文",
        starts_on=timezone.localdate() - timedelta(days=9), now=now,
    )  # fmt: skip
    head = ClassAssignment.objects.get(user=cast.zhou, duty="head")
    placements.end_class_assignment(by=None, assignment=head, on=timezone.localdate() - timedelta(days=1), now=now)
    assert access.level_of(cast.zhou, cast.an) == L1


@pytest.mark.parametrize("level", [L2, L3, L4])
@pytest.mark.parametrize("who", EXPECTED)
def test_records_open_at_their_level(cast, who, level, now):
    """An old note by somebody who has left: only levels decide."""
    note = ObservationFactory(student=cast.an, level=level, author=cast.xiao)
    Observation.objects.filter(pk=note.pk).update(created_at=now - timedelta(days=30))
    user = cast.people[who]
    own = user == cast.xiao and level == L2
    expected = access.level_of(user, cast.an) >= level or own
    assert Observation.objects.visible_to(user).filter(pk=note.pk).exists() == expected


def test_own_notes_are_readable_for_seven_days_whatever_their_level(cast, now):
    note = ObservationFactory(student=cast.an, level=L4, author=cast.luo)
    assert Observation.objects.visible_to(cast.luo).get() == note
    assert not Observation.objects.visible_to(cast.luo, now=now + timedelta(days=8)).exists()


def test_a_subject_teacher_keeps_own_daily_notes_while_teaching_the_class(cast, now):
    note = ObservationFactory(student=cast.an, level=L2, author=cast.guo)
    ObservationFactory(student=cast.an, level=L2, author=cast.zhou)
    ObservationFactory(student=cast.an, level=L2, author=cast.luo)  # who does not
    later = now + timedelta(days=60)
    assert list(Observation.objects.visible_to(cast.guo, now=later)) == [note]
    assert not Observation.objects.visible_to(cast.luo, now=later).exists()


def test_a_counsellor_reads_a_case_while_the_dated_grant_runs(cast, now, today):
    note = ObservationFactory(student=cast.an, level=L4, author=cast.ruan)
    assert not Observation.objects.visible_to(cast.xin).exists()
    grant = placements.open_counselling(
        by=cast.ruan, counsellor=cast.xin, student=cast.an, starts_on=today, ends_on=today, note="家长同意", now=now
    )
    assert Observation.objects.visible_to(cast.xin).get() == note
    assert not Observation.objects.visible_to(cast.xin, now=placements.end_of(today)).exists()
    placements.end_counselling(by=cast.ruan, grant=grant, now=timezone.now())
    assert not Observation.objects.visible_to(cast.xin).exists()


def test_a_counsellor_who_took_it_up_goes_on_reading_it_and_another_one_does_not(cast, now):
    note = ObservationFactory(student=cast.an, level=L4, author=cast.ruan)
    request = AttentionRequest.objects.create(student=cast.an, author=cast.ruan, observation=note, level=L4)
    other = UserFactory(school=cast.school, roles=[Role.COUNSELLOR])
    assert Observation.objects.visible_to(cast.xin).get() == Observation.objects.visible_to(other).get() == note
    acknowledge_attention(by=cast.xin, request=request, now=now)
    assert Observation.objects.visible_to(cast.xin).get() == note
    assert Observation.objects.filter(access.within_reach(cast.xin, now=now)).contains(note)
    assert not Observation.objects.visible_to(other).exists()


def test_any_staff_member_may_pick_any_present_student_of_the_school(cast):
    assert set(access.pickable_students(cast.luo)) == {cast.an, cast.bei, cast.ding, cast.gao}


def test_my_classes_are_those_taught_or_led(cast, today, now):
    assert list(access.my_classes(cast.zhou, day=today)) == [cast.own_class]
    assert set(access.my_classes(cast.qin, day=today)) == {cast.own_class, cast.next_class}
    assert set(access.visible_classes(cast.ruan, now=now)) == {cast.own_class, cast.next_class, cast.grade_four}
    assert set(access.visible_classes(cast.guo, now=now)) == {cast.own_class}
    assert not access.visible_classes(cast.wang, now=now).exists()


def test_a_class_teacher_is_head_or_deputy_that_day(cast, today):
    assert access.is_class_teacher(cast.zhou, cast.own_class, day=today)
    assert access.is_class_teacher(cast.he, cast.own_class, day=today)
    assert not access.is_class_teacher(cast.guo, cast.own_class, day=today)
    assert not access.is_class_teacher(cast.zhou, cast.next_class, day=today)
    cast.zhou.is_active = False
    assert not access.is_class_teacher(cast.zhou, cast.own_class, day=today)


def test_a_class_is_ones_own_from_the_first_day_of_the_duty_to_the_last(cast, today, now):
    """That there was a duty once, or will be one, makes it nobody's class."""
    first, last = today + timedelta(days=7), today + timedelta(days=13)
    placements.assign_to_class(
        by=None, user=cast.luo, class_group=cast.own_class, duty="head", starts_on=first, ends_on=last, now=now
    )
    placements.assign_to_grade(
        by=None, user=cast.wang, stage="primary", entry_year=cast.own_class.entry_year, starts_on=first, ends_on=last,
        now=now,
    )  # fmt: skip
    for day in (first - timedelta(days=1), first, last, last + timedelta(days=1)):
        held = first <= day <= last
        assert access.is_class_teacher(cast.luo, cast.own_class, day=day) == held
        assert access.my_classes(cast.luo, day=day).exists() == held
        assert access.my_classes(cast.wang, day=day).exists() == held


def test_who_is_said_to_see_a_file_is_who_sees_it_at_that_moment(cast, today, now):
    """Neither whose duty is over or has not begun, nor who has left."""
    first, last = today + timedelta(days=7), today + timedelta(days=13)
    placements.assign_to_class(
        by=None, user=cast.luo, class_group=cast.own_class, duty="head", starts_on=first, ends_on=last, now=now
    )

    def said(user, moment) -> set[bool]:
        seeing = access.who_can_see(cast.an, now=moment)
        reading = access.audience([cast.an], L2, attention=False, now=moment)
        return {user in {why.user for why in whys} for whys in (seeing, reading)}

    assert said(cast.luo, now) == said(cast.luo, placements.end_of(last)) == {False}
    assert said(cast.luo, placements.start_of(first)) == said(cast.zhou, now) == {True}
    cast.zhou.is_active = False
    cast.zhou.save(update_fields=["is_active"])
    assert said(cast.zhou, now) == {False}


def test_a_duty_in_another_school_opens_nothing(cast, today, now):
    """No form gives one (placements refuse it), and nothing here relies on that."""
    duty = ClassAssignment.objects.create(user=cast.yuan, class_group=cast.own_class, duty="head", starts_on=today)
    sync_grants(by=None, students=[cast.an], now=now)
    assert AccessGrant.objects.filter(user=cast.yuan, source__contains=duty.pk.hex).exists()
    assert not access.is_class_teacher(cast.yuan, cast.own_class, day=today)
    assert not access.my_classes(cast.yuan, day=today).contains(cast.own_class)
    assert access.level_of(cast.yuan, cast.an) == 0
    assert not Student.objects.visible_to(cast.yuan).contains(cast.an)
    assert cast.yuan not in {why.user for why in access.who_can_see(cast.an)}
    for author in (cast.zhou, cast.yuan):
        note = ObservationFactory(student=cast.an, author=author)
        assert not Observation.objects.visible_to(cast.yuan).contains(note)
    assert not Observation.objects.filter(access.record_condition(cast.yuan)).exists()
    assert cast.yuan not in {why.user for why in access.audience([cast.an], L2, attention=False, now=timezone.now())}


def test_has_perm_answers_for_students_only(cast):
    assert not cast.ruan.has_perm("students.view_sensitive")
    assert not cast.ruan.has_perm("students.delete_student", cast.an)
    assert cast.zhou.get_all_permissions(cast.an) == {
        "students.view_student",
        "students.view_daily",
        "students.view_sensitive",
    }
    assert cast.zhou.get_all_permissions() == set()


def test_the_strongest_reason_comes_first(cast, now, today):
    """A head teacher who also teaches a subject there is told of the first."""
    placements.assign_to_class(
        by=None, user=cast.zhou, class_group=cast.own_class, duty="subject", subject="语文",
        starts_on=today - timedelta(days=4000), now=now,
    )  # fmt: skip
    assert [why.code for why in access.why_visible(cast.zhou, cast.an)] == ["head", "subject"]


def test_a_request_for_attention_is_seen_by_the_offices_and_by_whoever_asked(cast):
    note = ObservationFactory(student=cast.an, author=cast.luo)
    AttentionRequest.objects.create(student=cast.an, author=cast.luo, observation=note)
    seen = {who for who, user in cast.people.items() if AttentionRequest.objects.visible_to(user).exists()}
    assert seen == {"luo", "xin", "ruan"}
    cast.luo.is_active = False
    assert not AttentionRequest.objects.visible_to(cast.luo).exists()
