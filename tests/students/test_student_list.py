"""The list of files: level 1, filtered, by pages."""

import pytest
from django.urls import reverse

from students.models import Boarding, FileAccess
from students.views import search as views
from tests.factories import StudentFactory, seat
from tests.students.reading import ALLOWED, fill, log, statements

URL = "/students/"


def names(response):
    return [row["student"].name for row in response.context["rows"]]


@pytest.mark.parametrize(
    ("who", "listed"),
    [
        ("zhou", {"安然然", "贝宁宁"}),
        ("guo", {"安然然", "贝宁宁"}),
        ("qin", {"安然然", "贝宁宁", "丁一鸣"}),
        ("xin", {"安然然", "贝宁宁", "丁一鸣", "高飞飞"}),
        ("luo", set()),
        ("wang", set()),
        ("shen", set()),
        ("yuan", {"远航航"}),
    ],
)
def test_the_list_holds_whom_one_may_see(cast, sign_in, who, listed):
    assert set(names(sign_in(cast.people[who]).get(URL))) == listed
    assert not log()


def test_it_is_ordered_by_class_and_seat(cast, sign_in):
    assert names(sign_in(cast.ruan).get(URL)) == ["丁一鸣", "安然然", "贝宁宁", "高飞飞"]


def test_nothing_of_level_two_or_three_reaches_the_page(cast, sign_in):
    fill(cast.an)
    html = sign_in(cast.ruan).get(URL).content.decode()
    for word in ("外婆", "慢热", "138****", "1380000123", "990102", "滨河街"):
        assert word not in html


def test_filters_narrow_the_list(cast, sign_in):
    cast.an.boarding_type = Boarding.BOARDER
    cast.an.save()
    cast.bei.sex = "2"
    cast.bei.save()
    client = sign_in(cast.ruan)
    assert names(client.get(URL, {"boarding": "2"})) == ["安然然"]
    assert names(client.get(URL, {"sex": "2"})) == ["贝宁宁"]
    assert names(client.get(URL, {"class_group": str(cast.next_class.pk)})) == ["丁一鸣"]
    assert names(client.get(URL, {"grade": f"primary-{cast.grade_four.entry_year}"})) == ["高飞飞"]
    assert names(client.get(URL, {"state": "left"})) == ["郭去去"]
    assert not log()


def test_filters_that_name_no_choice_are_left_out(cast, sign_in):
    response = sign_in(cast.zhou).get(URL, {"class_group": str(cast.next_class.pk), "sex": "x", "page": "zz"})
    assert names(response) == ["安然然", "贝宁宁"]


def test_a_search_within_the_list_is_posted_and_stands_in_the_read_log(cast, sign_in):
    client = sign_in(cast.ruan)
    assert names(client.post(URL, {"q": "a", "class_group": str(cast.own_class.pk)})) == ["安然然"]
    (row,) = log()
    assert (row.kind, row.student_ids, len(row.terms_hash)) == (FileAccess.Kind.SEARCH, str(cast.an.pk), 64)


def test_a_name_in_the_url_is_not_searched_for(cast, sign_in):
    assert len(names(sign_in(cast.ruan).get(URL, {"q": "安然然"}))) == 4


def test_filters_that_are_posted_become_a_url_without_names(cast, sign_in):
    response = sign_in(cast.ruan).post(URL, {"q": "", "sex": "1"})
    assert response.url == f"{URL}?sex=1"
    assert sign_in(cast.ruan).post(URL, {"q": ""}).url == URL


def test_pages(cast, sign_in, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 3)
    client = sign_in(cast.ruan)
    assert len(names(client.get(URL))) == 3
    assert names(client.get(URL, {"page": 2})) == ["高飞飞"]
    for number in range(3):
        seat(StudentFactory(school=cast.school, name=f"同名{number}"), cast.own_class, 20 + number)
    seat(StudentFactory(school=cast.school, name="同名九"), cast.own_class, 30)
    second = client.post(URL, {"q": "同名", "page": "2"})
    assert names(second) == ["同名九"]
    assert 'name="page" value="1"' in second.content.decode()


def test_who_has_no_files_is_shown_the_way_to_a_note(cast, sign_in):
    html = sign_in(cast.luo).get(URL).content.decode()
    assert "没有可以查阅的学生" in html
    assert reverse("students:note_new") in html


@pytest.mark.parametrize("who", ["zhou", "qin", "ruan"])
def test_as_many_statements_for_three_students_as_for_one(cast, sign_in, who):
    client = sign_in(cast.people[who])
    few = statements(client, URL)
    for number in range(3):
        seat(StudentFactory(school=cast.school), cast.own_class, 20 + number)
    assert statements(client, URL) == few <= ALLOWED
