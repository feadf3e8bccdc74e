"""Writes the read log: one FileAccess row for each request that shows level 2 or higher, searches, or hands out a file."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.adapter import get_adapter
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.encryption import fingerprint
from accounts.models import User
from students.levels import Level
from students.models.audit import FileAccess


def record(
    request: HttpRequest,
    kind: str,
    *,
    students: Iterable = (),
    level: int = Level.DAILY,
    terms: str = "",
) -> FileAccess:
    """Insert in a short atomic block of its own, *before* rendering: if it can't be written, nothing is shown.

    `students`: ids or students whose records are about to be shown. `terms`: what was searched for; stored as a keyed
    fingerprint, never as text.
    """
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
    level: int = Level.DAILY,
    terms: str = "",
    page_view: str = "",
    address: str = "",
) -> FileAccess:
    """The same for work without a request: a task names the user on whose behalf it reads."""
    ids = sorted({str(getattr(student, "pk", student)) for student in students})
    with transaction.atomic():
        return FileAccess.objects.create(
            at=timezone.now(),
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
        )
