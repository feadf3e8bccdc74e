"""Emergency access and access on request: opened with a reason, for a time, under somebody else's eyes (R4, N7, T18)."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.security import Kind, record
from accounts.versions import StaleVersion, save_version
from students import access
from students.actions import end_of, stamp, start_of
from students.levels import Level
from students.models import AccessGrant, AccessRequest, EmergencyAccess, Student
from students.models.asking import EMERGENCY_LASTS, LONGEST_REQUEST

Reason = AccessGrant.Reason


# --- emergencies ------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_emergency(*, by: User, student: Student, level: int, reason: str, now: datetime) -> EmergencyAccess:
    """Level 3 opens at once and for 24 hours; level 4 with `approve_emergency`, until the same moment.

    Raises ValidationError when this file stands open to that person already, so that nothing new would be opened.
    """
    _refuse_asking(by, student, now)
    if access.level_of(by, student, now=now) >= level:
        raise ValidationError(_("You can open this file already; look under student files."))
    if EmergencyAccess.objects.open_at(now).filter(user=by, student=student, level__gte=level).exists():
        raise ValidationError(
            _("You have opened this file in an emergency already; it still waits for the second person.")
        )
    emergency = EmergencyAccess(
        student=student, user=by, level=level, reason=reason, opened_at=now, ends_at=now + EMERGENCY_LASTS
    )
    stamp(by, emergency)
    emergency.save()
    _open(by, emergency, Level.SENSITIVE, now)
    return emergency


def _open(by: User, emergency: EmergencyAccess, level: Level, now: datetime) -> None:
    _grant(
        by=by, user=emergency.user, student=emergency.student, level=level, reason=Reason.EMERGENCY,
        source=f"emergency:{emergency.pk.hex}", starts_at=now, ends_at=emergency.ends_at,
    )  # fmt: skip


@transaction.atomic
def approve_emergency(*, by: User, emergency: EmergencyAccess, now: datetime) -> bool:
    """A second person opens the confidential part: 德育 or the principal, never oneself. The first one counts; whether it
    was this one."""
    _refuse_overseeing(by, emergency, now)
    if not emergency.waits(now):
        return False
    emergency.approved_at, emergency.approved_by = now, by
    stamp(by, emergency)
    if not _first(emergency, ["approved_at", "approved_by"]):
        return False
    _open(by, emergency, Level.CONFIDENTIAL, now)
    return True


@transaction.atomic
def end_emergency(*, by: User, emergency: EmergencyAccess, now: datetime) -> bool:
    """By whoever opened it, or by an overseer who sees no need for it. Whether it was still open."""
    if by.pk != emergency.user_id:
        _refuse_overseeing(by, emergency, now)
    if not emergency.is_open(now):
        return False
    emergency.ends_at = now
    stamp(by, emergency)
    save_version(emergency, ["ends_at"], emergency.version)
    _end_grants(by, emergency.user, emergency.student, f"emergency:{emergency.pk.hex}", now)
    return True


@transaction.atomic
def review_emergency(*, by: User, emergency: EmergencyAccess, verdict: str, note: str, now: datetime) -> bool:
    """Seen, justified or not, with a reason. "Seen" may be said before one of the others; then it stands. Whether it was
    this one."""
    _refuse_overseeing(by, emergency, now)
    if verdict == EmergencyAccess.Verdict.NOT_JUSTIFIED and not note:
        raise ValidationError(_("Say why it was not justified."))
    if emergency.is_decided:
        return False
    emergency.verdict, emergency.review_note = verdict, note
    emergency.reviewed_at, emergency.reviewed_by = now, by
    stamp(by, emergency)
    return _first(emergency, ["verdict", "review_note", "reviewed_at", "reviewed_by"])


def _refuse_asking(by: User, student: Student, now: datetime) -> None:
    if not access.may_ask(by, now=now) or by.school_id != student.school_id:
        raise PermissionDenied


def _refuse_overseeing(by: User, emergency: EmergencyAccess, now: datetime) -> None:
    overseer = by.is_active and not by.roles(now).isdisjoint(access.OVERSEERS)
    if not overseer or by.pk == emergency.user_id or by.school_id != emergency.student.school_id:
        raise PermissionDenied


def _first(row: EmergencyAccess | AccessRequest, fields: list[str]) -> bool:
    """Of two who decide at the same moment one does."""
    try:
        save_version(row, fields, row.version)
    except StaleVersion:
        return False
    return True


# --- requests ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_for_access(
    *, by: User, student: Student, level: int, reason: str, starts_on: date, ends_on: date, now: datetime
) -> AccessRequest:
    """德育 decides. Raises ValidationError: days that make no sense, asked already, or open already."""
    _refuse_asking(by, student, now)
    asked = AccessRequest(
        student=student, user=by, level=level, reason=reason, starts_on=starts_on, ends_on=ends_on, asked_at=now
    )
    if ends_on < timezone.localdate(now) or ends_on - starts_on > LONGEST_REQUEST:
        raise ValidationError(_("Ask for days from today on, for three months at most."))
    if access.level_of(by, student, now=now) >= level:
        raise ValidationError(_("You can open this file already; look under student files."))
    asked.full_clean(exclude=["reason"])
    stamp(by, asked)
    asked.save()
    return asked


@transaction.atomic
def decide_request(*, by: User, asked: AccessRequest, grant: bool, note: str, now: datetime) -> bool:
    """Open it for the days that were asked for, or refuse with a reason. The first one counts; whether it was this one."""
    _refuse_deciding(by, asked, now)
    if not grant and not note:
        raise ValidationError(_("Say why not; whoever asked will read it."))
    if asked.decided_at is not None:
        return False
    asked.is_granted, asked.decision_note = grant, note
    asked.decided_at, asked.decided_by = now, by
    stamp(by, asked)
    if not _first(asked, ["is_granted", "decision_note", "decided_at", "decided_by"]):
        return False
    if grant and timezone.localdate(now) <= asked.ends_on:
        _grant(
            by=by, user=asked.user, student=asked.student, level=Level(asked.level), reason=Reason.REQUEST,
            source=f"request:{asked.pk.hex}", starts_at=max(now, start_of(asked.starts_on)),
            ends_at=end_of(asked.ends_on),
        )  # fmt: skip
    return True


@transaction.atomic
def end_request(*, by: User, asked: AccessRequest, now: datetime) -> bool:
    """Before its last day, by whoever asked for it or by 德育. Whether there was something to end."""
    if by.pk != asked.user_id:
        _refuse_deciding(by, asked, now)
    if asked.state(now) not in ("live", "future"):
        return False
    asked.ended_at = now
    stamp(by, asked)
    save_version(asked, ["ended_at"], asked.version)
    _end_grants(by, asked.user, asked.student, f"request:{asked.pk.hex}", now)
    return True


def _refuse_deciding(by: User, asked: AccessRequest, now: datetime) -> None:
    decides = by.is_active and Role.MORAL_EDUCATION in by.roles(now)
    if not decides or by.pk == asked.user_id or by.school_id != asked.student.school_id:
        raise PermissionDenied


# --- grants -----------------------------------------------------------------------------------------------------------


def _grant(
    *, by: User, user: User, student: Student, level: Level, reason: str, source: str, starts_at: datetime,
    ends_at: datetime | None,
) -> None:  # fmt: skip
    grant = AccessGrant(
        user=user, content_object=student, reason=reason, source=source, starts_at=starts_at, ends_at=ends_at,
        granted_by=by, permission=Permission.objects.get(content_type__app_label="students", codename=level.codename),
    )  # fmt: skip
    stamp(by, grant)
    grant.save()
    record(Kind.ACCESS_GIVEN, by=by, about=user, student=student, detail=reason)


def _end_grants(by: User, user: User, student: Student, source: str, now: datetime) -> None:
    for grant in AccessGrant.objects.filter(source=source, content_object=student).exclude(ends_at__lte=now):
        grant.ends_at = max(now, grant.starts_at)
        stamp(by, grant)
        grant.save(update_fields=["ends_at"])
        record(Kind.ACCESS_ENDED, by=by, about=user, student=student, detail=grant.reason)
