"""Services (F33): the school's list, and what is chosen from it for a confirmed need."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import School
from accounts.versions import StaleVersion
from students.actions import identification as needs
from students.actions import services as acts
from students.actions.dictionary import start_categories
from students.dictionary import SERVICES
from students.models import CareNeed, Category, ChosenService, FileAccess, Group, Service
from students.services import to_consider


@pytest.fixture
def categories(cast):
    return {row.code: row for row in start_categories(by=None, school=cast.school)}


@pytest.fixture
def services(cast, categories):
    return {row.name: row for row in acts.start_services(by=None, school=cast.school)}


def confirmed(cast, category, now, student=None, by=None) -> CareNeed:
    fields = {"student": student or cast.an, "basis": "judgement", "facts": "常一个人", "strengths": "画画好"}
    need = needs.propose_need(category=category, by=by or cast.zhou, now=now, **fields)
    needs.confirm_need(need=need, by=cast.ruan, version=1, now=now)
    need.refresh_from_db()
    return need


@pytest.fixture
def need(cast, categories, services, now):
    return confirmed(cast, categories["L1"], now)


def choose(need, lines, by, now, version=None):
    acts.choose_services(need=need, lines=lines, by=by, version=version or need.version, now=now)
    need.refresh_from_db()


def page(name, thing=None) -> str:
    return reverse(f"students:{name}", args=[thing.pk] if thing else [])


def text(response) -> str:
    return response.content.decode()


def ticked(need, **lines) -> dict:
    """`lines`: id of a service in hexadecimal → its line."""
    fields = {
        f"{kind}_{key}": "on" if kind == "tick" else line for key, line in lines.items() for kind in ("tick", "line")
    }
    return {"version": need.version, **fields}


# --- the school's list ------------------------------------------------------------------------------------------------


def test_a_school_starts_with_services_for_each_group_of_needs(db):
    school = School.objects.create(code="3300000777", name="新开小学")
    rows = acts.start_services(by=None, school=school)
    assert len(rows) == len(SERVICES)
    assert {letter for row in rows for letter in row.groups} >= {*Group.values} - {"S"} - {"P", "F", "L"}
    assert not any(row.categories for row in rows)  # this school has no category yet
    assert acts.start_services(by=None, school=school) == []


def test_every_starting_category_has_a_service_that_fits(cast, categories, services):
    for category in categories.values():
        assert any(row.fits(category) for row in services.values()), category.code


def test_moral_education_adds_changes_and_takes_out_of_use(sign_in, cast, categories):
    client = sign_in(cast.ruan)
    data = {
        "name": "课间巡视",
        "by_whom": "值周教师",
        "groups": ["B"],
        "categories": [categories["P1"].pk],
        "is_active": "on",
    }
    assert client.post(page("services"), data).status_code == 302
    row = Service.objects.get()
    assert (row.groups, row.categories, row.history.get().history_user) == (
        ["B"],
        [str(categories["P1"].pk)],
        cast.ruan,
    )
    assert row.fits(categories["B1"])
    assert row.fits(categories["P1"])
    assert not row.fits(categories["P2"])
    assert client.post(page("services"), data).status_code == 422  # the name is taken
    assert client.post(page("service", row), {**data, "is_active": "", "version": 1}).status_code == 302
    row.refresh_from_db()
    assert not row.is_active
    late = client.post(page("service", row), {**data, "name": "课间陪伴", "version": 1})
    assert late.status_code == 409
    assert "课间陪伴" in text(late)
    assert "课间巡视" in text(client.get(page("services")))


def test_a_category_of_another_school_does_not_fit(sign_in, cast):
    far = Category.objects.create(school=cast.elsewhere, code="F1", name="外校的", group="F")
    data = {"name": "课间巡视", "by_whom": "值周教师", "categories": [far.pk]}
    answer = sign_in(cast.ruan).post(page("services"), data)
    assert answer.status_code == 422
    assert "外校的" not in text(answer)


def test_only_a_service_that_was_never_chosen_is_deleted(sign_in, cast, need, services, now):
    used, unused = services["学业帮扶（一对一或小组）"], services["校医随访"]
    choose(need, {used: "每周三"}, cast.zhou, now)
    choose(need, {}, cast.zhou, now)
    client = sign_in(cast.ruan)
    for row in (used, unused):
        assert client.post(page("service_delete", row), {"version": 0}).status_code == 409
        assert client.post(page("service_delete", row), {"version": 1}).status_code == 302
    assert Service.objects.filter(pk=used.pk).exists()
    assert not Service.objects.filter(pk=unused.pk).exists()


@pytest.mark.parametrize("who", ["zhou", "qin", "xin", "xiao", "wang"])
def test_nobody_else_edits_the_list(sign_in, cast, services, who):
    row = next(iter(services.values()))
    client = sign_in(cast.people[who])
    for url in (page("services"), page("service", row), page("need_confirmed")):
        assert client.get(url).status_code == 404


# --- for one need -----------------------------------------------------------------------------------------------------


def test_what_fits_the_category_comes_first_and_what_is_out_of_use_is_not_offered(cast, need, services):
    fitting, others = to_consider(need)
    assert services["学业帮扶（一对一或小组）"] in fitting  # by its group
    assert services["课堂便利（座位、作业、考试时间）"] in fitting  # by its category
    assert services["资助申请"] in others
    Service.objects.filter(name="班主任谈心").update(is_active=False)
    assert services["班主任谈心"] not in {*to_consider(need)[0], *to_consider(need)[1]}


def test_choosing_states_who_and_why_and_keeps_what_was_taken_back(cast, need, services, now):
    talk, study = services["班主任谈心"], services["学业帮扶（一对一或小组）"]
    choose(need, {talk: "每周三午休", study: "口算，每周两次"}, cast.zhou, now)
    choose(need, {talk: "每周三午休"}, cast.ruan, now)
    kept = ChosenService.objects.standing().get()
    gone = ChosenService.objects.exclude(pk=kept.pk).get()
    assert (kept.service, kept.how, kept.author, kept.version) == (talk, "每周三午休", cast.zhou, 1)
    assert (gone.ended_by, gone.ended_at, gone.history.first().history_user) == (cast.ruan, now, cast.ruan)
    choose(need, {talk: "改到周五", study: "再试一次"}, cast.zhou, now)
    assert ChosenService.objects.filter(service=study).count() == 2
    assert ChosenService.objects.get(service=talk).history.count() == 2
    assert need.history.first().history_change_reason == "services"


def test_only_head_teacher_deputy_and_moral_education_choose(cast, need, services, now):
    talk = services["班主任谈心"]
    for who in ("zhou", "he", "ruan"):
        choose(need, {talk: f"由{who}"}, cast.people[who], now)
    for who in ("qin", "xin", "xiao", "guo", "lin", "yuan"):
        with pytest.raises(PermissionDenied):
            choose(need, {}, cast.people[who], now)
    assert ChosenService.objects.standing().count() == 1


def test_only_a_confirmed_need_gets_services_and_nobody_overwrites_unseen(cast, categories, need, services, now):
    talk = services["班主任谈心"]
    fields = {"student": cast.bei, "basis": "judgement", "facts": "常一个人", "strengths": "跑得快"}
    proposed = needs.propose_need(category=categories["L1"], by=cast.zhou, now=now, **fields)
    with pytest.raises(needs.OtherState):
        choose(proposed, {talk: "每周三"}, cast.zhou, now)
    with pytest.raises(StaleVersion):
        choose(need, {talk: "每周三"}, cast.zhou, now, version=need.version + 1)
    assert not ChosenService.objects.exists()


def test_the_database_takes_a_service_once_and_an_end_with_its_person(cast, need, services, now):
    fields = {"need": need, "service": services["班主任谈心"], "author": cast.zhou, "how": "每周三"}
    with pytest.raises(IntegrityError, match="choice_ended_at_and_by"), _savepoint():
        ChosenService.objects.create(**fields, ended_at=now)
    ChosenService.objects.create(**fields)
    with pytest.raises(IntegrityError), _savepoint():
        ChosenService.objects.create(**fields)


def _savepoint():
    from django.db import transaction

    return transaction.atomic()


def test_the_page_offers_what_fits_and_a_choice_stands_in_the_file(sign_in, cast, need, services):
    talk, study = services["班主任谈心"], services["学业帮扶（一对一或小组）"]
    client = sign_in(cast.zhou)
    before = text(client.get(need.get_absolute_url()))
    assert study.name in before
    assert services["资助申请"].name not in before
    assert page("need_services", need) in before
    data = ticked(need, **{talk.pk.hex: "每周三午休谈十分钟"})
    assert client.post(page("need_services", need), data).status_code == 302
    for url in (need.get_absolute_url(), page("needs", cast.an)):
        shown = text(client.get(url))
        assert "每周三午休谈十分钟" in shown
        assert study.name not in shown  # no longer a question of what could be
    assert FileAccess.objects.filter(what="students:need_services").count() == 0  # the change itself showed nothing


def test_a_tick_without_a_line_is_refused_and_keeps_what_was_typed(sign_in, cast, need, services):
    talk, study = services["班主任谈心"], services["学业帮扶（一对一或小组）"]
    answer = sign_in(cast.zhou).post(
        page("need_services", need), ticked(need, **{talk.pk.hex: "", study.pk.hex: "口算，每周两次"})
    )
    assert answer.status_code == 422
    assert "口算，每周两次" in text(answer)
    too_long = ticked(need, **{talk.pk.hex: "谈" * 201})
    assert sign_in(cast.zhou).post(page("need_services", need), too_long).status_code == 422
    assert not ChosenService.objects.exists()


def test_what_is_out_of_use_can_still_be_taken_back(sign_in, cast, need, services, now):
    talk = services["班主任谈心"]
    choose(need, {talk: "每周三"}, cast.zhou, now)
    Service.objects.filter(pk=talk.pk).update(is_active=False)
    client = sign_in(cast.zhou)
    assert f"tick_{talk.pk.hex}" in text(client.get(page("need_services", need)))
    assert client.post(page("need_services", need), {"version": need.version}).status_code == 302
    assert not ChosenService.objects.standing().exists()


def test_who_only_reads_the_need_sees_the_services_and_may_not_choose(sign_in, cast, need, services, now):
    choose(need, {services["班主任谈心"]: "每周三午休谈十分钟"}, cast.zhou, now)
    client = sign_in(cast.qin)
    shown = text(client.get(need.get_absolute_url()))
    assert "每周三午休谈十分钟" in shown
    assert page("need_services", need) not in shown
    assert client.get(page("need_services", need)).status_code == 403
    assert sign_in(cast.lin).get(page("need_services", need)).status_code == 404


def test_a_line_has_the_level_of_its_need(cast, categories, services, now):
    hidden = confirmed(cast, categories["P2"], now)
    choose(hidden, {services["心理辅导"]: "每周二"}, cast.ruan, now)
    later = now + timedelta(days=8)  # the proposer no longer reads it
    seen = {who for who, user in cast.people.items() if ChosenService.objects.visible_to(user, now=later).exists()}
    assert seen == {"ruan"}
    open_one = confirmed(cast, categories["H4"], now)
    choose(open_one, {services["校医随访"]: "每月一次"}, cast.zhou, now)
    assert ChosenService.objects.visible_to(cast.yi, now=later).get().need == open_one


# --- the school's list of needs ---------------------------------------------------------------------------------------


def test_the_list_finds_needs_without_a_service(sign_in, cast, categories, need, services, now):
    choose(need, {services["班主任谈心"]: "每周三"}, cast.zhou, now)
    bare = confirmed(cast, categories["F1"], now, student=cast.ding, by=cast.lin)
    client = sign_in(cast.ruan)
    everything, without = (text(client.get(page("need_confirmed") + query)) for query in ("", "?without=1"))
    assert str(need.pk) in everything
    assert str(bare.pk) in everything
    assert services["班主任谈心"].name in everything
    assert str(need.pk) not in without
    assert str(bare.pk) in without
    choose(need, {}, cast.zhou, now)  # taken back, it has none again
    assert str(need.pk) in text(client.get(page("need_confirmed") + "?without=1"))


def test_the_list_asks_as_much_for_three_needs_as_for_one(sign_in, cast, categories, services, now):
    client, asked = sign_in(cast.ruan), []
    for code in ("F1", "L1", "B1"):
        choose(confirmed(cast, categories[code], now), {services["班主任谈心"]: "每周三"}, cast.zhou, now)
        client.get(page("need_confirmed"))
        with CaptureQueriesContext(connection) as queries:
            client.get(page("need_confirmed"))
        asked.append(len(queries))
    assert asked[0] == asked[2]
