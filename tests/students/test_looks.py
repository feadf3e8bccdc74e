"""请班主任留意: a leader asks, the head teacher's list says so, and only substance answers it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from students import access
from students.actions import looks, notes
from students.models import AccessGrant, FileAccess, LookRequest, Observation
from tests.factories import ObservationFactory

LIST, TODO = reverse("students:looks"), reverse("reports:todo")


@pytest.fixture
def asked(cast, now):
    return looks.ask_to_look(student=cast.an, by=cast.ruan, line="开学到现在还没有记录", now=now - timedelta(days=1))


def text(response) -> str:
    return response.content.decode()


def write(student, by, now, **fields):
    fields = {
        "facts": "今天主动举手了",
        "kind": "observation",
        "happened_on": timezone.localdate(now),
        "level": 2,
        **fields,
    }
    return notes.record_observation(by=by, students=[student], fields=fields, now=now)[0]


def waits(student) -> bool:
    return LookRequest.objects.waiting().filter(student=student).exists()


def test_it_stands_on_the_head_teachers_list_with_who_when_and_why(sign_in, cast, asked):
    for who in ("zhou", "he"):
        client = sign_in(cast.people[who])
        assert LIST in text(client.get(TODO)), who
        assert LIST in text(client.get(reverse("reports:home"))), who
        page = text(client.get(LIST))
        assert "开学到现在还没有记录" in page
        assert cast.ruan.display_name in page
        assert f"{reverse('students:note_new')}?student={cast.an.pk}" in page
    assert "开学到现在还没有记录" not in text(sign_in(cast.zhou).get(TODO))  # others look on


def test_it_waits_for_nobody_else(sign_in, cast, asked):
    for who in ("lin", "qin", "guo", "ruan", "xin", "luo"):
        assert LIST not in text(sign_in(cast.people[who]).get(TODO)), who


def test_who_sees_level_two_alone_is_not_told_that_a_sensitive_note_answered_it(sign_in, cast, asked, now):
    """T20: that something of level 3 was written counts as its content."""
    daily = Permission.objects.get(codename="view_daily", content_type__app_label="students")
    AccessGrant.objects.create(
        user=cast.guo, content_object=cast.an, permission=daily, reason="team", source="test", starts_at=now
    )
    assert access.level_of(cast.guo, cast.an, now=now) == 2
    write(cast.an, cast.zhou, now, level=3)
    for rows in (LookRequest.objects.visible_to(cast.guo, now=now), LookRequest.objects.visible_to(cast.luo, now=now)):
        assert not rows.exists()
    assert LookRequest.objects.visible_to(cast.he, now=now).get() == asked
    assert cast.an.name not in text(sign_in(cast.guo).get(LIST))


def test_only_a_note_after_the_ask_answers_it(cast, asked, now):
    """Not a click, not what was written before, not a confidential one, and not a note about somebody else."""
    old = ObservationFactory(student=cast.an, author=cast.zhou)
    Observation.objects.filter(pk=old.pk).update(created_at=asked.asked_at - timedelta(minutes=1))
    write(cast.bei, cast.zhou, now)
    write(cast.an, cast.zhou, now, level=4)
    assert waits(cast.an)
    note = write(cast.an, cast.guo, now)
    assert not waits(cast.an)
    assert LookRequest.objects.with_done().get().done_at == note.created_at


def test_a_note_that_is_withdrawn_or_moved_away_answers_nothing(cast, asked, now):
    note = write(cast.an, cast.zhou, now)
    notes.void_observation(by=cast.zhou, observation=note, reason="", version=note.version, now=timezone.now())
    assert waits(cast.an)
    note = write(cast.an, cast.zhou, now, facts="课间一直在看书")
    notes.move_observation(by=cast.zhou, observation=note, to=cast.bei, now=timezone.now())
    assert waits(cast.an)


def test_a_reached_contact_answers_it_too(cast, asked, now, monkeypatch):
    """Contacts come with the family's part; here a note stands for one, as in the signals' tests."""
    from students.models.records import ObservationQuerySet

    monkeypatch.setattr(ObservationQuerySet, "contacts", lambda rows: rows.valid().filter(kind="guidance"))
    monkeypatch.setattr(ObservationQuerySet, "touches", lambda rows: rows.filter(kind="talk"))
    write(cast.an, cast.zhou, now)
    assert waits(cast.an)
    write(cast.an, cast.zhou, now, kind="guidance", facts="和妈妈通了电话")
    assert not waits(cast.an)


def test_one_waits_for_each_student(cast, asked, now):
    again = looks.ask_to_look(student=cast.an, by=cast.fu, line="再请留意", now=now)
    assert again == asked
    write(cast.an, cast.zhou, now)
    later = looks.ask_to_look(student=cast.an, by=cast.fu, line="再请留意", now=timezone.now() + timedelta(minutes=1))
    assert later != asked
    assert LookRequest.objects.count() == 2
    assert later.history.get().history_user == cast.fu


def test_only_a_leader_asks_and_never_about_an_own_class(sign_in, cast, now):
    for who in ("ruan", "fu", "xiao", "qin"):
        assert access.students_to_ask_about(cast.people[who], now=now).filter(pk=cast.an.pk).exists(), who
    for who in ("zhou", "he", "guo", "lin", "xin", "jiao", "luo", "wang", "yuan"):
        with pytest.raises(PermissionDenied):
            looks.ask_to_look(student=cast.an, by=cast.people[who], line="", now=now)
    page = reverse("students:look_ask", args=[cast.an.pk])
    assert sign_in(cast.zhou).post(page, {}).status_code == 403
    assert sign_in(cast.lin).post(page, {}).status_code == 404
    assert not LookRequest.objects.exists()


def test_the_radar_offers_it_and_says_that_it_was_asked_and_answered(sign_in, cast, now):
    client, left, page = (
        sign_in(cast.ruan),
        reverse("reports:radar_left"),
        reverse("students:look_ask", args=[cast.an.pk]),
    )
    assert page in text(client.get(left))
    assert client.post(page, {"line": "开学到现在还没有记录"}).status_code == 302
    shown = text(client.get(left))
    assert page not in shown
    assert cast.ruan.display_name in shown
    first = client.get(reverse("reports:radar")).context["first"]
    assert [each["student"] for each in first if each["asked"]] == [cast.an]
    assert "开学到现在还没有记录" in text(client.get(page))  # who asks again reads that it waits
    write(cast.an, cast.zhou, now)
    done = client.get(LIST)
    assert not done.context["waiting"]
    assert done.context["done"][0]["done"]


def test_who_keeps_one_class_writes_and_asks_nobody(sign_in, cast):
    """A head teacher's own list has the note, not the asking; who leads the grade as well asks about the other class."""
    shown = text(sign_in(cast.zhou).get(reverse("reports:radar_left")))
    assert reverse("students:look_ask", args=[cast.an.pk]) not in shown
    assert f"?student={cast.an.pk}" in shown


def test_a_line_that_is_too_long_is_refused_and_reading_stands_in_the_log(sign_in, cast, asked):
    client, page = sign_in(cast.ruan), reverse("students:look_ask", args=[cast.bei.pk])
    answer = client.post(page, {"line": "看" * 201})
    assert answer.status_code == 422
    assert "看" * 201 in text(answer)
    before = FileAccess.objects.count()
    client.get(LIST)
    assert FileAccess.objects.count() == before + 1
