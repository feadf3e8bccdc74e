"""T29: a sign-in with a device that nobody has seen on this account is one event, told to its person, and of those who see
much to those who answer for the log."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions, tasks
from accounts.models import KnownDevice, SecurityEvent
from students import watching
from students.models import ReadingNotice
from tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]
COOKIE = "device"
SESSIONS = "/accounts/sessions/"
PHONE = "Mozilla/5.0 (Linux; Android 13; V2) Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0"


def come(user, client=None, agent: str = PHONE, password: str = PASSWORD) -> Client:
    """Sign in, with the browser of before if there is one; whoever signed in there last has gone."""
    client = client or Client(HTTP_USER_AGENT=agent)
    client.cookies.pop("sessionid", None)
    client.post("/accounts/login/", {"login": user.username, "password": password})
    return client


def events() -> list[tuple]:
    rows = SecurityEvent.objects.filter(kind__startswith="device").order_by("pk")
    return [(row.kind, row.user_label.split()[-1], row.detail) for row in rows]


def answer(client: Client, device: KnownDevice, own: str):
    return client.post(reverse("accounts:device", args=[device.pk]), {"own": own}, follow=True)


def newest(user) -> KnownDevice:
    return KnownDevice.objects.of(user).order_by("first_seen_at").last()


def test_the_first_device_is_no_news_and_a_second_is_one_event(teacher):
    """T29"""
    home = come(teacher)
    assert (events(), KnownDevice.objects.get().asks) == ([], False)
    come(teacher, home)
    assert events() == []
    away = come(teacher)
    come(teacher, away)
    assert events() == [("device_new", "周敏", "Android Mobile MicroMessenger")]
    assert list(KnownDevice.objects.order_by("first_seen_at").values_list("asks", flat=True)) == [False, True]
    event = SecurityEvent.objects.get(kind="device_new")
    assert (event.what, event.address) == ("account_login", "127.0.0.1")


def test_a_wrong_password_makes_no_device(teacher):
    """T29"""
    come(teacher)
    browser = come(teacher, password="wrong")
    assert (COOKIE in browser.cookies, KnownDevice.objects.count(), events()) == (False, 1, [])


def test_the_cookie_is_signed_lasts_a_year_and_is_no_business_of_scripts(teacher):
    """T29, T6: only a fingerprint of it is stored."""
    cookie = come(teacher).cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert (cookie["max-age"], cookie["secure"]) == (365 * 24 * 60 * 60, "")
    token = cookie.value.split(":")[0]
    assert len(token) > 30
    assert token not in str(list(KnownDevice.objects.values()))
    forged = Client()
    forged.cookies[COOKIE] = f"{token}:forged:signature"
    come(teacher, forged)
    assert [kind for kind, *_ in events()] == ["device_new"]


def test_the_cookie_travels_encrypted_only_where_the_session_does(teacher, settings):
    """T29"""
    settings.SESSION_COOKIE_SECURE = True
    assert come(teacher).cookies[COOKIE]["secure"] is True


def test_a_shared_computer_is_new_once_for_each_who_signs_in(cast):
    """T29: and nothing in the table says that it is the same."""
    come(cast.zhou)
    come(cast.he)
    lectern = come(cast.zhou)
    for user in (cast.he, cast.zhou, cast.he):
        come(user, lectern)
    assert [(kind, who) for kind, who, _ in events()] == [("device_new", "Zhou老师"), ("device_new", "He老师")]
    assert KnownDevice.objects.values("token_hash").distinct().count() == 4


def test_its_person_is_asked_at_home_and_says_that_it_was_them(teacher):
    """T29"""
    home = come(teacher)
    line = f'href="{SESSIONS}"'
    assert line not in home.get("/todo/").content.decode()
    come(teacher)
    assert line in home.get("/todo/").content.decode()
    assert line in home.get("/").content.decode()
    page = home.get(SESSIONS).content.decode()
    assert "手机，微信" in page
    answer(home, newest(teacher), "1")
    answer(home, newest(teacher), "1")
    assert [kind for kind, *_ in events()] == ["device_new", "device_own"]
    assert line not in home.get("/todo/").content.decode()


def test_who_says_no_ends_everything_else_and_chooses_a_new_password(teacher):
    """T29, T6"""
    home, old, thief = come(teacher), come(teacher), come(teacher)
    page = answer(home, newest(teacher), "0")
    assert page.redirect_chain[-1][0] == "/accounts/password/change/"
    assert [client.get("/me/").status_code for client in (home, old, thief)] == [200, 302, 302]
    assert KnownDevice.objects.count() == 1
    assert events()[-1][0] == "device_refused"
    come(teacher, thief)
    assert events()[-1][0] == "device_new"


@pytest.mark.parametrize("own", ["0", "1"])
def test_a_new_device_does_not_judge_itself_within_a_day(teacher, own):
    """T29: whoever has the password would say "that was me"."""
    home, thief = come(teacher), come(teacher)
    page = answer(thief, newest(teacher), own)
    assert page.redirect_chain[-1][0] == SESSIONS
    assert newest(teacher).asks
    assert home.get("/me/").status_code == 200
    assert [kind for kind, *_ in events()] == ["device_new"]


def test_who_has_but_one_device_may_answer_on_the_next_day(teacher, now):
    """T29"""
    first = {"user": teacher, "token": "a", "marks": "", "now": now - timedelta(days=30)}
    actions.recognise_device(**first)
    new = actions.recognise_device(**first | {"token": "b", "now": now})
    here = {"by": teacher, "device": new, "here": str(new.pk)}
    with pytest.raises(ValidationError):
        actions.own_device(**here, now=now + timedelta(hours=23))
    actions.own_device(**here, now=now + timedelta(hours=24))
    assert not new.asks


def test_nobody_answers_for_a_colleague(cast):
    """T29"""
    come(cast.zhou)
    come(cast.zhou)
    assert answer(come(cast.he), newest(cast.zhou), "1").status_code == 404
    assert newest(cast.zhou).asks


def test_a_one_time_password_and_leaving_forget_all_devices(cast):
    """T29: the next sign-in is on the first device again."""
    for user, forget in ((cast.he, actions.reset_password), (cast.luo, actions.deactivate_user)):
        come(user)
        assert KnownDevice.objects.of(user).exists()
        forget(by=cast.wang, user=user)
        assert not KnownDevice.objects.of(user).exists()
    cast.he.set_password(PASSWORD)
    cast.he.save()
    come(cast.he)
    assert events() == []


def test_ending_a_session_forgets_its_device_and_ending_all_forgets_all_but_this(teacher):
    """T29, T6"""
    here, there, gone = come(teacher), come(teacher), come(teacher)
    gone.cookies.pop("sessionid")  # no session any more, but a device
    devices = {client: client.session["device"] for client in (here, there)}
    chosen = UserSession.objects.get(session_key=there.session.session_key)
    here.post(SESSIONS, {"session": chosen.pk})
    left = {str(pk) for pk in KnownDevice.objects.values_list("pk", flat=True)}
    assert (devices[there] in left, devices[here] in left, len(left)) == (False, True, 2)
    here.post(SESSIONS)
    assert [str(row.pk) for row in KnownDevice.objects.all()] == [devices[here]]


def test_a_session_that_was_begun_before_devices_were_known_ends_too(teacher):
    """T29"""
    here, old = come(teacher), come(teacher)
    session = old.session
    del session["device"]
    session.save()
    here.post(SESSIONS, {"session": UserSession.objects.get(session_key=session.session_key).pk})
    assert (old.get("/me/").status_code, KnownDevice.objects.count()) == (302, 2)


def test_those_who_answer_for_the_log_hear_of_those_who_see_much(cast, now):
    """T29: one notice for each device, within the minute in which the log is looked through."""
    for user in (cast.wang, cast.ruan, cast.xiao, cast.shen, cast.zhou, cast.xin):
        come(user)
        come(user)
    come(cast.wang)
    at = timezone.now()
    assert watching.watch(now=at) == 5
    assert watching.watch(now=at) == 0
    told = sorted(ReadingNotice.objects.filter(kind="device").values_list("about__display_name", flat=True))
    assert told == sorted(["Wang老师", "Wang老师", "Ruan老师", "Xiao老师", "Shen老师"])
    notices = come(cast.shen).get(reverse("students:log")).context["notices"]
    assert sorted(each.about.display_name for each, _ in notices) == [name for name in told if name != "Shen老师"]


def test_the_auditor_reads_of_devices_in_words(cast):
    """T29"""
    come(cast.zhou)
    come(cast.zhou)
    page = come(cast.shen).get(reverse("students:security_log")).content.decode()
    assert "手机，微信" in page
    assert "MicroMessenger" not in page


def test_a_device_is_forgotten_a_year_after_its_last_use_but_never_the_newest(teacher, now):
    """T29, T35"""
    seen = {"user": teacher, "marks": "", "now": timezone.now() - timedelta(days=400)}
    for token in "ab":
        actions.recognise_device(**seen | {"token": token, "now": seen["now"] + timedelta(days=token == "b")})
    tasks.clear_sessions()
    assert KnownDevice.objects.count() == 1
    actions.recognise_device(**seen | {"token": "c", "now": timezone.now()})
    assert [kind for kind, *_ in events()][-1] == "device_new"
