"""No lost words: saved while typing, restored for their writer alone, and gone once sent."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from students.actions.drafts import save_draft
from students.models import Draft, Observation
from tests.factories import ObservationFactory

SAVE, DISCARD, NEW = "/drafts/", "/drafts/discard/", "/notes/new/"


def typed(student, incident, seq, words="写到一半的话", **fields):
    return {
        "draft_key": f"note:new:{incident}", "seq": str(seq), "incident": str(incident), "student": [str(student.pk)],
        "kind": "talk", "domains": ["peers", "study"], "facts": words, "csrfmiddlewaretoken": "secret", "next": "/todo/", **fields,
    }  # fmt: skip


@pytest.fixture
def incident():
    return uuid.uuid4()


def test_a_draft_comes_back_with_every_field(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    assert client.post(SAVE, typed(cast.an, incident, 5, needs_attention="on", level="3")).status_code == 204
    page = client.get(NEW, {"student": cast.an.pk})
    form = page.context["form"]
    assert form["facts"].value() == "写到一半的话" and form["kind"].value() == "talk"
    assert (
        form["domains"].value() == ["peers", "study"]
        and form["level"].value() == "3"
        and form["needs_attention"].value()
    )
    assert page.context["incident"] == incident and page.context["next"] == "/todo/"
    assert "接着写" in page.content.decode()


def test_a_draft_is_offered_where_students_are_chosen_and_opens_by_its_link(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    client.post(SAVE, typed(cast.an, incident, 5))
    assert "写到一半的话" in client.get("/notes/picker/").content.decode()
    page = client.get(Draft.objects.get().get_absolute_url())
    assert page.context["form"]["facts"].value() == "写到一半的话"
    assert [s.pk for s in page.context["students"]] == [cast.an.pk]


def test_a_page_of_somebody_else_saves_nothing_in_this_persons_drafts(cast, sign_in, incident):
    """On a shared computer: the page stayed open, its session ended, and a colleague signed in in another tab."""
    client = sign_in(cast.zhou)
    headers = {"X-Yidang-Writer": str(cast.guo.pk)}
    assert client.post(SAVE, typed(cast.an, incident, 5), headers=headers).status_code == 401
    assert not Draft.objects.exists()
    headers = {"X-Yidang-Writer": str(cast.zhou.pk)}
    assert client.post(SAVE, typed(cast.an, incident, 5), headers=headers).status_code == 204


def test_the_page_says_whose_words_it_saves(cast, sign_in):
    assert f'data-writer="{cast.zhou.pk}"' in sign_in(cast.zhou).get(NEW, {"student": cast.an.pk}).content.decode()


def test_a_note_on_another_student_begins_empty(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    client.post(SAVE, typed(cast.an, incident, 5))
    for students in ([cast.bei.pk], [cast.an.pk, cast.bei.pk]):
        assert "写到一半的话" not in client.get(NEW, {"student": students}).content.decode()


def test_nobody_else_sees_a_draft(cast, sign_in, incident):
    sign_in(cast.zhou).post(SAVE, typed(cast.an, incident, 5))
    client = sign_in(cast.he)
    for url in (f"{NEW}?student={cast.an.pk}", f"{NEW}?draft={incident}", "/notes/picker/"):
        assert "写到一半的话" not in client.get(url, follow=True).content.decode()


def test_somebody_else_saving_under_the_same_key_overwrites_nothing(cast, sign_in, incident):
    sign_in(cast.zhou).post(SAVE, typed(cast.an, incident, 5))
    sign_in(cast.he).post(SAVE, typed(cast.an, incident, 9, "别人的话"))
    assert {(d.user, d.words) for d in Draft.objects.all()} == {(cast.zhou, "写到一半的话"), (cast.he, "别人的话")}


@pytest.mark.parametrize(("seq", "stays"), [(4, "旧的"), (5, "旧的"), (6, "新的")])
def test_only_a_greater_number_overwrites(cast, sign_in, incident, seq, stays):
    client = sign_in(cast.zhou)
    client.post(SAVE, typed(cast.an, incident, 5, "旧的"))
    answer = client.post(SAVE, typed(cast.an, incident, seq, "新的"))
    assert (answer.status_code, answer.headers.get("X-Draft-Seq")) == ((204, None) if stays == "新的" else (409, "5"))
    assert Draft.objects.get().words == stays


def test_the_same_words_once_more_are_safe(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    for _ in range(2):
        assert client.post(SAVE, typed(cast.an, incident, 5)).status_code == 204
    page = client.get(NEW, {"student": cast.an.pk}).content.decode()
    assert 'data-draft-seq="5"' in page  # another device, whose clock may be behind, counts on from there


def test_words_that_arrive_after_the_form_was_sent_stay_gone(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    client.post(SAVE, typed(cast.an, incident, 5))
    sent = {**typed(cast.an, incident, 0), "level": "2", "draft_seq": "9"}
    assert client.post(NEW, sent).status_code == 302
    client.post(SAVE, typed(cast.an, incident, 8, "迟到的话"))
    assert [draft.body for draft in Draft.objects.all()] == [""]
    assert "迟到的话" not in client.get(NEW, {"student": cast.an.pk}).content.decode()
    assert Observation.objects.get().facts == "写到一半的话"


def test_words_that_arrive_first_after_the_form_was_sent_stay_gone_too(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    client.post(NEW, {**typed(cast.an, incident, 0), "level": "2", "draft_seq": "9"})
    client.post(SAVE, typed(cast.an, incident, 8, "迟到的话"))
    assert not any(draft.body for draft in Draft.objects.all())


def test_a_refused_form_keeps_its_draft(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    client.post(SAVE, typed(cast.an, incident, 5))
    sent = {**typed(cast.an, incident, 0), "happened_on": "2999-01-01", "draft_seq": "9"}
    assert client.post(NEW, sent).status_code == 422
    assert Draft.objects.get().words == "写到一半的话"


def test_a_discarded_draft_is_gone_and_stays_gone(cast, sign_in, incident):
    client = sign_in(cast.zhou)
    client.post(SAVE, typed(cast.an, incident, 5))
    response = client.post(DISCARD, {**typed(cast.an, incident, 0), "draft_seq": "9"})
    assert (response.status_code, response.url) == (302, "/todo/")
    client.post(SAVE, typed(cast.an, incident, 8))
    assert not any(draft.body for draft in Draft.objects.all())


def test_nobody_discards_the_draft_of_somebody_else(cast, sign_in, incident):
    sign_in(cast.zhou).post(SAVE, typed(cast.an, incident, 5))
    sign_in(cast.he).post(DISCARD, {**typed(cast.an, incident, 0), "draft_seq": "9"})
    assert Draft.objects.get(user=cast.zhou).words == "写到一半的话"


def test_a_draft_lies_encrypted_and_without_the_token(cast, sign_in, incident):
    sign_in(cast.zhou).post(SAVE, typed(cast.an, incident, 5))
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM students_draft")
        [(stored,)] = cursor.fetchall()
    assert "写到一半" not in stored and "\\u5199" not in stored
    assert set(Draft.objects.get().form) == {"incident", "student", "kind", "domains", "facts", "next"}


def test_a_draft_of_seven_days_is_no_longer_shown(cast, sign_in, incident, now):
    body = {"student": [str(cast.an.pk)], "facts": ["旧话"]}
    save_draft(by=cast.zhou, key=f"note:new:{incident}", body=body, seq=1, now=now - timedelta(days=7, minutes=1))
    assert "旧话" not in sign_in(cast.zhou).get(NEW, {"student": cast.an.pk}).content.decode()


@pytest.mark.parametrize(
    "key", ["", "note:new:1", "other", "note:void:" + "00000000-0000-4000-8000-000000000001", "x" * 500]
)
def test_an_unknown_form_has_no_draft(cast, sign_in, incident, key):
    assert sign_in(cast.zhou).post(SAVE, {**typed(cast.an, incident, 5), "draft_key": key}).status_code == 400
    assert not Draft.objects.exists()


def test_more_than_any_form_takes_is_refused(cast, sign_in, incident):
    assert sign_in(cast.zhou).post(SAVE, typed(cast.an, incident, 5, "长" * 50_000)).status_code == 413
    assert not Draft.objects.exists()


def test_20000_characters_are_kept(cast, sign_in, incident):
    assert sign_in(cast.zhou).post(SAVE, typed(cast.an, incident, 5, "长" * 20_000)).status_code == 204
    assert len(Draft.objects.get().words) == 20_000


@pytest.mark.parametrize("url", [SAVE, DISCARD])
def test_drafts_are_only_posted(cast, sign_in, url):
    assert sign_in(cast.zhou).get(url).status_code == 405


def test_without_a_session_autosave_answers_401(client, db, incident):
    assert client.post(SAVE, {"draft_key": f"note:new:{incident}", "seq": "1"}).status_code == 401


def test_the_draft_of_a_correction_comes_back(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.zhou, facts="原来的话")
    client = sign_in(cast.zhou)
    body = {
        "draft_key": f"note:edit:{note.pk}",
        "seq": "3",
        "version": "1",
        "facts": "改到一半",
        "level": "2",
        "kind": "talk",
    }
    assert client.post(SAVE, body).status_code == 204
    edit = reverse("students:note_edit", args=[note.pk])
    page = client.get(edit)
    assert page.context["form"]["facts"].value() == "改到一半" and page.context["version"] == 1
    assert Draft.objects.get().get_absolute_url() == edit
    assert client.post(edit, {**body, "happened_on": note.happened_on.isoformat(), "draft_seq": "9"}).status_code == 302
    assert Draft.objects.get().body == ""


def test_the_draft_of_an_addition_comes_back(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.he)
    client = sign_in(cast.zhou)
    body = {"draft_key": f"note:append:{note.pk}", "seq": "3", "facts": "补到一半", "kind": "talk"}
    client.post(SAVE, body)
    append = reverse("students:note_append", args=[note.pk])
    assert client.get(append).context["form"]["facts"].value() == "补到一半"
    assert Draft.objects.get().get_absolute_url() == append


def test_a_body_survives_json(cast, now, incident):
    body = {"facts": ["“引号”\\ 换\n行 😀 \u2028"]}
    save_draft(by=cast.zhou, key=f"note:new:{incident}", body=body, seq=1, now=now)
    assert json.loads(Draft.objects.get().body) == body
