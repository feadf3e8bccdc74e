"""T6: reading locks after 30 idle minutes, writing stays open until 12 h after sign-in."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path
from django.utils import timezone

from accounts.decorators import autosave, open_while_locked, policy
from tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@policy("staff")
def reading(request):
    return HttpResponse(f"reading {request.page_view}")


@policy("staff")
@open_while_locked
def writing(request):
    return HttpResponse("writing")


@policy("staff")
@autosave
def draft(request):
    return HttpResponse("kept")


urlpatterns = [
    path("reading/", reading),
    path("writing/", writing),
    path("draft/", draft),
    path("", include(settings.ROOT_URLCONF)),
]


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def signed_in(client, user, sign_in):
    sign_in(user)
    client.get("/reading/")  # starts the clock
    return client


def move_clock(client, **ago):
    """As if everything in this session had happened earlier."""
    session = client.session
    for key in ("signed_in_at", "active_at"):
        session[key] -= timedelta(**ago).total_seconds()
    session.save()


def test_reading_stays_open_for_thirty_minutes(signed_in):
    move_clock(signed_in, minutes=29)
    assert signed_in.get("/reading/").status_code == 200
    move_clock(signed_in, minutes=29)
    assert signed_in.get("/reading/").status_code == 200


def test_reading_then_asks_for_the_password_and_comes_back(signed_in):
    move_clock(signed_in, minutes=31)
    asked = signed_in.get("/reading/?week=9")
    assert asked.headers["Location"] == "/unlock/?next=%2Freading%2F%3Fweek%3D9"
    assert signed_in.get("/unlock/?next=/reading/").status_code == 200
    back = signed_in.post("/unlock/", {"password": PASSWORD, "next": "/reading/?week=9"})
    assert back.headers["Location"] == "/reading/?week=9"
    assert signed_in.get("/reading/").status_code == 200


def test_writing_stays_open_and_does_not_unlock_reading(signed_in):
    move_clock(signed_in, minutes=31)
    assert signed_in.get("/writing/").content == b"writing"
    assert signed_in.post("/draft/", {"facts": "跳绳"}).content == b"kept"
    assert signed_in.get("/reading/").status_code == 302


def test_a_wrong_password_does_not_unlock_and_is_counted(signed_in, user):
    move_clock(signed_in, minutes=31)
    for _n in range(10):
        assert "密码不对" in signed_in.post("/unlock/", {"password": "wrong"}).content.decode()
    assert "一刻钟" in signed_in.post("/unlock/", {"password": PASSWORD}).content.decode()
    assert signed_in.get("/reading/").status_code == 302


def test_unlocking_never_leads_to_another_site(signed_in):
    move_clock(signed_in, minutes=31)
    answer = signed_in.post("/unlock/", {"password": PASSWORD, "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_an_open_page_needs_no_unlocking(signed_in):
    assert signed_in.get("/unlock/?next=/reading/").headers["Location"] == "/reading/"


def test_after_twelve_hours_everything_ends_whatever_was_done(signed_in):
    for _n in range(25):
        move_clock(signed_in, minutes=29)
        assert signed_in.get("/writing/").status_code in (200, 302)
    assert signed_in.get("/writing/").headers["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in signed_in.session


def test_polling_is_no_activity(signed_in):
    move_clock(signed_in, minutes=20)
    signed_in.get("/reading/", headers={"X-Yidang-Poll": "1"})
    move_clock(signed_in, minutes=11)
    assert signed_in.get("/reading/").status_code == 302


def test_activity_is_written_at_most_once_a_minute(signed_in, django_assert_num_queries):
    move_clock(signed_in, seconds=50)
    before = signed_in.session["active_at"]
    signed_in.get("/reading/")
    assert signed_in.session["active_at"] == before
    move_clock(signed_in, seconds=20)
    signed_in.get("/reading/")
    assert timezone.now().timestamp() - signed_in.session["active_at"] < 5


def test_a_locked_fragment_sends_the_whole_page_to_the_lock(signed_in):
    move_clock(signed_in, minutes=31)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/students/?q=x"}
    answer = signed_in.get("/reading/", headers=headers)
    assert answer.headers["HX-Redirect"] == "/unlock/?next=%2Fstudents%2F%3Fq%3Dx"
    assert b"password" not in answer.content
    foreign = signed_in.get("/reading/", headers=headers | {"HX-Current-URL": "https://evil.example/x"})
    assert foreign.headers["HX-Redirect"] == "/unlock/?next=%2F"


def test_a_signed_out_fragment_goes_to_sign_in_and_autosave_hears_401(client):
    answer = client.get("/reading/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/todo/"})
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Ftodo%2F"
    assert client.post("/draft/", headers={"HX-Request": "true"}).status_code == 401
    assert client.post("/reading/", headers={"X-Yidang-Autosave": "1"}).status_code == 401


@pytest.mark.parametrize("status", [401, 403])
def test_what_was_typed_into_a_locked_or_ended_page_comes_back(client, signed_in, status):
    if status == 401:
        signed_in.logout()
    else:
        move_clock(signed_in, minutes=31)
    typed = {"facts": "他第一次举手，\n讲完还笑了。", "student": "3f2b", "password": "secret-word"}
    answer = signed_in.post("/reading/?week=9", typed, headers={"Origin": "http://testserver"})
    page = answer.content.decode()
    assert answer.status_code == status
    assert "他第一次举手，\n讲完还笑了。</textarea>" in page
    assert 'name="student" value="3f2b"' in page
    assert 'action="/reading/?week=9"' in page
    assert "secret-word" not in page


def test_a_page_view_is_kept_when_it_is_an_opaque_id_and_made_otherwise(signed_in):
    given = signed_in.get("/reading/", headers={"X-Page-View": "a1b2c3d4e5f6"})
    assert given.content == b"reading a1b2c3d4e5f6"
    assert signed_in.get("/reading/?X-Page-View=a1b2c3d4e5f6").content == b"reading a1b2c3d4e5f6"
    made = signed_in.get("/reading/", headers={"X-Page-View": "<script>"}).content.decode()
    assert len(made) == len("reading ") + 32


def test_what_a_signed_in_person_gets_is_never_stored(signed_in, client):
    assert signed_in.get("/reading/").headers["Cache-Control"] == "no-store, private"


def test_the_chosen_language_is_spoken(signed_in, user):
    user.language = "en"
    user.save()
    assert signed_in.get("/me/").headers["Content-Language"] == "en"
