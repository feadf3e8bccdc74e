"""What waits for one person, in the order in which it should be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.backup.state import backup_state
from accounts.models import CONFIRMING_ROLES, KnownDevice, Role, RoleMembership, User
from accounts.templatetags.yidang import icon_for
from students import access, mentions
from students.levels import Level
from students.models import (
    AccessRequest,
    AttentionRequest,
    CareNeed,
    Draft,
    EmergencyAccess,
    Handover,
    HandoverSummary,
    Observation,
    ReadingNotice,
    SchoolCalendar,
    ScreeningEntry,
    ScreeningSheet,
    Signal,
    Student,
)
from students.upkeep import to_look_through
from students.words import moment_word

MOST = 100  # rows of the to-do page
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Item:
    """One row of the to-do list. `name` is a student's (under the privacy key), `words` free text (the same).
    `title` has {} where the name stands: where in the sentence that is differs with the language.

    `due_on` None: no day is set. `when`: the due word. `is_due`: belongs to today's list.
    """

    icon: str
    title: str
    href: str
    when: str
    name: str = ""
    words: str = ""
    late: bool = False
    urgent: bool = False
    is_due: bool = True

    @property
    def before_name(self) -> str:
        return self.title.partition("{}")[0]

    @property
    def after_name(self) -> str:
        return self.title.partition("{}")[2]


@dataclass(frozen=True)
class Waiting:
    items: tuple[Item, ...]
    student_ids: tuple
    level: int  # the highest level among them; 0 when no student is named

    @property
    def due(self) -> list[Item]:
        return [item for item in self.items if item.is_due]


def waiting_for(user: User, calendar: SchoolCalendar, *, now: datetime) -> Waiting:
    """Attention first, then what waits for one's confirmation or a look, what one has promised, and what is half-written;
    before all, for the system administrator, a backup that is missing. Each is one statement however many rows, and is
    asked for only where it is somebody's duty."""
    today = timezone.localdate(now)
    attention = _attention(user, now)
    promised = _promised(user, today, now)
    counted, talking = _counted(user, calendar, now)
    talks = list(_talks(user, now).select_related("student")[:MOST]) if talking else []
    items = [
        *_backups(user, now),
        *(item for item in counted if item.urgent),
        *(_attention_item(request, calendar, now) for request in attention),
        *(item for item in counted if not item.urgent),
        *_screening(user, calendar, today, now),
        *(_promise_item(note, calendar, today) for note in promised),
        *(_talk_item(signal, calendar, today) for signal in talks),
        *(_draft_item(draft, today) for draft in Draft.objects.unfinished_of(user, now)),
    ]
    named = [*attention, *promised, *talks]
    return Waiting(
        tuple(items), tuple(each.student_id for each in named), max((each.level for each in named), default=0)
    )


def _attention(user: User, now: datetime) -> list[AttentionRequest]:
    if user.roles(now).isdisjoint(access.ATTENTION_ROLES):
        return []
    waiting = AttentionRequest.objects.visible_to(user, now=now).waiting().select_related("student", "observation")
    return list(waiting.order_by("created_at")[:MOST])


def _promised(user: User, today: date, now: datetime) -> list[Observation]:
    """Own notes that are still open to their author: a promise about a student who is out of sight waits no more."""
    notes = Observation.objects.visible_to(user, now=now).open_items_of(user, today=today)
    return list(notes.select_related("student")[:MOST])


def _asked(user: User, now: datetime) -> QuerySet:
    seen = Signal.objects.visible_to(user, now=now).filter(student__status__in=Student.PRESENT)
    return seen.unanswered().filter(student__in=access.students_led(user, now=now))


def _talks(user: User, now: datetime) -> QuerySet:
    seen = Signal.objects.visible_to(user, now=now).filter(student__status__in=Student.PRESENT)
    return seen.open_items_of(user, today=timezone.localdate(now))


def _asked_item(number: int) -> Item:
    """One line, however many: the list says about whom."""
    title = ngettext("%(n)d signal to answer", "%(n)d signals to answer", number) % {"n": number}
    return Item("bulb", title, reverse("students:signals"), _("today"))


def _talk_item(signal: Signal, calendar: SchoolCalendar, today: date) -> Item:
    return Item(
        icon="message-circle",
        title=_("Talk with {}"),
        href=signal.get_absolute_url(),
        when=due_word(signal.talk_on, calendar, today),
        name=signal.student.name,
        late=signal.talk_on < today,
        is_due=signal.talk_on <= today,
    )


def _backups(user: User, now: datetime) -> list[Item]:
    """For the system administrator."""
    if Role.SYSTEM_ADMIN not in user.roles(now) or (state := backup_state(now)).is_well:
        return []
    title = _("The last backup failed") if state.failed else _("No good backup for more than a day")
    if not state.runs:
        title = _("No backup has been made yet")
    return [Item("shield-lock", title, reverse("reports:backups"), _("today"), urgent=not state.is_new)]


