"""Marks from the file to the undo: what `roster.running` calls for an import of this kind. The difference is stored as the
roster's is, and exactly that is written (ADR 0007)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from students.marks import sheet as reading
from students.marks.matching import Roll, Stranger
from students.marks.sheet import Frame, Got, MarkRow, tidy
from students.models import ColumnMapping, Exam, Mark, RosterImport, RosterRow, Term
from students.roster import actions
from students.roster.columns import header_fingerprint
from students.roster.difference import Difference
from students.roster.matching import Question
from students.roster.reading import Sheet
from students.roster.refusal import Refused
from students.roster.sandbox import read_in_child
from students.roster.undoing import CannotUndo, Changed, delete
from students.roster.writing import Batch

Phase, Status = RosterImport.Phase, RosterRow.Status
ENOUGH_ROWS = 20  # to say that it is the file, and not a row, that is wrong
OTHER_YEAR = gettext_noop(
    "Of most students nobody of that name is in the class that the sheet names. Does it name the classes as in another "
    "school year? Then say so, and upload it again."
)


def options_of(
    *, term: Term, exam: int, classes_of: int | None = None, full_mark: Decimal = Decimal(100)
) -> dict[str, Any]:
    """What an upload says beside its file. Without `classes_of` the classes are named as in the term's year."""
    year = classes_of or term.school_year
    return {"term": str(term.pk), "exam": int(exam), "classes_of": year, "full_mark": tidy(full_mark)}


@transaction.atomic
def remap(*, by: User, job: RosterImport, fields: dict[int, str], now: datetime) -> None:
    """Other columns, made by hand: remembered for this header, and checked anew."""
    mapping = {str(index): key for index, key in fields.items()}
    fingerprint = _fingerprint(actions.headers_to_map(job))
    actions.remap_to(by=by, job=job, mapping=mapping, fingerprint=fingerprint, now=now)


def _fingerprint(headers: list[str]) -> str:
    """Not that of a roster with the same header."""
    return header_fingerprint(["marks", *headers])


# --- the dry run ------------------------------------------------------------------------------------------------------


def prepare(*, job: RosterImport, today: date, progress: Callable[[int, int], None]) -> None:
    """Read, map, find, compare; store one row per row of the sheet. Writes no mark. Raises Refused."""
    sheet = read_in_child(actions.file_of(job), f"marks.{job.extension}")
    header = _map(job, sheet)
    rows = reading.read_rows(sheet, header, _frame(job, sheet, today))
    progress(0, len(rows))
    found = _differences(job, rows, lambda done: progress(done, len(rows)))
    actions.keep_cells(found, sheet)
    actions.store(job, found, _summary(found))
    progress(len(rows), len(rows))


def _map(job: RosterImport, sheet: Sheet) -> int:
    """By hand for this import, else as remembered for this header, else automatically. The row of the header."""
    header = reading.header_row(sheet)
    headers = [cell.strip() for cell in sheet.rows[header]]
    fields = job.mapping.get("fields") if job.mapping.get("headers") == headers else None
    if fields is None:
        stored = ColumnMapping.objects.filter(school=job.school, header_fingerprint=_fingerprint(headers)).first()
        fields = stored.mapping if stored else reading.columns_of(headers)
    fields = {str(index): key for index, key in fields.items()}
    reading.check_columns(fields)
    job.mapping = {"headers": headers, "header_row": header, "fields": fields, "titles": sheet.rows[:header]}
    return header


def _frame(job: RosterImport, sheet: Sheet, today: date) -> Frame:
    return Frame(
        columns={int(index): key for index, key in job.mapping["fields"].items()},
        headers=job.mapping["headers"],
        classes_of=job.options["classes_of"],
        default_stage=actions.default_stage(job.school, today),
        full_mark=Decimal(job.options["full_mark"]),
        formulas=frozenset(sheet.formulas),
    )


def _differences(job: RosterImport, rows: list[MarkRow], progress: Callable[[int], None]) -> list[Difference]:
    roll, stored = Roll(job.school), Stored(_exam_of(job))
    taken: dict[tuple[Any, str], int] = {}
    found, strangers = [], 0
    for done, row in enumerate(rows, 1):
        difference = Difference(
            row.row, row.name, Status.REFUSED, errors=row.errors, place=list(row.place or ()) or None
        )
        found.append(difference)
        try:
            _compare(difference, row, roll, stored, taken, classes_of=job.options["classes_of"])
        except Question as question:
            difference.errors = [*difference.errors, str(question)]
            strangers += isinstance(question, Stranger)
        if done % 50 == 0:
            progress(done)
    if len(rows) >= ENOUGH_ROWS and strangers > len(rows) / 2:
        raise Refused(OTHER_YEAR)
    return found


def _compare(
    difference: Difference,
    row: MarkRow,
    roll: Roll,
    stored: Stored,
    taken: dict[tuple[Any, str], int],
    *,
    classes_of: int,
) -> None:
    """Only what differs. An empty cell says nothing and erases nothing."""
    if row.errors:
        return
    student = roll.find(row, classes_of=classes_of)
    for subject in row.marks:
        if (other := taken.setdefault((student, subject), row.row)) != row.row:
            told = {"row": other, "subject": subject}
            raise Question(
                _("Row %(row)d gives this student's mark in %(subject)s too. Please keep one of the two.") % told
            )
    difference.student = student
    for subject, got in row.marks.items():
        before = stored.got(student, subject)
        if before != got:
            difference.before[subject], difference.after[subject] = before and list(before), list(got)
    changed = any(before for before in difference.before.values())
    difference.status = Status.CHANGED if changed else Status.NEW if difference.after else Status.UNCHANGED


