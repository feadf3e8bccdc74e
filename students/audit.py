"""Writes the read log: one FileAccess row for each request that shows level 2 or higher, searches, or hands out a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from allauth.account.adapter import get_adapter
from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, Value, When
from django.http import HttpRequest
from django.utils import timezone

from accounts.encryption import fingerprint
from accounts.models import User
from students.levels import Level
from students.models import AccessGrant, FileAccess
from students.stopping import OPENED, may_be_stopped, stop_at_cap, unless_at_cap


def record(
    request: HttpRequest,
    kind: str,
    *,
    students: Iterable = (),
    level: int = Level.DAILY,
    terms: str = "",
) -> FileAccess:
    """Insert in a short atomic block of its own, *before* rendering: if it can't be written, nothing is shown.

    Raises ReadingStopped, and writes nothing, when this person has opened too many files (students.stopping).
    `students`: ids or students whose records are about to be shown. `terms`: what was searched for; stored as a keyed
    fingerprint, never as text.
    """
    students = list(students)
    if kind not in OPENED or level < Level.DAILY or not may_be_stopped(request.user, now=timezone.now()):
        return _record(request, kind, students, level, terms)
    try:
        return _record(request, kind, students, unless_at_cap(request.user, level, now=timezone.now()), terms)
    except IntegrityError:  # the database took no row: look closely, then write it, or stop
        stop_at_cap(request.user, students, now=timezone.now())
        return _record(request, kind, students, level, terms)


def _record(request: HttpRequest, kind: str, students: list, level: int | Case, terms: str) -> FileAccess:
    return record_for(
        request.user,
        kind,
        what=request.resolver_match.view_name,
        students=students,
        level=level,
        terms=terms,
        page_view=str(request.page_view),
        address=get_adapter().get_client_ip(request),  # behind a proxy what the proxy says, never what a client claims
    )


def record_for(
    user: User,
    kind: str,
    *,
    what: str,
    students: Iterable = (),
    level: int | Case = Level.DAILY,
    terms: str = "",
    page_view: str = "",
    address: str = "",
) -> FileAccess:
    """The same for work without a request: a task names the user on whose behalf it reads."""
    ids = sorted({str(getattr(student, "pk", student)) for student in students})
    now = timezone.now()
    with transaction.atomic():
        return FileAccess.objects.create(
            at=now,
            school_id=str(user.school_id),
            user_id=str(user.pk),
            user_label=f"{user.employee_no} {user.display_name}",
            kind=kind,
            what=what,
            level=level,
            student_ids=" ".join(ids),
            terms_hash=fingerprint("students.FileAccess.terms", terms) if terms else "",
            page_view=page_view,
            address=address,
            reason=_reason(user, ids, now),
        )


def _reason(user: User, ids: list[str], now: datetime) -> Case | str:
    """Found out by the insert itself: whether one of these files stands open to this person by emergency access."""
    if not ids:
        return ""
    emergency = AccessGrant.objects.live(now).filter(
        user=user, content_object__in=ids, reason=AccessGrant.Reason.EMERGENCY
    )
    return Case(When(Exists(emergency), then=Value(str(AccessGrant.Reason.EMERGENCY))), default=Value(""))
