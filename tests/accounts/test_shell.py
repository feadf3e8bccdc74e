"""The frame: whose menu shows what, and that it costs two statements at most."""

import pytest
from django.test import RequestFactory
from django.urls import resolve

from accounts.context import shell


def menu(user, path="/"):
    request = RequestFactory().get(path)
    request.user, request.resolver_match = user, resolve(path)
    return shell(request)["shell"]


def labels(user):
    return [entry.label for entry in menu(user)["entries"]]


def test_a_head_teacher_sees_classes_files_and_summaries(cast):
    noticing = ["沉默雷达", "一人一档", "摸排", "值得留意"]
    assert labels(cast.zhou) == ["首页", "我的班级", "待办", *noticing, "学期总结", "申请查看"]


def test_the_academic_office_also_imports_the_roster_and_places_students(cast):
    assert labels(cast.jiao)[-4:] == ["名册导入", "成绩导入", "学籍变动", "申请查看"]


def test_a_dormitory_keeper_sees_no_files_and_no_search(cast):
    assert labels(cast.luo) == ["首页", "待办", "申请查看", "我的记录"]
    assert menu(cast.luo)["files"] is False


def test_the_system_administrator_manages_staff_and_sees_no_files(cast):
    assert labels(cast.wang) == ["首页", "待办", "人员与岗位", "我的记录"]


def test_an_assignment_that_has_ended_takes_its_entries_along(cast, today):
    cast.zhou.class_assignments.update(ends_on=today.replace(year=today.year - 1))
    assert menu(cast.zhou)["files"] is False


@pytest.mark.parametrize("who", ["zhou", "luo", "wang", "jiao"])
def test_the_tab_bar_has_five_places(cast, who):
    frame = menu(getattr(cast, who))
    assert len(frame["tabs_left"]) == len(frame["tabs_right"]) == 2


def test_a_page_below_an_entry_marks_that_entry(cast):
    assert menu(cast.wang, "/staff/add/")["current"] == "accounts:staff"


def test_the_frame_costs_two_statements(cast, django_assert_num_queries):
    user = type(cast.zhou).objects.get(pk=cast.zhou.pk)
    with django_assert_num_queries(2):
        labels(user)


def test_a_fragment_that_has_no_frame_asks_nothing(cast, django_assert_num_queries):
    request = RequestFactory().get("/")
    request.user = cast.zhou
    with django_assert_num_queries(0):
        shell(request)
