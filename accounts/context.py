"""What every page's frame needs: the navigation for this person's roles, the school, and who is signed in."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Role

# Roles that open no student's file by themselves (DESIGN §3).
NO_FILE_ROLES = {Role.STAFF, Role.SYSTEM_ADMIN, Role.AUDITOR}

# A page below an entry of the navigation, and the entry that it belongs to.
BELONGS_TO = {
    "students:class_grid": "students:class_list",
    "students:detail": "students:list",
    "students:timeline": "students:list",
    "students:profile": "students:list",
    "students:access": "students:list",
    "students:readers": "students:list",
    "students:history": "students:list",
    "students:search": "students:list",
    "students:attention": "reports:todo",
    "students:import_detail": "students:imports",
    "reports:job": "reports:index",
    "accounts:staff_detail": "accounts:staff",
    "accounts:staff_add": "accounts:staff",
    "accounts:roles": "accounts:staff",
    "accounts:departments": "accounts:staff",
    "accounts:school": "accounts:staff",
    "usersessions_list": "accounts:me",
    "account_change_password": "accounts:me",
}


@dataclass(frozen=True)
class Entry:
    """One link of the navigation; `short` is its word in the tab bar."""

    name: str
    href: str
    icon: str
    label: str
    short: str


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Lazy, so that fragments and error pages, which have no frame, ask for nothing."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def _shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"entries": [], "tabs_left": [], "tabs_right": [], "current": "", "shortcuts": True} | _nobody()
    entries = [entry for entry in _entries(user.roles(timezone.now())) if entry]
    me = _entry("accounts:me", "user-circle", _("Settings"), pgettext("tab", "Me"))
    todo = [entry for entry in entries if entry.name == "reports:todo"]
    first = [entry for entry in entries if entry not in todo][:2]
    return {
        "entries": entries,
        "tabs_left": first,
        "tabs_right": [*todo, *filter(None, [me])],
        "more": [entry for entry in entries if entry not in first and entry not in todo],
        "current": _current(request),
        "me": me.href if me else "",
        "person": user.display_name,
        "subtitle": _("Settings and sign-out"),
        "school": user.school.name,
        "shortcuts": user.shortcuts_enabled,
    }


def _nobody() -> dict[str, Any]:
    return {"more": [], "me": "", "person": "", "subtitle": "", "school": ""}


def _current(request: HttpRequest) -> str:
    match = request.resolver_match
    return BELONGS_TO.get(match.view_name, match.view_name) if match else ""


def _entries(roles: frozenset) -> list[Entry | None]:
    files = not roles or bool(roles - NO_FILE_ROLES)
    return [
        _entry("reports:home", "home", _("Home")),
        files and _entry("students:class_list", "users", _("My classes"), pgettext("tab", "Classes")),
        _entry("reports:todo", "checklist", _("To do")),
        files and _entry("students:list", "folders", _("Student files"), pgettext("tab", "Files")),
        files and _entry("reports:index", "file-text", _("Term summary"), pgettext("tab", "Summary")),
        Role.ACADEMIC in roles and _entry("students:imports", "file-import", _("Roster import"), pgettext("tab", "Import")),
        Role.SYSTEM_ADMIN in roles and _entry("accounts:staff", "id-badge-2", _("Staff and roles"), pgettext("tab", "Staff")),
    ]


def _entry(name: str, icon: str, label: str, short: str = "") -> Entry | None:
    try:
        return Entry(name, reverse(name), icon, label, short or label)
    except NoReverseMatch:
        return None
