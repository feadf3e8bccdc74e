"""T24: each sign-in, failure, sign-out, role, duty and grant leaves exactly one row: who, whom, what, when, from where."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions
from accounts.models import RoleMembership, SecurityEvent, User
from students.actions import placements
from tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]
LOGIN = "/accounts/login/"


def events() -> list[tuple]:
    return [(e.kind, e.user_label, e.about_label, e.detail) for e in SecurityEvent.objects.order_by("pk")]


def only() -> SecurityEvent:
    return SecurityEvent.objects.get()


def test_signing_in_and_out_is_one_row_each(client, teacher):
    client.post(LOGIN, {"login": "T0021", "password": PASSWORD})
    row = only()
    assert (row.kind, row.user_id, row.school_id) == ("sign_in", str(teacher.pk), str(teacher.school_id))
    assert (row.what, row.address, len(row.page_view)) == ("account_login", "127.0.0.1", 32)
    assert timezone.now() - row.at < timedelta(minutes=1)
    client.get("/accounts/logout/")
    client.post("/accounts/logout/")
    client.post("/accounts/logout/")
    assert events()[1:] == [("sign_out", "T0021 周敏", "", "")]


def test_a_failure_is_one_row_about_whom_it_concerns(client, teacher):
    client.post(LOGIN, {"login": "T0021", "password": "wrong"})
    assert events() == [("sign_in_failed", "", "T0021 周敏", "")]
    assert only().school_id == str(teacher.school_id)


def test_what_was_typed_for_a_number_that_means_nobody_is_never_kept(client, teacher):
    """People type their password into the wrong field."""
    client.post(LOGIN, {"login": "my-Secret-pass", "password": PASSWORD})
    row = only()
    assert (row.kind, row.about_id, len(row.typed_hash)) == ("sign_in_failed", "", 64)
    assert "ecret" not in str(SecurityEvent.objects.values().get())


def test_a_deactivated_person_and_a_slowed_account_fail_with_one_row_each(client, teacher):
    User.objects.filter(pk=teacher.pk).update(is_active=False)
    client.post(LOGIN, {"login": "T0021", "password": PASSWORD})
    assert len(events()) == 1
    User.objects.filter(pk=teacher.pk).update(is_active=True)
    for _n in range(10):
        client.post(LOGIN, {"login": "T0021", "password": "wrong"})
    assert "一刻钟" in client.post(LOGIN, {"login": "T0021", "password": PASSWORD}).content.decode()
    assert [kind for kind, *_ in events()] == ["sign_in_failed"] * 12


def test_a_wrong_password_at_the_lock_is_a_failure_too(client, teacher):
    client.post(LOGIN, {"login": "T0021", "password": PASSWORD})
    client.get("/me/")
    session = client.session
    session["active_at"] -= 31 * 60
    session.save()
    client.post("/unlock/", {"password": "wrong"})
    assert events()[1:] == [("sign_in_failed", "", "T0021 周敏", "")]
    assert SecurityEvent.objects.latest("pk").what == "accounts:unlock"


def test_a_changed_password_is_one_row(client, teacher):
    client.post(LOGIN, {"login": "T0021", "password": PASSWORD})
    new = "早读前擦黑板的三位值日生"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert events()[1:] == [("password_changed", "T0021 周敏", "T0021 周敏", "")]


def test_ending_a_session_elsewhere_is_one_row_for_each(client, teacher):
    for each in (client, Client(), Client()):
        each.post(LOGIN, {"login": "T0021", "password": PASSWORD})
    client.post("/accounts/sessions/")
    assert [each for each in events() if each[0] == "sign_out"] == [("sign_out", "T0021 周敏", "", "elsewhere")] * 2


def test_accounts_and_roles(cast, now, today):
    who = "T0014 Wang老师"
    assert str(cast.wang.employee_no) in who
    user, _password = actions.create_user(by=cast.wang, school=cast.school, employee_no="N1", display_name="新来")
    role = actions.propose_role(by=cast.wang, user=user, role="doctor", starts_on=today, now=now)
    actions.confirm_role(by=cast.ruan, membership=role, now=now)
    actions.confirm_role(by=cast.ruan, membership=role, now=now)
    actions.end_role(by=cast.wang, membership=role, last_day=today)
    other = actions.propose_role(by=cast.wang, user=user, role="counsellor", starts_on=today, now=now)
    actions.decline_role(by=cast.ruan, membership=other, now=now)
    actions.reset_password(by=cast.wang, user=user)
    actions.deactivate_user(by=cast.wang, user=user)
    actions.reactivate_user(by=cast.wang, user=user)
    ruan = f"{cast.ruan.employee_no} Ruan老师"
    assert events() == [
        ("account_added", who, "N1 新来", ""),
        ("role_proposed", who, "N1 新来", "doctor"),
        ("role_confirmed", ruan, "N1 新来", "doctor"),
        ("role_ended", who, "N1 新来", "doctor"),
        ("role_proposed", who, "N1 新来", "counsellor"),
        ("role_declined", ruan, "N1 新来", "counsellor"),
        ("password_reset", who, "N1 新来", ""),
        ("deactivated", who, "N1 新来", ""),
        ("reactivated", who, "N1 新来", ""),
    ]


def test_duties_and_grants(cast, now, today):
    duty = placements.assign_to_class(
        by=cast.wang, user=cast.luo, class_group=cast.own_class, duty="deputy", starts_on=today, now=now
    )
    placements.end_class_assignment(by=cast.wang, assignment=duty, on=today, now=now)
    leader = placements.assign_to_grade(
        by=cast.wang, user=cast.luo, stage="primary", entry_year=2024, starts_on=today, now=now
    )
    placements.end_grade_assignment(by=cast.wang, assignment=leader, on=today, now=now)
    grant = placements.open_counselling(
        by=cast.ruan, counsellor=cast.xin, student=cast.an, starts_on=today, ends_on=today, note="家里有事", now=now
    )
    placements.end_counselling(by=cast.ruan, grant=grant, now=now)
    assert [(kind, about.split()[1], detail) for kind, _, about, detail in events()] == [
        ("duty_given", "Luo老师", "deputy"),
        ("duty_ended", "Luo老师", "deputy"),
        ("duty_given", "Luo老师", "grade"),
        ("duty_ended", "Luo老师", "grade"),
        ("access_given", "Xin老师", "counselling"),
        ("access_ended", "Xin老师", "counselling"),
    ]
    assert set(SecurityEvent.objects.order_by("-pk").values_list("student_id", flat=True)[:2]) == {str(cast.an.pk)}
    assert "家里有事" not in str(list(SecurityEvent.objects.values()))


def test_what_a_refused_act_would_have_written_is_not_written(cast, now, today):
    """The row and what it tells of stand or fall together (T25)."""
    with pytest.raises(ValidationError):
        actions.propose_role(
            by=cast.wang, user=cast.luo, role="doctor", starts_on=today, ends_on=today - timedelta(days=1), now=now
        )
    assert events() == []


def test_what_is_done_on_a_page_says_on_which_and_at_the_server_nothing(cast, sign_in, now, today):
    sign_in(cast.wang).post(
        reverse("accounts:role_propose", args=[cast.luo.pk]), {"role": "doctor", "starts_on": str(today)}
    )
    row = only()
    assert (row.what, row.address, row.user_id) == ("accounts:role_propose", "127.0.0.1", str(cast.wang.pk))
    actions.propose_role(by=None, user=cast.luo, role="counsellor", starts_on=today, now=now)
    row = SecurityEvent.objects.latest("pk")
    assert (row.what, row.address, row.user_id) == ("", "", "")


def test_opening_a_slowed_account_is_one_row(cast, sign_in):
    sign_in(cast.wang).post(reverse("accounts:staff_tries", args=[cast.luo.pk]))
    assert [kind for kind, *_ in events()] == ["tries_cleared"]


def test_a_role_of_the_cast_would_be_seen(cast):
    assert RoleMembership.objects.exists()
    assert events() == []
