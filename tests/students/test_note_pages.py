"""Reading one note, its history, and one's own notes."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from students.actions import notes
from students.models import FileAccess, Observation
from tests.factories import ObservationFactory
from tests.students.reading import ALLOWED, statements


def url(name, note):
    return reverse(f"students:{name}", args=[note.pk])


@pytest.fixture
def shared(cast, now, today):
    """One note on 安然然 and 丁一鸣, written by the grade leader; each head teacher sees one of the two."""
    fields = {
        "kind": "observation",
        "facts": "安然然把绳子让给丁一鸣，一鸣说谢谢。",
        "analysis": "丁一鸣开朗了。",
        "happened_on": today,
    }
    rows = notes.record_observation(by=cast.qin, students=[cast.an, cast.ding], fields=fields, now=now)
    return {row.student_id: row for row in rows}


# Who opens a note on 安然然 at levels 2, 3 and 4, written by the head teacher.
OPENS = {
    "zhou": (200, 200, 200), "he": (200, 200, 404), "qin": (200, 200, 404), "ruan": (200, 200, 404), "fu": (200, 200, 404),
    "xiao": (200, 200, 404), "guo": (404, 404, 404), "lin": (404, 404, 404), "xin": (404, 404, 404), "yi": (404, 404, 404),
    "jiao": (404, 404, 404), "zi": (404, 404, 404), "luo": (404, 404, 404), "wang": (404, 404, 404), "shen": (404, 404, 404),
    "yuan": (404, 404, 404),
}  # fmt: skip


@pytest.mark.parametrize("who", OPENS)
@pytest.mark.parametrize("page", ["note_detail", "note_history", "note_append"])
def test_a_note_opens_to_those_of_the_role_table_and_to_nobody_else(cast, sign_in, who, page):
    made = [ObservationFactory(student=cast.an, author=cast.zhou, level=level) for level in (2, 3, 4)]
    client = sign_in(cast.people[who])
    assert tuple(client.get(url(page, note)).status_code for note in made) == OPENS[who]


def test_what_does_not_exist_answers_like_what_one_may_not_see(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.zhou)
    client = sign_in(cast.lin)
    hidden = client.get(url("note_detail", note))
    absent = client.get(reverse("students:note_detail", args=[uuid.uuid4()]))
    assert hidden.status_code == absent.status_code == 404 and hidden.content == absent.content


def test_a_reader_sees_only_the_names_of_students_the_reader_may_see(cast, sign_in, shared):
    mine = sign_in(cast.zhou).get(url("note_detail", shared[cast.an.pk])).content.decode()
    assert "安然然" in mine and "另一名同学" in mine
    assert "丁一鸣" not in mine and "一鸣" not in mine and str(cast.ding.pk) not in mine
    other = sign_in(cast.lin).get(url("note_detail", shared[cast.ding.pk])).content.decode()
    assert "丁一鸣" in other and "安然然" not in other and "然然" not in other


def test_the_author_sees_both_names(cast, sign_in, shared):
    text = sign_in(cast.qin).get(url("note_detail", shared[cast.an.pk])).content.decode()
    assert "安然然把绳子让给丁一鸣，一鸣说谢谢。" in text


@pytest.mark.parametrize("page", ["note_detail", "note_history"])
def test_no_name_stands_in_the_title_or_an_address(cast, sign_in, shared, page):
    text = sign_in(cast.qin).get(url(page, shared[cast.an.pk])).content.decode()
    assert cast.an.name not in text.split("</title>")[0]
    for attribute in ("href", "alt", "title", "aria-label"):
        assert not [part for part in text.split(f'{attribute}="')[1:] if cast.an.name in part.split('"')[0]]


@pytest.mark.parametrize("page", ["note_detail", "note_history", "note_edit", "note_append", "note_move", "note_void"])
def test_each_look_is_logged_once_with_student_and_level(cast, sign_in, page):
    note = ObservationFactory(student=cast.an, author=cast.zhou, level=3)
    sign_in(cast.zhou).get(url(page, note))
    row = FileAccess.objects.get()
    assert (row.student_ids, row.level, row.what) == (str(cast.an.pk), 3, f"students:{page}")


@pytest.mark.parametrize("page", ["note_detail", "note_history", "notes_mine", "attachment"])
def test_reading_pages_take_no_post(cast, sign_in, page):
    note = ObservationFactory(student=cast.an, author=cast.zhou)
    address = reverse("students:notes_mine") if page == "notes_mine" else url(page, note)
    assert sign_in(cast.zhou).post(address).status_code == 405


def test_the_sensitive_says_who_sees_it(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.zhou, level=3)
    assert "敏感：班主任" in sign_in(cast.zhou).get(url("note_detail", note)).content.decode()


def test_the_keeper_reads_own_note_for_seven_days_and_gets_no_way_into_the_file(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.luo)
    client = sign_in(cast.luo)
    text = client.get(url("note_detail", note)).content.decode()
    assert note.facts in text and reverse("students:detail", args=[cast.an.pk]) not in text
    Observation.objects.filter(pk=note.pk).update(created_at=timezone.now() - timedelta(days=7, minutes=1))
    assert client.get(url("note_detail", note)).status_code == 404


def test_words_are_shown_as_words(cast, sign_in):
    note = ObservationFactory(student=cast.an, author=cast.zhou, facts="<script>alert(1)</script>{{ 7 }}")
    text = sign_in(cast.zhou).get(url("note_detail", note)).content.decode()
    assert "&lt;script&gt;alert(1)" in text and "<script>alert" not in text and "{{ 7 }}" in text


def test_linked_notes_are_those_that_the_reader_may_see(cast, sign_in, now, today):
    note = ObservationFactory(student=cast.an, author=cast.he)
    open_one = ObservationFactory(student=cast.an, author=cast.he, follows=note)
    closed = ObservationFactory(student=cast.an, author=cast.xin, follows=note, level=4)
    text = sign_in(cast.zhou).get(url("note_detail", note)).content.decode()
    assert url("note_detail", open_one) in text and url("note_detail", closed) not in text


# --- history ----------------------------------------------------------------------------------------------------------


def test_history_shows_each_difference_with_names_as_the_reader_may_see_them(cast, sign_in, shared, now):
    note = shared[cast.an.pk]
    fields = {"facts": "丁一鸣先让的。", "kind": "talk", "domains": ["peers"], "level": 2}
    notes.correct_observation(by=cast.qin, observation=note, version=1, fields=fields, now=now)
    text = sign_in(cast.qin).get(url("note_history", note)).content.decode()
    assert "安然然把绳子让给丁一鸣" in text and "丁一鸣先让的。" in text and "谈心" in text and "同伴" in text
    text = sign_in(cast.zhou).get(url("note_history", note)).content.decode()
    assert "另一名同学先让的。" in text and "一鸣" not in text and "Qin老师" in text


def test_history_says_why_the_level_was_lowered(cast, sign_in, now):
    note = ObservationFactory(student=cast.an, author=cast.zhou, level=3)
    fields = {"facts": note.facts, "level": 2}
    notes.correct_observation(by=cast.zhou, observation=note, version=1, fields=fields, now=now, reason="已经公开")
    text = sign_in(cast.he).get(url("note_history", note)).content.decode()
    assert "已经公开" in text and "敏感" in text and "日常" in text


def test_history_of_a_moved_note_does_not_say_whose_it_was(cast, sign_in, shared, now):
    note = notes.record_observation(
        by=cast.qin, students=[cast.ding], fields={"facts": "丁一鸣来了。", "happened_on": now.date()}, now=now
    )[0]
    notes.move_observation(by=cast.qin, observation=note, to=cast.an, now=now)
    text = sign_in(cast.zhou).get(url("note_history", note)).content.decode()
    assert "从别的学生名下移来" in text and "丁一鸣" not in text and "一鸣" not in text


# --- one's own --------------------------------------------------------------------------------------------------------

MINE = "/notes/mine/"


def test_own_notes_are_mine_alone(cast, sign_in):
    ObservationFactory(student=cast.an, author=cast.luo, facts="宿舍里的事")
    ObservationFactory(student=cast.an, author=cast.zhou, facts="教室里的事")
    text = sign_in(cast.luo).get(MINE).content.decode()
    assert "宿舍里的事" in text and "教室里的事" not in text


def test_own_notes_come_in_pages(cast, sign_in):
    for number in range(21):
        ObservationFactory(student=cast.an, author=cast.zhou, facts=f"第{number}条")
    client = sign_in(cast.zhou)
    assert len(client.get(MINE).context["rows"]) == 20
    assert len(client.get(MINE, {"page": 2}).context["rows"]) == 1


def test_pages_ask_the_same_number_of_questions_for_one_and_three_rows(cast, sign_in, now, today):
    client = sign_in(cast.luo)
    counts = []
    for more in (1, 2):
        for _n in range(more):
            fields = {"facts": "安然然和贝宁宁。", "happened_on": today}
            made = notes.record_observation(
                by=cast.luo, students=[cast.an, cast.bei], fields=fields, now=now, needs_attention=True
            )
            notes.acknowledge_attention(by=cast.xin, request=made[0].attention, now=now)
        pages = [MINE, *(url(name, made[0]) for name in ("note_detail", "note_history", "note_edit", "note_append"))]
        counts.append([statements(client, page) for page in pages])
    assert counts[0] == counts[1] and max(counts[0]) <= ALLOWED
