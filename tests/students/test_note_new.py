"""记一笔: from the sheet to the rows, and back to where it was opened."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from students.levels import Level
from students.models import AttentionRequest, Draft, FileAccess, Observation
from tests.factories import UserFactory
from tests.students.reading import ALLOWED, statements

NEW = "/notes/new/"


def sheet(*students, **fields):
    """A form as the browser sends it."""
    typed = {
        "incident": str(uuid.uuid4()),
        "kind": "observation",
        "facts": "把绳子让给了同学。",
        "level": "2",
        "tone": "positive",
    }
    return {**typed, "student": [str(s.pk) for s in students], **fields}


def test_the_sheet_opens_with_the_student_chosen_and_everything_preset(cast, sign_in):
    page = sign_in(cast.zhou).get(NEW, {"student": cast.an.pk})
    text = page.content.decode()
    assert cast.an.name in text and "谁会看到" in text
    assert 'value="observation" id="id_kind_0" required checked' in text or 'value="observation"' in text
    assert page.context["form"]["kind"].value() == "observation"


def test_saving_takes_the_student_a_kind_and_a_sentence(cast, sign_in, today):
    grid = reverse("students:class_grid", args=[cast.own_class.pk])
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, next=grid))
    assert (response.status_code, response.url) == (302, grid)
    note = Observation.objects.get()
    assert (note.student, note.author, note.kind, note.level) == (cast.an, cast.zhou, "observation", Level.DAILY)
    assert note.happened_on == today and note.tone == "positive"


def test_one_note_on_two_students_stands_in_both_files(cast, sign_in):
    client = sign_in(cast.zhou)
    client.post(NEW, sheet(cast.an, cast.bei, facts="安然然把绳子让给贝宁宁。", next="/"))
    rows = Observation.objects.all()
    assert {row.student for row in rows} == {cast.an, cast.bei}
    assert len({row.incident for row in rows}) == 1
    assert "安然然" not in rows[0].facts


def test_the_toast_counts_and_offers_to_undo(cast, sign_in):
    client = sign_in(cast.zhou)
    response = client.post(NEW, sheet(cast.an, cast.bei))
    [message] = [str(m) for m in response.wsgi_request._messages]
    first = Observation.objects.order_by("created_at").first()
    assert "已记到 2 个人名下" in message and reverse("students:note_void", args=[first.pk]) in message


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/", "//evil.example/", "http://testserver//evil.example/", "http://testserver/\\evil.example/",
        "/notes/new/?student=1", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_a_way_back_that_leads_elsewhere_leads_home(cast, sign_in, back):
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, next=back))
    assert response.url == reverse("reports:home")


def test_the_last_kind_is_remembered_without_a_history_row(cast, sign_in):
    client = sign_in(cast.zhou)
    rows = cast.zhou.history.count()
    client.post(NEW, sheet(cast.an, kind="talk"))
    assert client.get(NEW, {"student": cast.bei.pk}).context["form"]["kind"].value() == "talk"
    assert cast.zhou.history.count() == rows


def test_a_link_may_say_the_kind_and_nothing_else_but_a_kind(cast, sign_in):
    client = sign_in(cast.zhou)
    kinds = [
        client.get(NEW, {"student": cast.an.pk, "kind": kind}).context["form"]["kind"].value() for kind in ("talk", "x")
    ]
    assert kinds == ["talk", "observation"]


def test_a_dormitory_keeper_files_a_note_on_any_student_of_the_school(cast, sign_in):
    assert sign_in(cast.luo).post(NEW, sheet(cast.gao)).status_code == 302
    assert Observation.objects.get().student == cast.gao


@pytest.mark.parametrize("who", ["hang", "gone"])
def test_nobody_files_a_note_on_a_student_who_is_not_at_the_school(cast, sign_in, who):
    outsider = getattr(cast, who)
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, outsider, facts="一句话。"))
    text = response.content.decode()
    assert response.status_code == 422 and not Observation.objects.exists()
    assert "不在本校" in text and "一句话。" in text and outsider.name not in text and cast.an.name in text


def test_a_student_elsewhere_opens_the_picker_and_shows_no_name(cast, sign_in):
    response = sign_in(cast.zhou).get(NEW, {"student": cast.hang.pk}, follow=True)
    assert response.redirect_chain[0][0].startswith(reverse("students:note_picker"))
    assert cast.hang.name not in response.content.decode()


@pytest.mark.parametrize("student", ["not-an-id", "00000000-0000-4000-8000-000000000001", ""])
def test_a_broken_student_id_is_refused_in_words(cast, sign_in, student):
    response = sign_in(cast.zhou).post(NEW, {**sheet(), "student": student})
    assert response.status_code == 422 and not Observation.objects.exists()
    assert "学生" in response.content.decode()


# --- what is refused keeps what was typed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"facts": "", "analysis": "可能昨晚没睡好"}, "还没有写"),
        ({"facts": "   \r\n ", "analysis": "可能昨晚没睡好"}, "还没有写"),
        ({"happened_on": "2999-01-01", "analysis": "可能昨晚没睡好"}, "这一天还没有到"),
        ({"happened_on": "2001-01-01", "analysis": "可能昨晚没睡好"}, "一年多以前"),
        ({"happened_on": "昨天", "analysis": "可能昨晚没睡好"}, "2026-10-29"),
        ({"happened_at_time": "十点", "analysis": "可能昨晚没睡好"}, "10:05"),
        ({"kind": "", "analysis": "可能昨晚没睡好"}, "哪一类"),
        ({"follow_up": "date", "analysis": "可能昨晚没睡好"}, "哪一天"),
        ({"follow_up": "date", "follow_up_date": "2001-01-01", "analysis": "可能昨晚没睡好"}, "今天以后"),
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_the_words(cast, sign_in, fields, sentence):
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, **fields))
    text = response.content.decode()
    assert response.status_code == 422 and not Observation.objects.exists()
    assert sentence in text and "可能昨晚没睡好" in text


def test_a_text_of_20000_characters_stays_in_the_box(cast, sign_in):
    words = "跳绳" * 10_000
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, facts=words))
    text = response.content.decode()
    assert response.status_code == 422 and not Observation.objects.exists()
    assert "20000" in text.replace(",", "") and "5000" in text.replace(",", "") and words in text


def test_the_box_does_not_cut_off_a_pasted_text(cast, sign_in):
    page = sign_in(cast.zhou).get(NEW, {"student": cast.an.pk})
    assert "maxlength" not in str(page.context["form"]["facts"])


def test_5000_characters_with_line_breaks_as_browsers_send_them_fit(cast, sign_in):
    words = "跳\r\n" * 2499 + "绳子"
    assert sign_in(cast.zhou).post(NEW, sheet(cast.an, facts=words)).status_code == 302
    assert len(Observation.objects.get().facts) == 5000


def test_a_time_that_has_not_come_is_refused(cast, sign_in, now):
    local = timezone.localtime(now + timedelta(minutes=30))
    if local.date() != timezone.localdate(now):
        pytest.skip("too near to midnight to name a later time of today")
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, happened_at_time=f"{local:%H:%M}"))
    assert response.status_code == 422 and "还没有到这个时间" in response.content.decode()


def test_unknown_fields_set_nothing(cast, sign_in):
    sign_in(cast.zhou).post(
        NEW, sheet(cast.an, author=str(cast.he.pk), voided_at="2026-01-01", version="9", followed_at="2026-01-01")
    )
    note = Observation.objects.get()
    assert (note.author, note.voided_at, note.version, note.followed_at) == (cast.zhou, None, 1, None)


# --- sent twice -------------------------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_note(cast, sign_in):
    client, form = sign_in(cast.zhou), sheet(cast.an, cast.bei)
    first, second = client.post(NEW, form), client.post(NEW, form)
    assert (first.status_code, second.status_code) == (302, 302)
    assert Observation.objects.count() == 2


def test_the_same_form_with_other_words_loses_neither(cast, sign_in):
    client, form = sign_in(cast.zhou), sheet(cast.an)
    client.post(NEW, form)
    response = client.post(NEW, {**form, "facts": "另一件事。"})
    assert response.status_code == 409 and "另一件事。" in response.content.decode()
    again = {**form, "facts": "另一件事。", "incident": str(response.context["incident"])}
    assert client.post(NEW, again).status_code == 302
    assert {note.facts for note in Observation.objects.all()} == {"把绳子让给了同学。", "另一件事。"}


def test_nobody_joins_the_incident_of_somebody_else(cast, sign_in):
    form = sheet(cast.an)
    sign_in(cast.zhou).post(NEW, form)
    response = sign_in(cast.luo).post(NEW, {**form, "student": [str(cast.gao.pk)]})
    assert response.status_code == 409
    assert [note.student for note in Observation.objects.all()] == [cast.an]


# --- follow-up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", ["next", "monday"])
def test_a_follow_up_chip_means_a_school_day(cast, sign_in, today, chip):
    from students.models import SchoolCalendar

    sign_in(cast.zhou).post(NEW, sheet(cast.an, follow_up=chip))
    day = Observation.objects.get().follow_up_on
    calendar = SchoolCalendar.of(cast.school.pk)
    assert day > today and calendar.is_school_day(day)
    if chip == "next":
        assert calendar.days_between(today, day) == 1
    else:
        assert 1 <= (day - today).days <= 7 or not calendar.is_school_day(today + timedelta(days=7 - today.weekday()))


def test_a_follow_up_on_a_sunday_moves_to_the_next_school_day(cast, sign_in, today):
    sunday = today + timedelta(days=6 - today.weekday() + 7)
    sign_in(cast.zhou).post(NEW, sheet(cast.an, follow_up="date", follow_up_date=sunday.isoformat()))
    day = Observation.objects.get().follow_up_on
    assert day > sunday and day.weekday() < 5


# --- more students, fewer students ------------------------------------------------------------------------------------


def test_taking_a_student_out_keeps_the_words(cast, sign_in):
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, cast.bei, without=str(cast.bei.pk), facts="写到一半"))
    text = response.content.decode()
    assert response.status_code == 200 and "写到一半" in text
    assert [s.pk for s in response.context["students"]] == [cast.an.pk]
    assert not Observation.objects.exists()


def test_adding_a_student_keeps_the_words_and_the_chips(cast, sign_in):
    client = sign_in(cast.zhou)
    typed = sheet(cast.an, facts="写到一半", kind="talk", domains=["peers", "study"])
    found = client.post(NEW, {**typed, "find": "1", "q": "贝宁"})
    assert cast.bei.name in found.content.decode()
    response = client.post(NEW, {**typed, "with": str(cast.bei.pk)})
    assert [s.pk for s in response.context["students"]] == [cast.an.pk, cast.bei.pk]
    assert response.context["form"]["kind"].value() == "talk"
    assert response.context["form"]["domains"].value() == ["peers", "study"]
    assert "写到一半" in response.content.decode()


def test_a_student_of_another_school_cannot_be_added(cast, sign_in):
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, **{"with": str(cast.hang.pk)}))
    assert [s.pk for s in response.context["students"]] == [cast.an.pk]


# --- who will see this? -----------------------------------------------------------------------------------------------


def test_the_head_teacher_is_told_names_and_offices(cast, sign_in):
    page = sign_in(cast.zhou).get(NEW, {"student": cast.an.pk})
    audience = page.context["audience"]
    assert "班主任" in audience.summary and "德育处" in audience.summary
    assert any("Qin老师" in line for line in audience.people)


def test_the_dormitory_keeper_is_told_offices_and_a_number_only(cast, sign_in):
    page = sign_in(cast.luo).get(NEW, {"student": cast.an.pk})
    text = page.content.decode()
    assert page.context["audience"].people == []
    assert "德育处" in text and "共 6 人" in text and "Qin老师" not in text


def test_a_support_for_one_case_is_no_word_to_those_outside(cast, sign_in, now):
    from students.actions.placements import open_counselling

    other = UserFactory(school=cast.school, employee_no="T9001", roles=["counsellor"])
    before = sign_in(cast.luo).get("/notes/audience/", {"student": cast.an.pk, "level": 2}).content
    open_counselling(
        by=cast.ruan, counsellor=other, student=cast.an, starts_on=now.date() - timedelta(days=1),
        ends_on=now.date() + timedelta(days=9), note="辅导", now=now,
    )  # fmt: skip
    client = sign_in(cast.luo)
    strip = lambda html: html.decode().split("</head>")[1].split("X-Page-View")[0]  # noqa: E731
    after = client.get("/notes/audience/", {"student": cast.an.pk, "level": 2})
    assert "共 6 人" in before.decode() and "共 6 人" in after.content.decode() and strip(before)
    mine = sign_in(cast.zhou).get("/notes/audience/", {"student": cast.an.pk, "level": 2})
    assert "共 7 人" in mine.content.decode()


@pytest.mark.parametrize(("who", "told"), [("qin", 6), ("fu", 6), ("zhou", 7), ("he", 7), ("ruan", 7)])
def test_counselling_is_no_word_to_those_who_are_not_told_of_it(cast, sign_in, now, who, told):
    from students.actions.placements import open_counselling

    other = UserFactory(school=cast.school, employee_no="T9001", display_name="辅导老师", roles=["counsellor"])
    open_counselling(
        by=cast.ruan, counsellor=other, student=cast.an, starts_on=now.date() - timedelta(days=1),
        ends_on=now.date() + timedelta(days=9), note="辅导", now=now,
    )  # fmt: skip
    text = sign_in(cast.people[who]).get("/notes/audience/", {"student": cast.an.pk, "level": 3}).content.decode()
    assert f"共 {told} 人" in text
    assert ("辅导老师" in text) == (told == 7)


def test_the_audience_follows_level_and_attention(cast, sign_in):
    client = sign_in(cast.zhou)
    ask = {"student": cast.an.pk, "level": 4}
    text = client.get("/notes/audience/", ask, headers={"HX-Request": "true"}).content.decode()
    assert "心理教师" in text and "班主任" not in text and "<html" not in text
    ask = {"student": cast.an.pk, "level": 2, "needs_attention": "on"}
    assert "心理教师" in client.get("/notes/audience/", ask).content.decode()


def test_those_who_will_see_it_are_those_who_then_see_it(cast, sign_in, now):
    from students import access

    for level in (2, 3, 4):
        client = sign_in(cast.zhou)
        client.post(NEW, sheet(cast.an, cast.ding, level=str(level)))
        notes = Observation.objects.filter(level=level)
        told = {why.user.pk for why in access.audience([cast.an, cast.ding], level, attention=level == 4, now=now)}
        seeing = {u.pk for u in cast.people.values() if notes.visible_to(u).exists()}
        assert seeing == told | {cast.zhou.pk}


# --- needs attention --------------------------------------------------------------------------------------------------


def test_the_duty_phone_and_110_stand_on_the_sheet(cast, sign_in):
    text = sign_in(cast.luo).get(NEW, {"student": cast.an.pk}).content.decode()
    assert cast.school.duty_phone in text and "110" in text


def test_level_four_asks_for_attention_by_itself(cast, sign_in):
    sign_in(cast.luo).post(NEW, sheet(cast.an, level="4"))
    assert AttentionRequest.objects.get().level == Level.CONFIDENTIAL


@pytest.mark.parametrize("level", ["1", "5", "x"])
def test_no_other_level_can_be_chosen(cast, sign_in, level):
    assert sign_in(cast.zhou).post(NEW, sheet(cast.an, level=level)).status_code == 422
    assert not Observation.objects.exists()


# --- the picker -------------------------------------------------------------------------------------------------------

PICK = "/notes/picker/"


@pytest.mark.parametrize("typed", ["安然", "anr", "arr", "安然然"])
def test_the_picker_finds_by_name_and_pinyin_for_everybody(cast, sign_in, typed):
    text = sign_in(cast.luo).post(PICK, {"q": typed}).content.decode()
    assert cast.an.name in text and "三年级(2)班" in text and cast.hang.name not in text


@pytest.mark.parametrize("typed", ["三年级(2)班", "三（2）班", "三2", "32"])
def test_the_picker_finds_a_class(cast, sign_in, typed):
    text = sign_in(cast.luo).post(PICK, {"q": typed}).content.decode()
    assert cast.an.name in text and cast.bei.name in text and cast.ding.name not in text and cast.gone.name not in text


def test_the_search_is_logged_as_a_fingerprint(cast, sign_in):
    sign_in(cast.luo).post(PICK, {"q": "安然"})
    row = FileAccess.objects.get()
    assert row.kind == "search" and row.terms_hash and "安" not in row.terms_hash and str(cast.an.pk) in row.student_ids


def test_the_picker_answers_htmx_with_the_rows_alone(cast, sign_in):
    client = sign_in(cast.luo)
    rows = client.post(PICK, {"q": "安然"}, headers={"HX-Request": "true"}).content.decode().strip()
    page = client.post(PICK, {"q": "安然"}).content.decode()
    assert rows.startswith("<ul") and rows in page


def test_a_sheet_by_htmx_is_no_whole_page(cast, sign_in):
    text = sign_in(cast.zhou).get(NEW, {"student": cast.an.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text and 'class="yd-sheet"' in text


def test_the_sheets_own_search_gives_buttons(cast, sign_in):
    data = {"q": "宁", "student": [str(cast.an.pk)], "facts": "不该留下"}
    text = sign_in(cast.zhou).post("/notes/fellows/", data, headers={"HX-Request": "true"}).content.decode()
    assert f'name="with" value="{cast.bei.pk}"' in text
    assert sign_in(cast.zhou).get("/notes/fellows/").status_code == 405


# --- the lock ---------------------------------------------------------------------------------------------------------


def lock(client):
    session = client.session
    session["signed_in_at"] = session["active_at"] = __import__("time").time() - 3600
    session.save()


def test_writing_stays_open_while_reading_is_locked(cast, sign_in):
    client = sign_in(cast.zhou)
    lock(client)
    assert client.get(PICK).status_code == 200
    assert client.get(NEW, {"student": cast.an.pk}).status_code == 200
    assert client.post(NEW, sheet(cast.an, next="/todo/")).status_code == 302
    assert Observation.objects.count() == 1


def test_a_locked_screen_shows_no_stored_words(cast, sign_in):
    client = sign_in(cast.zhou)
    incident = uuid.uuid4()
    body = {"draft_key": f"note:new:{incident}", "seq": "1", "facts": "只有我能看", "student": str(cast.an.pk)}
    assert client.post("/drafts/", body).status_code == 204
    lock(client)
    for url in (f"{NEW}?student={cast.an.pk}", f"{NEW}?draft={incident}", PICK):
        assert "只有我能看" not in client.get(url, follow=True).content.decode()
    assert Draft.objects.count() == 1


# --- statements -------------------------------------------------------------------------------------------------------


def test_the_sheet_asks_the_same_number_of_questions_for_one_and_for_three(cast, sign_in):
    client = sign_in(cast.zhou)
    students = [cast.an, cast.bei, cast.ding]
    one, three = ("&".join(f"student={s.pk}" for s in chosen) for chosen in (students[:1], students))
    assert statements(client, f"{NEW}?{one}") == statements(client, f"{NEW}?{three}") <= ALLOWED
    assert statements(client, f"/notes/audience/?{one}") == statements(client, f"/notes/audience/?{three}") <= ALLOWED
