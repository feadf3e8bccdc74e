"""T29: the hard stop, reading at night, and refusals: told once, to those who answer for the log, without leaking."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import SecurityEvent
from students import stopping, tasks, watching
from students.models import FileAccess, ReadingNotice
from tests.factories import StudentFactory, assign, seat
from tests.harness.visiting import ask, client_for, face
from tests.students.reading import log

pytestmark = pytest.mark.django_db


def opened(user, ids, at, *, kind="view", level: int = 2) -> None:
    for n, pk in enumerate(ids):
        FileAccess.objects.create(
            at=at + timedelta(seconds=n), school_id=user.school_id, user_id=user.pk, user_label="x", kind=kind, what="x",
            level=level, student_ids=str(pk),
        )  # fmt: skip


def notices() -> list[tuple]:
    return [(each.kind, each.about.display_name[:-2], each.students) for each in ReadingNotice.objects.order_by("at")]


# --- the stop ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cap(settings):
    settings.READING_CAP = 3


def file(client, student, **how):
    return client.get(reverse("students:timeline", args=[student.pk]), **how)


def test_at_the_cap_reading_stops_in_words_and_nothing_is_shown(cast, cap, sign_in, now):
    """One notice for one stop, however often it is tried; what was opened before may be opened again."""
    opened(cast.ruan, ["a", "b", cast.ding.pk], now - timedelta(minutes=30))
    client = sign_in(cast.ruan)
    rows = len(log())
    page = file(client, cast.an)
    assert (page.status_code, cast.an.name in page.content.decode()) == (429, False)
    assert file(client, cast.bei, headers={"HX-Request": "true"}).status_code == 422
    assert len(log()) == rows
    assert file(client, cast.ding).status_code == 200
    assert file(client, cast.bei).status_code == 429
    assert [kind for kind, *_ in notices()].count("stop") in (1, 2)
    assert client.get(reverse("reports:home")).status_code == 200


def test_below_the_cap_and_without_one_nobody_is_stopped(cast, cap, sign_in, now, settings):
    opened(cast.ruan, ["a", "b"], now - timedelta(minutes=5))
    opened(cast.ruan, ["c", "d", "e"], now - timedelta(minutes=5), kind="list")
    opened(cast.ruan, ["f", "g"], now - timedelta(minutes=61))
    opened(cast.fu, ["h", "i"], now - timedelta(minutes=5))
    client = sign_in(cast.ruan)
    assert file(client, cast.an).status_code == 200
    assert file(client, cast.bei).status_code == 429
    settings.READING_CAP = 0
    assert file(client, cast.bei).status_code == 200


def test_ones_own_class_is_never_stopped(cast, cap, sign_in, now):
    """Neither the head teacher, who sees nothing else, nor a head of office who also leads a class."""
    opened(cast.zhou, ["a", "b", "c", "d"], now - timedelta(minutes=5))
    assert file(sign_in(cast.zhou), cast.an).status_code == 200
    assign(cast.ruan, cast.own_class, "deputy")
    opened(cast.ruan, ["a", "b", "c", "d"], now - timedelta(minutes=5))
    assert file(sign_in(cast.ruan), cast.an).status_code == 200
    assert file(sign_in(cast.ruan), cast.ding).status_code == 429


def test_it_ends_with_time_or_when_somebody_has_looked_into_it(cast, cap, sign_in, now, monkeypatch):
    opened(cast.ruan, ["a", "b", "c"], now - timedelta(minutes=30))
    client = sign_in(cast.ruan)
    assert file(client, cast.an).status_code == 429
    notice = ReadingNotice.objects.get(kind="stop")
    url = reverse("students:notice_seen", args=[notice.pk])
    assert sign_in(cast.ruan).post(url).status_code == 404
    assert sign_in(cast.shen).post(url).status_code == 302
    assert file(sign_in(cast.ruan), cast.an).status_code == 200
    opened(cast.fu, ["a", "b", "c"], now - timedelta(minutes=45))
    assert file(sign_in(cast.fu), cast.an).status_code == 429
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=16))
    assert file(sign_in(cast.fu), cast.an).status_code == 200


# --- breadth: one's own left out --------------------------------------------------------------------------------------


def test_forty_students_of_ones_own_class_are_nothing_unusual(cast, now):
    at = timezone.localtime(now).replace(hour=12)
    mine = [seat(StudentFactory(school=cast.school), cast.own_class).pk for _n in range(5)]
    strangers = [f"student-{n}" for n in range(36)]
    opened(cast.zhou, [*mine, *strangers], at - timedelta(minutes=5))
    assert watching.watch(now=at) == 0
    opened(cast.zhou, [f"student-{n}" for n in range(36, 40)], at - timedelta(minutes=1))
    assert (watching.watch(now=at), notices()) == (1, [("breadth", "Zhou", 40)])


# --- at night ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "students", "told"), [(2, 10, 1), (2, 9, 0), (23, 10, 1), (12, 30, 0), (5, 30, 0)])
def test_a_series_at_night_is_told_once(cast, hour, students, told):
    at = timezone.localtime().replace(hour=hour, minute=20)
    opened(cast.zhou, range(students), at)
    assert [watching.watch(now=at + timedelta(minutes=n)) for n in (1, 2, 9)] == [told, 0, 0]
    assert notices() == [("night", "Zhou", 10)] * told


# --- refusals ---------------------------------------------------------------------------------------------------------


def refused(client, cast, many: int) -> None:
    for n in range(many):
        student = (cast.ding, cast.gao, cast.hang)[n % 3]
        assert client.get(reverse("students:timeline", args=[student.pk])).status_code == 404


@pytest.mark.parametrize(("many", "told"), [(19, 0), (20, 1)])
def test_twenty_refusals_are_one_notice_and_say_nothing_of_the_children(cast, sign_in, many, told):
    """Within a minute: the task runs every 60 seconds."""
    refused(sign_in(cast.zhou), cast, many)
    tasks.watch_reading()
    tasks.watch_reading()
    assert notices() == [("refused", "Zhou", 20)] * told
    rows = SecurityEvent.objects.filter(kind="refused")
    assert {(row.user_id, row.student_id, row.detail, row.what) for row in rows} == {
        (str(cast.zhou.pk), "", "", "students:timeline")
    }
    assert len(log()) == 0


def test_a_refusal_counts_whether_there_is_such_a_thing_or_not(cast):
    """404 for what is hidden and for what does not exist: the same answer, and the same row."""
    client = client_for(cast.zhou)
    there = ask(client, "GET", reverse("students:timeline", args=[cast.ding.pk]))
    nowhere = ask(client, "GET", "/students/00000000-0000-4000-8000-000000000007/timeline/")
    assert face(there) == face(nowhere)
    assert SecurityEvent.objects.filter(kind="refused").count() == 2
    assert ask(client, "GET", reverse("students:edit", args=[cast.an.pk])).status_code == 404
    assert ask(client, "GET", "/nothing/here/").status_code == 404
    assert ask(client, "GET", reverse("accounts:staff")).status_code == 404
    assert ask(client_for(None), "GET", reverse("students:timeline", args=[cast.ding.pk])).status_code == 302
    assert SecurityEvent.objects.filter(kind="refused").count() == 3


def test_what_is_told_reads_as_words(cast, sign_in, now):
    counting = [kind for kind in ReadingNotice.Kind.values if kind != ReadingNotice.Kind.DEVICE]
    for n, kind in enumerate(counting):
        ReadingNotice.objects.create(
            school=cast.school, about=cast.zhou, kind=kind, row=n, students=70 + n, at=now - timedelta(minutes=n)
        )
    page = sign_in(cast.shen).get(reverse("students:log")).content.decode()
    assert [n for n in range(len(counting)) if str(70 + n) not in page] == []
    assert timedelta(hours=1) == stopping.WITHIN
