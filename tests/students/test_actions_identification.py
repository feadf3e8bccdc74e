"""propose_need to close_need, the attention levels, verify_file, clock, start_categories."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.models import Role
from accounts.versions import StaleVersion
from students.actions import identification as acts
from students.actions.dictionary import start_categories
from students.actions.identification import add_evidence, confirm_need, propose_need, raise_level, reject_need
from students.models import (
    AttentionLevel,
    CareNeed,
    Category,
    Clock,
    FileVerification,
    StudentProfile,
    all_clocks,
    clock,
)
from tests.factories import ObservationFactory, SchoolFactory, UserFactory

STRONG = "唱歌好，肯帮同学"


@pytest.fixture
def categories(cast):
    return {row.code: row for row in start_categories(by=None, school=cast.school)}


@pytest.fixture
def proposed(cast, categories, now):
    """The head teacher's proposal about 安然然, whose profile names no strengths yet."""
    return propose(cast, categories["F1"], cast.zhou, now)


def propose(cast, category, by, now, student=None, **more):
    fields = {"basis": "judgement", "facts": "爸妈都在外地，跟着外婆", **more}
    return propose_need(student=student or cast.an, category=category, by=by, now=now, **fields)


def confirm(need, by, now, **more):
    confirm_need(need=need, by=by, version=need.version, now=now, **{"strengths": STRONG, **more})


# --- proposing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("zhou", {"F1", "H1", "E1", "P2"}),
        ("he", {"F1", "H1", "E1", "P2"}),
        ("xin", {"F1", "H1", "E1", "P2"}),
        ("yi", {"H1"}),
        ("zi", {"E1"}),
        *((who, set()) for who in ("guo", "qin", "lin", "ruan", "fu", "xiao", "jiao", "luo", "wang", "shen", "yuan")),
    ],
)
def test_who_may_propose_what(cast, categories, now, who, codes):
    done = set()
    for code in ("F1", "H1", "E1", "P2"):
        try:
            propose(cast, categories[code], cast.people[who], now)
        except PermissionDenied:
            continue
        done.add(code)
    assert done == codes


def test_a_category_that_is_not_offered_any_more_is_not_proposed(cast, categories, now):
    categories["F1"].is_active = False
    categories["F1"].save()
    with pytest.raises(PermissionDenied):
        propose(cast, categories["F1"], cast.zhou, now)


def test_a_proposal_cites_a_note_and_has_the_level_of_its_category(cast, categories, now):
    note = ObservationFactory(student=cast.an, author=cast.zhou)
    need = propose(cast, categories["F9"], cast.zhou, now, evidence=[note, "外婆在电话里说的", note])
    assert (need.state, need.level, need.author, need.source) == ("proposed", 4, cast.zhou, "")
    assert [(row.target, row.text) for row in need.evidence.all()] == [(note, ""), (None, "外婆在电话里说的")]
    assert need.history.get().history_user == cast.zhou


def test_the_same_need_proposed_again_is_more_evidence_for_the_open_one(cast, categories, proposed, now):
    note = ObservationFactory(student=cast.an, author=cast.he)
    again = propose(cast, categories["F1"], cast.he, now, facts="外婆说下学期也不回来", evidence=[note])
    assert (again, CareNeed.objects.count()) == (proposed, 1)
    assert {row.text for row in proposed.evidence.all()} == {"外婆说下学期也不回来", ""}
    proposed.refresh_from_db()
    assert proposed.version == 2  # whoever looked at it before decides on less than stands there


def test_a_need_that_the_proposer_may_not_see_does_not_show_itself(cast, categories, now):
    """The counsellor sees no need of a child who is no case: the answer must not tell that one stands."""
    hidden = propose(cast, categories["F1"], cast.zhou, now)
    own = propose(cast, categories["F1"], cast.xin, now)
    assert own != hidden
    assert list(CareNeed.objects.visible_to(cast.xin, now=now)) == [own]
    assert hidden.evidence.count() == 0


def test_the_same_evidence_again_changes_nothing(cast, categories, now):
    note = ObservationFactory(student=cast.an, author=cast.zhou)
    need = propose(cast, categories["F1"], cast.zhou, now, evidence=[note])
    add_evidence(need=need, evidence=[note], by=cast.zhou)
    need.refresh_from_db()
    assert need.version == 1 and need.evidence.count() == 1


def test_strengths_begin_a_profile_where_none_is(cast, proposed, now):
    StudentProfile.objects.filter(student=cast.an).delete()
    confirm(proposed, cast.ruan, now)
    assert StudentProfile.objects.get(student=cast.an).strengths == STRONG


