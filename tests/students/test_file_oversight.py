"""Who may see a file, who read it, what was changed in it, and counselling grants."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Role
from students import access, audit
from students.actions import placements
from students.levels import Level
from students.models import AccessGrant, FileAccess, StudentBackground, StudentProfile
from tests.cast import EVERYBODY
from tests.factories import RoleMembershipFactory
from tests.students.reading import ALLOWED, fill, log, statements

SEES_AN = {"zhou", "he", "guo", "qin", "xin", "ruan", "fu", "xiao", "yi", "jiao", "zi"}
DAILY = {"zhou", "he", "qin", "ruan", "fu", "xiao"}


def url(name, student):
    return reverse(f"students:{name}", args=[student.pk])


def open_for_xin(cast, now, today, **fields):
    values = {"starts_on": today, "ends_on": today + timedelta(days=30), "note": "家里有事"}
    return placements.open_counselling(
        by=cast.ruan, counsellor=cast.xin, student=cast.an, now=now, **{**values, **fields}
    )


# --- who may see ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_sees_the_student_is_told_why_and_who_else(cast, sign_in, who):
    response = sign_in(cast.people[who]).get(url("access", cast.an))
    assert response.status_code == (200 if who in SEES_AN else 404)
    if who in SEES_AN:
        assert response.context["mine"]
        assert "Zhou老师" in response.content.decode()
    assert len(log()) == (who in DAILY)


def test_the_dates_stand_in_words(cast, sign_in, today, now):
    placements.assign_to_class(
        by=None, user=cast.luo, class_group=cast.own_class, duty="head", starts_on=today, ends_on=today, now=now
    )
    response = sign_in(cast.luo).get(url("access", cast.an))
    assert response.context["mine"] == ["你是班主任，自 今天起，到 今天"]


@pytest.mark.parametrize(("who", "told"), [("guo", False), ("jiao", False), ("zhou", True), ("ruan", True)])
def test_that_somebody_helps_is_told_only_to_who_sees_level_three(cast, sign_in, now, who, told):
    grant = AccessGrant.objects.filter(user=cast.zhou, content_object=cast.an).get()
    AccessGrant.objects.create(
        user=cast.lin, permission=grant.permission, content_object=cast.an, reason="team", source="t", starts_at=now
    )
    names = {person["name"] for person in sign_in(cast.people[who]).get(url("access", cast.an)).context["people"]}
    assert ("Lin老师" in names) == told


@pytest.mark.parametrize("who", ["zhou", "guo", "qin", "xiao"])
def test_counselling_stands_in_nobodys_list(cast, sign_in, now, today, who):
    open_for_xin(cast, now, today)
    response = sign_in(cast.people[who]).get(url("access", cast.an))
    assert "心理辅导" not in [person["reason"] for person in response.context["people"]]


def test_the_counsellor_is_told_the_own_reason(cast, sign_in, now, today):
    open_for_xin(cast, now, today)
    assert any("心理辅导" in reason for reason in sign_in(cast.xin).get(url("access", cast.an)).context["mine"])


# --- who read ---------------------------------------------------------------------------------------------------------


def read(user, student, page_view, kind=FileAccess.Kind.VIEW, level=Level.SENSITIVE):
    audit.record_for(user, kind, what="students:background", students=[student], level=level, page_view=page_view)


@pytest.mark.parametrize(
    ("who", "status", "by_name"),
    [
        ("ruan", 200, True), ("xiao", 200, True), ("shen", 200, True), ("zhou", 200, False), ("he", 200, False),
        ("qin", 403, None), ("guo", 403, None), ("fu", 403, None), ("xin", 403, None),
        ("lin", 404, None), ("luo", 404, None), ("wang", 404, None), ("yuan", 404, None),
    ],
)  # fmt: skip
def test_offices_read_the_log_by_name_and_class_teachers_the_number(cast, sign_in, who, status, by_name):
    read(cast.qin, cast.an, "p1")
    response = sign_in(cast.people[who]).get(url("readers", cast.an))
    assert response.status_code == status
    if status == 200:
        assert ("Qin老师" in response.content.decode()) == by_name
        assert "有 1 人打开过" in response.content.decode()


@pytest.mark.parametrize("who", ["shen", "ruan", "zhou"])
def test_reading_the_log_is_logged_and_counts_as_no_reading_of_the_file(cast, sign_in, who):
    client = sign_in(cast.people[who])
    client.get(url("readers", cast.an))
    [row] = FileAccess.objects.filter(what="students:readers")
    assert (row.user_id, row.student_ids) == (str(cast.people[who].pk), str(cast.an.pk))
    assert client.get(url("readers", cast.an)).context["totals"] == {"people": 0, "times": 0}


def test_the_auditor_learns_no_students_name(cast, sign_in):
    assert "安然然" not in sign_in(cast.shen).get(url("readers", cast.an)).content.decode()
    assert "安然然" in sign_in(cast.ruan).get(url("readers", cast.an)).content.decode()


def test_the_auditor_reads_no_log_of_another_school(cast, sign_in):
    assert sign_in(cast.shen).get(url("readers", cast.hang)).status_code == 404


def test_the_panels_of_one_page_are_one_reading(cast, sign_in):
    read(cast.zhou, cast.an, "page1", level=Level.DAILY)
    read(cast.zhou, cast.an, "page1")
    read(cast.zhou, cast.an, "page2")
    read(cast.qin, cast.an, "page3")
    read(cast.qin, cast.bei, "page4")
    read(cast.qin, cast.an, "page5", kind=FileAccess.Kind.LIST)
    read(cast.qin, cast.an, "page6", kind=FileAccess.Kind.SEARCH)
    response = sign_in(cast.ruan).get(url("readers", cast.an))
    assert response.context["totals"] == {"people": 2, "times": 3}
    rows = [(reading.who.split()[-1], reading.level) for reading, _ in response.context["rows"]]
    assert sorted(rows) == [("Qin老师", "敏感"), ("Zhou老师", "敏感"), ("Zhou老师", "敏感")]


def test_a_log_that_is_empty_says_so(cast, sign_in):
    assert "没有人打开过" in sign_in(cast.ruan).get(url("readers", cast.an)).content.decode()


def test_reading_the_log_takes_as_many_statements_for_more_rows(cast, sign_in):
    read(cast.zhou, cast.an, "page1")
    client = sign_in(cast.ruan)
    few = statements(client, url("readers", cast.an))
    for page in "2345":
        read(cast.he, cast.an, page)
    assert statements(client, url("readers", cast.an)) == few <= ALLOWED


# --- history ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(cast):
    fill(cast.an)
    cast.an.name = "安若然"
    cast.an.save()
    profile = StudentProfile.objects.get(student=cast.an)
    profile.temperament = "活泼了"
    profile._change_reason = "学期末"
    profile._history_user = cast.zhou
    profile.save()
    background = StudentBackground.objects.get(student=cast.an)
    background.family, background.phone, background.is_orphan = "妈妈回来了", "13811114321", True
    background.save()
    return cast


@pytest.mark.parametrize("who", EVERYBODY)
def test_history_is_for_level_two_and_404_below(changed, sign_in, who):
    response = sign_in(changed.people[who]).get(url("history", changed.an))
    assert response.status_code == (200 if who in DAILY else 404)
    assert len(log()) == (who in DAILY)


def test_history_says_what_was_changed_by_whom_and_why(changed, sign_in):
    response = sign_in(changed.zhou).get(url("history", changed.an))
    (change,) = [c for c, _ in response.context["rows"] if c.kind == "~" and c.why]
    assert (change.who, change.why, change.level) == ("Zhou老师", "学期末", 2)
    assert [(d.old, d.new) for d in change.differences] == [("慢热，熟了很爱说", "活泼了")]
    names = [(d.old, d.new) for c, _ in response.context["rows"] for d in c.differences]
    assert ("安然然", "安若然") in names


def test_history_masks_numbers_and_says_yes_and_no(changed, sign_in):
    response = sign_in(changed.zhou).get(url("history", changed.an))
    pairs = {(d.old, d.new) for c, _ in response.context["rows"] for d in c.differences}
    assert ("138****1234", "138****4321") in pairs
    assert ("否", "是") in pairs
    assert "13811114321" not in response.content.decode()


def test_history_of_level_three_stays_with_level_three(changed, sign_in, now):
    """Somebody who sees level 2 only."""
    grant = AccessGrant.objects.filter(user=changed.zhou, content_object=changed.an).get()
    daily = type(grant.permission).objects.get(codename="view_daily")
    AccessGrant.objects.create(
        user=changed.guo, permission=daily, content_object=changed.an, reason="team", source="t", starts_at=now
    )
    html = sign_in(changed.guo).get(url("history", changed.an)).content.decode()
    assert "活泼了" in html
    assert "妈妈回来了" not in html
    assert "138****" not in html and "138111" not in html
    assert log()[-1].level == 2


def test_history_takes_as_many_statements_for_more_changes(changed, sign_in):
    client = sign_in(changed.zhou)
    few = statements(client, url("history", changed.an))
    for number in range(3):
        changed.an.name = f"安{number}"
        changed.an.save()
    assert statements(client, url("history", changed.an)) == few <= ALLOWED


# --- counselling ------------------------------------------------------------------------------------------------------


def form(cast, today, **fields):
    values = {"counsellor": cast.xin.pk, "starts_on": today, "ends_on": today + timedelta(days=30), "note": "家里有事"}
    return {**values, **fields}


@pytest.mark.parametrize("who", EVERYBODY)
def test_counselling_is_opened_by_moral_education_only(cast, sign_in, today, who):
    response = sign_in(cast.people[who]).post(url("counselling", cast.an), form(cast, today))
    assert response.status_code == (302 if who == "ruan" else 404)
    assert AccessGrant.objects.filter(reason="counselling").exists() == (who == "ruan")


def test_an_opened_grant_opens_the_file_to_the_counsellor_until_its_last_day(cast, sign_in, today, now):
    sign_in(cast.ruan).post(url("counselling", cast.an), form(cast, today))
    assert access.level_of(cast.xin, cast.an) == Level.CONFIDENTIAL
    assert access.level_of(cast.xin, cast.an, now=now + timedelta(days=32)) == Level.BASIC
    html = sign_in(cast.ruan).get(url("counselling", cast.an)).content.decode()
    assert "Xin老师" in html
    assert "家里有事" in html
    assert log()[-1].level == Level.CONFIDENTIAL


@pytest.mark.parametrize("field", ["counsellor", "starts_on", "ends_on", "note"])
def test_nothing_may_be_left_out(cast, sign_in, today, field):
    response = sign_in(cast.ruan).post(url("counselling", cast.an), form(cast, today, **{field: ""}))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not AccessGrant.objects.filter(reason="counselling").exists()


def test_only_counsellors_of_the_school_and_not_oneself(cast, sign_in, today):
    RoleMembershipFactory(user=cast.ruan, role=Role.COUNSELLOR)
    RoleMembershipFactory(user=cast.yuan, role=Role.COUNSELLOR)
    client = sign_in(cast.ruan)
    for who in (cast.zhou, cast.ruan, cast.yuan):
        response = client.post(url("counselling", cast.an), form(cast, today, counsellor=who.pk))
        assert "counsellor" in response.context["form"].errors


@pytest.mark.parametrize(("first", "last"), [(0, -1), (-9, -1), (0, 400)])
def test_dates_that_make_no_sense_are_refused(cast, sign_in, today, first, last):
    dates = {"starts_on": today + timedelta(days=first), "ends_on": today + timedelta(days=last)}
    response = sign_in(cast.ruan).post(url("counselling", cast.an), form(cast, today, **dates))
    assert "ends_on" in response.context["form"].errors


def test_ending_closes_the_file_at_once(cast, sign_in, now, today):
    grant = open_for_xin(cast, now - timedelta(minutes=1), today)
    response = sign_in(cast.ruan).post(url("counselling_end", cast.an), {"grant": grant.pk})
    assert response.url == url("counselling", cast.an)
    assert access.level_of(cast.xin, cast.an) == Level.BASIC


def test_a_grant_of_another_student_or_reason_is_not_found_here(cast, sign_in, now, today):
    grant = open_for_xin(cast, now, today)
    client = sign_in(cast.ruan)
    assert client.post(url("counselling_end", cast.bei), {"grant": grant.pk}).status_code == 404
    other = AccessGrant.objects.filter(content_object=cast.an, reason="head").get()
    assert client.post(url("counselling_end", cast.an), {"grant": other.pk}).status_code == 404
    assert client.post(url("counselling_end", cast.an), {"grant": "x"}).status_code == 404
    assert sign_in(cast.zhou).post(url("counselling_end", cast.an), {"grant": grant.pk}).status_code == 404
    assert sign_in(cast.ruan).get(url("counselling_end", cast.an)).status_code == 405
    assert access.level_of(cast.xin, cast.an) == Level.CONFIDENTIAL


def test_the_counselling_page_takes_few_statements(cast, sign_in, now, today):
    client = sign_in(cast.ruan)
    open_for_xin(cast, now, today)
    few = statements(client, url("counselling", cast.an))
    for _ in range(3):
        open_for_xin(cast, now + timedelta(seconds=_ + 1), today)
    assert statements(client, url("counselling", cast.an)) == few <= ALLOWED
