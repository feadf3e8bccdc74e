"""Correct, add, move, withdraw: each in the browser's words."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from students.actions import notes
from students.models import AttentionRequest, Observation
from students.views.note_changes import merged
from tests.factories import ObservationFactory

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CHANGES = ["note_edit", "note_append", "note_move", "note_void"]


def url(name, note):
    return reverse(f"students:{name}", args=[note.pk])


def age(note, **by):
    Observation.objects.filter(pk=note.pk).update(created_at=timezone.now() - timedelta(**by))


@pytest.fixture
def note(cast):
    return ObservationFactory(student=cast.an, author=cast.zhou, facts="原来的话。")


def correction(note, **fields):
    typed = {"kind": "observation", "facts": "改过的话。", "level": str(note.level), "tone": "plain", "version": "1"}
    return typed | {"happened_on": note.happened_on.isoformat()} | fields


@pytest.mark.parametrize("who", ["guo", "lin", "luo", "xin", "wang", "yuan"])
@pytest.mark.parametrize("page", CHANGES)
def test_whoever_may_not_see_the_note_finds_nothing(cast, sign_in, note, page, who):
    client = sign_in(cast.people[who])
    assert (client.get(url(page, note)).status_code, client.post(url(page, note), correction(note)).status_code) == (
        404,
        404,
    )
    note.refresh_from_db()
    assert (note.facts, note.voided_at) == ("原来的话。", None)


@pytest.mark.parametrize("who", ["he", "qin", "ruan", "xiao"])
@pytest.mark.parametrize("page", ["note_edit", "note_move", "note_void"])
def test_whoever_sees_it_but_did_not_write_it_changes_nothing(cast, sign_in, note, page, who):
    client = sign_in(cast.people[who])
    data = correction(note, to=str(cast.bei.pk), reason="x")
    assert (client.get(url(page, note)).status_code, client.post(url(page, note), data).status_code) == (403, 403)
    note.refresh_from_db()
    assert (note.facts, note.voided_at, note.student) == ("原来的话。", None, cast.an)


@pytest.mark.parametrize("page", CHANGES)
def test_no_other_method_is_answered(cast, sign_in, note, page):
    assert sign_in(cast.zhou).delete(url(page, note)).status_code == 405


# --- correct ----------------------------------------------------------------------------------------------------------


def test_the_author_corrects_the_note(cast, sign_in, note):
    client = sign_in(cast.zhou)
    page = client.get(url("note_edit", note))
    assert page.context["form"]["facts"].value() == "原来的话。" and 'name="version" value="1"' in page.content.decode()
    response = client.post(url("note_edit", note), correction(note, domains=["peers"], kind="talk"))
    assert (response.status_code, response.url) == (302, url("note_detail", note))
    note.refresh_from_db()
    assert (note.facts, note.kind, note.domains, note.version) == ("改过的话。", "talk", ["peers"], 2)


def test_after_seven_days_the_author_adds_instead(cast, sign_in, note):
    age(note, days=7, minutes=1)
    client = sign_in(cast.zhou)
    assert client.get(url("note_edit", note)).status_code == 403
    assert client.post(url("note_edit", note), correction(note)).status_code == 403
    assert "补记" in client.get(url("note_detail", note)).content.decode()


def test_a_refused_correction_keeps_the_words(cast, sign_in, note):
    response = sign_in(cast.zhou).post(
        url("note_edit", note), correction(note, happened_on="2999-01-01", analysis="想了想")
    )
    text = response.content.decode()
    assert response.status_code == 422 and "这一天还没有到" in text and "改过的话。" in text and "想了想" in text


def test_lowering_the_level_asks_why(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.zhou, level=3)
    client = sign_in(cast.zhou)
    response = client.post(url("note_edit", note), correction(note, level="2"))
    assert response.status_code == 422 and "写明原因" in response.content.decode()
    assert client.post(url("note_edit", note), correction(note, level="2", reason="不敏感")).status_code == 302
    note.refresh_from_db()
    assert note.level == 2


@pytest.mark.parametrize("who", ["zhou", "fu"])
def test_a_note_that_is_raised_is_gone_at_the_next_request_with_what_it_said_before(cast, sign_in, who):
    """T21: page, history, timeline, search and the class's own page; its writer keeps it."""
    note = ObservationFactory(student=cast.an, author=cast.he, level=3, facts="夜里常常醒来。")
    client, writer = sign_in(cast.people[who]), Client()
    pages = [url("note_detail", note), url("note_history", note)]
    timeline = reverse("students:timeline", args=[cast.an.pk])
    assert [client.get(page).status_code for page in pages] == [200, 200]
    assert "夜里常常醒来" in client.get(timeline).content.decode()
    notes.correct_observation(
        by=cast.he, observation=note, version=1, fields={"level": 4}, now=timezone.now(), reason="谈到了家里的事"
    )
    assert [client.get(page).status_code for page in pages] == [404, 404]
    for page in (timeline, cast.own_class.get_absolute_url(), f"{timeline}?q=夜里"):
        assert "夜里常常醒来" not in client.get(page).content.decode()
    writer.force_login(cast.he, backend=BACKEND)
    assert [writer.get(page).status_code for page in pages] == [200, 200]


