"""Needs attention: stands before the counsellor and 德育处 until one of them takes it up."""

from datetime import timedelta

import pytest
from django.urls import reverse

from students.models import AttentionRequest, FileAccess
from students.views.attention import waited
from tests.students.reading import ALLOWED, statements
from tests.students.test_note_new import sheet

LIST, MINE, NEW = "/attention/", "/notes/mine/", "/notes/new/"


@pytest.fixture
def asked(cast, sign_in):
    sign_in(cast.luo).post(NEW, sheet(cast.an, needs_attention="on", facts="晚上一直哭。"))
    return AttentionRequest.objects.get()


def acknowledge(asked):
    return reverse("students:attention_acknowledge", args=[asked.pk])


@pytest.mark.parametrize("who", ["xin", "ruan"])
def test_it_stands_on_the_list_at_the_next_request_and_goes_when_taken_up(cast, sign_in, asked, who):
    client = sign_in(cast.people[who])
    page = client.get(LIST)
    assert [row["pk"] for row in page.context["waiting"]] == [asked.pk]
    assert "晚上一直哭。" in page.content.decode() and cast.an.name in page.content.decode()
    assert client.post(acknowledge(asked)).status_code == 302
    page = client.get(LIST)
    assert page.context["waiting"] == [] and [row["pk"] for row in page.context["done"]] == [asked.pk]


@pytest.mark.parametrize("who", ["zhou", "guo", "fu", "xiao", "luo", "wang", "shen", "yi", "yuan"])
def test_others_find_neither_the_list_nor_the_button(cast, sign_in, asked, who):
    client = sign_in(cast.people[who])
    assert (client.get(LIST).status_code, client.post(acknowledge(asked)).status_code) == (404, 404)
    asked.refresh_from_db()
    assert asked.acknowledged_at is None


def test_the_keeper_sees_that_it_was_received_by_which_office_and_nothing_else(cast, sign_in, asked):
    assert "还没有人接手" in sign_in(cast.luo).get(MINE).content.decode()
    sign_in(cast.xin).post(acknowledge(asked))
    text = sign_in(cast.luo).get(MINE).content.decode()
    assert "已收到，心理" in text and cast.xin.display_name not in text


def test_the_keeper_sees_the_office_of_the_day_on_which_it_was_taken_up(cast, sign_in, asked):
    sign_in(cast.ruan).post(acknowledge(asked))
    assert "已收到，德育处" in sign_in(cast.luo).get(MINE).content.decode()


def test_taking_up_twice_changes_nothing(cast, sign_in, asked):
    sign_in(cast.xin).post(acknowledge(asked))
    sign_in(cast.ruan).post(acknowledge(asked))
    sign_in(cast.xin).post(acknowledge(asked))
    asked.refresh_from_db()
    assert asked.acknowledged_by == cast.xin and asked.history.count() == 2


def test_taking_up_is_posted(cast, sign_in, asked):
    assert sign_in(cast.xin).get(acknowledge(asked)).status_code == 405


def test_the_longest_waiting_stands_first(cast, sign_in, asked, now):
    sign_in(cast.luo).post(NEW, sheet(cast.gao, needs_attention="on"))
    rows = sign_in(cast.xin).get(LIST).context["waiting"]
    assert [row["student"] for row in rows] == [cast.an, cast.gao]


def test_a_counsellor_no_longer_reads_what_a_colleague_took_up(cast, sign_in, asked):
    sign_in(cast.ruan).post(acknowledge(asked))
    page = sign_in(cast.xin).get(LIST)
    assert "晚上一直哭。" not in page.content.decode() and page.context["done"][0]["note"] is None
    assert sign_in(cast.xin).get(reverse("students:note_detail", args=[asked.observation_id])).status_code == 404


def test_taken_up_more_than_two_weeks_ago_is_off_the_list(cast, sign_in, asked, now):
    sign_in(cast.xin).post(acknowledge(asked))
    AttentionRequest.objects.update(acknowledged_at=now - timedelta(days=14, minutes=1))
    assert sign_in(cast.xin).get(LIST).context["done"] == []


def test_a_withdrawn_note_is_off_the_list(cast, sign_in, asked):
    sign_in(cast.luo).post(reverse("students:note_void", args=[asked.observation_id]), {"version": 1})
    assert sign_in(cast.xin).get(LIST).context["waiting"] == []


def test_another_school_sees_nothing_of_it(cast, sign_in, asked):
    from tests.factories import UserFactory

    stranger = UserFactory(school=cast.elsewhere, employee_no="T9001", roles=["counsellor"])
    client = sign_in(stranger)
    assert client.get(LIST).context["waiting"] == []
    assert client.post(acknowledge(asked)).status_code == 404


def test_the_list_is_logged_with_its_students_and_the_highest_level(cast, sign_in, asked):
    sign_in(cast.luo).post(NEW, sheet(cast.gao, level="4"))
    FileAccess.objects.all()
    sign_in(cast.xin).get(LIST)
    row = FileAccess.objects.first()
    assert set(row.student_ids.split()) == {str(cast.an.pk), str(cast.gao.pk)} and row.level == 4


def test_the_list_asks_the_same_number_of_questions_for_one_and_three(cast, sign_in, asked):
    one = statements(sign_in(cast.xin), LIST)
    for student in (cast.gao, cast.ding):
        sign_in(cast.luo).post(NEW, sheet(student, needs_attention="on"))
    assert one == statements(sign_in(cast.xin), LIST) <= ALLOWED


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "已等 0 分钟"),
        (59, "已等 59 分钟"),
        (60, "已等 1 小时"),
        (23 * 60 + 59, "已等 23 小时"),
        (24 * 60, "已等 1 天"),
    ],
)
def test_waiting_is_counted_by_the_clock(now, minutes, words):
    assert waited(now - timedelta(minutes=minutes), now) == words
