"""A class as its teacher goes through it: everybody with the answer so far, and how many are left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from students.levels import Level
from students.models import ClassGroup, Draft, ScreeningEntry, ScreeningRound, ScreeningSheet, Student
from students.models.classes import grade_name


def scope_words(rounds: Iterable[ScreeningRound]) -> dict[Any, str]:
    """round id → which classes it is about, as they were called when it began. One statement, none for whole schools."""
    chosen = [row for row in rounds if row.scope]
    groups = ClassGroup.objects.filter(school__in={row.school_id for row in chosen}).in_order()
    classes = list(groups) if chosen else []
    return {row.pk: _names(row, classes) or _("whole school") for row in rounds}


def _names(row: ScreeningRound, classes: Iterable[ClassGroup]) -> str:
    day, found = timezone.localdate(row.opened_at), {}
    for group in classes:
        if group.cohort in row.scope:
            found[group.cohort] = grade_name(group.grade_on(day))
        elif str(group.pk) in row.scope:
            found[str(group.pk)] = group.name_on(day)
    return pgettext("between names", ", ").join(found.values())


def draft_key(sheet: ScreeningSheet, student: Student) -> str:
    """Which form of the class page; its unfinished words are kept under it."""
    return f"screen:{sheet.pk}:{student.pk}"


@dataclass(frozen=True)
class Row:
    """One student on the page. `draft`: words that were typed and not sent."""

    student: Student
    entry: ScreeningEntry | None
    draft: Draft | None = None

    @property
    def seat(self) -> int | None:
        return self.student.place.seat_no

    @property
    def version(self) -> int:
        return self.entry.version if self.entry else 0

    @property
    def is_reviewed(self) -> bool:
        return self.entry is not None and self.entry.is_reviewed


@dataclass(frozen=True)
class ClassSheet:
    sheet: ScreeningSheet
    rows: tuple[Row, ...]

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def answered(self) -> int:
        return sum(row.entry is not None for row in self.rows)

    @property
    def left(self) -> int:
        return self.size - self.answered

    def row_of(self, pk) -> Row | None:
        return next((row for row in self.rows if row.student.pk == pk), None)


def class_sheet(user: User, sheet: ScreeningSheet, *, now: datetime, with_drafts: bool = True) -> ClassSheet:
    """Three statements for any number of students, and those that tell who the user is."""
    students = list(
        Student.objects.visible_to(user, Level.SENSITIVE, now=now)
        .in_school()
        .of_class(sheet.class_group, timezone.localdate(now))
    )
    entries = _entries(user, sheet, students, now)
    drafts = _drafts(user, sheet, now) if with_drafts else {}
    rows = (Row(each, entries.get(each.pk), drafts.get(draft_key(sheet, each))) for each in students)
    return ClassSheet(sheet, tuple(rows))


def _entries(user: User, sheet: ScreeningSheet, students: Iterable[Student], now: datetime) -> dict:
    found = ScreeningEntry.objects.visible_to(user, now=now).filter(sheet=sheet, student__in=list(students))
    entries = {entry.student_id: entry for entry in found.select_related("author")}
    for entry in entries.values():
        entry.sheet, entry.edition = sheet, sheet.round.edition
    return entries


def _drafts(user: User, sheet: ScreeningSheet, now: datetime) -> dict[str, Draft]:
    found = Draft.objects.live(now).filter(user=user, key__startswith=f"screen:{sheet.pk}:")
    return {draft.key: draft for draft in found if draft.body}