# --- lines that tell a number: all of them are one statement -----------------------------------------------------------


def _counted(user: User, calendar: SchoolCalendar, now: datetime) -> tuple[list[Item], int]:
    """What waits in numbers, for those whose office it is, and for those who keep a class. No names: others look on while a
    home page is open. And how many talks one has planned, whose rows are asked for only where there are any."""
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
    rows[_asked_item] = _asked(user, now)
    *found, talks = numbers(user, [*rows.values(), _talks(user, now)])
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


# --- classes to go through --------------------------------------------------------------------------------------------


def _screening(user: User, calendar: SchoolCalendar, today: date, now: datetime) -> list[Item]:
    """For those who keep a class; and one line for 德育 when classes are late. One statement."""
    sheets = ScreeningSheet.objects.visible_to(user, now=now).waiting().with_kept(user, today)
    near = sheets.filter(Q(is_kept=True) | Q(round__due_on__lt=today)).order_by("round__due_on")
    found = list(near.select_related("round__checklist", "class_group"))
    items = [_sheet_item(each, calendar, today) for each in found if each.is_kept]
    late = sum(each.round.due_on < today for each in found)
    if late and Role.MORAL_EDUCATION in user.roles(now):
        title = ngettext("%(n)d class has not finished its screening", "%(n)d classes have not finished their screening", late)  # fmt: skip
        items.append(
            Item("list-check", title % {"n": late}, reverse("students:screening"), _("past its day"), late=True)
        )
    return items


def _sheet_item(sheet: ScreeningSheet, calendar: SchoolCalendar, today: date) -> Item:
    """It belongs to today's list from a week before its day on."""
    due_on = sheet.round.due_on
    names = {"class": sheet.class_group.name_on(today), "list": sheet.round.checklist.name}
    return Item(
        icon="list-check",
        title=_("Go through %(class)s: %(list)s") % names,
        href=sheet.get_absolute_url(),
        when=due_word(due_on, calendar, today),
        late=due_on < today,
        is_due=due_on <= today + A_WEEK,
    )


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


def _attention_item(request: AttentionRequest, calendar: SchoolCalendar, now: datetime) -> Item:
    today = timezone.localdate(now)
    waited = calendar.days_between(timezone.localdate(request.created_at), today)
    when = moment_word(request.created_at, today)
    if waited:
        when = ngettext("waiting for %(n)d school day", "waiting for %(n)d school days", waited) % {"n": waited}
    return Item(
        icon="alert-circle",
        title=_("Attention is asked for {}"),
        href=reverse("students:attention"),
        when=when,
        name=request.student.name,
        words=own_words(request.observation, request.student),
        late=waited > 0,
        urgent=True,
    )


def _promise_item(note: Observation, calendar: SchoolCalendar, today: date) -> Item:
    return Item(
        icon=icon_for(note.kind),
        title=promise_words(note),
        href=note.get_absolute_url(),
        when=due_word(note.follow_up_on, calendar, today),
        name=note.student.name,
        words=own_words(note, note.student),
        late=note.follow_up_on < today,
        is_due=note.follow_up_on <= today,
    )


def promise_words(note: Observation) -> str:
    """再和{}聊聊 after a talk, 跟进{}（观察） after anything else."""
    if note.kind == Observation.Kind.TALK:
        return _("Talk with {} again")
    return _("Follow up with {} (%(kind)s)") % {"kind": note.get_kind_display()}


def _draft_item(draft: Draft, today: date) -> Item:
    return Item(
        icon="pencil",
        title=_("a note not finished"),
        href=draft.get_absolute_url(),
        when=moment_word(draft.updated_at, today),
        words=draft.words if draft.is_daily else "",
    )


def own_words(note: Observation, student: Any) -> str:
    """The note's words with the name of its own student only; fellow students stay "another student". No statement.

    Nothing of a sensitive note: others look on while a home page is open.
    """
    return mentions.show(note.facts, {str(student.pk): student.name}) if note.level == Level.DAILY else ""


def due_word(day: date, calendar: SchoolCalendar, today: date) -> str:
    """今天, 还有 3 天, 过了 2 天: school days, never "overdue". A day on which there is no school counts as the next one."""
    if day == today:
        return _("today")
    if day < today:
        past = max(1, calendar.days_between(day, today))
        return ngettext("%(n)d day past", "%(n)d days past", past) % {"n": past}
    left = max(1, calendar.days_between(today, day))
    return ngettext("%(n)d day left", "%(n)d days left", left) % {"n": left}


def split_due(items: Sequence[Item], most: int) -> tuple[list[Item], int, int]:
    """The first `most` of today's items, and how many there are in all."""
    due: Iterable[Item] = [item for item in items if item.is_due]
    return list(due)[:most], len(items)
