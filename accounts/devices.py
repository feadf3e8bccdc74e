"""Which browser it is: by a cookie, and in words by which a teacher knows the computer at the lectern from the own phone."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import pgettext, pgettext_lazy

# The first that is found counts: nearly every browser also calls itself Chrome or Safari.
BROWSERS = (
    ("MicroMessenger", pgettext_lazy("device", "WeChat")),
    ("QQBrowser", pgettext_lazy("device", "QQ browser")),
    ("360SE", pgettext_lazy("device", "360 browser")),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
KINDS = ("iPad", "Android", "Mobile")
SALT = "accounts.device"
KEPT = timedelta(days=365)


def token_of(request: HttpRequest) -> str:
    """What the browser's cookie holds, which only we can have signed; a new one where there is none."""
    return request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, "", salt=SALT) or secrets.token_urlsafe(32)


def set_cookie(response: HttpResponse, token: str) -> None:
    """For a year from the last sign-in. No script reads it, and no other site sends it."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        token,
        salt=SALT,
        max_age=KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def marks_of(user_agent: str) -> str:
    """The words of a user agent from which `device_word` makes a name, and nothing else of it."""
    browser = next((mark for mark, name in BROWSERS if mark in user_agent), "")
    return " ".join(filter(None, [*(kind for kind in KINDS if kind in user_agent), browser]))


def device_word(user_agent: str) -> str:
    """电脑，Chrome; 手机，微信."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), pgettext("device", "another browser"))
    return pgettext("device", "%(kind)s, %(browser)s") % {"kind": _kind(user_agent), "browser": browser}


def _kind(user_agent: str) -> str:
    if "iPad" in user_agent or ("Android" in user_agent and "Mobile" not in user_agent):
        return pgettext("device", "Tablet")
    if "Mobile" in user_agent:
        return pgettext("device", "Phone")
    return pgettext("device", "Computer")
