"""The pages about needs, attention levels, verification, categories and clocks."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from students import upkeep
from students.actions import identification as acts
from students.actions.dictionary import start_categories
from students.models import (
    AttentionLevel,
    AttentionRequest,
    CareNeed,
    Category,
    Clock,
    FileAccess,
    FileVerification,
    StudentProfile,
    Term,
)
from students.models.clocks import DEFAULTS
from tests.factories import ObservationFactory


@pytest.fixture
def categories(cast):
    return {row.code: row for row in start_categories(by=None, school=cast.school)}


@pytest.fixture
def proposed(cast, categories, now):
    return propose(cast, categories["F1"], cast.zhou, now)


def propose(cast, category, by, now, **more):
    fields = {"student": cast.an, "basis": "judgement", "facts": "爸妈都在外地，跟着外婆", **more}
    return acts.propose_need(category=category, by=by, now=now, **fields)


def strong(student, words="唱歌好"):
    StudentProfile.objects.filter(student=student).update(strengths=words)


def url(name, thing=None):
    return reverse(f"students:{name}", args=[thing.pk] if thing else [])


def text(response) -> str:
    return response.content.decode()


def sent(category, today, **more) -> dict:
    return {"category": category.pk, "basis": "document", "facts": "家长带来证明", "starts_on": f"{today}", **more}


# --- the panel and proposing ------------------------------------------------------------------------------------------


def test_the_file_shows_the_need_and_says_that_a_proposal_is_no_fact(sign_in, cast, proposed):
    page = text(sign_in(cast.zhou).get(url("needs", cast.an)))
    assert "爸妈都在外地" in page
    assert str(proposed.pk) in page
    assert 'id="needs"' in text(sign_in(cast.zhou).get(url("detail", cast.an)))


def test_the_doctor_finds_health_and_nothing_else(sign_in, cast, categories, proposed, now):
    propose(cast, categories["H4"], None, now, facts="对花生过敏")
    panel, listed = (text(sign_in(cast.yi).get(page)) for page in (url("needs", cast.an), url("need_list")))
    assert "对花生过敏" in panel
    assert cast.an.name in listed
    assert categories["F1"].name not in panel + listed
    assert sign_in(cast.guo).get(url("needs", cast.an)).status_code == 404


def test_a_head_teacher_proposes_with_a_note_as_evidence(sign_in, cast, categories, today):
    note = ObservationFactory(student=cast.an, author=cast.guo)
    hidden = ObservationFactory(student=cast.an, author=cast.luo, level=4)
    data = sent(categories["F1"], today, strengths="肯帮同学", evidence=[str(note.pk)])
    client = sign_in(cast.zhou)
    assert client.post(url("need_propose", cast.an), {**data, "evidence": [str(hidden.pk)]}).status_code == 422
    answer = client.post(url("need_propose", cast.an), data)
    assert answer["Location"] == url("needs", cast.an)
    need = CareNeed.objects.get()
    assert (need.state, need.author, need.facts) == ("proposed", cast.zhou, "家长带来证明")
    assert [row.target for row in need.evidence.all()] == [note]
    assert StudentProfile.objects.get(student=cast.an).strengths == "肯帮同学"


def test_a_need_is_not_proposed_without_a_strength_by_those_who_know_the_child(sign_in, cast, categories, today):
    """What was typed stays."""
    answer = sign_in(cast.zhou).post(url("need_propose", cast.an), sent(categories["F1"], today))
    assert answer.status_code == 422
    assert "家长带来证明" in text(answer)
    strong(cast.an)
    assert sign_in(cast.zhou).post(url("need_propose", cast.an), sent(categories["F1"], today)).status_code == 302


def test_the_counsellor_is_not_asked_for_what_the_counsellor_may_not_read(sign_in, cast, categories, today):
    strong(cast.an, "画得好")
    client = sign_in(cast.xin)
    assert "画得好" not in text(client.get(url("need_propose", cast.an)))
    assert client.post(url("need_propose", cast.an), sent(categories["P1"], today)).status_code == 302


def test_a_category_of_another_office_or_school_is_refused(sign_in, cast, categories, today):
    assert sign_in(cast.yi).post(url("need_propose", cast.an), sent(categories["E1"], today)).status_code == 422
    far = Category.objects.create(school=cast.elsewhere, code="H1", name="远", group="H")
    assert sign_in(cast.yi).post(url("need_propose", cast.an), sent(far, today)).status_code == 422
    assert not CareNeed.objects.exists()


def test_a_need_does_not_begin_tomorrow(sign_in, cast, categories, today):
    data = sent(categories["H1"], today + timedelta(days=1))
    assert sign_in(cast.yi).post(url("need_propose", cast.an), data).status_code == 422


def test_strengths_are_not_emptied_while_a_need_is_written(sign_in, cast, proposed):
    profile = StudentProfile.objects.get(student=cast.an)
    data = {"temperament": "慢热", "pace": "", "interests": "", "strengths": " ", "version": profile.version}
    assert sign_in(cast.zhou).post(url("profile_edit", cast.an), data).status_code == 422
    proposed.delete()
    assert sign_in(cast.zhou).post(url("profile_edit", cast.an), data).status_code == 302


# --- deciding ---------------------------------------------------------------------------------------------------------


def deed(need, name, **more):
    return {"deed": name, "version": need.version, **more}


def test_moral_education_goes_from_one_proposal_to_the_next(sign_in, cast, categories, proposed, now, today):
    other = propose(cast, categories["H4"], cast.zhou, now + timedelta(minutes=1))
    client, review = sign_in(cast.ruan), f"{today + timedelta(days=60)}"
    listed = text(client.get(url("need_proposals")))
    assert listed.index(str(proposed.pk)) < listed.index(str(other.pk))
    answer = client.post(
        url("need_detail", proposed), deed(proposed, "confirm", next_review_on=review, strengths="跑得快")
    )
    assert answer["Location"] == url("need_detail", other)
    answer = client.post(url("need_detail", other), deed(other, "reject", reason="是误会"))
    assert answer["Location"] == url("need_proposals")
    assert {need.category.code: need.state for need in CareNeed.objects.all()} == {"F1": "confirmed", "H4": "rejected"}


def test_a_confirmation_without_a_strength_is_asked_for_it(sign_in, cast, proposed, today):
    data = deed(proposed, "confirm", next_review_on=f"{today + timedelta(days=60)}")
    assert sign_in(cast.ruan).post(url("need_detail", proposed), data).status_code == 422
    strong(cast.an)
    assert sign_in(cast.ruan).post(url("need_detail", proposed), data).status_code == 302


def test_a_reason_is_asked_for_and_the_proposer_reads_it(sign_in, cast, proposed):
    client = sign_in(cast.ruan)
    assert client.post(url("need_detail", proposed), deed(proposed, "reject", reason="")).status_code == 422
    assert client.post(url("need_detail", proposed), deed(proposed, "reject", reason="外婆只带周末")).status_code == 302
    assert "外婆只带周末" in text(sign_in(cast.zhou).get(url("need_detail", proposed)))
    assert sign_in(cast.he).get(url("need_detail", proposed)).status_code == 404


def test_who_only_reads_decides_nothing(sign_in, cast, proposed):
    for who in ("zhou", "he", "qin", "fu", "xiao"):
        client = sign_in(cast.people[who])
        answer = client.post(url("need_detail", proposed), deed(proposed, "reject", reason="不是"))
        assert answer.status_code in (403, 422), who
        assert 'name="deed"' not in text(client.get(url("need_detail", proposed)))
    proposed.refresh_from_db()
    assert proposed.state == "proposed"


def test_of_two_decisions_the_second_sees_what_stands(sign_in, cast, proposed):
    """T51."""
    one, other = sign_in(cast.ruan), deed(proposed, "reject", reason="理由乙")
    assert one.post(url("need_detail", proposed), deed(proposed, "reject", reason="理由甲")).status_code == 302
    answer = one.post(url("need_detail", proposed), other)
    assert answer.status_code == 409
    assert "理由甲" in text(answer)
    assert "理由乙" in text(answer)


def test_a_need_that_stands_already_is_not_confirmed_twice(sign_in, cast, categories, proposed, now, today):
    own = propose(cast, categories["F1"], cast.xin, now)
    data = {"next_review_on": f"{today + timedelta(days=60)}", "strengths": "跑得快"}
    client = sign_in(cast.ruan)
    assert client.post(url("need_detail", proposed), deed(proposed, "confirm", **data)).status_code == 302
    assert client.post(url("need_detail", own), deed(own, "confirm", **data)).status_code == 422


def test_evidence_that_the_reader_may_not_see_leaves_no_trace(sign_in, cast, categories, now):
    """T14: of a level-4 note even the existence is content. That the link could show: 德育, who took the note up, sees it."""
    note = ObservationFactory(student=cast.an, author=cast.luo, level=4)
    AttentionRequest.objects.create(student=cast.an, author=cast.luo, observation=note, level=4)
    need = propose(cast, categories["F1"], None, now, evidence=[note])
    assert str(note.pk) not in text(sign_in(cast.zhou).get(url("need_detail", need)))
    assert str(note.pk) in text(sign_in(cast.ruan).get(url("need_detail", need)))


# --- levels -----------------------------------------------------------------------------------------------------------


def level_data(today, step, version=0, **more):
    return {
        "step": step,
        "reason": "三天没笑过",
        "next_review_on": f"{today + timedelta(days=9)}",
        "version": version,
        **more,
    }


def test_a_teacher_raises_and_moral_education_lowers_and_ends(sign_in, cast, today):
    zhou, ruan, page = sign_in(cast.zhou), sign_in(cast.ruan), url("level", cast.an)
    zhou = sign_in(cast.zhou)
    assert zhou.post(page, level_data(today, 3)).status_code == 302
    assert zhou.post(page, level_data(today, 1, 1)).status_code == 422  # not among the choices
    assert zhou.post(page, level_data(today, 0, 1)).status_code == 422
    ruan = sign_in(cast.ruan)
    assert ruan.post(page, level_data(today, 1, 1)).status_code == 302
    assert ruan.post(page, level_data(today, 0, 3, next_review_on="")).status_code == 302
    assert not AttentionLevel.objects.current().exists()
    assert (
        text(ruan.get(url("needs", cast.an))).count("三天没笑过") == 4
    )  # two levels, each with why it began and ended


def test_the_same_level_with_another_day_is_no_change_of_level(sign_in, cast, now, today):
    acts.raise_level(student=cast.an, step=2, reason="三天没笑过", by=cast.zhou, now=now)
    answer = sign_in(cast.zhou).post(url("level", cast.an), level_data(today, 2, 1, reason=""))
    assert answer.status_code == 302
    row = AttentionLevel.objects.get()
    assert (row.step, row.next_review_on) == (2, today + timedelta(days=9))


def test_a_change_without_a_reason_or_with_a_day_gone_by_is_refused(sign_in, cast, today):
    client, page = sign_in(cast.zhou), url("level", cast.an)
    for wrong in ({"reason": " "}, {"next_review_on": f"{today}"}, {"next_review_on": ""}):
        assert client.post(page, level_data(today, 2, **wrong)).status_code == 422
    assert not AttentionLevel.objects.exists()


# --- verification -----------------------------------------------------------------------------------------------------


def stale(cast, now, who="zhou") -> bool:
    term = Term.objects.filter(school=cast.school).latest_begun(timezone.localdate(now))
    found = upkeep.to_look_through(cast.people[who], term, now=now).filter(pk=cast.an.pk).first()
    return bool(found and found.stale)


def verified(cast, day):
    FileVerification.objects.filter(student=cast.an).update(verified_on=day)


def test_a_file_is_stale_after_90_days_and_in_a_new_term(cast, now, today):
    """F12. The days are the school's to set; the term is not."""
    term = Term.objects.filter(school=cast.school).latest_begun(today)
    Term.objects.filter(pk=term.pk).update(starts_on=today - timedelta(days=120))
    verified(cast, today - timedelta(days=90))
    assert not stale(cast, now)
    verified(cast, today - timedelta(days=91))
    assert stale(cast, now)
    Clock.objects.create(school=cast.school, code="file_verified", amount=100)
    assert not stale(cast, now)
    Term.objects.filter(pk=term.pk).update(starts_on=today - timedelta(days=50))
    assert stale(cast, now)
    verified(cast, today - timedelta(days=50))
    assert not stale(cast, now)


