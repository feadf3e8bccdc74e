"""Who changed a screening answer or a need, when and why: for whoever sees the record, and nobody else (T20, T21)."""

import pytest
from django.urls import reverse

from students.actions import screening
from students.actions.dictionary import change_category
from students.actions.identification import add_evidence, close_need, confirm_need, propose_need, reject_need
from students.models import AttentionRequest, CareNeed, Category, StudentProfile
from tests.factories import ObservationFactory
from tests.students.reading import ALLOWED, log, statements
from tests.students.sweep import SOMETHING, a_round, an_answer, sheet_of

BEFORE, AFTER = "课间一个人坐着", "课间和两个同学下棋"


def page_of(name: str, row) -> str:
    return reverse(f"students:{name}", args=[row.pk])


@pytest.fixture
def category(cast) -> Category:
    return Category.objects.create(school=cast.school, code="L1", name="学习困难", group="L", basis="judgement")


@pytest.fixture
def entry(cast, now, category):
    """Answered by the deputy, and over that by the head teacher."""
    sheet = sheet_of(a_round(cast.school, by=cast.ruan), cast.own_class)
    an_answer(sheet, cast.an, cast.he, facts=BEFORE)
    fields = {**SOMETHING, "facts": AFTER, "signs": ["s2"], "categories": ["L1"], "ways": ["own"], "suggested_step": 3}
    return screening.answer_for(
        by=cast.zhou, student=cast.an, sheet=sheet, edition=sheet.round.edition, fields=fields, version=1, now=now
    )


@pytest.fixture
def need(cast, now, category) -> CareNeed:
    StudentProfile.objects.filter(student=cast.an).update(strengths="很会照顾同学")
    return propose_need(
        student=cast.an, category=category, basis="judgement", facts="抄写很慢", by=cast.zhou, now=now,
        evidence=["两份作业"],
    )  # fmt: skip


# --- a screening answer -----------------------------------------------------------------------------------------------


def test_the_history_of_an_answer_says_what_stood_there_and_who_wrote_over_it(cast, sign_in, entry, now):
    screening.review_entry(
        by=cast.ruan, entry=entry, decision="watch", note="先看两周", categories=[], facts="", version=2, now=now
    )
    response = sign_in(cast.zhou).get(page_of("screening_entry_history", entry))
    reviewed, rewritten, made = (change for change, _when in response.context["rows"])
    assert (made.kind, made.who, made.differences) == ("+", "He老师", [])
    assert (rewritten.who, reviewed.who) == ("Zhou老师", "Ruan老师")
    told = {one.label: (one.old, one.new) for one in rewritten.differences}
    assert (BEFORE, AFTER) in told.values() and ("近来闷闷不乐、作业常常交不上来", "容易发火") in told.values()
    assert ("", "学习困难") in told.values() and len(told) == 5
    assert [one.new for one in reviewed.differences if one.new == "先看两周"] == ["先看两周"]


def test_the_answers_page_leads_to_its_history(cast, sign_in, entry):
    assert (
        page_of("screening_entry_history", entry) in sign_in(cast.zhou).get(entry.get_absolute_url()).content.decode()
    )


def test_the_history_of_an_answer_is_for_those_who_see_the_answer(cast, sign_in, entry):
    """T20."""
    url = page_of("screening_entry_history", entry)
    for who in (cast.zhou, cast.he, cast.qin, cast.ruan, cast.fu, cast.xiao):
        assert BEFORE in sign_in(who).get(url).content.decode()
    for who in (cast.guo, cast.lin, cast.xin, cast.yi, cast.jiao, cast.wang, cast.luo, cast.yuan):
        assert sign_in(who).get(url).status_code == 404


def test_reading_a_history_is_one_row_of_the_log(cast, sign_in, entry, need):
    """T24."""
    client = sign_in(cast.zhou)
    client.get(page_of("screening_entry_history", entry))
    client.get(page_of("need_history", need))
    assert [(row.kind, row.level, row.student_ids) for row in log()] == [("view", 3, str(cast.an.pk))] * 2


# --- a need -----------------------------------------------------------------------------------------------------------


def test_the_history_of_a_need_tells_every_decision_and_its_reason(cast, sign_in, need, now):
    confirm_need(need=need, by=cast.ruan, version=1, now=now)
    close_need(need=need, by=cast.ruan, reason="已经跟上了", version=2, now=now)
    response = sign_in(cast.zhou).get(page_of("need_history", need))
    changes = [change for change, _when in response.context["rows"]]
    assert [change.who for change in changes] == ["Ruan老师", "Ruan老师", "Zhou老师", "Zhou老师"]
    assert "已经跟上了" in [one.new for one in changes[0].differences]
    assert {change.why for change in changes} == {""}  # the words for us are no words for a page
    assert "两份作业" in response.content.decode()


def test_evidence_of_a_higher_level_is_not_told_of(cast, sign_in, need):
    """T20: of a level-4 record the existence is content. 德育 was asked about that note and so sees it."""
    hidden, open_one = (
        ObservationFactory(student=cast.an, author=cast.luo, level=4),
        ObservationFactory(student=cast.an),
    )
    AttentionRequest.objects.create(student=cast.an, author=cast.luo, observation=hidden)
    add_evidence(need=need, evidence=[open_one, hidden], by=cast.luo)
    rows = {
        who: sign_in(cast.people[who]).get(page_of("need_history", need)).context["rows"] for who in ("zhou", "ruan")
    }
    assert {who: len(found) for who, found in rows.items()} == {"zhou": 1 + 2, "ruan": 1 + 3}


def test_raising_a_level_hides_the_older_rows_too(cast, sign_in, need, category):
    """T21: what stood there at level 3 is level 4 from the next request on."""
    need.author = cast.he
    need.save()
    client, url = sign_in(cast.qin), page_of("need_history", need)
    assert "抄写很慢" not in client.get(url).content.decode() and client.get(url).status_code == 200
    category.level = 4
    change_category(by=cast.ruan, category=category, version=1)
    assert client.get(url).status_code == 404
    text = sign_in(cast.ruan).get(url)
    assert text.context["level"] == 4 and any(change.why for change, _when in text.context["rows"])


def test_what_was_not_confirmed_has_a_history_for_the_office_alone(cast, sign_in, need, now):
    """And for whoever proposed it, for seven days."""
    reject_need(need=need, by=cast.ruan, reason="没有依据", version=1, now=now)
    opened = [sign_in(who).get(page_of("need_history", need)).status_code for who in (cast.ruan, cast.zhou, cast.he)]
    assert opened == [200, 200, 404]


def test_a_history_asks_no_more_for_many_changes(cast, sign_in, need):
    client, url = sign_in(cast.zhou), page_of("need_history", need)
    add_evidence(need=need, evidence=[ObservationFactory(student=cast.an)], by=cast.zhou)
    few = statements(client, url)
    for _number in range(3):
        add_evidence(need=need, evidence=["又一份", ObservationFactory(student=cast.an)], by=cast.zhou)
    assert statements(client, url) == few <= ALLOWED
