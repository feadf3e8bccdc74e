"""A class goes through a screening round: one page, saved as they go, and who is left (F2, DOMAIN §4 form 2)."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.versions import StaleVersion
from students.actions import screening
from students.actions.drafts import save_draft
from students.actions.placements import end_class_assignment
from students.models import AttentionLevel, Draft, ScreeningEntry
from students.screening import draft_key
from tests.factories import StudentFactory, seat
from tests.students.reading import ALLOWED, log, statements
from tests.students.sweep import NOTHING, SOMETHING, a_round, an_answer, answer_url, sheet_of

FACTS = SOMETHING["facts"]


@pytest.fixture
def sheet(cast):
    return sheet_of(a_round(cast.school, by=cast.ruan), cast.own_class)


def stored(student) -> tuple:
    entry = ScreeningEntry.objects.get(student=student)
    return entry.answer, entry.signs, entry.facts, entry.author


# --- an answer for each student ---------------------------------------------------------------------------------------


def test_nothing_seen_is_one_press(cast, sign_in, sheet):
    response = sign_in(cast.zhou).post(answer_url(sheet, cast.an), {"answer": "clear", "version": "0"})
    assert response.status_code == 302 and response.url.endswith(f"#s-{cast.an.pk}")
    assert stored(cast.an) == ("clear", [], "", cast.zhou)


def test_ticks_and_a_line_are_saved_at_level_three(cast, sign_in, sheet):
    data = {**SOMETHING, "categories": [], "version": "0"}
    assert sign_in(cast.he).post(answer_url(sheet, cast.an), data).status_code == 302
    assert stored(cast.an) == ("signs", ["s1", "s3"], FACTS, cast.he)
    entry = ScreeningEntry.objects.get()
    assert (entry.level, entry.sign_texts) == (3, ["近来闷闷不乐", "作业常常交不上来"])


def test_how_it_is_known_and_what_is_suggested_are_saved_and_shown(cast, sign_in, sheet):
    """DOMAIN §4 form 2. Nothing is raised by it."""
    data = {**SOMETHING, "ways": ["visit", "peers"], "suggested_step": "3", "version": "0"}
    assert sign_in(cast.zhou).post(answer_url(sheet, cast.an), data).status_code == 302
    entry = ScreeningEntry.objects.get()
    assert (entry.ways, entry.suggested_step) == (["visit", "peers"], 3)
    assert not AttentionLevel.objects.exists()
    shown = [*entry.way_texts, entry.get_suggested_step_display()]
    for page in (entry.get_absolute_url(), reverse("students:student_screening", args=[cast.an.pk])):
        text = sign_in(cast.qin).get(page).content.decode()
        assert all(words in text for words in shown)
    assert shown[-1] not in sign_in(cast.zhou).get(sheet.get_absolute_url()).content.decode()  # others may look on
    form = sign_in(cast.zhou).get(answer_url(sheet, cast.an)).context["shown"]["form"]
    assert (form["ways"].value(), form["suggested_step"].value()) == (["visit", "peers"], 3)


def test_both_are_left_out_without_a_word(cast, sign_in, sheet):
    data = {"answer": "signs", "signs": ["s1"], "suggested_step": "", "version": "0"}
    assert sign_in(cast.zhou).post(answer_url(sheet, cast.an), data).status_code == 302
    entry = ScreeningEntry.objects.get()
    assert (entry.ways, entry.suggested_step, entry.as_evidence()) == ([], None, "")


@pytest.mark.parametrize(
    "more", [{"ways": ["talk"]}, {"suggested_step": "1"}, {"suggested_step": "5"}, {"ways": ["x"]}]
)
def test_nothing_seen_takes_neither_and_says_so(cast, sign_in, sheet, more):
    response = sign_in(cast.zhou).post(answer_url(sheet, cast.an), {"answer": "clear", "version": "0", **more})
    assert response.status_code == 422 and not ScreeningEntry.objects.exists()


@pytest.mark.parametrize("fields", [{**NOTHING, "suggested_step": 2}, {"suggested_step": 5}])
def test_a_level_is_suggested_where_something_was_seen_and_only_one_that_exists(cast, sheet, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        ScreeningEntry.objects.bulk_create(
            [
                ScreeningEntry(
                    sheet=sheet, edition=sheet.round.edition, student=cast.an, author=cast.zhou, level=3, **fields
                )
            ]
        )


def test_a_draft_keeps_them_too(cast, sign_in, sheet, now):
    """T52."""
    body = {"facts": ["写到一半"], "ways": ["phone"], "suggested_step": ["2"], "version": ["0"]}
    save_draft(by=cast.zhou, key=draft_key(sheet, cast.an), body=body, seq=1, now=now)
    form = sign_in(cast.zhou).get(answer_url(sheet, cast.an)).context["shown"]["form"]
    assert (form["ways"].value(), form["suggested_step"].value()) == (["phone"], "2")


def test_with_htmx_the_row_and_the_progress_come_back(cast, sign_in, sheet):
    response = sign_in(cast.zhou).post(
        answer_url(sheet, cast.an), {"answer": "clear", "version": "0"}, headers={"HX-Request": "true"}
    )
    page = response.content.decode()
    assert response.status_code == 200 and page.strip().startswith("<li")
    assert "data-move-on" in page and "data-left" not in page
    assert 'id="screening-progress"' in page and 'value="1" max="2"' in page


def test_the_row_after_an_answer_is_that_of_a_fresh_page(cast, sign_in, sheet):
    client = sign_in(cast.zhou)
    data = {"answer": "clear", "version": "0"}
    row = client.post(answer_url(sheet, cast.an), data, headers={"HX-Request": "true"}).content.decode()
    page = client.get(sheet.get_absolute_url()).content.decode()
    assert row.partition("</li>")[0].replace(" data-move-on", "").strip() in page


@pytest.mark.parametrize(
    "data",
    [
        {"answer": "signs", "facts": " "},
        {"answer": "clear", "signs": ["s1"], "facts": "坐着不说话"},
        {"answer": "signs", "signs": ["s9"], "facts": "坐着不说话"},
        {"answer": "anything", "facts": "坐着不说话"},
    ],
)
def test_an_answer_that_makes_no_sense_keeps_what_was_typed(cast, sign_in, sheet, data):
    response = sign_in(cast.zhou).post(answer_url(sheet, cast.an), {**data, "version": "0"})
    assert response.status_code == 422 and data["facts"].strip() in response.content.decode()
    assert not ScreeningEntry.objects.exists()


def test_a_line_that_is_too_long_is_refused_and_stands_in_the_box(cast, sign_in, sheet):
    long = "很长" * 300
    response = sign_in(cast.zhou).post(answer_url(sheet, cast.an), {"answer": "signs", "facts": long, "version": "0"})
    assert response.status_code == 422 and long in response.content.decode()


def test_the_same_answer_twice_is_one_and_changes_nothing(cast, sign_in, sheet):
    client, data = sign_in(cast.zhou), {**SOMETHING, "version": "0"}
    assert [client.post(answer_url(sheet, cast.an), data).status_code for _ in range(2)] == [302, 302]
    assert ScreeningEntry.objects.get().version == 1


# --- two at one class -------------------------------------------------------------------------------------------------


def test_the_deputys_answer_is_not_overwritten_and_both_texts_are_shown(cast, sign_in, sheet):
    """T51."""
    an_answer(sheet, cast.an, cast.he, facts="体育课后哭了。")
    mine = {"answer": "signs", "facts": "午休时趴着不说话。", "version": "0"}
    response = sign_in(cast.zhou).post(answer_url(sheet, cast.an), mine, headers={"HX-Request": "true"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "体育课后哭了。" in page and "午休时趴着不说话。" in page and "近来闷闷不乐" in page
    assert stored(cast.an)[2:] == ("体育课后哭了。", cast.he)
    again = sign_in(cast.zhou).post(answer_url(sheet, cast.an), {**mine, "version": "1"})
    assert again.status_code == 302 and stored(cast.an)[2:] == ("午休时趴着不说话。", cast.zhou)


def test_two_first_answers_at_one_moment_are_one(cast, sheet, monkeypatch):
    """The constraint decides: both have seen that nobody answered yet."""
    an_answer(sheet, cast.an, cast.he)
    real, blind = screening._answer_of, iter([None])  # sees nothing once, then as always
    monkeypatch.setattr(screening, "_answer_of", lambda *row: next(blind, real(*row)))
    with pytest.raises(StaleVersion) as refused:
        an_answer(sheet, cast.an, cast.zhou, facts="另一句")
    assert refused.value.stored.author == cast.he
    assert ScreeningEntry.objects.count() == 1


# --- who may ----------------------------------------------------------------------------------------------------------


def test_who_leads_the_school_reads_and_does_not_answer(cast, sign_in, sheet):
    for who in (cast.ruan, cast.xiao):
        assert sign_in(who).get(sheet.get_absolute_url()).status_code == 200
        assert sign_in(who).post(answer_url(sheet, cast.an), {"answer": "clear", "version": "0"}).status_code == 403
        assert sign_in(who).post(reverse("students:screening_finish", args=[sheet.pk])).status_code == 403


def test_a_student_of_another_class_is_not_answered_for_on_this_sheet(cast, sign_in, sheet):
    response = sign_in(cast.zhou).post(answer_url(sheet, cast.ding), {"answer": "clear", "version": "0"})
    assert response.status_code == 404 and not ScreeningEntry.objects.exists()


def test_the_sheet_closes_with_the_duty(cast, sign_in, sheet, today, now, monkeypatch):
    """T6: only the clock moves past the end of zhou's duty."""
    client = sign_in(cast.zhou)
    assignment = cast.zhou.class_assignments.get()
    end_class_assignment(by=None, assignment=assignment, on=today, now=now)
    assert client.get(sheet.get_absolute_url()).status_code == 200
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=2))
    sign_in(cast.zhou)
    assert client.get(sheet.get_absolute_url()).status_code == 404