def test_a_stale_file_says_so_to_its_head_teacher_until_it_is_verified(sign_in, cast):
    FileVerification.objects.filter(student=cast.an).delete()
    client = sign_in(cast.zhou)
    assert url("upkeep") in text(client.get(reverse("reports:todo")))
    assert str(cast.an.pk) in text(client.get(url("upkeep")))
    assert str(cast.bei.pk) not in text(client.get(url("upkeep")))
    assert client.post(url("file_verify", cast.an)).status_code == 302
    assert url("upkeep") not in text(client.get(reverse("reports:todo")))
    assert FileVerification.objects.get(student=cast.an).author == cast.zhou


def test_nobody_else_is_told_of_a_stale_file(sign_in, cast):
    FileVerification.objects.all().delete()
    for who in ("guo", "qin", "ruan", "xiao", "xin", "luo"):
        client = sign_in(cast.people[who])
        assert str(cast.an.pk) not in text(client.get(url("upkeep"))), who
        assert client.post(url("file_verify", cast.an)).status_code in (403, 404), who


def test_a_day_that_has_come_stands_with_teacher_and_moral_education(sign_in, cast, now, today):
    acts.raise_level(student=cast.an, step=2, reason="三天没笑过", by=cast.zhou, now=now)
    AttentionLevel.objects.update(next_review_on=today)
    for who in ("zhou", "ruan"):
        assert str(cast.an.pk) in text(sign_in(cast.people[who]).get(url("upkeep"))), who
    for who in ("qin", "lin", "xin"):
        assert str(cast.an.pk) not in text(sign_in(cast.people[who]).get(url("upkeep"))), who