def test_a_correction_can_ask_for_attention(cast, sign_in, note):
    sign_in(cast.zhou).post(url("note_edit", note), correction(note, needs_attention="on"))
    assert AttentionRequest.objects.get().observation == note


def test_a_follow_up_that_stands_may_stay_though_it_has_passed(cast, sign_in, today):
    note = ObservationFactory(student=cast.an, author=cast.zhou, follow_up_on=today)
    data = correction(note, follow_up="date", follow_up_date=today.isoformat())
    assert sign_in(cast.zhou).post(url("note_edit", note), data).status_code == 302
    note.refresh_from_db()
    assert note.follow_up_on == today


def test_the_names_of_the_incident_survive_a_correction(cast, sign_in, now, today):
    fields = {"facts": "安然然和丁一鸣。", "happened_on": today}
    [note, other] = notes.record_observation(by=cast.qin, students=[cast.an, cast.ding], fields=fields, now=now)
    client = sign_in(cast.qin)
    typed = client.get(url("note_edit", note)).context["form"]["facts"].value()
    assert typed == "安然然和丁一鸣。"
    client.post(url("note_edit", note), correction(note, facts=typed + "一鸣笑了。"))
    other.refresh_from_db()
    assert other.facts == f"⟦{cast.an.pk}⟧和⟦{cast.ding.pk}⟧。⟦{cast.ding.pk}:g⟧笑了。"


def test_two_tabs_the_later_one_gets_both_texts_and_loses_none(cast, sign_in, note):
    client = sign_in(cast.zhou)
    client.post(url("note_edit", note), correction(note, facts="先存的话。", kind="talk"))
    response = client.post(url("note_edit", note), correction(note, facts="后写的话。", analysis="后想的"))
    text = response.content.decode()
    assert response.status_code == 409 and "先存的话。" in text and "后写的话。" in text and "后想的" in text
    note.refresh_from_db()
    assert note.facts == "先存的话。"
    fields = {field["name"]: field.get("value", "") for field in hidden_fields(text)}
    both = fields | {"facts": response.context["conflict"]["merged"]}
    assert client.post(url("note_edit", note), both).status_code == 302
    note.refresh_from_db()
    assert (note.facts, note.analysis, note.version) == ("【后写的话。／先存的话。】", "后想的", 3)


def hidden_fields(html):
    import re

    main = html.split('<form class="yd-stack"')[1]
    tags = re.findall(r'<input type="hidden"[^>]*>', main)
    return [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]


def test_merging_keeps_every_sentence():
    assert merged("一。二。三。", "一。三。四。") == "一。二。三。四。"
    assert merged("一。二。", "一。二。") == "一。二。"
    assert merged("一。甲", "一。乙") == "一。【甲／乙】"


# --- add --------------------------------------------------------------------------------------------------------------


def addition(**fields):
    return {"incident": str(uuid.uuid4()), "kind": "talk", "facts": "后来好了。", "level": "2"} | fields


@pytest.mark.parametrize("who", ["zhou", "he", "qin", "ruan"])
def test_whoever_sees_a_note_adds_to_it(cast, sign_in, note, who):
    response = sign_in(cast.people[who]).post(url("note_append", note), addition(next=url("note_detail", note)))
    assert (response.status_code, response.url) == (302, url("note_detail", note))
    added = note.followed_by.get()
    assert (added.student, added.author, added.facts) == (cast.an, cast.people[who], "后来好了。")


def test_an_addition_keeps_the_promised_follow_up(cast, sign_in, today):
    note = ObservationFactory(student=cast.an, author=cast.zhou, follow_up_on=today)
    sign_in(cast.zhou).post(url("note_append", note), addition())
    note.refresh_from_db()
    assert note.followed_at is not None


def test_an_addition_begins_at_the_level_of_what_it_follows(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.zhou, level=3)
    assert sign_in(cast.zhou).get(url("note_append", note)).context["form"]["level"].value() == 3


