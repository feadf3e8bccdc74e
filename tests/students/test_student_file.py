"""A student's file: the header is level 1, the timeline shows what this reader may see."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from students import timeline
from students.actions import placements
from students.actions.notes import record_observation
from students.levels import Level
from students.models import AccessGrant, FileAccess, Observation
from tests.cast import EVERYBODY
from tests.factories import StudentFactory, seat
from tests.students.reading import ALLOWED, fill, log, note, statements

SEES_AN = {"zhou", "he", "guo", "qin", "xin", "ruan", "fu", "xiao", "yi", "jiao", "zi"}


def url(name, student):
    return reverse(f"students:{name}", args=[student.pk])


def words(response):
    return [entry.words for entry in response.context["entries"]]


@pytest.mark.parametrize("name", ["detail", "timeline"])
@pytest.mark.parametrize("who", EVERYBODY)
def test_the_file_opens_for_those_who_see_the_student_and_is_404_for_all_others(cast, sign_in, who, name):
    response = sign_in(cast.people[who]).get(url(name, cast.an))
    assert response.status_code == (200 if who in SEES_AN else 404)
    if who not in SEES_AN:
        assert not log()
        assert response.content == sign_in(cast.people[who]).get(url(name, cast.own_class)).content


def test_the_header_says_who_this_is_and_why_one_sees_it(cast, sign_in):
    html = sign_in(cast.zhou).get(url("detail", cast.an)).content.decode()
    assert "三年级(2)班 1 号" in html
    assert "你是班主任，自" in html
    assert "<title>学生档案" in html


def test_the_page_of_level_one_is_not_logged_since_each_panel_is(cast, sign_in):
    sign_in(cast.zhou).get(url("detail", cast.an))
    assert not log()


@pytest.mark.parametrize(
    ("who", "daily", "sensitive"),
    [("zhou", True, True), ("qin", True, True), ("guo", False, False), ("xin", False, False), ("jiao", False, False)],
)
def test_panels_are_offered_by_level(cast, sign_in, who, daily, sensitive):
    html = sign_in(cast.people[who]).get(url("detail", cast.an)).content.decode()
    assert (url("profile", cast.an) in html) == daily
    assert (url("history", cast.an) in html) == daily
    assert (url("background", cast.an) in html) == sensitive


def test_a_subject_teacher_gets_nothing_of_level_two_or_three(cast, sign_in):
    fill(cast.an)
    note(cast.an, cast.zhou, facts="别人写的日常")
    note(cast.an, cast.zhou, facts="别人写的敏感", level=Level.SENSITIVE)
    note(cast.an, cast.guo, facts="自己写的")
    client = sign_in(cast.guo)
    assert words(client.get(url("timeline", cast.an))) == ["自己写的"]
    shown = strip_tags(client.get(url("detail", cast.an)).content.decode())  # ids in attributes may hold any number
    for word in ("外婆", "慢热", "138", "990102", "别人写的"):
        assert word not in shown


@pytest.mark.parametrize(("who", "words"), [("guo", "别的老师写的"), ("xin", "请你关注的"), ("zhou", None)])
def test_who_sees_level_one_only_is_told_what_the_file_leaves_out(cast, sign_in, who, words):
    html = sign_in(cast.people[who]).get(url("detail", cast.an)).content.decode()
    assert ("这里只列出" in html) == bool(words)
    assert words is None or words in html


def test_the_way_back_leads_where_one_may_go(cast, sign_in, now):
    """Somebody of the support team sees the student and not the class."""
    assert sign_in(cast.zhou).get(url("detail", cast.an)).context["back"] == cast.own_class.get_absolute_url()
    grant = AccessGrant.objects.filter(user=cast.zhou, content_object=cast.an).get()
    AccessGrant.objects.create(
        user=cast.lin, permission=grant.permission, content_object=cast.an, reason="team", source="t", starts_at=now
    )
    assert sign_in(cast.lin).get(url("detail", cast.an)).context["back"] == reverse("students:list")


def test_the_timeline_is_newest_first_and_logged_once_with_its_level(cast, sign_in, today):
    note(cast.an, cast.zhou, facts="昨天的", happened_on=today - timedelta(days=1))
    note(cast.an, cast.guo, facts="今天的", level=Level.SENSITIVE)
    response = sign_in(cast.zhou).get(url("timeline", cast.an), headers={"X-Page-View": "abcdefgh12345"})
    assert words(response) == ["今天的", "昨天的"]
    assert response.context["entries"][0].locked
    (row,) = log()
    assert (row.kind, row.level, row.student_ids) == (FileAccess.Kind.VIEW, 3, str(cast.an.pk))
    assert (row.what, row.page_view) == ("students:timeline", "abcdefgh12345")


def test_void_notes_are_gone(cast, sign_in, now):
    note(cast.an, cast.zhou, voided_at=now, voided_by=cast.zhou)
    assert words(sign_in(cast.zhou).get(url("timeline", cast.an))) == []


def test_another_student_of_the_incident_is_named_only_to_who_may_see_them(cast, sign_in, today, now):
    fields = {"facts": "安然然把绳子让给丁一鸣。", "happened_on": today}
    record_observation(by=cast.lin, students=[cast.an, cast.ding], fields=fields, now=now)
    leader = sign_in(cast.qin).get(url("timeline", cast.an))
    assert "丁一鸣" in leader.content.decode()
    head = sign_in(cast.zhou).get(url("timeline", cast.an))
    assert "丁一鸣" not in head.content.decode()
    assert words(head) == ["安然然把绳子让给另一名同学。"]


def test_filters_of_the_timeline(cast, sign_in, today):
    note(cast.an, cast.zhou, facts="谈了谈", kind=Observation.Kind.TALK, domains=["emotion", "family"])
    note(cast.an, cast.zhou, facts="学得不错", domains=["study"])
    note(cast.an, cast.zhou, facts="从前", happened_on=today - timedelta(days=900))
    client = sign_in(cast.zhou)
    found = {
        query: words(client.get(url("timeline", cast.an), dict([query.split("=")])))
        for query in ("kind=talk", "domain=family", "domain=study", "kind=x", "term=x")
    }
    assert found["kind=talk"] == found["domain=family"] == ["谈了谈"]
    assert found["domain=study"] == ["学得不错"]
    assert len(found["kind=x"]) == len(found["term=x"]) == 3
    term = client.get(url("timeline", cast.an)).context["terms"][-1][0]
    assert "从前" not in words(client.get(url("timeline", cast.an), {"term": term}))


def test_the_heading_counts_this_terms_notes_and_their_authors(cast, sign_in):
    note(cast.an, cast.zhou)
    note(cast.an, cast.zhou)
    note(cast.an, cast.guo)
    assert sign_in(cast.zhou).get(url("timeline", cast.an)).context["total"] == "本学期 3 条，2 位老师"
    assert sign_in(cast.guo).get(url("timeline", cast.an)).context["total"] == "本学期 1 条，1 位老师"


def test_twenty_at_a_time_and_the_rest_when_scrolled_to(cast, sign_in, today):
    for number in range(23):
        note(cast.an, cast.zhou, facts=f"第{number}条", happened_on=today - timedelta(days=number))
    client = sign_in(cast.zhou)
    first = client.get(url("timeline", cast.an))
    assert words(first) == [f"第{n}条" for n in range(20)]
    older = first.context["older"]
    assert older in first.content.decode()
    rest = client.get(older, headers={"HX-Request": "true"})
    assert words(rest) == ["第20条", "第21条", "第22条"]
    assert rest.content.decode().strip().startswith("<li>")
    assert words(client.get(older)) == words(rest)
    assert client.get(url("timeline", cast.an), {"page": "-1"}).context["page"] == 1


def test_the_fragment_is_the_panel_of_the_page(cast, sign_in):
    note(cast.an, cast.zhou)
    client = sign_in(cast.zhou)
    fragment = client.get(url("timeline", cast.an), headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith("<section")
    assert fragment.strip() in client.get(url("timeline", cast.an)).content.decode()


@pytest.mark.parametrize(
    ("who", "told"), [("zhou", True), ("he", True), ("guo", False), ("qin", False), ("ruan", False)]
)
def test_that_counselling_is_under_way_is_one_closed_line_for_the_class_teachers(cast, sign_in, now, today, who, told):
    placements.open_counselling(
        by=cast.ruan, counsellor=cast.xin, student=cast.an, starts_on=today, ends_on=today, note="家里有事", now=now
    )
    response = sign_in(cast.people[who]).get(url("timeline", cast.an))
    assert any(entry.closed for entry in response.context["entries"]) == told
    assert "家里有事" not in response.content.decode()


def test_without_counselling_there_is_no_closed_line(cast, sign_in):
    note(cast.an, cast.zhou)
    assert not any(e.closed for e in sign_in(cast.zhou).get(url("timeline", cast.an)).context["entries"])


def test_an_empty_timeline_says_what_to_do(cast, sign_in):
    html = sign_in(cast.zhou).get(url("timeline", cast.an)).content.decode()
    assert "还没有记录" in html
    assert f"{reverse('students:note_new')}?student={cast.an.pk}" in html


def test_only_the_clock_moves_past_the_end_of_an_assignment(cast, sign_in, today, now):
    substitute = cast.luo
    placements.assign_to_class(
        by=None, user=substitute, class_group=cast.own_class, duty="head", starts_on=today - timedelta(days=9),
        ends_on=today - timedelta(days=1), now=now,
    )  # fmt: skip
    assert sign_in(substitute).get(url("detail", cast.an)).status_code == 404


def test_a_student_without_a_class_has_a_file_too(cast, sign_in):
    response = sign_in(cast.ruan).get(url("detail", cast.gone))
    assert response.status_code == 200
    assert "毕业" in response.content.decode()


@pytest.mark.parametrize("name", ["detail", "timeline"])
@pytest.mark.parametrize("who", ["zhou", "guo", "ruan"])
def test_as_many_statements_for_three_notes_as_for_one(cast, sign_in, who, name):
    client = sign_in(cast.people[who])
    note(cast.an, cast.zhou)
    note(cast.an, cast.guo)
    few = statements(client, url(name, cast.an))
    for author in (cast.zhou, cast.guo, cast.qin):
        note(cast.an, author)
    seat(StudentFactory(school=cast.school), cast.own_class, 9)
    assert statements(client, url(name, cast.an)) == few <= ALLOWED


def test_an_entry_of_level_four_says_who_sees_it(cast, now, today):
    shown = note(cast.an, cast.zhou, level=Level.CONFIDENTIAL)
    shown.shown, shown.others, shown.more = {"facts": ""}, [], True
    entry = timeline.entry_of(shown, today)
    assert "保密" in entry.locked
    assert "另一名同学" in entry.by