# --- lists and settings -----------------------------------------------------------------------------------------------


def test_a_search_by_category_is_logged_and_shows_confirmed_needs_alone(sign_in, cast, categories, proposed, now):
    """T24. The counsellor finds among the own cases."""
    strong(cast.an)
    client, data = sign_in(cast.ruan), {"category": categories["F1"].pk}
    assert str(proposed.pk) not in text(client.post(url("need_search"), data))
    acts.confirm_need(need=proposed, by=cast.ruan, version=1, now=now)
    assert str(proposed.pk) in text(client.post(url("need_search"), data))
    row = FileAccess.objects.order_by("-pk").first()
    assert (row.kind, row.level, row.student_ids, len(row.terms_hash)) == ("search", 3, str(cast.an.pk), 64)
    assert str(proposed.pk) not in text(sign_in(cast.xin).post(url("need_search"), data))
    for who in ("zhou", "qin", "xiao", "yi", "zi"):
        assert sign_in(cast.people[who]).post(url("need_search"), data).status_code == 404


def test_what_waits_for_a_decision_stands_on_the_to_do_list_without_a_name(sign_in, cast, proposed):
    page = text(sign_in(cast.ruan).get(reverse("reports:todo")))
    assert url("need_proposals") in page
    assert cast.an.name not in page
    assert url("need_proposals") not in text(sign_in(cast.xiao).get(reverse("reports:todo")))


