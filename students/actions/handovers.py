"""Hand-overs are due when a head teacher's access ends and another's begins; this writes the difference.

Called wherever grants are kept in step (students.actions.grants), so no way of changing a class can forget it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.versions import StaleVersion, save_version
from students.actions import stamp
from students.actions.drafts import close_draft
from students.levels import Level
from students.models import ClassAssignment, Enrolment, Handover, HandoverSummary, Student
from students.touches import kinds_of_record

ONE_DAY = timedelta(days=1)
LOOKS_BACK = timedelta(days=30)  # a change that is older was lived with


class Due(NamedTuple):
    """The identity of a hand-over."""

    giver_id: object
    taker_id: object
    class_group_id: object
    to_class_id: object
    on: date


@transaction.atomic
def sync_handovers(*, by: User | None, students: Iterable, now: datetime) -> None:
    """Make the hand-overs of these students' classes those that are due. One that nobody has written in or taken over and
    that is due no more goes. Four statements when nothing changes."""
    since = timezone.localdate(now) - LOOKS_BACK
    enrolments = list(Enrolment.objects.filter(student__in=students).order_by("student", "starts_on"))
    groups = {each.class_group_id for each in enrolments}
    heads = _heads(groups)
    due = {*_of_classes(heads, since), *_of_moves(enrolments, heads, since)}
    stored = {_key(each): each for each in Handover.objects.filter(class_group__in=groups, on__gte=since)}
    for key in due - {*stored}:
        handover = Handover(**key._asdict())
        stamp(by, handover)
        handover.save()
    for key in {*stored} - due:
        _take_back(by, stored[key], students)


def _heads(groups: Iterable) -> dict[object, list[ClassAssignment]]:
    """class → its head teachers, the earlier first."""
    rows = ClassAssignment.objects.filter(class_group__in=groups, duty=ClassAssignment.Duty.HEAD)
    found: dict[object, list[ClassAssignment]] = defaultdict(list)
    for row in rows.order_by("starts_on", "pk"):
        found[row.class_group_id].append(row)
    return found


def _of_classes(heads: dict[object, list[ClassAssignment]], since: date) -> Iterator[Due]:
    """A head teacher's duty ended and somebody who began later goes on. A substitute who hands back gave nothing away:
    the head teacher was there all the time."""
    for group, rows in heads.items():
        for old in rows:
            if old.ends_on is None or old.ends_on < since:
                continue
            day = old.ends_on + ONE_DAY
            later = [
                row for row in rows
                if row.starts_on > old.starts_on and (row.ends_on is None or row.ends_on >= day)
            ]  # fmt: skip
            if later and not any(row.user_id == old.user_id and _runs(row, day) for row in rows):
                new = min(later, key=lambda row: (max(row.starts_on, day), row.ends_on is not None))
                if new.user_id != old.user_id:
                    yield Due(old.user_id, new.user_id, group, group, max(new.starts_on, day))


def _of_moves(enrolments: list[Enrolment], heads: dict, since: date) -> Iterator[Due]:
    for old, new in pairwise(enrolments):
        if old.student_id != new.student_id or old.class_group_id == new.class_group_id or new.starts_on < since:
            continue
        giver = next((row for row in heads[old.class_group_id] if old.ends_on and _runs(row, old.ends_on)), None)
        taker = next((row for row in heads[new.class_group_id] if _runs(row, new.starts_on)), None)
        if giver and taker and giver.user_id != taker.user_id:
            yield Due(giver.user_id, taker.user_id, old.class_group_id, new.class_group_id, new.starts_on)


def _runs(row: ClassAssignment, day: date) -> bool:
    return row.starts_on <= day and (row.ends_on is None or row.ends_on >= day)


def _key(handover: Handover) -> Due:
    return Due(*(getattr(handover, name) for name in Due._fields))


def _take_back(by: User | None, handover: Handover, students: Iterable) -> None:
    """Only what is about nobody any more: other students may still be moving the same way."""
    if not handover.is_open or handover.summary or handover.summaries.exists():
        return
    if not handover.of_class and children(handover).exists():
        return
    stamp(by, handover)
    handover.delete()


def children(handover: Handover):
    """The students who go over, by name: those who sit in the class on that day, or who changed class on it."""
    students = Student.objects.filter(enrolments__class_group=handover.to_class_id)
    if handover.of_class:
        return Student.objects.of_class(handover.class_group_id, handover.on)
    came = Enrolment.objects.filter(class_group=handover.to_class_id, starts_on=handover.on).values("student")
    left = Enrolment.objects.filter(class_group=handover.class_group_id, ends_on__lt=handover.on).values("student")
    return students.filter(pk__in=came).filter(pk__in=left).distinct().order_by("name", "pk")


# --- writing and taking over ------------------------------------------------------------------------------------------


@transaction.atomic
def write_class_summary(
    *, by: User, handover: Handover, text: str, version: int, now: datetime, draft_key: str = "", draft_seq: int = 0
) -> None:
    """Raises StaleVersion; PermissionDenied once the other teacher has taken over."""
    _refuse_writing(by, handover)
    handover.summary = text
    stamp(by, handover)
    save_version(handover, ["summary"], version)
    if draft_key:
        close_draft(by=by, key=draft_key, seq=draft_seq, now=now)


@transaction.atomic
def write_summary(
    *, by: User, handover: Handover, student: Student, text: str, version: int, now: datetime, draft_key: str = "",
    draft_seq: int = 0,
) -> HandoverSummary:  # fmt: skip
    """About one child; `version` 0 where nothing was written yet. Raises StaleVersion, PermissionDenied as above."""
    _refuse_writing(by, handover)
    row = HandoverSummary.objects.filter(handover=handover, student=student).first()
    if (row is not None) != bool(version):
        raise StaleVersion(row)
    if row is None:
        row = HandoverSummary(handover=handover, student=student, author=by, level=Level.SENSITIVE, text=text)
        stamp(by, row)
        row.save()
    else:
        row.text = text
        stamp(by, row)
        save_version(row, ["text"], version)
    if draft_key:
        close_draft(by=by, key=draft_key, seq=draft_seq, now=now)
    return row


def _refuse_writing(by: User, handover: Handover) -> None:
    if by.pk != handover.giver_id or not handover.is_open:
        raise PermissionDenied


@transaction.atomic
def acknowledge(*, by: User, handover: Handover, now: datetime) -> bool:
    """The new teacher has read it: open items become theirs, and the old teacher writes no more. Whether it was now."""
    if by.pk != handover.taker_id:
        raise PermissionDenied
    if not handover.is_open:
        return False
    handover.acknowledged_at = now
    stamp(by, handover)
    save_version(handover, ["acknowledged_at"], handover.version)
    students = list(children(handover))
    for model in kinds_of_record():
        model.objects.visible_to(by, now=now).hand_over(giver=handover.giver, taker=by, students=students)
    return True


# --- open items -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenItem:
    """Something that the old teacher had begun, as the new one may see it."""

    student: Student
    what: str
    due_on: date | None
    href: str


def open_items(handover: Handover, reader: User, *, now: datetime) -> list[OpenItem]:
    """What waits for the giver about these children, of what the reader may see. Two statements for each kind at most."""
    students, today = {each.pk: each for each in children(handover)}, timezone.localdate(now)
    found = []
    for model in kinds_of_record():
        rows = model.objects.visible_to(reader, now=now).open_items_of(handover.giver, today=today)
        for row in rows.filter(student__in=students.keys()):
            what, due_on = row.as_open_item()
            href = row.get_absolute_url() if hasattr(row, "get_absolute_url") else ""
            found.append(OpenItem(students[row.student_id], what, due_on, href))
    return sorted(found, key=lambda item: (item.due_on or date.max, item.student.name))


def summaries(handover: Handover, reader: User, *, now: datetime):
    rows = HandoverSummary.objects.filter(handover=handover).visible_to(reader, now=now)
    return rows.select_related("student").order_by("student__name", "pk")
