from unittest import mock

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.urls import NoReverseMatch, reverse

from accounts import actions
from accounts.forms import NOBODY, resolve_username
from tests.factories import PASSWORD, SchoolFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]
LOGIN = "/accounts/login/"


def sign_in(client, login, password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": login, "password": password, **extra})


def is_signed_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("typed", ["T0021", " t0021 ", "SF-T0021", "sf-t0021", "Ｔ００２１"])
def test_an_employee_number_signs_in_however_it_is_typed(client, teacher, typed):
    response = sign_in(client, typed, next="/todo/")
    assert (response.status_code, response.headers["Location"]) == (302, "/todo/")
    assert client.session["_auth_user_id"] == str(teacher.pk)


def test_where_there_are_several_schools_the_code_is_needed(client, teacher):
    UserFactory(school=SchoolFactory(code="YS"), employee_no="T0021")
    assert resolve_username("T0021") == NOBODY
    assert sign_in(client, "T0021").status_code == 200
    assert not is_signed_in(client)
    assert sign_in(client, "SF-T0021").status_code == 302
    assert client.session["_auth_user_id"] == str(teacher.pk)


def test_a_next_of_another_site_is_not_followed(client, teacher):
    assert sign_in(client, "T0021", next="https://evil.example/").headers["Location"] == "/"


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email", "account_inactive"])
def test_there_is_no_sign_up_and_no_mail(client, name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_known_unknown_and_deactivated_people_get_one_answer_and_one_hash(client, teacher):
    left = UserFactory(school=teacher.school, employee_no="T0099", is_active=False)
    bodies, hashes = set(), []
    for login, password in [
        ("T0021", "wrong"),
        ("T7777", "wrong"),
        ("Ünbekannt", "wrong"),
        (left.employee_no, PASSWORD),
    ]:
        with mock.patch.object(
            MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
        ) as encode:
            response = sign_in(client, login, password)
        assert response.status_code == 200
        bodies.add(_without_token(response, login))
        hashes.append(encode.call_count)
    assert len(bodies) == 1
    assert hashes == [1, 1, 1, 1]
    assert not is_signed_in(client)


def _without_token(response, login):
    import re

    return re.sub(r'(name="csrfmiddlewaretoken" value|data-\w+)="[^"]*"', "", response.content.decode()).replace(
        login, ""
    )


def test_ten_wrong_passwords_slow_one_account_and_no_colleague(client, teacher):
    for _n in range(10):
        sign_in(client, "T0021", "wrong")
    assert "一刻钟" in sign_in(client, "SF-t0021").content.decode()
    assert not is_signed_in(client)
    colleague = UserFactory(school=teacher.school)
    assert sign_in(client, colleague.employee_no).status_code == 302


def test_wrong_passwords_count_in_the_shared_table_of_the_embedded_default(client, teacher, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"}}
    call_command("createcachetable")
    for _n in range(10):
        sign_in(client, "T0021", "wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache_table WHERE cache_key LIKE '%login_failed%'")
        assert cursor.fetchone() == (1,)
    sign_in(client, "T0021")
    assert not is_signed_in(client)


def test_sixty_colleagues_sign_in_behind_one_address(client):
    school = SchoolFactory()
    for user in [UserFactory(school=school) for _n in range(60)]:
        assert sign_in(client, user.employee_no).status_code == 302
        client.logout()


def test_a_one_time_password_must_be_changed_before_anything_else(client):
    user, password = actions.create_user(by=None, school=SchoolFactory(), employee_no="T1", display_name="周敏")
    assert sign_in(client, "T1", password).status_code == 302
    assert client.get("/todo/").headers["Location"] == "/accounts/password/change/?next=%2Ftodo%2F"
    new = {"oldpassword": password, "password1": "早读前擦黑板的值日生!", "password2": "早读前擦黑板的值日生!"}
    assert client.post("/accounts/password/change/", new).status_code == 200  # 11 characters
    new |= {"password1": "早读前擦黑板的三位值日生", "password2": "早读前擦黑板的三位值日生"}
    assert client.post("/accounts/password/change/", new).status_code == 302
    assert client.get("/todo/").status_code == 200
    user.refresh_from_db()
    assert not user.must_change_password


@pytest.mark.parametrize(
    "password",
    [
        "short-pass",
        "q1w2e3r4t5y6",
        "zhoumin-9241-x",
        "T0021-T0021-T0021",
        "周敏的密码很长很长很长很",
        "我在云杉示范小学上班工作",
    ],
)
def test_a_bad_password_is_refused_and_the_old_one_stays(client, password):
    user = UserFactory(school=SchoolFactory(name="云杉示范小学"), employee_no="T0021", display_name="周敏")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    response = client.post("/accounts/password/change/", form)
    assert response.status_code == 200
    assert response.context["form"].errors
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_present_password_is_asked_for_and_not_taken_again(client, teacher):
    sign_in(client, "T0021")
    for old, new in [("wrong", "早读前擦黑板的三位值日生"), (PASSWORD, PASSWORD)]:
        form = {"oldpassword": old, "password1": new, "password2": new}
        assert client.post("/accounts/password/change/", form).status_code == 200
    teacher.refresh_from_db()
    assert teacher.check_password(PASSWORD)


def test_sessions_are_listed_and_one_or_all_others_end(client, teacher):
    """T6"""
    from django.test import Client

    sign_in(client, "T0021")
    phones = [Client(HTTP_USER_AGENT=f"Phone {n}") for n in range(3)]
    for phone in phones:
        sign_in(phone, "T0021")
    page = client.get("/accounts/sessions/").content.decode()
    assert page.count('name="session"') == 3
    assert client.session.session_key not in page
    first = UserSession.objects.get(user_agent="Phone 0")
    client.post("/accounts/sessions/", {"session": first.pk})
    assert [phone.get("/me/").status_code for phone in phones] == [302, 200, 200]
    client.post("/accounts/sessions/")
    assert [phone.get("/me/").status_code for phone in phones] == [302, 302, 302]
    assert client.get("/me/").status_code == 200


def test_nobody_ends_a_colleagues_session(client, teacher):
    from django.test import Client

    other = Client()
    colleague = UserFactory(school=teacher.school)
    sign_in(other, colleague.employee_no)
    sign_in(client, "T0021")
    client.post("/accounts/sessions/", {"session": UserSession.objects.get(user=colleague).pk})
    assert other.get("/me/").status_code == 200


def test_signing_out_is_a_post_and_clears_the_browser(client, teacher):
    """T6, T64"""
    sign_in(client, "T0021")
    assert client.get("/accounts/logout/").status_code == 200
    assert is_signed_in(client)
    response = client.post("/accounts/logout/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_signed_in(client)


def test_a_deactivated_person_is_out_at_the_next_request(client, teacher):
    """T5"""
    sign_in(client, "T0021")
    admin = UserFactory(school=teacher.school)
    actions.deactivate_user(by=admin, user=teacher)
    assert client.get("/me/").headers["Location"].startswith(LOGIN)
    assert not is_signed_in(client)


def test_old_hashes_are_upgraded_at_sign_in(client, teacher, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    sign_in(client, "T0021")
    teacher.refresh_from_db()
    assert teacher.password.startswith("argon2$argon2id$")


def test_signing_in_writes_no_history(client, teacher):
    sign_in(client, "T0021")
    assert teacher.history.count() == 1
