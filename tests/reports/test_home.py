"""What waits for whom, in which order, and how many questions that takes."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, RoleMembership
from reports.mine import my_classes
from reports.waiting import due_word, waiting_for
from students.actions.drafts import save_draft
from students.actions.notes import acknowledge_attention, record_observation
from students.levels import Level
from students.models import AttentionRequest, FileAccess, Observation, SchoolCalendar
from tests.factories import ObservationFactory, StudentFactory, seat

pytestmark = pytest.mark.django_db


def page(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 200
    return response.content.decode()


def waiting(user):
    now = timezone.now()
    return waiting_for(user, SchoolCalendar.of(user.school_id), now=now)


def promise(cast, student, day, **fields):
    return ObservationFactory(student=student, author=cast.zhou, follow_up_on=day, **fields)


def ask_for_attention(cast, student=None, level=Level.DAILY):
    fields = {"facts": "一个人在楼梯口坐了很久。", "happened_on": timezone.localdate(), "level": level}
    record_observation(
        by=cast.luo, students=[student or cast.an], fields=fields, now=timezone.now(), needs_attention=True
    )


def test_a_request_for_attention_stands_first_and_goes_when_acknowledged(cast, sign_in, today):
    ObservationFactory(student=cast.ding, author=cast.xin, follow_up_on=today)
    ask_for_attention(cast)
    for user in (cast.xin, cast.ruan):
        items = waiting(user).items
        assert (items[0].name, items[0].urgent) == (cast.an.name, True)
        assert cast.an.name in page(sign_in(user), "reports:home")
    acknowledge_attention(by=cast.xin, request=AttentionRequest.objects.get(), now=timezone.now())
    for user in (cast.xin, cast.ruan):
        assert not any(item.urgent for item in waiting(user).items)
        assert cast.an.name not in page(sign_in(user), "reports:home")


def test_attention_waits_for_these_two_offices_only(cast):
    ask_for_attention(cast)
    offices = {name for name, user in cast.staff.items() if any(item.urgent for item in waiting(user).items)}
    assert offices == {"xin", "ruan"}


def test_words_of_a_sensitive_note_do_not_stand_on_a_home_page(cast, sign_in):
    ask_for_attention(cast, level=Level.CONFIDENTIAL)
    assert "楼梯口" not in page(sign_in(cast.xin), "reports:home")
    assert "楼梯口" not in page(sign_in(cast.xin), "reports:todo")


def test_follow_ups_come_when_they_are_due_and_go_when_followed(cast, sign_in, today):
    promise(cast, cast.an, today)
    promise(cast, cast.bei, today + timedelta(days=30))
    promise(cast, cast.an, today, followed_at=timezone.now())
    home, todo = page(sign_in(cast.zhou), "reports:home"), page(sign_in(cast.zhou), "reports:todo")
    assert cast.an.name in home
    assert cast.bei.name not in home
    assert cast.bei.name in todo
    assert len(waiting(cast.zhou).items) == 2
    assert waiting(cast.he).items == ()


def test_a_promise_about_a_student_out_of_sight_waits_no_more(cast, today):
    note = promise(cast, cast.an, today, level=Level.SENSITIVE)
    Observation.objects.filter(pk=note.pk).update(created_at=timezone.now() - timedelta(days=30))
    assert len(waiting(cast.zhou).items) == 1
    cast.an.grants.filter(user=cast.zhou).update(ends_at=timezone.now())
    assert waiting(cast.zhou).items == ()


def test_a_fellow_student_is_not_named_in_the_clipped_words(cast, today):
    promise(cast, cast.an, today, facts=f"⟦{cast.an.pk}⟧和⟦{cast.ding.pk}⟧约好一起读书。")
    assert waiting(cast.zhou).items[0].words == f"{cast.an.name}和另一名同学约好一起读书。"


def test_roles_wait_for_a_second_person(cast, sign_in, now, today):
    RoleMembership.objects.create(user=cast.he, role=Role.COUNSELLOR, starts_on=today, granted_by=cast.wang)
    assert "1 个岗位等你确认" in page(sign_in(cast.ruan), "reports:home")
    assert "1 个岗位等你确认" in page(sign_in(cast.xiao), "reports:home")
    assert "个岗位等你确认" not in page(sign_in(cast.zhou), "reports:home")


@pytest.mark.parametrize(("days", "words"), [(0, "今天"), (1, "还有"), (-1, "过了")])
def test_lateness_is_said_in_school_days_and_without_reproach(cast, today, days, words):
    said = due_word(today + timedelta(days=days), SchoolCalendar.of(cast.school.pk), today)
    assert said.startswith(words)
    assert "逾期" not in said


def test_rings_count_students_noticed_in_four_weeks(cast, today):
    ObservationFactory(student=cast.an, author=cast.he)
    ObservationFactory(student=cast.bei, author=cast.he, happened_on=today - timedelta(days=80))
    (ring,) = my_classes(cast.zhou, now=timezone.now()).rings
    assert (ring.noticed, ring.size) == (1, 2)
    assert [ring.size for ring in my_classes(cast.qin, now=timezone.now()).rings] == [1, 2]
    assert my_classes(cast.ruan, now=timezone.now()).rings == ()


def test_who_was_never_noted_is_suggested_first_and_who_was_talked_with_is_not(cast, today):
    third = seat(StudentFactory(school=cast.school), cast.own_class, 3)
    ObservationFactory(student=cast.an, author=cast.zhou, happened_on=today - timedelta(days=3))
    ObservationFactory(student=third, author=cast.zhou, kind="talk", happened_on=today - timedelta(days=3))
    suggested = my_classes(cast.zhou, now=timezone.now()).suggestions
    assert [each.student for each in suggested] == [cast.bei, cast.an]
    assert suggested[0].why == "还没有记录"


def test_recent_notes_show_what_one_may_see_and_nothing_sensitive(cast, sign_in):
    ObservationFactory(student=cast.an, author=cast.guo, facts="日常的话")
    ObservationFactory(student=cast.an, author=cast.he, facts="敏感的话", level=Level.SENSITIVE)
    ObservationFactory(student=cast.ding, author=cast.lin, facts="邻班的话")
    shown = page(sign_in(cast.zhou), "reports:recent")
    assert "日常的话" in shown
    assert "敏感的话" not in shown
    assert "邻班的话" not in shown


def test_whoever_sees_names_on_the_home_page_leaves_one_row_in_the_log(cast, sign_in, today):
    promise(cast, cast.an, today)
    page(sign_in(cast.zhou), "reports:home")
    row = FileAccess.objects.get()
    assert row.student_ids == str(cast.an.pk)
    page(sign_in(cast.luo), "reports:home")
    assert FileAccess.objects.count() == 1


@pytest.mark.parametrize("name", ["reports:classes", "reports:recent"])
def test_a_panel_equals_its_page(cast, sign_in, name):
    ObservationFactory(student=cast.an, author=cast.zhou)
    client = sign_in(cast.zhou)
    fragment = client.get(reverse(name), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert fragment.strip() in page(client, name)


def test_everybody_has_a_home_and_a_list(cast, sign_in):
    for name, user in cast.staff.items():
        for url in ("reports:home", "reports:todo", "reports:classes", "reports:recent", "reports:index"):
            assert sign_in(user).get(reverse(url)).status_code == 200, (name, url)


@pytest.mark.parametrize("name", ["reports:home", "reports:todo", "reports:classes", "reports:recent"])
def test_pages_ask_the_same_for_one_row_and_for_three(cast, sign_in, today, name, django_assert_max_num_queries):
    asked = []
    RoleMembership.objects.create(user=cast.ruan, role=Role.COUNSELLOR, starts_on=today, confirmed_at=timezone.now())
    for user in (cast.zhou, cast.ruan):
        for student in (cast.an, cast.bei, cast.an):
            ObservationFactory(student=student, author=user, follow_up_on=today)
            ask_for_attention(cast, student)
            client = sign_in(user)
            client.get(reverse(name))
            with django_assert_max_num_queries(20) as seen:
                client.get(reverse(name))
            sent = [q["sql"] for q in seen.captured_queries if not re.match("SAVEPOINT|RELEASE|BEGIN|COMMIT", q["sql"])]
            asked.append(len(sent))
    assert len(set(asked[:3])) == 1
    assert len(set(asked[3:])) == 1
    assert max(asked) <= 12, asked


@pytest.mark.parametrize(("level", "shown"), [("2", True), ("3", False), ("4", False)])
def test_a_half_written_note_that_will_be_sensitive_shows_no_word_at_home(cast, sign_in, now, level, shown):
    body = {"facts": ["她说昨晚不敢回家。"], "level": [level], "student": [str(cast.an.pk)]}
    save_draft(by=cast.zhou, key=f"note:new:{cast.an.pk}", body=body, seq=1, now=now)
    text = page(sign_in(cast.zhou), "reports:home")
    assert ("不敢回家" in text) is shown
    assert "没写完" in text
