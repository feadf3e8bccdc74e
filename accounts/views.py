"""The door, the lock, and what everybody has of their own."""

from allauth.account import views as allauth_views
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import middleware, resend, security
from accounts.decorators import open_while_locked, policy
from accounts.devices import device_word
from accounts.forms import MeForm, UnlockForm
from accounts.models import CONFIRMING_ROLES
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
        for session in own:
            if session.session_key != here and chosen in (None, str(session.pk)):
                security.record(Kind.SIGN_OUT, by=request.user, detail="elsewhere")
                session.end()
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
    return render(request, "usersessions/usersession_list.html", {"sessions": rows, "others": len(rows) > 1})


def _safe_next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else reverse("reports:home")
