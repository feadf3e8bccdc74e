"""Writes about staff, roles and schools. Who may call them stands in the views' policies; what nobody may do, here."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.encryption import fingerprint
from accounts.models import (
    CONFIRMING_ROLES,
    SCHOOL_WIDE_ROLES,
    Department,
    KnownDevice,
    RoleMembership,
    School,
    User,
)
from accounts.passwords import one_time_password
from accounts.security import Kind, record
from accounts.versions import delete_version, save_version

STAFF_FIELDS = ("employee_no", "display_name", "sex", "department", "phone")
A_DAY = timedelta(days=1)


@transaction.atomic
def create_user(
    *, by: User | None, school: School, employee_no: str, display_name: str, **fields: Any
) -> tuple[User, str]:
    """Make an account and its one-time password, which has to be changed at the first sign-in.

    `by` is None for a command at the server. Raises ValidationError for a bad or taken number.
    """
    user = User(school=school, employee_no=employee_no, display_name=display_name, must_change_password=True, **fields)
    _check(user)
    password = one_time_password()
    user.set_password(password)
    user._history_user = by
    user.save()
    record(Kind.ACCOUNT_ADDED, by=by, about=user)
    return user, password


@transaction.atomic
def update_user(*, by: User, user: User, version: int) -> None:
    """Save the corrected fields of `user`. Raises StaleVersion, and ValidationError for a taken number."""
    _check(user)
    user._history_user = by
    save_version(user, STAFF_FIELDS, version)


@transaction.atomic
def deactivate_user(*, by: User, user: User) -> None:
    """Somebody leaves: every session ends at once, and no role or grant counts any more."""
    if by == user:
        raise ValidationError(_("You can't deactivate yourself."))
    _set_active(by, user, False)
    record(Kind.DEACTIVATED, by=by, about=user)
    end_sessions(by=by, user=user)


@transaction.atomic
def reactivate_user(*, by: User, user: User) -> None:
    """Somebody comes back: with the old roles, as far as their dates still include the day."""
    _set_active(by, user, True)
    record(Kind.REACTIVATED, by=by, about=user)


@transaction.atomic
def reset_password(*, by: User | None, user: User) -> str:
    """A new one-time password; the old one and every session end at once."""
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user._history_user = by
    user.save(update_fields=["password", "must_change_password"])
    record(Kind.PASSWORD_RESET, by=by, about=user)
    end_sessions(by=by, user=user)
    return password


@transaction.atomic
def end_sessions(*, by: User | None, user: User) -> None:
    """Sign `user` out everywhere. The next sign-in is on their first device again, and no news."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    KnownDevice.objects.of(user).delete()


@transaction.atomic
def end_elsewhere(*, by: User, sessions: Iterable[UserSession], devices: Iterable[KnownDevice]) -> None:
    """End some of one's own sessions, and forget some of one's devices: they would be news again."""
    for session in sessions:
        record(Kind.SIGN_OUT, by=by, detail="elsewhere")
        session.end()
    for device in devices:
        device.delete()


@transaction.atomic
def recognise_device(*, user: User, token: str, marks: str, now: datetime) -> KnownDevice:
    """At a sign-in: the device that `token` stands for. A new one is told once, unless it is the first (T29)."""
    token_hash = fingerprint("accounts.KnownDevice.token", f"{user.pk}:{token}")
    known = KnownDevice.objects.of(user).exclude(token_hash=token_hash).exists()
    fresh = {"marks": marks, "first_seen_at": now, "last_seen_at": now, "asks": known}
    device, is_new = KnownDevice.objects.get_or_create(user=user, token_hash=token_hash, defaults=fresh)
    if is_new and known:
        record(Kind.DEVICE_NEW, by=user, detail=marks)
    device.last_seen_at = now
    device.save(update_fields=["last_seen_at"])
    return device


@transaction.atomic
def own_device(*, by: User, device: KnownDevice, here: str, now: datetime) -> None:
    """The person knows it. Saying so twice changes nothing. Raises ValidationError (_refuse_judging_itself)."""
    _refuse_judging_itself(device, here, now)
    if device.asks:
        record(Kind.DEVICE_OWN, by=by, detail=device.marks)
        device.asks = False
        device.save(update_fields=["asks"])


@transaction.atomic
def refuse_device(*, by: User, device: KnownDevice, here: str, sessions: Iterable[UserSession], now: datetime) -> None:
    """Somebody else has the password: all their other `sessions` end, and every device but this one is new again.

    Raises ValidationError (_refuse_judging_itself)."""
    _refuse_judging_itself(device, here, now)
    record(Kind.DEVICE_REFUSED, by=by, detail=device.marks)
    others = [each for each in KnownDevice.objects.of(by) if str(each.pk) != here]
    end_elsewhere(by=by, sessions=sessions, devices=others)


def note_tries_cleared(*, by: User, user: User) -> None:
    """Somebody may try again at once; the counters themselves stand in the cache."""
    record(Kind.TRIES_CLEARED, by=by, about=user)