def test_after_closing_nobody_answers(cast, sign_in, sheet, now):
    screening.close_round(by=cast.ruan, round=sheet.round, version=1, now=now)
    assert sign_in(cast.zhou).get(sheet.get_absolute_url()).status_code == 200
    assert sign_in(cast.zhou).post(answer_url(sheet, cast.an), {"answer": "clear", "version": "0"}).status_code == 403
    with pytest.raises(PermissionDenied):
        an_answer(sheet_of(sheet.round, cast.own_class), cast.an, cast.zhou)


def test_after_closing_nobody_finishes(cast, sheet, now):
    for student in (cast.an, cast.bei):
        an_answer(sheet, student, cast.zhou, **NOTHING)
    screening.close_round(by=cast.ruan, round=sheet.round, version=1, now=now)
    sheet = sheet_of(sheet.round, cast.own_class)
    with pytest.raises(PermissionDenied):
        screening.finish_sheet(by=cast.zhou, sheet=sheet, version=sheet.version, now=now)
    sheet.refresh_from_db()
    assert sheet.finished_at is None


def test_what_was_reviewed_is_not_rewritten(cast, sign_in, sheet, now):
    entry = an_answer(sheet, cast.an, cast.zhou)
    screening.review_entry(
        by=cast.ruan, entry=entry, decision="watch", note="先看两周", categories=[], facts="", version=1, now=now
    )
    client, data = sign_in(cast.zhou), {"answer": "clear", "version": "2"}
    assert client.post(answer_url(sheet, cast.an), data).status_code == 403
    with pytest.raises(PermissionDenied):
        screening.answer_for(
            by=cast.zhou, student=cast.an, sheet=sheet, edition=entry.edition, fields=NOTHING, version=2, now=now
        )


