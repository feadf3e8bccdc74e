"""The grid of a class: everybody, how long ago noticed, no labels; and the list of classes."""

from datetime import timedelta

import pytest
from django.urls import reverse

from students.grid import class_grid
from students.models import Boarding, CalendarDay, FileAccess, Observation, SchoolCalendar
from tests.factories import ClassGroupFactory, StudentFactory, assign, seat
from tests.students.reading import ALLOWED, log, note, statements

SEES_OWN_CLASS = {"zhou", "he", "guo", "qin", "xin", "ruan", "fu", "xiao", "yi", "jiao", "zi"}


def url_of(group):
    return reverse("students:class_grid", args=[group.pk])


def names_in(response):
    return [place.student.name for place in response.context["places"]]


@pytest.mark.parametrize("who", ["zhou", "guo", "qin", "lin", "xin", "ruan", "jiao", "luo", "wang", "shen", "yuan"])
def test_the_grid_opens_for_those_who_see_the_class_and_is_404_for_all_others(cast, sign_in, who):
    response = sign_in(cast.people[who]).get(url_of(cast.own_class))
    assert response.status_code == (200 if who in SEES_OWN_CLASS else 404)


def test_a_class_that_does_not_exist_looks_like_one_that_may_not_be_seen(cast, sign_in):
    client = sign_in(cast.lin)
    missing = client.get(url_of(cast.own_class).replace(str(cast.own_class.pk), str(cast.an.pk)))
    assert missing.content == client.get(url_of(cast.own_class)).content
    assert not log()


def test_everybody_who_sits_in_the_class_today_stands_in_the_grid(cast, sign_in):
    response = sign_in(cast.zhou).get(url_of(cast.own_class))
    assert set(names_in(response)) == {"安然然", "贝宁宁"}
    assert "郭去去" not in response.content.decode()


def test_one_row_in_the_read_log_names_the_students(cast, sign_in):
    sign_in(cast.zhou).get(url_of(cast.own_class))
    (row,) = log()
    assert (row.kind, row.level, row.what) == (FileAccess.Kind.LIST, 2, "students:class_grid")
    assert set(row.student_ids.split()) == {str(cast.an.pk), str(cast.bei.pk)}


def test_days_are_school_days_since_the_last_note_of_anybody(cast, now, today):
    calendar = SchoolCalendar.of(cast.school.pk)
    note(cast.an, cast.guo, happened_on=calendar.days_ago(3, today))
    note(cast.an, cast.guo, happened_on=calendar.days_ago(9, today))
    days = {place.student.name: place.days for place in class_grid(cast.zhou, cast.own_class, now=now).places}
    assert days == {"安然然": 3, "贝宁宁": None}


def test_a_note_before_a_weekend_is_not_of_today(cast, now, today):
    note(cast.an, cast.zhou, happened_on=today - timedelta(days=1))
    CalendarDay.objects.create(school=cast.school, day=today, is_school_day=False)
    (place,) = [p for p in class_grid(cast.zhou, cast.own_class, now=now).places if p.student == cast.an]
    assert place.days == 1


def test_void_notes_do_not_count(cast, now, today):
    note(cast.an, cast.zhou, voided_at=now, voided_by=cast.zhou)
    assert class_grid(cast.zhou, cast.own_class, now=now).noticed == 0


def test_a_subject_teacher_counts_own_notes_only_and_is_told_so(cast, sign_in, now, today):
    note(cast.an, cast.zhou)
    note(cast.bei, cast.guo)
    response = sign_in(cast.guo).get(url_of(cast.own_class))
    grid = response.context["grid"]
    assert grid.own_only
    assert {p.student.name: p.days for p in grid.places} == {"安然然": None, "贝宁宁": 0}
    assert "只算你自己写的" in response.content.decode()
    assert "只算你自己写的" not in sign_in(cast.zhou).get(url_of(cast.own_class)).content.decode()


def test_sorting_by_longest_ago_name_and_seat(cast, sign_in):
    note(cast.an, cast.zhou)
    client = sign_in(cast.zhou)
    assert names_in(client.get(url_of(cast.own_class))) == ["贝宁宁", "安然然"]
    assert names_in(client.get(url_of(cast.own_class), {"sort": "name"})) == ["安然然", "贝宁宁"]
    assert names_in(client.get(url_of(cast.own_class), {"sort": "seat"})) == ["安然然", "贝宁宁"]


