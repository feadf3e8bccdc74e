"""Sessions on the server's clock: 12 h at most, and reading locks after 30 idle minutes (DESIGN.md §3)."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from accounts import resend, tracing
from accounts.devices import set_cookie

IDLE = timedelta(minutes=30)
SESSION_LENGTH = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
SIGNED_IN_AT = "signed_in_at"  # seconds since 1970, like ACTIVE_AT
ACTIVE_AT = "active_at"
DEVICE = "device"  # the KnownDevice that this session was begun with
PAGE_VIEW = re.compile(r"[0-9a-zA-Z-]{8,36}")
BEFORE_PASSWORD_CHANGE = frozenset({"account_change_password", "account_logout", "accounts:unlock", "set_language"})


def start_clock(request: HttpRequest) -> None:
    """At sign-in: the 12 hours and the 30 minutes begin."""
    request.session[SIGNED_IN_AT] = request.session[ACTIVE_AT] = timezone.now().timestamp()


def unlock(request: HttpRequest) -> None:
    """After the password was given again: reading opens, the 12 hours go on."""
    request.session[ACTIVE_AT] = timezone.now().timestamp()


def is_locked(request: HttpRequest) -> bool:
    return _older(request, ACTIVE_AT, IDLE)


class PageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.page_view = _page_view(request)
        with tracing.within(request):
            response = self.get_response(request)
        if request.user.is_authenticated:
            response["Cache-Control"] = "no-store, private"
        if token := getattr(request, "device_token", ""):  # somebody has just signed in
            set_cookie(response, token)
        return response

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        _end_dead_session(request)
        if not request.user.is_authenticated:
            return _sign_in_first(request, view)
        if request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        if is_locked(request):
            return None if _stays_open(view) else _ask_for_password(request)
        _touch(request)
        if request.user.must_change_password and request.resolver_match.view_name not in BEFORE_PASSWORD_CHANGE:
            return _go(request, "account_change_password")
        return None


def _page_view(request: HttpRequest) -> str:
    """One opaque id for a page and the panels it loads, so that the audit can tell them from two visits."""
    given = request.headers.get("X-Page-View") or request.GET.get("X-Page-View", "")
    return given if PAGE_VIEW.fullmatch(given) else uuid.uuid4().hex


def _older(request: HttpRequest, key: str, age: timedelta) -> bool:
    stamp = request.session.get(key)
    return stamp is not None and timezone.now().timestamp() - stamp > age.total_seconds()


def _end_dead_session(request: HttpRequest) -> None:
    # Django gives a deactivated person AnonymousUser but keeps the session row; end it for good.
    left = not request.user.is_authenticated and SESSION_KEY in request.session
    if left or (request.user.is_authenticated and _older(request, SIGNED_IN_AT, SESSION_LENGTH)):
        logout(request)


def _touch(request: HttpRequest) -> None:
    # A progress bar that asks every second is not a person at the keyboard.
    if SIGNED_IN_AT not in request.session:
        start_clock(request)
    elif "X-Yidang-Poll" not in request.headers and _older(request, ACTIVE_AT, TOUCH_EVERY):
        unlock(request)


def _stays_open(view: Callable) -> bool:
    return getattr(view, "open_while_locked", False) or not getattr(view, "login_required", True)


def _sign_in_first(request: HttpRequest, view: Callable) -> HttpResponse | None:
    if not getattr(view, "login_required", True):
        return None
    if getattr(view, "autosave", False) or "X-Yidang-Autosave" in request.headers:
        return HttpResponse(status=401)
    if request.headers.get("HX-Request"):
        return _go(request, "account_login")
    if request.method == "POST":
        return resend.page(request, resend.SIGNED_OUT)
    return None  # LoginRequiredMiddleware sends them to sign in


def _ask_for_password(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and not request.headers.get("HX-Request"):
        return resend.page(request, resend.LOCKED)
    return _go(request, "accounts:unlock")


def _go(request: HttpRequest, name: str) -> HttpResponse:
    url = f"{reverse(name)}?{urlencode({'next': _where(request)})}"
    # htmx would swap a redirect's page into the fragment.
    return HttpResponseClientRedirect(url) if request.headers.get("HX-Request") else HttpResponseRedirect(url)


def _where(request: HttpRequest) -> str:
    """The page to come back to: for a fragment the page that holds it."""
    if not request.headers.get("HX-Request"):
        return request.get_full_path() if request.method == "GET" else "/"
    url = request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}):
        return "/"
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