def test_an_answer_has_no_other_level(cast, sheet):
    entry = an_answer(sheet, cast.an, cast.zhou)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScreeningEntry.objects.filter(pk=entry.pk).update(level=2)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_every_answered_row_looks_the_same(cast, sign_in, sheet):
    """T8: others may look on while a class page is open. The two rows differ in nothing but the student."""
    an_answer(sheet, cast.an, cast.zhou)
    an_answer(sheet, cast.bei, cast.zhou, **NOTHING)
    page = sign_in(cast.zhou).get(sheet.get_absolute_url()).content.decode()
    rows = {
        student: page.partition(f'<li id="s-{student.pk}"')[2].partition("</li>")[0] for student in (cast.an, cast.bei)
    }
    plain = {
        re.sub(r"\d", "", row.replace(str(student.pk), "").replace(student.name, "").replace(student.name[0], ""))
        for student, row in rows.items()
    }
    assert all(rows.values()) and len(plain) == 1
    assert FACTS not in page and "data-left" not in page


def test_the_class_grid_knows_nothing_of_it(cast, sign_in, sheet):
    client = sign_in(cast.zhou)
    before = client.get(cast.own_class.get_absolute_url()).content
    an_answer(sheet, cast.an, cast.zhou)
    assert _plain(client.get(cast.own_class.get_absolute_url()).content) == _plain(before)


def _plain(page: bytes) -> list[str]:
    """Without what differs at each request."""
    return [line for line in page.decode().splitlines() if "csrf" not in line.lower() and "page-view" not in line]


def test_the_page_and_each_form_stand_in_the_read_log(cast, sign_in, sheet):
    client = sign_in(cast.zhou)
    client.get(sheet.get_absolute_url())
    client.get(answer_url(sheet, cast.an))
    whole, one = log()
    assert (whole.kind, whole.level, set(whole.student_ids.split())) == ("list", 3, {str(cast.an.pk), str(cast.bei.pk)})
    assert (one.kind, one.level, one.student_ids) == ("view", 3, str(cast.an.pk))