def category_data(row, **more):
    fields = {name: getattr(row, name) for name in ("code", "name", "group", "basis", "level", "version")}
    return {**fields, "is_active": "on", **more}


def test_a_category_in_use_keeps_its_group_and_its_level_only_rises(sign_in, cast, categories, proposed):
    """Whoever did not see a need before does not see it after; its needs rise with it."""
    client, row = sign_in(cast.ruan), categories["F1"]
    assert client.post(url("category", row), category_data(row, group="H")).status_code == 422
    assert client.post(url("category", row), category_data(row, level=4)).status_code == 302
    proposed.refresh_from_db()
    assert (proposed.level, proposed.version, proposed.history.count()) == (4, 2, 2)
    row.refresh_from_db()
    assert client.post(url("category", row), category_data(row, level=3)).status_code == 422
    free = categories["F2"]
    assert client.post(url("category", free), category_data(free, group="H", level=4)).status_code == 302


def test_a_category_in_use_is_taken_out_of_use_and_never_deleted(sign_in, cast, categories, proposed):
    client, row = sign_in(cast.ruan), categories["F1"]
    assert client.post(url("category_delete", row), {"version": 1})["Location"] == url("category", row)
    assert client.post(url("category_delete", categories["F2"]), {"version": 1}).status_code == 302
    assert {each.code for each in Category.objects.filter(code__in=["F1", "F2"])} == {"F1"}
    data = category_data(row)
    del data["is_active"]
    assert client.post(url("category", row), data).status_code == 302
    assert row.name not in text(sign_in(cast.zhou).get(url("need_propose", cast.an)))


def test_a_code_or_name_that_stands_is_refused_in_words(sign_in, cast, categories):
    for same in ({"code": "f1", "name": "另一个"}, {"code": "F77", "name": categories["F1"].name}):
        data = {"group": "F", "basis": "judgement", "level": 3, **same}
        assert sign_in(cast.ruan).post(url("categories"), data).status_code == 422


def test_a_school_sets_its_clocks_and_a_late_saver_sees_both_numbers(sign_in, cast):
    client = sign_in(cast.ruan)
    assert client.post(url("clocks"), {**DEFAULTS, "silence": 15, "version": 0}).status_code == 302
    assert [(row.code, row.amount) for row in Clock.objects.all()] == [("silence", 15)]
    late = client.post(url("clocks"), {**DEFAULTS, "silence": 31, "version": 0})
    assert late.status_code == 409
    assert "31" in text(late)
    assert client.post(url("clocks"), {**DEFAULTS, "silence": 0, "version": 1}).status_code == 422
    assert Clock.objects.get().amount == 15
