"""Lines with a name, each with the student's under the privacy key: attention, promises, talks; and what waits for the
person alone: classes to go through, half-written notes, a backup that is missing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.backup.state import backup_state
from accounts.models import Role, User
from accounts.templatetags.yidang import icon_for
from reports.waiting.items import Item, due_word, own_words
from students import access
from students.models import AttentionRequest, Draft, Observation, SchoolCalendar, ScreeningSheet, Signal, Student
from students.words import moment_word

MOST = 100  # rows of the to-do page
A_WEEK = timedelta(days=7)


def attention_asked(user: User, now: datetime) -> list[AttentionRequest]:
    if user.roles(now).isdisjoint(access.ATTENTION_ROLES):
        return []
    waiting = AttentionRequest.objects.visible_to(user, now=now).waiting().select_related("student", "observation")
    return list(waiting.order_by("created_at")[:MOST])


def attention_item(request: AttentionRequest, calendar: SchoolCalendar, now: datetime) -> Item:
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


def promised_notes(user: User, today: date, now: datetime) -> list[Observation]:
    """Own notes that are still open to their author: a promise about a student who is out of sight waits no more."""
    notes = Observation.objects.visible_to(user, now=now).open_items_of(user, today=today)
    return list(notes.select_related("student")[:MOST])


def promise_item(note: Observation, calendar: SchoolCalendar, today: date) -> Item:
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


def planned_talks(user: User, now: datetime) -> QuerySet:
    seen = Signal.objects.visible_to(user, now=now).filter(student__status__in=Student.PRESENT)
    return seen.open_items_of(user, today=timezone.localdate(now))


def talk_item(signal: Signal, calendar: SchoolCalendar, today: date) -> Item:
    return Item(
        icon="message-circle",
        title=_("Talk with {}"),
        href=signal.get_absolute_url(),
        when=due_word(signal.talk_on, calendar, today),
        name=signal.student.name,
        late=signal.talk_on < today,
        is_due=signal.talk_on <= today,
    )


def backups(user: User, now: datetime) -> list[Item]:
    """For the system administrator."""
    if Role.SYSTEM_ADMIN not in user.roles(now) or (state := backup_state(now)).is_well:
        return []
    title = _("The last backup failed") if state.failed else _("No good backup for more than a day")
    if not state.runs:
        title = _("No backup has been made yet")
    return [Item("shield-lock", title, reverse("reports:backups"), _("today"), urgent=not state.is_new)]


def draft_item(draft: Draft, today: date) -> Item:
    return Item(
        icon="pencil",
        title=_("a note not finished"),
        href=draft.get_absolute_url(),
        when=moment_word(draft.updated_at, today),
        words=draft.words if draft.is_daily else "",
    )


# --- classes to go through --------------------------------------------------------------------------------------------


def screening(user: User, calendar: SchoolCalendar, today: date, now: datetime) -> list[Item]:
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
