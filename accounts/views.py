"""The door, the lock, and what everybody has of their own."""

from uuid import UUID

from allauth.account import views as allauth_views
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import actions, middleware, resend, security
from accounts.decorators import open_while_locked, policy
from accounts.devices import device_word
from accounts.forms import MeForm, UnlockForm
from accounts.middleware import DEVICE
from accounts.models import CONFIRMING_ROLES, KnownDevice
from accounts.security import Kind


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: the form had expired; what was typed comes back in a fresh one."""
    return resend.page(request, resend.EXPIRED)


@policy("public")
@require_http_methods(["GET", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and request.user.is_authenticated:
        security.record(Kind.SIGN_OUT, by=request.user)
    response = allauth_views.logout(request)
    if request.method == "POST":
        response["Clear-Site-Data"] = '"cache", "storage"'  # a shared computer keeps no page and no word
    return response


@policy("staff")
@open_while_locked
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """After 30 idle minutes: the password again, then back to where one was."""
    target = _safe_next(request)
    if request.method == "GET" and not middleware.is_locked(request):
        return HttpResponseRedirect(target)
    form = UnlockForm(request.POST or None, user=request.user)
    if form.is_valid():
        middleware.unlock(request)
        return HttpResponseRedirect(target)
    return render(request, "accounts/unlock.html", {"form": form, "next": target})


@policy("staff")
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = MeForm(request.POST or None, instance=request.user)
    if form.is_valid():
        request.user.save(update_fields=form.Meta.fields)
        messages.success(request, _("Saved."))
        return redirect("accounts:me")
    context = {
        "form": form,
        "roles": [role.label for role in sorted(request.user.roles(now))],
        "confirms": bool(request.user.roles(now) & CONFIRMING_ROLES),
    }
    return render(request, "accounts/me.html", context)


@policy("staff")
@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in. Ends one session, or all the others."""
    own = UserSession.objects.purge_and_list(request.user)
    here = request.session.session_key
    if request.method == "POST":
        chosen = request.POST.get("session")
        ended = [each for each in _others(request, own) if chosen in (None, str(each.pk))]
        devices = KnownDevice.objects.of(request.user).exclude(pk=request.session.get(DEVICE))
        if chosen is not None:
            devices = devices.filter(pk__in=[_device_of(each) for each in ended])
        actions.end_elsewhere(by=request.user, sessions=ended, devices=devices)
        messages.success(request, _("Signed out there."))
        return redirect("usersessions_list")
    rows = [
        {
            "pk": s.pk,
            "since": s.created_at,
            "ip": s.ip,
            "device": device_word(s.user_agent),
            "here": s.session_key == here,
        }
        for s in own
    ]
    rows.sort(key=lambda row: (not row["here"], -row["since"].timestamp()))
    asking = KnownDevice.objects.of(request.user).asking()
    context = {
        "sessions": rows,
        "others": len(rows) > 1,
        "asking": [(each, device_word(each.marks), str(each.pk) == request.session.get(DEVICE)) for each in asking],
    }
    return render(request, "usersessions/usersession_list.html", context)


@policy("staff")
@require_POST
def device(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Was that you? Yes; or no, and then a new password is the next thing to do."""
    row = get_object_or_404(KnownDevice.objects.of(request.user), pk=pk)
    known = {"by": request.user, "device": row, "here": request.session.get(DEVICE, ""), "now": timezone.now()}
    try:
        if request.POST.get("own") == "1":
            actions.own_device(**known)
            messages.success(request, _("Good. You won't be asked about this device again."))
            return redirect("usersessions_list")
        sessions = _others(request, UserSession.objects.purge_and_list(request.user))
        actions.refuse_device(**known, sessions=sessions)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("usersessions_list")
    messages.success(request, _("It is signed out, and so is everything else. Now choose a new password."))
    return redirect("account_change_password")


def _others(request: HttpRequest, own: list[UserSession]) -> list[UserSession]:
    return [each for each in own if each.session_key != request.session.session_key]


def _device_of(session: UserSession) -> str | None:
    """None: it was begun before devices were known."""
    return Session.objects.get(pk=session.session_key).get_decoded().get(DEVICE)


def _safe_next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else reverse("reports:home")
