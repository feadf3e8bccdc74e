"""Lines that tell a number: all of them are one statement, and none has a name, since others look on while a home page is
open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import CONFIRMING_ROLES, KnownDevice, Role, RoleMembership, User
from reports.waiting.items import Item
from reports.waiting.named import planned_talks
from students import access
from students.models import (
    AccessRequest,
    CareNeed,
    EmergencyAccess,
    Handover,
    HandoverSummary,
    LookRequest,
    ReadingNotice,
    SchoolCalendar,
    ScreeningEntry,
    Signal,
    Student,
)
from students.upkeep import to_look_through

A_WEEK = timedelta(days=7)


def counted(user: User, calendar: SchoolCalendar, now: datetime) -> tuple[list[Item], int]:
    """What waits in numbers, for those whose office it is, and for those who keep a class. And how many talks one has
    planned, whose rows are asked for only where there are any."""
    roles = user.roles(now)
    rows: dict[Callable[[int], Item], QuerySet] = {}
    if not roles.isdisjoint(access.OVERSEERS):
        rows[_emergency_item] = EmergencyAccess.objects.visible_to(user, now=now).exclude(user=user).unseen()
    if not roles.isdisjoint(CONFIRMING_ROLES):
        proposed = RoleMembership.objects.of_school(user.school_id).waiting()
        rows[_confirmations_item] = proposed.exclude(granted_by=user).exclude(user=user)
    if not roles.isdisjoint((Role.AUDITOR, Role.MORAL_EDUCATION)):
        rows[_unusual_item] = ReadingNotice.objects.for_reader(user).unseen()
    if Role.MORAL_EDUCATION in roles:
        rows[_proposed_item] = CareNeed.objects.visible_to(user, now=now).proposed().exclude(author=user)
        rows[_request_item] = AccessRequest.objects.visible_to(user, now=now).exclude(user=user).waiting()
        rows[_lying_item] = _lying(user, now)
        rows[_seen_item] = ScreeningEntry.objects.visible_to(user, now=now).to_review()
    rows[_device_item] = KnownDevice.objects.of(user).asking()
    rows[_upkeep_item] = to_look_through(user, calendar.term_on(timezone.localdate(now)), now=now)
    rows[_handing_over_item] = _to_hand_over(user, now)
    rows[_looks_item] = _looks(user, now)
    rows[_asked_item] = _asked(user, now)
    *found, talks = numbers(user, [*rows.values(), planned_talks(user, now)])
    return [item(number) for item, number in zip(rows, found, strict=True) if number], talks


def numbers(user: User, rows: Iterable[QuerySet]) -> list[int]:
    """How many rows each of these has, in one statement."""
    counts = [
        Subquery(
            each.order_by()
            .annotate(number=Func("pk", function="COUNT", output_field=IntegerField()))
            .values("number")[:1]
        )
        for each in rows
    ]
    return list(User.objects.filter(pk=user.pk).values_list(*counts).get()) if counts else []


def _emergency_item(number: int) -> Item:
    """At the next look at any of these pages; without a name."""
    title = ngettext("%(n)d emergency access to review", "%(n)d emergency accesses to review", number) % {"n": number}
    return Item("alert-triangle", title, reverse("students:access_office"), _("today"), urgent=True)


def _request_item(number: int) -> Item:
    title = ngettext("%(n)d request for access", "%(n)d requests for access", number) % {"n": number}
    return Item("lock-open", title, reverse("students:access_office"), _("waits for your decision"))


def _confirmations_item(number: int) -> Item:
    title = ngettext("%(n)d role to confirm", "%(n)d roles to confirm", number) % {"n": number}
    return Item("user-check", title, reverse("accounts:waiting"), _("waits for a second person"))


def _unusual_item(number: int) -> Item:
    title = ngettext("%(n)d unusual reading to look into", "%(n)d unusual readings to look into", number)
    return Item("eye-check", title % {"n": number}, reverse("students:log"), _("today"))


def _device_item(number: int) -> Item:
    title = ngettext("A new device signed in as you. Is it yours?", "%(n)d new devices signed in as you. Are they yours?", number)  # fmt: skip
    return Item("shield-lock", title % {"n": number}, reverse("usersessions_list"), _("today"))


def _proposed_item(number: int) -> Item:
    title = ngettext("%(n)d proposed need to decide on", "%(n)d proposed needs to decide on", number) % {"n": number}
    return Item("clipboard-list", title, reverse("students:need_proposals"), _("waits for a second person"))


def _upkeep_item(number: int) -> Item:
    title = ngettext("%(n)d file to look through", "%(n)d files to look through", number) % {"n": number}
    return Item("clipboard-check", title, reverse("students:upkeep"), _("this term"))


def _seen_item(number: int) -> Item:
    title = ngettext("%(n)d screening answer to look at", "%(n)d screening answers to look at", number) % {"n": number}
    return Item("list-check", title, reverse("students:screening_review"), _("today"))


def _asked(user: User, now: datetime) -> QuerySet:
    seen = Signal.objects.visible_to(user, now=now).filter(student__status__in=Student.PRESENT)
    return seen.unanswered().filter(student__in=access.students_led(user, now=now))


def _asked_item(number: int) -> Item:
    """One line, however many: the list says about whom."""
    title = ngettext("%(n)d signal to answer", "%(n)d signals to answer", number) % {"n": number}
    return Item("bulb", title, reverse("students:signals"), _("today"))


def _looks(user: User, now: datetime) -> QuerySet:
    seen = LookRequest.objects.visible_to(user, now=now).filter(student__status__in=Student.PRESENT)
    return seen.waiting().filter(student__in=access.students_led(user, now=now))


def _looks_item(number: int) -> Item:
    title = ngettext("%(n)d student you were asked to look at", "%(n)d students you were asked to look at", number)
    return Item("eye", title % {"n": number}, reverse("students:looks"), _("today"))


# --- hand-overs -------------------------------------------------------------------------------------------------------


def _to_hand_over(user: User, now: datetime) -> QuerySet:
    """To take over; and to write, as long as nothing is written. See also `_lying`, what nobody has done for a week."""
    # The text about the class is encrypted, so its version tells: an outstanding one has changed by nothing else.
    unwritten = Q(version=1) & ~Exists(HandoverSummary.objects.filter(handover=OuterRef("pk")))
    mine = Q(taker=user) | (Q(giver=user) & unwritten)
    return Handover.objects.visible_to(user, now=now).outstanding().filter(mine)


def _lying(user: User, now: datetime) -> QuerySet:
    rows = Handover.objects.visible_to(user, now=now).outstanding().exclude(giver=user).exclude(taker=user)
    return rows.filter(on__lte=timezone.localdate(now) - A_WEEK)


def _lying_item(number: int) -> Item:
    title = ngettext("%(n)d hand-over not taken over", "%(n)d hand-overs not taken over", number) % {"n": number}
    return Item("arrow-left-right", title, reverse("students:handovers"), _("for a week"))


def _handing_over_item(number: int) -> Item:
    title = ngettext("%(n)d hand-over of your own", "%(n)d hand-overs of your own", number) % {"n": number}
    return Item("arrow-left-right", title, reverse("students:handovers"), _("today"))
