from datetime import timedelta

import pytest
from allauth.account.adapter import get_adapter
from django.contrib.sessions.models import Session
from django.http import Http404, HttpResponse
from django.urls import get_resolver
from django.utils import timezone

from accounts import auth_urls, urls
from accounts.decorators import Policy, autosave, open_while_locked, policy
from accounts.models import Role
from accounts.tasks import clear_sessions
from tests.factories import RoleMembershipFactory, UserFactory


def view(request):
    return HttpResponse("ok")


@pytest.mark.parametrize(
    "rule", [("everybody", ()), ("role", ()), ("staff", (Role.DOCTOR,)), ("public", (Role.DOCTOR,))]
)
def test_a_policy_that_means_nothing_is_refused_when_it_is_written(rule):
    kind, roles = rule
    with pytest.raises(ValueError, match="No such policy"):
        policy(kind, *roles)


def test_a_view_carries_its_policy_and_keeps_its_marks_in_either_order():
    outside = open_while_locked(policy("student", level=2)(view))
    inside = policy("student", level=2)(autosave(view))
    assert outside.policy == inside.policy == Policy("student", level=2)
    assert outside.open_while_locked
    assert inside.open_while_locked
    assert inside.autosave


def test_only_public_views_are_open_without_signing_in():
    assert policy("public")(view).login_required is False
    assert getattr(policy("staff")(view), "login_required", True)


@pytest.mark.django_db
def test_a_role_policy_asks_for_a_live_role_today(rf, today):
    guarded = policy("role", Role.DOCTOR, Role.COUNSELLOR)(view)
    request = rf.get("/")
    request.user = UserFactory()
    with pytest.raises(Http404):
        guarded(request)
    row = RoleMembershipFactory(user=request.user, role=Role.COUNSELLOR, ends_on=today)
    request.user.forget_roles()
    assert guarded(request).content == b"ok"
    row.ends_on = today - timedelta(days=1)
    row.save()
    request.user.forget_roles()
    with pytest.raises(Http404):
        guarded(request)


def test_every_page_of_this_app_states_its_policy():
    patterns = [*urls.urlpatterns, *auth_urls.urlpatterns]
    assert [p.name for p in patterns if not isinstance(getattr(p.callback, "policy", None), Policy)] == []
    assert [p.name for p in patterns if p.callback.policy.kind == "public"] == ["account_login", "account_logout"]


@pytest.mark.django_db
def test_sign_up_is_closed(rf, client):
    assert get_adapter().is_open_for_signup(rf.get("/")) is False
    assert client.get("/accounts/signup/").status_code == 404
    assert not any("signup" in str(pattern.pattern) for pattern in get_resolver().url_patterns)


@pytest.mark.django_db
def test_sessions_past_their_end_leave_the_database():
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="x", expire_date=now - timedelta(hours=1))
    Session.objects.create(session_key="new", session_data="x", expire_date=now + timedelta(hours=1))
    clear_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
