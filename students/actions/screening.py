"""Screening rounds: checklists, opening and closing, an answer for each student, and what 德育 makes of it (DOMAIN §4 form 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, School, User
from accounts.versions import StaleVersion, save_version
from students import access, checklists
from students.actions import stamp
from students.actions.drafts import close_draft
from students.actions.identification import propose_need
from students.actions.sheets import add_sheets, classes_with
from students.levels import Level
from students.models import (
    Category,
    Checklist,
    ChecklistEdition,
    ScreeningEntry,
    ScreeningRound,
    ScreeningSheet,
    Student,
    Term,
)
from students.models.identification import Basis

Answer, Decision = ScreeningEntry.Answer, ScreeningEntry.Decision
ANSWERED = ("answer", "signs", "categories", "facts", "ways", "suggested_step")


class StudentsLeft(ValueError):
    """The class is not finished: these students have no answer yet."""

    def __init__(self, students: Iterable[Student]):
        super().__init__("Students are left.")
        self.students = list(students)


# --- checklists -------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_checklists(*, by: User | None, school: School) -> list[Checklist]:
    """The two that every school starts with, for a school that has none."""
    if Checklist.objects.filter(school=school).exists():
        return []
    return [
        write_checklist(
            by=by,
            checklist=Checklist(school=school, purpose=purpose, name=name),
            items=checklists.shipped(file),
            version=None,
        )
        for purpose, name, file in checklists.SHIPPED
    ]


@transaction.atomic
def write_checklist(
    *, by: User | None, checklist: Checklist, items: list[checklists.Item], version: int | None
) -> Checklist:
    """Other signs are a new edition; rounds that run keep theirs. `version` None: a new checklist. Raises StaleVersion."""
    stamp(by, checklist)
    if version is None:
        checklist.save()
        last = None
    else:
        save_version(checklist, ["name", "is_active"], version)
        last = checklist.latest
    if last is None or last.items != items:
        edition = ChecklistEdition(checklist=checklist, number=last.number + 1 if last else 1, items=items)
        stamp(by, edition)
        edition.save()
    return checklist


# --- rounds -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_round(
    *, by: User | None, checklist: Checklist, term: Term, due_on: date, now: datetime, scope: Iterable[str] = ()
) -> ScreeningRound:
    """A sheet for each class of `scope` (see ScreeningRound.scope; nothing: the whole school) that has students.
    Raises ValidationError where one of this checklist is open, or where nobody sits in the chosen classes."""
    row = ScreeningRound(
        school_id=checklist.school_id, term=term, checklist=checklist, edition=checklist.latest, opened_at=now,
        opened_by=by, due_on=due_on, scope=list(scope),
    )  # fmt: skip
    row.validate_constraints()
    stamp(by, row)
    row.save()
    students = Student.objects.filter(school=row.school_id)
    if not add_sheets(by=by, round=row, groups=classes_with(students, timezone.localdate(now))) and row.scope:
        raise ValidationError(_("Nobody sits in these classes."))
    return row


@transaction.atomic
def put_off(*, by: User, round: ScreeningRound, due_on: date, version: int) -> None:
    """Another day by which the classes are done. Raises StaleVersion."""
    round.due_on = due_on
    stamp(by, round)
    save_version(round, ["due_on"], version)


@transaction.atomic
def close_round(*, by: User, round: ScreeningRound, version: int, now: datetime) -> None:
    """Nothing is filled in any more; what was answered stays, and what waits for 德育 goes on waiting. Raises StaleVersion."""
    if round.closed_at is not None:
        raise StaleVersion(round)
    round.closed_at, round.closed_by = now, by
    stamp(by, round)
    save_version(round, ["closed_at", "closed_by"], version)


# --- a class ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def answer_for(
    *,
    by: User,
    student: Student,
    edition: ChecklistEdition,
    fields: Mapping[str, Any],
    version: int,
    now: datetime,
    sheet: ScreeningSheet | None = None,
    draft_key: str = "",
    draft_seq: int = 0,
) -> ScreeningEntry:
    """Save what was seen of one student. `version`: of the answer that the page showed, 0 for none. Raises StaleVersion
    where somebody else has answered meanwhile; the same answer once more changes nothing."""
    entry = _answer_of(student, sheet)
    if entry is not None and _says(entry, fields):
        pass
    elif (entry.version if entry else 0) != version:
        raise StaleVersion(entry)
    else:
        entry = _write(by, entry or ScreeningEntry(student=student, sheet=sheet, edition=edition), fields)
    if draft_key:
        close_draft(by=by, key=draft_key, seq=draft_seq, now=now)
    return entry


def _answer_of(student: Student, sheet: ScreeningSheet | None) -> ScreeningEntry | None:
    """The answer on this sheet; without a sheet the one that nobody has reviewed yet."""
    entries = ScreeningEntry.objects.filter(student=student, sheet=sheet).select_related("edition", "author")
    entry = (entries if sheet else entries.filter(reviewed_at__isnull=True)).first()
    if entry is not None and sheet is not None:
        entry.sheet = sheet
    return entry


def _says(entry: ScreeningEntry, fields: Mapping[str, Any]) -> bool:
    return all(getattr(entry, name) == fields[name] for name in ANSWERED)


def _write(by: User, entry: ScreeningEntry, fields: Mapping[str, Any]) -> ScreeningEntry:
    if entry.is_reviewed or (entry.sheet is not None and not entry.sheet.round.is_open):
        raise PermissionDenied
    for name in ANSWERED:
        setattr(entry, name, fields[name])
    entry.author, entry.level = by, Level.SENSITIVE
    stamp(by, entry)
    if not entry._state.adding:
        save_version(entry, [*ANSWERED, "author"], entry.version)
        return entry
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:  # the deputy answered at the same moment
        raise StaleVersion(_answer_of(entry.student, entry.sheet)) from error
    return entry


def students_left(sheet: ScreeningSheet, day: date) -> list[Student]:
    """Who sits in the class that day and has no answer yet, by seat."""
    answered = ScreeningEntry.objects.filter(sheet=sheet).values("student")
    students = Student.objects.in_school().of_class(sheet.class_group, day)
    return list(students.exclude(pk__in=answered))


@transaction.atomic
def finish_sheet(*, by: User, sheet: ScreeningSheet, version: int, now: datetime) -> None:
    """Whoever keeps the class says that this was everybody. Raises StudentsLeft, StaleVersion."""
    if not sheet.round.is_open:
        raise PermissionDenied
    if left := students_left(sheet, timezone.localdate(now)):
        raise StudentsLeft(left)
    if sheet.finished_at is not None:
        raise StaleVersion(sheet)
    sheet.finished_at, sheet.finished_by = now, by
    stamp(by, sheet)
    save_version(sheet, ["finished_at", "finished_by"], version)


# --- what 德育 makes of it ---------------------------------------------------------------------------------------------


@transaction.atomic
def review_entry(
    *,
    by: User,
    entry: ScreeningEntry,
    decision: str,
    note: str,
    categories: Iterable[Category],
    facts: str,
    version: int,
    now: datetime,
) -> None:
    """Pass it on as proposals, one for each category, or keep an eye on it. Whoever saw it stands as the proposer, so that
    德育 can confirm; nobody confirms what they saw themselves. Raises ValidationError, StaleVersion."""
    categories = list(categories)
    if Role.MORAL_EDUCATION not in by.roles(now):
        raise PermissionDenied
    if entry.is_reviewed or entry.answer != Answer.SIGNS:
        raise StaleVersion(entry)
    if decision == Decision.PROPOSED and not (categories and facts.strip()):
        raise ValidationError(_("A proposal names what it is about, and what it rests on."))
    entry.reviewed_at, entry.reviewed_by, entry.decision, entry.review_note = now, by, decision, note
    stamp(by, entry)
    save_version(entry, ["reviewed_at", "reviewed_by", "decision", "review_note"], version)
    if decision == Decision.PROPOSED:
        for category in categories:
            propose_need(
                student=entry.student, category=category, basis=Basis.JUDGEMENT, facts=facts, by=entry.author,
                now=now, origin=entry,
            )  # fmt: skip


def may_answer(user: User, sheet: ScreeningSheet, *, day: date) -> bool:
    """Whoever keeps the class, as long as the round is open."""
    return sheet.round.is_open and access.is_class_teacher(user, sheet.class_group, day=day)