def test_the_roster_and_a_rule_propose_once(cast, categories, now):
    one = propose(cast, categories["F1"], None, now, source="roster")
    two = propose(cast, categories["F1"], None, now)
    assert (one, one.source, one.author) == (two, "roster", None)
    with pytest.raises(IntegrityError), transaction.atomic():
        CareNeed.objects.create(
            student=cast.an, category=categories["F1"], basis="roster", facts="x", source="rule", starts_on=now.date()
        )


def test_what_follows_from_a_record_needs_no_second_right(cast, categories, now):
    """A screening entry was written by whoever was head teacher then."""
    note = ObservationFactory(student=cast.an, author=cast.lin)
    need = propose(cast, categories["F1"], cast.lin, now, origin=note)
    assert need.origin == note
    assert [row.target for row in need.evidence.all()] == [note]


# --- confirming -------------------------------------------------------------------------------------------------------


def test_moral_education_confirms_and_the_strengths_are_written(cast, proposed, now):
    confirm(proposed, cast.ruan, now)
    proposed.refresh_from_db()
    today = timezone.localdate(now)
    assert (proposed.state, proposed.decided_by, proposed.verified_on) == ("confirmed", cast.ruan, today)
    assert proposed.next_review_on == today + timedelta(days=90)
    assert StudentProfile.objects.get(student=cast.an).strengths == STRONG


def test_no_need_is_confirmed_where_no_strength_is_written(cast, proposed, now):
    with pytest.raises(acts.StrengthsMissing):
        confirm(proposed, cast.ruan, now, strengths=" ")
    StudentProfile.objects.filter(student=cast.an).update(strengths="跑得快")
    confirm(proposed, cast.ruan, now, strengths="")
    assert StudentProfile.objects.get(student=cast.an).strengths == "跑得快"


@pytest.mark.parametrize("who", ["zhou", "he", "qin", "xin", "fu", "xiao", "yi", "jiao", "zi", "luo", "wang", "yuan"])
def test_nobody_but_moral_education_decides(cast, proposed, now, who):
    by = cast.people[who]
    with pytest.raises(PermissionDenied):
        confirm(proposed, by, now)
    with pytest.raises(PermissionDenied):
        reject_need(need=proposed, by=by, reason="不是", version=1, now=now)
    proposed.refresh_from_db()
    assert proposed.state == "proposed"


def both_offices(cast):
    """A head teacher who works in 德育处 as well."""
    cast.zhou.role_memberships.create(role=Role.MORAL_EDUCATION, starts_on="2020-09-01", confirmed_at=timezone.now())
    cast.zhou.forget_roles()
    return cast.zhou


def test_nobody_decides_on_an_own_proposal(cast, proposed, now):
    """T17: not in the action, and not in the database."""
    zhou = both_offices(cast)
    with pytest.raises(acts.OwnProposal):
        confirm(proposed, zhou, now)
    with pytest.raises(acts.OwnProposal):
        reject_need(need=proposed, by=zhou, reason="不是", version=1, now=now)
    proposed.state, proposed.decided_at, proposed.decided_by = "confirmed", now, zhou
    with pytest.raises(IntegrityError, match="nobody_decides_on_an_own_proposal"), transaction.atomic():
        proposed.save()


def test_a_rejection_has_a_reason_and_is_read_by_the_proposer_alone(cast, proposed, now):
    with pytest.raises(acts.ReasonMissing):
        reject_need(need=proposed, by=cast.ruan, reason=" ", version=1, now=now)
    proposed.refresh_from_db()
    reject_need(need=proposed, by=cast.ruan, reason="外婆只带周末", version=1, now=now)
    assert proposed in CareNeed.objects.visible_to(cast.zhou, now=now)
    assert proposed not in CareNeed.objects.visible_to(cast.he, now=now)
    assert proposed not in CareNeed.objects.visible_to(cast.zhou, now=now + timedelta(days=8))
    assert proposed in CareNeed.objects.visible_to(cast.ruan, now=now + timedelta(days=8))


def test_of_two_decisions_the_first_counts(cast, proposed, now):
    """T51."""
    other = CareNeed.objects.get(pk=proposed.pk)
    confirm(proposed, cast.ruan, now)
    with pytest.raises(StaleVersion):
        reject_need(need=other, by=cast.ruan, reason="不是", version=1, now=now)
    with pytest.raises(acts.OtherState):
        reject_need(need=proposed, by=cast.ruan, reason="不是", version=2, now=now)
    assert CareNeed.objects.get().state == "confirmed"