@transaction.atomic
def propose_role(
    *, by: User | None, user: User, role: str, starts_on: date, ends_on: date | None = None, now: datetime
) -> RoleMembership:
    """Give a role from a day to a day. A school-wide one waits for a second person (DESIGN.md §3, TRUST.md T17).

    `by` None is a command at the server, the operator's own authority: confirmed at once. Raises ValidationError:
    nobody gives themselves a role, the last day is not before the first, the same role does not begin twice.
    """
    membership = RoleMembership(user=user, role=role, starts_on=starts_on, ends_on=ends_on, granted_by=by)
    if by == user:
        raise ValidationError(_("Nobody can give themselves a role."))
    if by is None and role in SCHOOL_WIDE_ROLES:
        membership.confirmed_at = now
    record(Kind.ROLE_PROPOSED, by=by, about=user, detail=role)
    return _save_role(by, membership)


@transaction.atomic
def confirm_role(*, by: User, membership: RoleMembership, now: datetime, version: int | None = None) -> None:
    """The second person agrees. Confirming twice changes nothing. Raises PermissionDenied for everybody else.

    `version` is that of the proposal which was shown. Raises StaleVersion when it is another one by now.
    """
    _refuse_confirming(by, membership, now)
    if membership.waits:
        membership.confirmed_by, membership.confirmed_at = by, now
        record(Kind.ROLE_CONFIRMED, by=by, about=membership.user, detail=membership.role)
        _save_role(by, membership, ["confirmed_by", "confirmed_at"], version)


@transaction.atomic
def decline_role(*, by: User, membership: RoleMembership, now: datetime, version: int | None = None) -> None:
    """The second person does not agree: the proposal goes; its history keeps who declined it. Raises StaleVersion."""
    _refuse_confirming(by, membership, now)
    if not membership.waits:
        raise ValidationError(_("This role has been confirmed already."))
    record(Kind.ROLE_DECLINED, by=by, about=membership.user, detail=membership.role)
    membership._history_user = by
    delete_version(membership, membership.version if version is None else version)


@transaction.atomic
def end_role(*, by: User, membership: RoleMembership, last_day: date, version: int | None = None) -> None:
    """End a role after `last_day`; one that has not begun by then goes altogether. Nobody ends their own.

    Never later than it ends anyway: the second person confirmed it up to that day. Raises ValidationError, and
    StaleVersion when the role is no longer the one that was shown (`version`).
    """
    if by == membership.user:
        raise ValidationError(_("Nobody can change their own roles."))
    if membership.ends_on is not None and last_day > membership.ends_on:
        raise ValidationError(_("This role ends earlier anyway. To make it longer, propose it again."))
    membership._history_user = by
    record(Kind.ROLE_ENDED, by=by, about=membership.user, detail=membership.role)
    if last_day < membership.starts_on:
        membership.user.forget_roles()
        delete_version(membership, membership.version if version is None else version)
    else:
        membership.ends_on = last_day
        _save_role(by, membership, ["ends_on"], version)


def last_day_if_ended_now(now: datetime) -> date:
    """The last day of a role that must not count any more from `now` on."""
    return timezone.localdate(now) - timedelta(days=1)


@transaction.atomic
def save_school(*, by: User, school: School, version: int) -> None:
    """Save name and duty phone. Raises StaleVersion."""
    school._history_user = by
    save_version(school, ["name", "duty_phone"], version)


@transaction.atomic
def add_department(*, by: User | None, school: School, name: str) -> Department:
    """Raises ValidationError if the school has one of this name."""
    department = Department(school=school, name=name)
    department.full_clean()
    department._history_user = by
    department.save()
    return department


@transaction.atomic
def rename_department(*, by: User, department: Department, version: int) -> None:
    """Save the new name. Raises StaleVersion."""
    department._history_user = by
    save_version(department, ["name"], version)


@transaction.atomic
def delete_department(*, by: User, department: Department, version: int | None = None) -> None:
    """Only an empty one: its people would lose theirs without a trace. Raises ValidationError, and StaleVersion."""
    if department.users.exists():
        raise ValidationError(_("This department still has people. Move them first."))
    department._history_user = by
    delete_version(department, department.version if version is None else version)


def _refuse_judging_itself(device: KnownDevice, here: str, now: datetime) -> None:
    """Whoever came with a stolen password would say "that was me". After a day they may: the owner of another device has
    had the time to see it, and who has but this one must not be asked for ever."""
    if str(device.pk) == here and now < device.first_seen_at + A_DAY:
        raise ValidationError(_("Answer on a device that you used before, or here tomorrow."))


def _set_active(by: User, user: User, active: bool) -> None:
    user.is_active = active
    user.forget_roles()
    user._history_user = by
    user.save(update_fields=["is_active"])


def _check(user: User) -> None:
    user.username = f"{user.school.code}-{user.employee_no}"
    user.full_clean(exclude=["password"])


def _save_role(
    by: User | None, membership: RoleMembership, fields: Iterable[str] = (), version: int | None = None
) -> RoleMembership:
    """A new one; of one that stands already its `fields`, if it still has `version`."""
    membership.full_clean(exclude=["granted_by", "confirmed_by", "confirmed_at"], validate_constraints=False)
    membership.validate_constraints()
    membership._history_user = by
    if fields:
        save_version(membership, fields, membership.version if version is None else version)
    else:
        membership.save()
    membership.user.forget_roles()
    return membership


def _refuse_confirming(by: User, membership: RoleMembership, now: datetime) -> None:
    first_hands = (membership.user_id, membership.granted_by_id)
    if by.pk in first_hands or not by.roles(now) & CONFIRMING_ROLES or by.school_id != membership.user.school_id:
        raise PermissionDenied(_("A second person has to confirm this role."))
