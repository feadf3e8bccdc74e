"""The logs, for those who answer for them: who read what in the school, and who signed in and gave what to whom."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import policy
from accounts.devices import device_word
from accounts.models import Role, SecurityEvent
from students import access as rights
from students import audit, reading_log, sealing
from students.levels import Level
from students.models import AccessGrant, FileAccess, ReadingNotice
from students.watching import mark_seen
from students.words import moment_word

PAGE = 50
DEVICES = {SecurityEvent.Kind.DEVICE_NEW, SecurityEvent.Kind.DEVICE_OWN, SecurityEvent.Kind.DEVICE_REFUSED}
MOST_NOTICES = 20
ON_PAPER = 1_000  # rows; a file that more people opened in 90 days is a matter for the database's operator

readers_of_the_log = policy("role", *rights.LOG_ROLES)


@readers_of_the_log
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """What is unusual, the newest anchor of the chain, and who read what in the last 90 days. No student is named.

    Reading this is logged too, at level 1: it shows nothing of a file.
    """
    now, today = timezone.now(), timezone.localdate()
    rows = FileAccess.objects.filter(school_id=str(request.user.school_id), at__gt=now - reading_log.LOOKING_BACK)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    notices = ReadingNotice.objects.for_reader(request.user).select_related("about", "seen_by")
    notices = notices.order_by(F("seen_at").desc(nulls_first=True), "-at")[:MOST_NOTICES]  # what waits comes first
    shown = [(row, moment_word(row.at, today), Level(row.level).label) for row in page]  # before this one's own row
    audit.record(request, FileAccess.Kind.VIEW, level=Level.BASIC)
    context = {
        "page": page,
        "rows": shown,
        "notices": [(notice, moment_word(notice.at, today)) for notice in notices],
        "anchor": sealing.newest(),
        "is_auditor": request.user.has_role(Role.AUDITOR, on=today),
        "oversees": request.user.has_role(*rights.OVERSEERS, on=today),
        "names": rights.names_in_log(request.user, now=now),
    }
    return render(request, "students/logs/log.html", context)


@readers_of_the_log
@require_POST
def notice_seen(request: HttpRequest, pk: UUID) -> HttpResponse:
    notice = get_object_or_404(ReadingNotice.objects.for_reader(request.user), pk=pk)
    mark_seen(by=request.user, notice=notice, now=timezone.now())
    return redirect("students:log")


@policy("role", Role.AUDITOR)
@require_safe
def security_log(request: HttpRequest) -> HttpResponse:
    """Sign-ins, failures, and what was given to whom. For the auditor alone: addresses say where colleagues were."""
    now, today = timezone.now(), timezone.localdate()
    school = str(request.user.school_id)
    # Without a school: a failure under a number that belongs to no school here.
    events = SecurityEvent.objects.filter(school_id__in=[school, ""], at__gt=now - reading_log.LOOKING_BACK)
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    audit.record(request, FileAccess.Kind.VIEW, level=Level.BASIC)
    context = {"page": page, "rows": [(event, moment_word(event.at, today), _detail(event)) for event in page]}
    return render(request, "students/logs/security.html", context)


def _detail(event: SecurityEvent) -> str:
    """The role, the duty or the device in words, or where a session was ended from."""
    words = {**dict(AccessGrant.Reason.choices), **dict(Role.choices), "elsewhere": _("on another device")}
    if event.kind in DEVICES:
        return device_word(event.detail)
    return str(words.get(event.detail, ""))


@policy("student", level=Level.BASIC)
@require_safe
def readers_print(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who opened this file, on paper: what the school answers with when somebody asks (N6)."""
    now, today = timezone.now(), timezone.localdate()
    student = get_object_or_404(rights.students_in_log(request.user, now=now).placed_on(today), pk=pk)
    if not rights.reads_log(request.user, now=now):
        raise PermissionDenied
    rows = [reading_log.as_reading(row) for row in reading_log.by_page_view(student, now=now)[:ON_PAPER]]
    audit.record(request, FileAccess.Kind.PRINT, students=[student], level=Level.BASIC)
    context = {
        "student_id": student.pk,
        "student_name": student.name if rights.names_in_log(request.user, now=now) else "",
        "totals": reading_log.totals(student, now=now),
        "since": now - reading_log.LOOKING_BACK,
        "now": now,
        "rows": [(row, paper_moment(row.at)) for row in rows],
        "most": ON_PAPER if len(rows) == ON_PAPER else 0,
    }
    return render(request, "students/logs/readers_print.html", context)


def paper_moment(moment: datetime) -> str:
    """On paper "today" means nothing."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
