"""德育 opens a round, sees how far the classes are, reviews what was seen and makes proposals of it; checklists (F2, F9)."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Role
from accounts.versions import StaleVersion
from students import checklists
from students.actions import screening
from students.actions.identification import confirm_need
from students.models import (
    AttentionLevel,
    CareNeed,
    Category,
    Checklist,
    ChecklistEdition,
    Clock,
    ScreeningEntry,
    ScreeningRound,
    StudentProfile,
    Term,
)
from tests.factories import RoleMembershipFactory, SchoolFactory
from tests.students.reading import ALLOWED, log, statements
from tests.students.sweep import ITEMS, NOTHING, a_checklist, a_round, an_answer, sheet_of

ONCE = {"once": "00000000-0000-4000-8000-000000000001"}


@pytest.fixture
def opened(cast):
    return a_round(cast.school, by=cast.ruan)


@pytest.fixture
def category(cast):
    return Category.objects.create(school=cast.school, code="L1", name="学习困难", group="L", basis="judgement")


@pytest.fixture
def entry(cast, opened):
    return an_answer(sheet_of(opened, cast.own_class), cast.an, cast.zhou, categories=["L1"])


# --- checklists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [file for _purpose, _name, file in checklists.SHIPPED])
def test_the_shipped_checklists_are_plain_and_of_a_bearable_length(file):
    items = checklists.shipped(file)
    assert 13 <= len(items) <= 20
    assert all(item["group"] and len(item["text"]) <= checklists.LONGEST for item in items)
    assert checklists.items_of(checklists.text_of(items), items) == items


def test_a_school_starts_with_both_and_keeps_its_own(db):
    school = SchoolFactory()
    assert {row.purpose for row in screening.start_checklists(by=None, school=school)} == {"screening", "learning"}
    assert screening.start_checklists(by=None, school=school) == []


def test_a_sign_keeps_its_code_through_editions():
    later = checklists.items_of("【学习】\n作业常常交不上来\n上课发困\n容易发火", ITEMS)
    assert [(item["code"], item["text"]) for item in later] == [
        ("s3", "作业常常交不上来"), ("s4", "上课发困"), ("s2", "容易发火")]  # fmt: skip


def test_other_signs_are_a_new_edition_and_open_rounds_keep_theirs(cast, sign_in, opened):
    url = reverse("students:checklist", args=[opened.checklist_id])
    data = {"name": "开学摸排", "signs": "一个人坐着\n不写作业\n上课发困", "is_active": "on", "version": "1"}
    assert sign_in(cast.ruan).post(url, data).status_code == 302
    assert opened.checklist.latest.number == 2
    opened.refresh_from_db()
    assert opened.edition.number == 1 and opened.edition.items == ITEMS


def test_another_name_alone_makes_no_edition(cast, sign_in, opened):
    data = {"name": "新名字", "signs": checklists.text_of(ITEMS), "is_active": "on", "version": "1"}
    sign_in(cast.ruan).post(reverse("students:checklist", args=[opened.checklist_id]), data)
    assert ChecklistEdition.objects.count() == 1 and Checklist.objects.get().name == "新名字"


@pytest.mark.parametrize("signs", ["只有一条", "一\n二\n" + "长" * 61, "\n".join(str(n) for n in range(41))])
def test_a_checklist_that_nobody_could_go_through_is_refused(cast, sign_in, opened, signs):
    url = reverse("students:checklist", args=[opened.checklist_id])
    response = sign_in(cast.ruan).post(url, {"name": "x", "signs": signs, "is_active": "on", "version": "1"})
    assert response.status_code == 422 and signs in response.content.decode()
    assert ChecklistEdition.objects.count() == 1


# --- a round ----------------------------------------------------------------------------------------------------------


def test_a_round_gives_every_class_with_students_a_sheet(cast, sign_in, today):
    checklist = a_checklist(cast.school)
    data = {"checklist": checklist.pk, "due_on": f"{today + timedelta(days=20)}", **ONCE}
    assert sign_in(cast.ruan).post(reverse("students:screening_open"), data).status_code == 302
    row = ScreeningRound.objects.get()
    assert (row.opened_by, row.edition, row.term.school) == (cast.ruan, checklist.latest, cast.school)
    assert {sheet.class_group for sheet in row.sheets.all()} == {cast.own_class, cast.next_class, cast.grade_four}


def test_the_day_is_set_by_the_schools_clock(cast, sign_in, today):
    term = Term.objects.filter(school=cast.school).latest_begun(today)
    days = (today - term.starts_on).days + 40
    Clock.objects.create(school=cast.school, code="screening", amount=days)
    form = sign_in(cast.ruan).get(reverse("students:screening_open")).context["form"]
    assert form.initial["due_on"] == term.starts_on + timedelta(days=days)


def test_of_one_checklist_one_round_is_open(cast, sign_in, opened, today):
    data = {"checklist": opened.checklist_id, "due_on": f"{today}", **ONCE}
    assert sign_in(cast.ruan).post(reverse("students:screening_open"), data).status_code == 422
    with pytest.raises(IntegrityError), transaction.atomic():
        ScreeningRound.objects.create(
            school=cast.school, term=opened.term, checklist=opened.checklist, edition=opened.edition,
            opened_at=opened.opened_at, due_on=today,
        )  # fmt: skip
    screening.close_round(by=cast.ruan, round=opened, version=1, now=opened.opened_at)
    assert sign_in(cast.ruan).post(reverse("students:screening_open"), data).status_code == 302


def test_a_day_that_is_over_is_refused(cast, sign_in, opened, today):
    yesterday = f"{today - timedelta(days=1)}"
    client = sign_in(cast.ruan)
    due = client.post(reverse("students:screening_due", args=[opened.pk]), {"due_on": yesterday, "version": "1"})
    opening = client.post(reverse("students:screening_open"), {"checklist": opened.checklist_id, "due_on": yesterday})
    assert (due.status_code, opening.status_code) == (422, 422)


def test_progress_counts_who_sits_there_today(cast, sign_in, opened):
    sheet = sheet_of(opened, cast.own_class)
    an_answer(sheet, cast.an, cast.zhou)
    an_answer(sheet, cast.gone, cast.zhou)  # has left the school meanwhile
    second = a_round(cast.school, checklist=a_checklist(cast.school, name="学期中"))
    an_answer(sheet_of(second, cast.own_class), cast.bei, cast.zhou)
    for who in (cast.ruan, cast.fu, cast.xiao):
        classes = sign_in(who).get(opened.get_absolute_url()).context["classes"]
        own = next(each for each in classes if each["sheet"].class_group == cast.own_class)
        assert (own["answers"], own["size"], own["heads"]) == (1, 2, ["Zhou老师"])
    assert sign_in(cast.zhou).get(opened.get_absolute_url()).status_code == 404


def test_the_rounds_pages_ask_no_more_for_many_classes(cast, sign_in, opened, entry):
    client = sign_in(cast.ruan)
    pages = [reverse("students:screening"), opened.get_absolute_url(), reverse("students:screening_review")]
    assert max(statements(client, page) for page in pages) <= ALLOWED


# --- what becomes of it -----------------------------------------------------------------------------------------------


def review_url(entry) -> str:
    return reverse("students:screening_entry", args=[entry.pk])


def test_an_entry_becomes_a_proposal_of_whoever_saw_it_and_the_office_confirms(cast, sign_in, entry, category, now):
    client = sign_in(cast.ruan)
    form = client.get(review_url(entry)).context["form"]
    assert form.initial["categories"] == [category.pk] and "作业常常交不上来" in form.initial["facts"]
    data = {"decision": "proposed", "categories": [category.pk], "facts": form.initial["facts"], "version": "1"}
    assert client.post(review_url(entry), data).status_code == 302
    need = CareNeed.objects.get()
    assert (need.origin, need.author, need.state, need.category) == (entry, cast.zhou, "proposed", category)
    entry.refresh_from_db()
    assert (entry.decision, entry.reviewed_by) == ("proposed", cast.ruan)
    StudentProfile.objects.filter(student=cast.an).update(strengths="")
    confirm_need(need=need, by=cast.ruan, version=need.version, now=now, strengths="很会照顾同学")
    need.refresh_from_db()
    assert need.state == "confirmed"


def test_keeping_an_eye_on_it_takes_a_word_and_makes_no_proposal(cast, sign_in, entry):
    client = sign_in(cast.ruan)
    assert client.post(review_url(entry), {"decision": "watch", "note": "", "version": "1"}).status_code == 422
    assert (
        client.post(review_url(entry), {"decision": "watch", "note": "两周后再看", "version": "1"}).status_code == 302
    )
    assert not CareNeed.objects.exists()
    assert "两周后再看" in sign_in(cast.zhou).get(review_url(entry)).content.decode()


def test_a_proposal_without_category_or_facts_is_none(cast, sign_in, entry, category, now):
    client = sign_in(cast.ruan)
    for data in ({"categories": [category.pk], "facts": ""}, {"facts": "看得出"}):
        answer = client.post(review_url(entry), {"decision": "proposed", "version": "1", **data})
        assert answer.status_code == 422
    with pytest.raises(ValidationError):
        screening.review_entry(
            by=cast.ruan, entry=entry, decision="proposed", note="", categories=[], facts="x", version=1, now=now
        )


def test_one_review_counts(cast, sign_in, entry):
    client = sign_in(cast.ruan)
    answers = [
        client.post(review_url(entry), {"decision": "watch", "note": note, "version": "1"}).status_code
        for note in ("先看看", "另一句")
    ]
    assert answers == [302, 409]
    entry.refresh_from_db()
    assert entry.review_note == "先看看"


def test_the_office_alone_decides(cast, sign_in, entry, now):
    for who in (cast.zhou, cast.qin, cast.xiao):
        assert sign_in(who).get(review_url(entry)).status_code == 200
        assert (
            sign_in(who).post(review_url(entry), {"decision": "watch", "note": "x", "version": "1"}).status_code == 403
        )
    with pytest.raises(PermissionDenied):
        screening.review_entry(
            by=cast.zhou, entry=entry, decision="watch", note="x", categories=[], facts="", version=1, now=now
        )
    for who in (cast.guo, cast.lin, cast.xin, cast.yi, cast.yuan):
        assert sign_in(who).get(review_url(entry)).status_code == 404


def test_an_answer_of_nothing_is_not_reviewed(cast, opened, now):
    clear = an_answer(sheet_of(opened, cast.own_class), cast.bei, cast.zhou, **NOTHING)
    with pytest.raises(StaleVersion):
        screening.review_entry(
            by=cast.ruan, entry=clear, decision="watch", note="x", categories=[], facts="", version=1, now=now
        )
    assert list(ScreeningEntry.objects.to_review()) == []


def test_the_list_of_what_was_seen_stands_in_the_read_log(cast, sign_in, entry):
    page = sign_in(cast.ruan).get(reverse("students:screening_review"))
    assert entry.facts in page.content.decode()
    assert [(row.kind, row.level, row.student_ids) for row in log()] == [("list", 3, str(cast.an.pk))]


def test_whoever_holds_both_duties_does_not_confirm_what_they_saw(cast, entry, category, now):
    RoleMembershipFactory(user=cast.zhou, role=Role.MORAL_EDUCATION)
    screening.review_entry(
        by=cast.zhou,
        entry=entry,
        decision="proposed",
        note="",
        categories=[category],
        facts="看得出",
        version=1,
        now=now,
    )
    need = CareNeed.objects.get()
    with pytest.raises(PermissionDenied):
        confirm_need(need=need, by=cast.zhou, version=need.version, now=now, strengths="很会照顾同学")


def test_what_is_suggested_stands_beside_the_proposal_for_those_alone_who_see_the_answer(cast, sign_in, entry, now):
    """T20. The doctor sees needs of health and no attention level; a suggestion in the facts would tell of one."""
    health = Category.objects.create(school=cast.school, code="H1", name="慢性病", group="H", basis="document")
    client = sign_in(cast.ruan)
    assert entry.as_evidence() in client.get(reverse("students:screening_review")).content.decode()
    facts = client.get(review_url(entry)).context["form"].initial["facts"]
    assert entry.way_texts[0] in facts and entry.get_suggested_step_display() not in facts
    screening.review_entry(
        by=cast.ruan, entry=entry, decision="proposed", note="", categories=[health], facts=facts, version=1, now=now
    )
    need = CareNeed.objects.get()
    told = {who: entry.as_evidence() in sign_in(cast.people[who]).get(need.get_absolute_url()).content.decode()
            for who in ("ruan", "zhou", "yi")}  # fmt: skip
    assert told == {"ruan": True, "zhou": True, "yi": False}
    assert not AttentionLevel.objects.exists()


# --- one student who finds learning hard (F9) -------------------------------------------------------------------------


@pytest.fixture
def learning(cast):
    return a_checklist(cast.school, name="学习困难观察", purpose="learning")


def test_the_class_teacher_fills_it_in_on_any_day_and_the_office_sees_it(cast, sign_in, learning):
    url = reverse("students:learning_check", args=[cast.an.pk])
    data = {"answer": "signs", "signs": ["s3"], "facts": "抄写很慢", "version": "0"}
    assert sign_in(cast.zhou).post(url, data).status_code == 302
    entry = ScreeningEntry.objects.get()
    assert (entry.sheet, entry.edition.checklist, entry.level) == (None, learning, 3)
    assert [row["entry"] for row in sign_in(cast.ruan).get(reverse("students:screening_review")).context["rows"]] == [
        entry
    ]
    assert "抄写很慢" in sign_in(cast.zhou).get(url).content.decode()


def test_one_check_is_open_at_a_time_and_the_next_begins_after_the_review(cast, sign_in, learning, now):
    url = reverse("students:learning_check", args=[cast.an.pk])
    client = sign_in(cast.zhou)
    client.post(url, {"signs": ["s3"], "version": "0"})
    assert client.post(url, {"signs": ["s1"], "version": "0"}).status_code == 409
    assert client.post(url, {"signs": ["s1"], "version": "1"}).status_code == 302
    entry = ScreeningEntry.objects.get()
    screening.review_entry(
        by=cast.ruan, entry=entry, decision="watch", note="x", categories=[], facts="", version=2, now=now
    )
    assert client.post(url, {"signs": ["s2"], "version": "0"}).status_code == 302
    assert ScreeningEntry.objects.count() == 2


def test_others_who_see_the_file_do_not_fill_it_in(cast, sign_in, learning):
    url = reverse("students:learning_check", args=[cast.an.pk])
    assert [sign_in(who).get(url).status_code for who in (cast.ruan, cast.qin, cast.guo, cast.lin)] == [
        403,
        403,
        404,
        404,
    ]


def test_without_such_a_checklist_there_is_no_page(cast, sign_in):
    assert sign_in(cast.zhou).get(reverse("students:learning_check", args=[cast.an.pk])).status_code == 404


def test_the_files_panel_shows_answers_and_what_became_of_them(cast, sign_in, entry):
    url = reverse("students:student_screening", args=[cast.an.pk])
    panel = sign_in(cast.zhou).get(url, headers={"HX-Request": "true"}).content.decode()
    assert panel.strip().startswith("<section") and entry.facts in panel and "近来闷闷不乐" in panel
    assert sign_in(cast.guo).get(url).status_code == 404


# --- reminders --------------------------------------------------------------------------------------------------------


def todo(client) -> list[str]:
    page = client.get(reverse("reports:todo"))
    return [item.href for item in [*page.context["due"], *page.context["later"]] if "screening" in item.href]


def test_an_unfinished_class_reminds_its_teachers_and_then_the_office(cast, sign_in, opened, today):
    sheet = sheet_of(opened, cast.own_class)
    assert [todo(sign_in(who)) for who in (cast.zhou, cast.he)] == [[sheet.get_absolute_url()]] * 2
    assert [todo(sign_in(who)) for who in (cast.guo, cast.xiao, cast.ruan)] == [[], [], []]
    ScreeningRound.objects.update(due_on=today - timedelta(days=1))
    assert todo(sign_in(cast.ruan)) == [reverse("students:screening")]
    item = sign_in(cast.zhou).get(reverse("reports:todo")).context["due"][0]
    assert item.late


def test_finished_or_closed_reminds_nobody(cast, sign_in, opened, today, now):
    ScreeningRound.objects.update(due_on=today - timedelta(days=1))
    for student in (cast.an, cast.bei):
        an_answer(sheet_of(opened, cast.own_class), student, cast.zhou, **NOTHING)
    screening.finish_sheet(by=cast.zhou, sheet=sheet_of(opened, cast.own_class), version=1, now=now)
    assert todo(sign_in(cast.zhou)) == [] and len(todo(sign_in(cast.ruan))) == 1
    opened.refresh_from_db()
    screening.close_round(by=cast.ruan, round=opened, version=1, now=now)
    assert todo(sign_in(cast.ruan)) == [] and todo(sign_in(cast.lin)) == []


def test_what_was_seen_waits_on_the_offices_list_until_it_is_reviewed(cast, sign_in, entry, now):
    assert todo(sign_in(cast.ruan)) == [reverse("students:screening_review")]
    screening.review_entry(
        by=cast.ruan, entry=entry, decision="watch", note="x", categories=[], facts="", version=1, now=now
    )
    assert todo(sign_in(cast.ruan)) == []


def test_the_menu_offers_it_to_those_who_have_a_class_and_to_those_who_lead(cast, sign_in):
    told = {who: reverse("students:screening") in sign_in(getattr(cast, who)).get(reverse("reports:home")).content.decode()
            for who in ("zhou", "he", "ruan", "xiao", "guo", "qin", "xin", "luo")}  # fmt: skip
    assert [who for who, shown in told.items() if shown] == ["zhou", "he", "ruan", "xiao"]


def test_another_day_may_be_set_and_a_round_is_closed_once(cast, opened, now):
    later = opened.due_on + timedelta(days=3)
    screening.put_off(by=cast.ruan, round=opened, due_on=later, version=1)
    screening.close_round(by=cast.ruan, round=opened, version=2, now=now)
    with pytest.raises(StaleVersion):
        screening.close_round(by=cast.ruan, round=opened, version=3, now=now)
    opened.refresh_from_db()
    assert (opened.due_on, opened.version, opened.closed_by) == (later, 3, cast.ruan)