def test_an_addition_cannot_be_put_into_another_file(cast, sign_in, note):
    sign_in(cast.zhou).post(url("note_append", note), addition(student=[str(cast.gao.pk)]))
    assert note.followed_by.get().student == cast.an


def test_a_refused_addition_keeps_the_words(cast, sign_in, note):
    response = sign_in(cast.zhou).post(url("note_append", note), addition(facts="", action="找他谈了"))
    text = response.content.decode()
    assert response.status_code == 422 and "还没有写" in text and "找他谈了" in text


def test_an_addition_sent_twice_is_one_and_other_words_are_kept(cast, sign_in, note):
    client, form = sign_in(cast.zhou), addition()
    assert [client.post(url("note_append", note), form).status_code for _n in range(2)] == [302, 302]
    response = client.post(url("note_append", note), {**form, "facts": "又一件事。"})
    assert response.status_code == 409 and "又一件事。" in response.content.decode()
    assert note.followed_by.count() == 1


def test_a_note_on_somebody_who_left_can_be_added_to(cast, sign_in):
    note = ObservationFactory(student=cast.gone, author=cast.ruan)
    assert sign_in(cast.ruan).post(url("note_append", note), addition()).status_code == 302
    assert note.followed_by.get().student == cast.gone


# --- move -------------------------------------------------------------------------------------------------------------


def test_the_author_moves_a_note_to_the_right_child(cast, sign_in, note):
    client = sign_in(cast.zhou)
    found = client.post(url("note_move", note), {"q": "贝宁"})
    assert f'name="to" value="{cast.bei.pk}"' in found.content.decode()
    assert client.post(url("note_move", note), {"to": str(cast.bei.pk)}).status_code == 409  # unread
    assert client.post(url("note_move", note), {"to": str(cast.bei.pk), "version": "1"}).status_code == 302
    note.refresh_from_db()
    assert note.student == cast.bei and not Observation.objects.filter(student=cast.an).exists()


def test_half_an_hour_later_nothing_moves(cast, sign_in, note):
    age(note, minutes=31)
    assert sign_in(cast.zhou).post(url("note_move", note), {"to": str(cast.bei.pk)}).status_code == 403


@pytest.mark.parametrize("to", ["hang", "gone"])
def test_a_note_moves_only_within_the_school(cast, sign_in, note, to):
    response = sign_in(cast.zhou).post(url("note_move", note), {"to": str(getattr(cast, to).pk)})
    assert response.status_code == 422 and "不在本校" in response.content.decode()
    note.refresh_from_db()
    assert note.student == cast.an


def test_a_note_does_not_move_to_a_child_it_names_already(cast, sign_in, now, today):
    fields = {"facts": "一起。", "happened_on": today}
    [note, _other] = notes.record_observation(by=cast.zhou, students=[cast.an, cast.bei], fields=fields, now=now)
    response = sign_in(cast.zhou).post(url("note_move", note), {"to": str(cast.bei.pk)})
    assert response.status_code == 422 and "已经在这位学生名下" in response.content.decode()


# --- withdraw ---------------------------------------------------------------------------------------------------------


def test_within_half_an_hour_a_note_is_withdrawn_without_a_word(cast, sign_in, note):
    client = sign_in(cast.zhou)
    assert "原因" not in client.get(url("note_void", note)).content.decode()
    assert client.post(url("note_void", note), {"version": note.version}).status_code == 302
    note.refresh_from_db()
    assert note.voided_by == cast.zhou and client.get(url("note_detail", note)).status_code == 404


def test_looking_at_the_question_withdraws_nothing(cast, sign_in, note):
    sign_in(cast.zhou).get(url("note_void", note))
    note.refresh_from_db()
    assert note.voided_at is None


def test_a_note_changed_meanwhile_is_not_withdrawn_unread(cast, sign_in, note, now):
    notes.correct_observation(by=cast.zhou, observation=note, version=1, fields={"facts": "后来补充了。"}, now=now)
    response = sign_in(cast.zhou).post(url("note_void", note), {"version": 1})
    note.refresh_from_db()
    assert response.status_code == 409 and note.voided_at is None
    assert "刚被改过" in response.content.decode() and "后来补充了。" in response.content.decode()


def test_later_withdrawing_asks_why(cast, sign_in, note):
    age(note, minutes=31)
    client = sign_in(cast.zhou)
    response = client.post(url("note_void", note), {"reason": " "})
    assert response.status_code == 422 and "写明原因" in response.content.decode()
    assert client.post(url("note_void", note), {"reason": "记错了", "version": note.version}).status_code == 302
    note.refresh_from_db()
    assert note.void_reason == "记错了"
