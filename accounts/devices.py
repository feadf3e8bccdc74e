"""What a browser says of itself, in words by which a teacher knows the computer at the lectern from the own phone."""

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