def test_one_need_of_a_category_is_confirmed_at_a_time(cast, categories, proposed, now):
    other = propose(cast, categories["F1"], cast.xin, now)
    confirm(proposed, cast.ruan, now)
    with pytest.raises(acts.NeedStands):
        confirm(other, cast.ruan, now)
    assert CareNeed.objects.get(pk=other.pk).state == "proposed"


def test_a_need_is_closed_with_a_reason_and_stays_in_the_file(cast, proposed, now):
    confirm(proposed, cast.ruan, now)
    with pytest.raises(PermissionDenied):
        acts.close_need(need=proposed, by=cast.zhou, reason="回来了", version=2, now=now)
    acts.close_need(need=proposed, by=cast.ruan, reason="妈妈回来了", version=2, now=now)
    assert (proposed.state, proposed.ends_on) == ("closed", timezone.localdate(now))
    assert proposed in CareNeed.objects.visible_to(cast.zhou, now=now)


def test_the_head_teacher_says_that_a_need_still_stands(cast, proposed, now):
    later = now + timedelta(days=95)
    confirm(proposed, cast.ruan, now)
    assert list(CareNeed.objects.due(later.date())) == [proposed]
    acts.review_need(need=proposed, by=cast.zhou, version=2, now=later)
    assert not CareNeed.objects.due(later.date()).exists()
    with pytest.raises(PermissionDenied):
        acts.review_need(need=proposed, by=cast.qin, version=3, now=later)


# --- who sees needs ---------------------------------------------------------------------------------------------------


def test_the_doctor_sees_health_and_the_aid_officer_hardship(cast, categories, now):
    """Of every student of the school, at level 3, and nothing else (DESIGN §3)."""
    codes = ("F1", "F9", "E1", "H1", "P2")
    needs = {code: propose(cast, categories[code], None, now, student=cast.gao) for code in codes}
    seen = {
        who: {
            code for code in codes if CareNeed.objects.visible_to(cast.people[who], now=now).filter(pk=needs[code].pk)
        }
        for who in cast.people
    }
    nothing = {who: set() for who in ("zhou", "he", "guo", "qin", "lin", "xin", "jiao", "luo", "wang", "shen", "yuan")}
    level_3 = {"F1", "E1", "H1"}
    assert seen == nothing | {"yi": {"H1"}, "zi": {"E1"}, "ruan": set(codes), "fu": level_3, "xiao": level_3}


def test_a_health_need_of_level_4_is_not_the_doctors(cast, categories, now):
    categories["H1"].level = 4
    categories["H1"].save()
    need = propose(cast, categories["H1"], None, now, student=cast.gao)
    assert need not in CareNeed.objects.visible_to(cast.yi, now=now)


def test_who_has_left_sees_no_need(cast, proposed, now):
    """T5."""
    for who in ("zhou", "ruan"):
        assert CareNeed.objects.visible_to(cast.people[who], now=now).exists()
        cast.people[who].is_active = False
        assert not CareNeed.objects.visible_to(cast.people[who], now=now).exists()


# --- attention levels -------------------------------------------------------------------------------------------------


def lift(cast, by, step, now, reason="三天没笑过"):
    return raise_level(student=cast.an, step=step, reason=reason, by=by, now=now)


def lower(row, by, step, now, reason="笑得多了", version=None):
    return acts.lower_level(
        current=row, step=step, reason=reason, by=by, version=row.version if version is None else version, now=now
    )


def test_anyone_who_sees_level_3_raises_the_level_alone(cast, now):
    first = lift(cast, cast.zhou, 1, now)
    second = lift(cast, cast.qin, 3, now)
    first.refresh_from_db()
    assert (first.ended_by, first.end_reason, second.author) == (cast.qin, "三天没笑过", cast.qin)
    assert list(AttentionLevel.objects.current()) == [second]
    assert second.next_review_on == timezone.localdate(now) + timedelta(days=30)


@pytest.mark.parametrize("who", ["guo", "lin", "xin", "yi", "jiao", "zi", "luo", "wang", "shen", "yuan"])
def test_whoever_sees_less_raises_nothing(cast, now, who):
    with pytest.raises(PermissionDenied):
        lift(cast, cast.people[who], 1, now)


def test_raising_is_upwards_and_has_a_reason(cast, now):
    lift(cast, cast.zhou, 2, now)
    for step in (1, 2):
        with pytest.raises(acts.NotHigher):
            lift(cast, cast.zhou, step, now)
    with pytest.raises(acts.ReasonMissing):
        lift(cast, cast.zhou, 3, now, reason=" ")
    assert AttentionLevel.objects.current().get().step == 2


