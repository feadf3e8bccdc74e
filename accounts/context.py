"""What every page's frame needs: the navigation for this person's roles, the school, and who is signed in."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import CONFIRMING_ROLES, Role, User

# Roles that open no student's file by themselves (DESIGN §3).
NO_FILE_ROLES = {Role.STAFF, Role.SYSTEM_ADMIN, Role.AUDITOR}
# Who may ask for no file; students.access.NEVER_ASK decides.
NEVER_ASK = {Role.SYSTEM_ADMIN, Role.AUDITOR}
# Who answers for the read log; students.access.LOG_ROLES decides.
LOG_ROLES = {Role.MORAL_EDUCATION, Role.PRINCIPAL, Role.AUDITOR}
# Who leads the school's care; students.access.LEADERS decides.
LEADERS = {Role.MORAL_EDUCATION, Role.VICE_PRINCIPAL, Role.PRINCIPAL}

# Who knows one group of needs; students.access.NEED_GROUPS says which.
OFFICE_NEEDS = {Role.DOCTOR, Role.AID_OFFICER}

# A page below an entry of the navigation, and the entry that it belongs to.
BELONGS_TO = {
    "students:class_grid": "students:class_list",
    "students:detail": "students:list",
    "students:timeline": "students:list",
    "reports:marks": "students:list",
    "students:profile": "students:list",
    "students:access": "students:list",
    "students:readers": "students:list",
    "students:history": "students:list",
    "students:readers_print": "students:list",
    "students:security_log": "students:log",
    "students:access_office": "students:log",
    "students:emergency": "students:log",
    "students:request_decide": "students:log",
    "students:access_ask": "students:access_mine",
    "students:emergency_open": "students:access_mine",
    "students:handovers": "reports:todo",
    "students:handover": "reports:todo",
    "students:handover_class": "reports:todo",
    "students:handover_write": "reports:todo",
    "students:handed_over": "students:list",
    "students:search": "students:list",
    "students:attention": "reports:todo",
    "students:looks": "reports:todo",
    "students:look_ask": "reports:radar",
    "students:screening_open": "students:screening",
    "students:screening_round": "students:screening",
    "students:screening_class": "students:screening",
    "students:screening_answer": "students:screening",
    "students:screening_review": "students:screening",
    "students:screening_entry": "students:screening",
    "students:checklists": "students:screening",
    "students:checklist": "students:screening",
    "students:checklist_add": "students:screening",
    "students:student_screening": "students:list",
    "students:learning_check": "students:list",
    "students:instrument": "students:instruments",
    "students:instrument_new": "students:instruments",
    "students:instrument_edit": "students:instruments",
    "students:answers": "students:instruments",
    "students:answer_sheet": "students:instruments",
    "students:assessments": "students:list",
    "students:assessment": "students:list",
    "students:habits": "students:list",
    "reports:radar_left": "reports:radar",
    "reports:radar_class": "reports:radar",
    "reports:equity": "reports:radar",
    "reports:only_concern": "reports:radar",
    "students:needs": "students:list",
    "students:need_propose": "students:list",
    "students:level": "students:list",
    "students:need_detail": "students:list",
    "students:categories": "students:need_proposals",
    "students:category": "students:need_proposals",
    "students:clocks": "students:need_proposals",
    "students:need_confirmed": "students:need_proposals",
    "students:need_services": "students:list",
    "students:services": "students:need_proposals",
    "students:service": "students:need_proposals",
    "students:upkeep": "reports:todo",
    "students:signal": "students:signals",
    "students:signal_rules": "students:signals",
    "students:signal_rule": "students:signals",
    "students:signals_of": "students:list",
    "students:import_detail": "students:imports",
    "students:mark_edit": "students:list",
    "students:mark_new": "students:list",
    "reports:job": "reports:index",
    "accounts:staff_detail": "accounts:staff",
    "accounts:staff_add": "accounts:staff",
    "accounts:roles": "accounts:staff",
    "accounts:role_end": "accounts:staff",
    "accounts:slip": "accounts:staff",
    "accounts:department": "accounts:staff",
    "accounts:departments": "accounts:staff",
    "accounts:school": "accounts:staff",
    "reports:system": "accounts:staff",
    "reports:backups": "accounts:staff",
    "students:terms": "accounts:staff",
    "students:term": "accounts:staff",
    "students:term_add": "accounts:staff",
    "students:calendar": "accounts:staff",
    "students:classes_admin": "accounts:staff",
    "students:class_admin": "accounts:staff",
    "students:grade_admin": "accounts:staff",
    "students:duty_end": "accounts:staff",
    "students:leader_end": "accounts:staff",
    "students:add": "students:placements",
    "students:move": "students:placements",
    "students:leave": "students:placements",
    "students:back": "students:placements",
    "students:rollover": "students:placements",
    "account_change_password": "accounts:me",
}


NOBODY: dict[str, Any] = {
    "entries": [],
    "tabs_left": [],
    "tabs_right": [],
    "more": [],
    "current": "",
    "me": "",
    "person": "",
    "subtitle": "",
    "school": "",
    "files": False,
    "sets_care": False,
    "emergency_until": None,
    "shortcuts": True,
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
        return dict(NOBODY)
    today = timezone.localdate()
    roles = user.roles_on(today)
    school, teaches, keeps, leads, emergency_until = _school_and_duties(user, today)
    files = teaches or bool(roles - NO_FILE_ROLES)
    cares = keeps or leads or not roles.isdisjoint(LEADERS)
    return _tabs([entry for entry in _entries(roles, files, keeps, cares) if entry]) | {
        "current": _current(request),
        "person": user.display_name,
        "subtitle": _("Settings and sign-out"),
        "school": school,
        "files": files,
        "sets_care": Role.MORAL_EDUCATION in roles,
        "emergency_until": emergency_until,
        "shortcuts": user.shortcuts_enabled,
    }


def _tabs(entries: list[Entry]) -> dict[str, Any]:
    """The menu, and what of it the tab bar of a phone shows: two entries, a note, the to-do list, oneself."""
    me = _entry("accounts:me", "user-circle", _("Settings"), pgettext("tab", "Me"))
    todo = [entry for entry in entries if entry.name == "reports:todo"]
    first = [entry for entry in entries if entry not in todo][:2]
    return {
        "entries": entries,
        "tabs_left": first,
        "tabs_right": [*todo, *filter(None, [me])],
        "more": [entry for entry in entries if entry not in first and entry not in todo],
        "me": me.href if me else "",
    }


def _school_and_duties(user: User, today: date) -> tuple[str, bool, bool, bool, datetime | None]:
    """The school's name, and whether the person has a class or grade today, a class as head teacher or deputy, and a grade
    as its leader; until when a file stands open to them in an emergency. One statement.

    A hint for the menu, not a check: what may be seen is the business of students.access alone.
    """
    has_class, has_grade = _on("class_assignments", today), _on("grade_assignments", today)
    mine = User.objects.filter(has_class | has_grade, pk=OuterRef("pk"))
    kept = User.objects.filter(has_class, pk=OuterRef("pk"), class_assignments__duty__in=("head", "deputy"))
    led = User.objects.filter(has_grade, pk=OuterRef("pk"))
    now = timezone.now()
    urgent = User.objects.filter(pk=OuterRef("pk"), emergencies__opened_at__lte=now, emergencies__ends_at__gt=now)
    until = Subquery(urgent.order_by("-emergencies__ends_at").values("emergencies__ends_at")[:1])
    found = User.objects.annotate(teaches=Exists(mine), keeps=Exists(kept), leads=Exists(led), until=until)
    return found.values_list("school__name", "teaches", "keeps", "leads", "until").get(pk=user.pk)


def _on(relation: str, day: date) -> Q:
    open_ended = Q(**{f"{relation}__ends_on": None}) | Q(**{f"{relation}__ends_on__gte": day})
    return open_ended & Q(**{f"{relation}__starts_on__lte": day})


def _current(request: HttpRequest) -> str:
    match = request.resolver_match
    return BELONGS_TO.get(match.view_name, match.view_name) if match else ""


def _entries(roles: frozenset[Role], files: bool, keeps: bool, cares: bool) -> list[Entry | None]:
    return [
        _entry("reports:home", "home", _("Home")),
        files and _entry("students:class_list", "users", _("My classes"), pgettext("tab", "Classes")),
        _entry("reports:todo", "checklist", _("To do")),
        cares and _entry("reports:radar", "radar-2", _("Silence radar"), pgettext("tab", "Radar")),
        files and _entry("students:list", "folders", _("Student files"), pgettext("tab", "Files")),
        (keeps or not roles.isdisjoint(LEADERS))
        and _entry("students:screening", "list-check", _("Screening"), pgettext("tab", "Screening")),
        (keeps or not roles.isdisjoint(LEADERS))
        and _entry("students:signals", "bulb", _("Worth a look"), pgettext("tab", "Look")),
        files and _entry("reports:index", "file-text", _("Term summary"), pgettext("tab", "Summary")),
        Role.MORAL_EDUCATION in roles
        and _entry("students:need_proposals", "clipboard-list", _("Care needs"), pgettext("tab", "Needs")),
        Role.MORAL_EDUCATION not in roles
        and Role.COUNSELLOR in roles
        and _entry("students:need_search", "clipboard-list", _("Find by category"), pgettext("tab", "Needs")),
        not roles.isdisjoint(OFFICE_NEEDS)
        and _entry("students:need_list", "clipboard-list", _("Needs of my office"), pgettext("tab", "Needs")),
        Role.ACADEMIC in roles
        and _entry("students:imports", "file-import", _("Roster import"), pgettext("tab", "Import")),
        Role.ACADEMIC in roles
        and _entry("students:mark_imports", "chart-line", _("Marks import"), pgettext("tab", "Marks")),
        Role.ACADEMIC in roles
        and _entry("students:placements", "school", _("Enrolment"), pgettext("tab", "Enrolment")),
        not roles.isdisjoint({Role.COUNSELLOR, Role.MORAL_EDUCATION})
        and _entry("students:instruments", "clipboard-data", _("Assessment tools"), pgettext("tab", "Tools")),
        Role.SYSTEM_ADMIN in roles
        and _entry("accounts:staff", "id-badge-2", _("Staff and roles"), pgettext("tab", "Staff")),
        not roles.isdisjoint(CONFIRMING_ROLES)
        and _entry("accounts:waiting", "user-check", _("Roles for me to confirm"), pgettext("tab", "Confirm")),
        not roles.isdisjoint(LOG_ROLES) and _entry("students:log", "eye-check", _("Read log")),
        roles.isdisjoint(NEVER_ASK) and _entry("students:access_mine", "lock-open", _("Ask for access")),
        not files and _entry("students:notes_mine", "pencil", _("My notes")),
    ]


def _entry(name: str, icon: str, label: str, short: str = "") -> Entry | None:
    try:
        return Entry(name, reverse(name), icon, label, short or label)
    except NoReverseMatch:
        return None