def _summary(found: list[Difference]) -> dict[str, int]:
    """Numbers without names, for the top of the page: marks that are new, and that change; who is absent."""
    pairs = [(each.before.get(subject), got) for each in found for subject, got in each.after.items()]
    return {
        "marks": sum(before is None for before, _got in pairs),
        "fields": sum(before is not None for before, _got in pairs),
        "absent": sum(got[0] is None for _before, got in pairs),
    }


def _exam_of(job: RosterImport) -> Exam | None:
    return Exam.objects.filter(term=job.options["term"], kind=job.options["exam"]).first()


class Stored:
    """The marks of one exam, by student and subject; one statement."""

    def __init__(self, exam: Exam | None) -> None:
        rows = Mark.objects.filter(exam=exam) if exam else Mark.objects.none()
        self.marks = {(mark.student_id, mark.subject): mark for mark in rows}

    def got(self, student: Any, subject: str) -> Got | None:
        mark = self.marks.get((student, subject))
        return None if mark is None else (None if mark.value is None else tidy(mark.value), tidy(mark.full_mark))

    def is_stale(self, difference: Difference) -> bool:
        now = {subject: self.got(difference.student, subject) for subject in difference.after}
        return any((got and list(got)) != difference.before[subject] for subject, got in now.items())


# --- writing it -------------------------------------------------------------------------------------------------------


@transaction.atomic
def apply(*, job: RosterImport, today: date, now: datetime) -> str:
    """Write the stored difference: all of it, or by choice its good rows. Returns "" or why nothing was written."""
    actions.take(job)
    if job.phase == Phase.APPLIED:
        return ""
    actions.file_of(job)
    found = [Difference.of(row) for row in job.rows.filter(status__in=[Status.NEW, Status.CHANGED])]
    exam = _exam_to_fill(job, now)
    stored, roll = Stored(exam), Roll(job.school)
    changed = _("Somebody changed this student's marks since the file was checked. Please check the file again.")
    stale = {each.row: changed for each in found if stored.is_stale(each)}
    actions.note_stale(job, found, stale)
    if stale and not job.good_rows_only:
        return actions.stale_word(len(stale))
    good = [each for each in found if each.row not in stale]
    _write(good, exam, stored, roll, Batch(by=job.asked_by, now=now, reason=f"marks {job.pk}"))
    actions.keep_results(job, good)
    job.phase, job.applied_at = Phase.APPLIED, now
    job.save(update_fields=["phase", "applied_at"])
    return ""


def _exam_to_fill(job: RosterImport, now: datetime) -> Exam:
    """Held until the commit, so that two imports of one exam come one after the other (PostgreSQL)."""
    exam = _exam_of(job)
    if exam is None:
        exam = Exam(term=Term.objects.get(pk=job.options["term"], school=job.school), kind=job.options["exam"])
        setattr(exam, "_history_user", job.asked_by)  # noqa: B010 -- simple_history reads them; no field declares them
        setattr(exam, "_history_date", now)  # noqa: B010
        exam.save()
    return Exam.objects.select_for_update().get(pk=exam.pk)


def _write(good: list[Difference], exam: Exam, stored: Stored, roll: Roll, batch: Batch) -> None:
    for difference in good:
        group = roll.groups[tuple(difference.place or ())]
        for subject, (text, full) in difference.after.items():
            got = {
                "value": None if text is None else Decimal(text),
                "is_absent": text is None,
                "full_mark": Decimal(full),
            }
            if mark := stored.marks.get((difference.student, subject)):
                batch.change(mark, difference.kept, class_group_id=group, **got)
            else:
                about = {"student_id": difference.student, "exam": exam, "class_group_id": group, "subject": subject}
                batch.add(Mark(author=batch.by, **about, **got), difference.kept)
    batch.save()


# --- taking it back ---------------------------------------------------------------------------------------------------


@transaction.atomic
def take_back(*, job: RosterImport, now: datetime) -> None:
    """Undo: the marks are as before. Raises NotNow where a later import changed them."""
    actions.take(job)
    if job.phase == Phase.UNDONE:
        return
    found = [Difference.of(row) for row in job.rows.filter(status__in=[Status.NEW, Status.CHANGED])]
    try:
        _undo(found, _exam_of(job), by=job.asked_by, now=now, reason=f"marks {job.pk} undone")
    except CannotUndo as error:
        raise actions.NotNow(str(error)) from error
    job.phase = Phase.UNDONE
    job.save(update_fields=["phase"])


def _undo(found: Iterable[Difference], exam: Exam | None, *, by: User | None, now: datetime, reason: str) -> None:
    """All or nothing. Raises CannotUndo."""
    kept = [each for each in found if each.kept]
    made = {pk: each.student for each in kept for _kind, pk in each.kept.get("made", [])}
    changed = Changed(kept)
    rows = {str(mark.pk): mark for mark in Mark.objects.filter(pk__in=list(made))}
    touched = changed.touched() | {student for pk, student in made.items() if pk not in rows or rows[pk].version != 1}
    if touched:
        told = _("The marks of %(count)d students were changed by a later import. Take that one back first.")
        raise CannotUndo(told % {"count": len(touched)})
    delete(list(rows.values()), by=by, now=now, reason=reason)
    changed.restore(by=by, now=now, reason=reason)
    if exam is not None and not exam.marks.exists():
        delete([exam], by=by, now=now, reason=reason)