def test_moral_education_alone_lowers_and_ends(cast, now):
    row = lift(cast, cast.zhou, 3, now)
    for who in ("zhou", "qin", "fu", "xiao", "xin"):
        for step in (1, None):
            with pytest.raises(PermissionDenied):
                lower(row, cast.people[who], step, now)
    with pytest.raises(acts.NotLower):
        lower(row, cast.ruan, 3, now)
    with pytest.raises(acts.ReasonMissing):
        lower(row, cast.ruan, None, now, reason="")
    lower_one = lower(row, cast.ruan, 1, now)
    assert (lower_one.step, lower_one.author) == (1, cast.ruan)
    assert lower(lower_one, cast.ruan, None, now) is None
    assert not AttentionLevel.objects.current().exists()
    assert AttentionLevel.objects.count() == 2


def test_nothing_lowers_itself(cast, now):
    row = lift(cast, cast.zhou, 3, now)
    later = (now + timedelta(days=400)).date()
    assert list(AttentionLevel.objects.current()) == list(AttentionLevel.objects.due(later)) == [row]


def test_a_level_that_was_changed_meanwhile_is_not_lowered(cast, now):
    """T51."""
    row = lift(cast, cast.zhou, 2, now)
    seen = AttentionLevel.objects.get(pk=row.pk)
    lift(cast, cast.he, 4, now)
    with pytest.raises(StaleVersion):
        lower(AttentionLevel.objects.get(pk=row.pk), cast.ruan, 1, now, version=seen.version)
    assert AttentionLevel.objects.current().get().step == 4


def test_the_day_of_the_next_look_is_moved_by_those_who_tend(cast, now):
    row = lift(cast, cast.zhou, 2, now)
    day = timezone.localdate(now) + timedelta(days=9)
    with pytest.raises(PermissionDenied):
        acts.review_level(current=row, by=cast.qin, version=1, next_review_on=day, now=now)
    acts.review_level(current=row, by=cast.he, version=1, next_review_on=day, now=now)
    assert AttentionLevel.objects.get().next_review_on == day


# --- the file, clocks, categories -------------------------------------------------------------------------------------


def test_the_class_teachers_verify_the_file_once_a_day(cast, now):
    FileVerification.objects.all().delete()  # the cast's
    one = acts.verify_file(student=cast.an, by=cast.zhou, now=now)
    assert acts.verify_file(student=cast.an, by=cast.he, now=now) == one
    assert FileVerification.objects.get().author == cast.zhou
    for who in ("guo", "qin", "ruan", "xiao", "lin"):
        with pytest.raises(PermissionDenied):
            acts.verify_file(student=cast.an, by=cast.people[who], now=now)


def test_a_school_sets_its_own_clocks(db):
    school = SchoolFactory()
    assert clock(school, "silence") == 20
    Clock.objects.create(school=school, code="silence", amount=15)
    assert (clock(school.pk, "silence"), clock(SchoolFactory(), "silence")) == (15, 20)
    assert all_clocks(school)["silence"] == 15
    assert set(all_clocks(school)) == set(Clock.Code.values)
    with pytest.raises(KeyError):
        clock(school, "no such clock")


def test_a_school_starts_with_the_dictionary_once(db):
    school = SchoolFactory()
    rows = start_categories(by=None, school=school)
    assert {row.code for row in rows if row.level == 4} == {"F9", "P2", "S1", "B4"}
    assert start_categories(by=None, school=school) == []
    assert Category.objects.filter(school=school).count() == len(rows) == 32


def test_a_category_that_a_need_names_is_never_deleted(cast, categories, proposed):
    with pytest.raises(ProtectedError):
        categories["F1"].delete()
    categories["F2"].delete()


def test_an_automatic_proposal_says_where_it_comes_from(cast, categories, now):
    with pytest.raises(IntegrityError, match="need_has_author_or_source"), transaction.atomic():
        CareNeed.objects.create(
            student=cast.an, category=categories["F1"], basis="roster", facts="x", starts_on=now.date()
        )
    assert UserFactory().careneeds.count() == 0


def test_only_what_is_confirmed_is_reviewed_or_closed(cast, proposed, now):
    for act in (acts.review_need, lambda **how: acts.close_need(reason="已经好转", **how)):
        with pytest.raises(acts.OtherState):
            act(need=proposed, by=cast.ruan, version=proposed.version, now=now)
    with pytest.raises(PermissionDenied):
        acts.close_need(need=proposed, by=cast.zhou, reason="已经好转", version=proposed.version, now=now)
