"""Writes the log of security events: one SecurityEvent for each sign-in, failure, sign-out, and change of what somebody may do.

A table of its own beside the read log: accounts may not import students, these rows are about staff and not about a file,
and what they need (whom, which role) is nothing that a page view has. Actions write theirs inside their own transaction.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import tracing
from accounts.encryption import fingerprint
from accounts.models import School, SecurityEvent, User

Kind = SecurityEvent.Kind


def record(
    kind: str, *, by: User | None, about: User | None = None, student: Any = None, detail: str = ""
) -> SecurityEvent:
    """One row. `by` None is a command at the server. If it can't be written, what it tells of does not happen."""
    known = about or by
    return _write(
        kind,
        by=by,
        about=about,
        school_id=str(known.school_id) if known else "",
        student_id=str(student.pk) if student else "",
        detail=detail,
    )


def record_failure(username: str) -> SecurityEvent:
    """Somebody could not sign in under this user name (accounts.forms.resolve_username), which is kept as a keyed fingerprint
    only: people type passwords there. What can't be a user name of this installation has one name, and no school."""
    about = User.objects.filter(username__iexact=username).first()
    school = School.objects.filter(code__iexact=username.split("-")[0]).first()
    return _write(
        Kind.SIGN_IN_FAILED,
        by=None,
        about=about,
        school_id=str(school.pk) if school else "",
        typed_hash="" if about else fingerprint("accounts.SecurityEvent.typed", username.casefold()),
    )


@transaction.atomic
def _write(kind: str, *, by: User | None, about: User | None, **fields: str) -> SecurityEvent:
    return SecurityEvent.objects.create(
        at=timezone.now(),
        kind=kind,
        user_id=str(by.pk) if by else "",
        user_label=_label(by),
        about_id=str(about.pk) if about else "",
        about_label=_label(about),
        **fields,
        **_origin(tracing.current()),
    )


def _label(user: User | None) -> str:
    return f"{user.employee_no} {user.display_name}" if user else ""


def _origin(request: HttpRequest | None) -> dict[str, str]:
    """Where it was done: behind a proxy the address that the proxy gives, never what a client claims."""
    if request is None:
        return {}
    match = request.resolver_match
    return {
        "what": match.view_name if match else "",
        "page_view": str(request.page_view),
        "address": get_adapter().get_client_ip(request),
    }