def test_forty_five_students_take_no_more_statements_than_one(cast, sign_in, sheet, now):
    client = sign_in(cast.zhou)
    few = statements(client, sheet.get_absolute_url())
    for number in range(3, 46):
        student = seat(StudentFactory(school=cast.school, name=f"同学{number}"), cast.own_class, seat_no=number)
        if number % 2:
            an_answer(sheet, student, cast.zhou)
        elif number % 3 == 0:
            save_draft(by=cast.zhou, key=draft_key(sheet, student), body={"facts": ["写到一半"]}, seq=1, now=now)
    many = statements(client, sheet.get_absolute_url())
    assert few <= many <= few + 1 <= ALLOWED  # the categories, for the forms that stand open


# --- words that were not sent -----------------------------------------------------------------------------------------


def test_a_draft_stands_open_in_its_row_for_its_writer_alone(cast, sign_in, sheet, now):
    """T52."""
    body = {"signs": ["s2"], "facts": ["写到一半的话"], "version": ["0"]}
    save_draft(by=cast.zhou, key=draft_key(sheet, cast.an), body=body, seq=7, now=now)
    page = sign_in(cast.zhou).get(sheet.get_absolute_url()).content.decode()
    assert "写到一半的话" in page and 'data-draft-seq="7"' in page
    assert 'value="s2" data-row checked' in page and 'value="s1" data-row>' in page
    assert "写到一半的话" not in sign_in(cast.he).get(sheet.get_absolute_url()).content.decode()


def test_an_answer_ends_its_draft_and_no_other(cast, sign_in, sheet, now):
    for student in (cast.an, cast.bei):
        save_draft(by=cast.zhou, key=draft_key(sheet, student), body={"facts": ["写到一半"]}, seq=1, now=now)
    sign_in(cast.zhou).post(answer_url(sheet, cast.an), {**SOMETHING, "version": "0", "draft_seq": "5"})
    left = {draft.key: draft.body for draft in Draft.objects.all()}
    assert left[draft_key(sheet, cast.an)] == "" and "写到一半" in left[draft_key(sheet, cast.bei)]


def test_the_form_of_a_row_is_saved_as_a_draft(cast, sign_in, sheet):
    data = {"draft_key": draft_key(sheet, cast.an), "seq": "3", "facts": "写到一半", "signs": ["s1", "s2"]}
    assert sign_in(cast.zhou).post(reverse("students:draft_save"), data).status_code == 204
    draft = Draft.objects.get()
    assert draft.form["signs"] == ["s1", "s2"] and draft.get_absolute_url() == sheet.get_absolute_url()


def test_a_draft_that_began_before_somebody_else_answered_is_no_licence_to_overwrite(cast, sign_in, sheet, now):
    body = {"facts": ["写到一半"], "version": ["0"]}
    save_draft(by=cast.zhou, key=draft_key(sheet, cast.an), body=body, seq=1, now=now)
    an_answer(sheet, cast.an, cast.he)
    page = sign_in(cast.zhou).get(sheet.get_absolute_url()).content.decode()
    row = page.partition(f'<li id="s-{cast.an.pk}"')[2].partition("</li>")[0]
    assert 'name="version" value="0"' in row


# --- everybody --------------------------------------------------------------------------------------------------------


def test_finishing_says_who_is_left(cast, sign_in, sheet):
    an_answer(sheet, cast.an, cast.zhou)
    client, url = sign_in(cast.zhou), reverse("students:screening_finish", args=[sheet.pk])
    response = client.post(url, {"version": "1"})
    assert response.status_code == 422
    assert [row.student for row in response.context["left_rows"]] == [cast.bei]
    an_answer(sheet, cast.bei, cast.zhou, **NOTHING)
    assert client.post(url, {"version": "1"}).status_code == 302
    sheet.refresh_from_db()
    assert sheet.finished_at is not None and sheet.finished_by == cast.zhou


def test_finished_once_is_finished(cast, sign_in, sheet):
    for student in (cast.an, cast.bei):
        an_answer(sheet, student, cast.zhou, **NOTHING)
    url = reverse("students:screening_finish", args=[sheet.pk])
    answers = [sign_in(who).post(url, {"version": "1"}).status_code for who in (cast.he, cast.zhou)]
    assert answers == [302, 409]
    sheet.refresh_from_db()
    assert (sheet.finished_by, sheet.version) == (cast.he, 2)
