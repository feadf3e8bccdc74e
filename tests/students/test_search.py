"""Search by name, class and pinyin: what one may not see is not found, and names stand in no URL."""

import pytest
from django.urls import reverse

from students.models import FileAccess, Student
from students.search import class_in
from tests.factories import StudentFactory, seat
from tests.students.reading import ALLOWED, log

URL = "/students/search/"


def find(client, typed, **headers):
    response = client.post(URL, {"q": typed}, headers=headers)
    return {result["name"] for result in response.context["results"]}


@pytest.fixture
def shan(cast):
    return seat(StudentFactory(school=cast.school, name="单文昊"), cast.own_class, 8)


@pytest.mark.parametrize(
    "typed", ["单文昊", "文昊", "shanwenhao", "shan wen hao", "danwen", "swh", "SWH", "ｓｗｈ", "dwh"]
)
def test_a_student_is_found_by_name_pinyin_and_initials_in_each_reading(cast, shan, sign_in, typed):
    assert find(sign_in(cast.zhou), typed) == {"单文昊"}


@pytest.mark.parametrize("typed", ["三2班", "三年级2班", "三（2）班", "三年级(2)班", "302", "3.2"])
def test_a_class_is_found_in_each_spelling(cast, sign_in, typed):
    assert find(sign_in(cast.ruan), typed) == {"安然然", "贝宁宁"}


def test_class_and_name_together_narrow_down(cast, sign_in):
    assert find(sign_in(cast.ruan), "三2班 bnn") == {"贝宁宁"}


def test_what_reads_as_no_class_is_none(today):
    assert class_in("彭予安", today) is None
    assert class_in("99999", today) is None


@pytest.mark.parametrize(
    ("who", "found"), [("zhou", True), ("guo", True), ("xin", True), ("lin", False), ("luo", False), ("yuan", False)]
)
def test_only_those_one_may_see_are_found(cast, sign_in, who, found):
    assert ("安然然" in find(sign_in(cast.people[who]), "安")) == found


def test_somebody_who_left_is_not_found(cast, sign_in):
    assert find(sign_in(cast.ruan), "郭去去") == set()


def test_each_search_stands_in_the_read_log_with_a_fingerprint_only(cast, sign_in):
    find(sign_in(cast.zhou), "安然")
    (row,) = log()
    assert (row.kind, row.level, row.student_ids) == (FileAccess.Kind.SEARCH, 1, str(cast.an.pk))
    assert len(row.terms_hash) == 64
    assert "安然" not in " ".join(map(str, vars(row).values()))


def test_the_page_itself_and_an_empty_box_search_for_nothing(cast, sign_in):
    client = sign_in(cast.zhou)
    assert client.get(URL).status_code == 200
    assert client.get(URL, {"q": "安然"}).context["results"] == []
    assert client.post(URL, {"q": " "}, headers={"HX-Request": "true"}).content == b""
    assert not log()


def test_the_box_gets_the_results_of_the_page(cast, sign_in):
    client = sign_in(cast.zhou)
    fragment = client.post(URL, {"q": "安"}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip() in client.post(URL, {"q": "安"}).content.decode()
    assert "<html" not in fragment


def test_twelve_are_shown_and_the_rest_is_a_button_away(cast, sign_in):
    for number in range(13):
        seat(StudentFactory(school=cast.school, name=f"同名{number}"), cast.own_class, 10 + number)
    response = sign_in(cast.zhou).post(URL, {"q": "同名"})
    assert len(response.context["results"]) == 12
    assert f'formaction="{reverse("students:list")}"' in response.content.decode()
    assert len(log()[0].student_ids.split()) == 12


def test_who_has_no_files_is_told_so_and_shown_the_way_to_a_note(cast, sign_in):
    html = sign_in(cast.luo).post(URL, {"q": "安然然"}).content.decode()
    assert "没有可以查阅的学生" in html
    assert reverse("students:note_new") in html


def test_who_has_files_but_finds_nobody_is_told_so(cast, sign_in):
    html = sign_in(cast.zhou).post(URL, {"q": "张三丰"}).content.decode()
    assert "没有可以查阅的学生" not in html


def test_a_search_takes_as_many_statements_for_more_results(cast, sign_in, django_assert_max_num_queries):
    client = sign_in(cast.zhou)
    client.post(URL, {"q": "安"})
    for number in range(5):
        seat(StudentFactory(school=cast.school, name=f"安安{number}"), cast.own_class, 10 + number)
    with django_assert_max_num_queries(ALLOWED + 2):  # two for the savepoint of the read log
        assert len(find(client, "安")) == 6


def test_results_name_the_class_and_lead_to_the_file(cast, sign_in):
    (result,) = sign_in(cast.zhou).post(URL, {"q": "安然然"}).context["results"]
    assert result["class_name"] == "三年级(2)班 1 号"
    assert result["href"] == Student.objects.get(name="安然然").get_absolute_url()
