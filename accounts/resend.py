"""A form that could not be taken: show what was typed, and let it be sent again. Nothing is stored.

The page is made from the request itself, so it shows nobody anything they did not send. Passwords are never repeated,
and a form that another site made the browser send (no session, foreign origin) is not repeated either.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONG = 60  # characters from which a value is shown as several lines


@dataclass(frozen=True)
class Reason:
    status: int
    title: str | Promise
    text: str | Promise
    first: str = ""  # the name of the page to open first, in a new tab
    first_label: str | Promise = ""


EXPIRED = Reason(
    403,
    _("This form had expired"),
    _("Nothing was saved. What you wrote is below; send it again."),
)
LOCKED = Reason(
    403,
    _("Reading is locked"),
    _("Nothing was saved yet. What you wrote is below: enter your password in a new tab, then send it again."),
    "accounts:unlock",
    _("Enter the password in a new tab"),
)
SIGNED_OUT = Reason(
    401,
    _("You are signed out"),
    _("Nothing was saved yet. What you wrote is below: sign in in a new tab, then send it again."),
    "account_login",
    _("Sign in in a new tab"),
)


def page(request: HttpRequest, reason: Reason) -> HttpResponse:
    """The page with the typed text in a fresh form that posts to the same address."""
    context = {
        "reason": reason,
        "first_url": reverse(reason.first) if reason.first else "",
        "action": request.get_full_path(),
        "fields": _fields(request) if _is_ours(request) else [],
        "files": bool(request.FILES),
    }
    response = render(request, "accounts/resend.html", context, status=reason.status)
    response["Cache-Control"] = "no-store, private"  # the middleware says it of signed-in people's pages only
    return response


def _is_ours(request: HttpRequest) -> bool:
    # SameSite=Lax: a form from another site arrives without the session.
    origin = request.headers.get("Origin", "")
    return request.user.is_authenticated or origin == f"{request.scheme}://{request.get_host()}"


def _fields(request: HttpRequest) -> list[dict]:
    pairs = [(name, value) for name, values in request.POST.lists() for value in values]
    return [
        {"name": name, "value": value, "long": len(value) >= LONG or "\n" in value, "words": _is_words(value)}
        for name, value in pairs
        if name != "csrfmiddlewaretoken" and "password" not in name
    ]


def _is_words(value: str) -> bool:
    """Whether a person typed it: ids, numbers and switches are carried along unseen."""
    return any(char > "\x7f" for char in value) or " " in value.strip() or "\n" in value
