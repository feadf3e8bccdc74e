"""Error pages: the same bytes for everything that is not there or not yours."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.views.defaults import page_not_found, server_error


def page_404(path, user=None, **headers):
    request = RequestFactory(headers=headers).get(path)
    if user:
        request.user = user
    return page_not_found(request, Exception("the reason stays inside")).content


def test_404_is_the_same_byte_for_byte(cast):
    pages = {
        page_404("/students/1/"),
        page_404("/nowhere/?q=<b>", cast.zhou),
        page_404("/x/", cast.ruan, HX_Request="true"),
    }
    assert len(pages) == 1


def test_404_asks_the_database_nothing(cast, django_assert_num_queries):
    with django_assert_num_queries(0):
        page_404("/students/1/", cast.zhou)


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "offline"])
def test_error_pages_need_no_context_and_carry_no_token(name):
    html = render_to_string(f"{name}.html")
    assert "csrf" not in html
    assert "<script" not in html
    assert "回到首页" in html


def test_500_comes_without_context():
    assert "系统这边出了点问题".encode() in server_error(RequestFactory().get("/")).content