def test_filters_with_their_numbers(cast, sign_in, today):
    calendar = SchoolCalendar.of(cast.school.pk)
    cast.an.boarding_type = Boarding.BOARDER
    cast.an.birth_date = today.replace(year=2016, day=3)
    cast.an.save()
    cast.bei.birth_date = (today.replace(day=1) - timedelta(days=1)).replace(year=2016)
    cast.bei.save()
    note(cast.an, cast.zhou, kind=Observation.Kind.TALK)
    note(cast.bei, cast.zhou, happened_on=calendar.days_ago(20, today))
    client = sign_in(cast.zhou)
    found = {
        key: names_in(client.get(url_of(cast.own_class), {"show": key}))
        for key in ("quiet", "talk", "boarding", "birthday")
    }
    assert found == {"quiet": ["贝宁宁"], "talk": ["贝宁宁"], "boarding": ["安然然"], "birthday": ["安然然"]}
    counts = {key: count for key, _, count, _ in client.get(url_of(cast.own_class)).context["filters"]}
    assert counts == {"all": 2, "quiet": 1, "talk": 1, "boarding": 1, "birthday": 1}
    assert "2 人，近四周留意到 1 人，还有 1 人" in client.get(url_of(cast.own_class)).content.decode()


def test_parameters_that_name_no_choice_are_the_default(cast, sign_in):
    response = sign_in(cast.zhou).get(url_of(cast.own_class), {"sort": "student__grants", "show": "secret"})
    assert (response.context["sort"], response.context["show"]) == ("quiet", "all")


def test_the_fragment_is_the_grid_of_the_page(cast, sign_in):
    client = sign_in(cast.zhou)
    page = client.get(url_of(cast.own_class), {"sort": "name"}).content.decode()
    fragment = client.get(url_of(cast.own_class), {"sort": "name"}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith("<form")
    assert fragment.strip() in page


def test_the_grid_shows_no_categories_and_chooses_students_by_opaque_id(cast, sign_in):
    html = sign_in(cast.zhou).get(url_of(cast.own_class)).content.decode()
    assert f'name="student" value="{cast.an.pk}"' in html
    assert f'action="{reverse("students:note_new")}"' in html


def test_an_empty_class_says_what_comes_next(cast, sign_in):
    empty = ClassGroupFactory(school=cast.school, number=7)
    assign(cast.zhou, empty, "subject", subject="数学")
    assert "班里还没有学生" in sign_in(cast.zhou).get(url_of(empty)).content.decode()


@pytest.mark.parametrize("who", ["zhou", "guo", "qin", "ruan"])
def test_as_many_statements_for_three_students_as_for_one(cast, sign_in, who):
    client = sign_in(cast.people[who])
    seats = [seat(StudentFactory(school=cast.school, name="单文昊"), cast.own_class, 9)]
    few = statements(client, url_of(cast.own_class))
    seats += [seat(StudentFactory(school=cast.school, name=f"曾{n}"), cast.own_class, 10 + n) for n in range(3)]
    for student in seats:
        note(student, cast.guo)
    assert statements(client, url_of(cast.own_class)) == few <= ALLOWED


# --- the list of classes ----------------------------------------------------------------------------------------------


def test_who_has_one_class_goes_straight_to_it(cast, sign_in):
    response = sign_in(cast.zhou).get(reverse("students:class_list"))
    assert response.url == url_of(cast.own_class)


def test_a_grade_leader_sees_the_grade(cast, sign_in):
    html = sign_in(cast.qin).get(reverse("students:class_list")).content.decode()
    assert "三年级(1)班" in html
    assert "三年级(2)班" in html
    assert "四年级(1)班" not in html


def test_a_school_wide_role_sees_the_school_by_grade(cast, sign_in):
    response = sign_in(cast.ruan).get(reverse("students:class_list"))
    assert [grade for grade, _ in response.context["grades"]] == ["三年级", "四年级"]
    sizes = {row["name"]: row["size"] for _, rows in response.context["grades"] for row in rows}
    assert sizes == {"三年级(1)班": 1, "三年级(2)班": 2, "四年级(1)班": 1}
    assert not log()


def test_who_has_no_class_is_shown_the_way_to_a_note(cast, sign_in):
    html = sign_in(cast.luo).get(reverse("students:class_list")).content.decode()
    assert "yd-empty" in html
    assert reverse("students:note_new") in html


def test_the_list_of_classes_takes_as_many_statements_for_more_classes(cast, sign_in):
    client = sign_in(cast.ruan)
    few = statements(client, reverse("students:class_list"))
    for number in (8, 9, 10):
        seat(StudentFactory(school=cast.school), ClassGroupFactory(school=cast.school, number=number))
    assert statements(client, reverse("students:class_list")) == few <= ALLOWED
