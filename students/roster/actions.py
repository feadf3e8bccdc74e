"""An import from upload to undo. Each of these is one run in the worker; the row of the job says which is wanted next."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.encryption import decrypt, encrypt
from accounts.models import School, User
from students import tasks
from students.actions.sending import log_parked, send_after_commit
from students.models import ClassGroup, ColumnMapping, RosterImport, RosterRow, school_year_of
from students.models.jobs import MAX_ATTEMPTS
from students.roster.attempts import hold
from students.roster.columns import automatic_mapping, corrected, find_header_row, header_fingerprint, mapping_of
from students.roster.difference import Difference, differences
from students.roster.reading import Sheet, look_at
from students.roster.refusal import Refused
from students.roster.sandbox import read_in_child
from students.roster.undoing import CannotUndo, undo
from students.roster.validation import RowResult, check_rows
from students.roster.writing import register_of, stale_rows, write

Phase, Status = RosterImport.Phase, RosterRow.Status
FILE_LABEL = "students.RosterImport.file"
UNDO_DAYS = timedelta(days=30)
NO_HEADER = gettext_noop(
    "No row of the sheet looks like a header. It needs at least a column for the name and one for the class."
)
EXTENSIONS = ("xlsx", "xls", "csv")


class NotNow(ValueError):
    """The import is not at the step for this. Its text is a sentence for people."""


# --- asking -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def upload(
    *,
    by: User | None,
    school: School,
    data: bytes,
    filename: str,
    now: datetime,
    in_background: bool = True,
    kind: str = RosterImport.Kind.ROSTER,
    options: dict[str, Any] | None = None,
) -> RosterImport:
    """Keep the file, encrypted, and ask for its dry run. Raises Refused for what is plainly no spreadsheet."""
    look_at(data)
    job = RosterImport(
        school=school,
        kind=kind,
        options=options or {},
        requested_by=by,
        heartbeat_at=now,
        extension=_extension(filename),
        file_sha256=hashlib.sha256(data).hexdigest(),
        step="prepare",
    )
    token = encrypt(FILE_LABEL, base64.b64encode(data).decode())
    job.file.save("roster", ContentFile(token.encode()), save=False)
    job.save()
    if in_background:
        send_after_commit(tasks.run_import, job, now=now)
    return job


def _extension(filename: str) -> str:
    """Only for showing; what the file is, its bytes say."""
    extension = filename.rpartition(".")[2].lower()
    return extension if extension in (*EXTENSIONS, "xlsm") else ""


def file_of(job: RosterImport) -> bytes:
    """The uploaded bytes. Raises NotNow once the file has gone, and when it is not the one that was checked."""
    if not job.file:
        raise NotNow(_("The file is no longer kept. Please upload it again."))
    with job.file.open("rb") as file:
        data = base64.b64decode(decrypt(FILE_LABEL, file.read().decode()))
    if hashlib.sha256(data).hexdigest() != job.file_sha256:
        raise NotNow(_("The file is not the one that was checked. Please upload it again."))
    return data


@transaction.atomic
def remap(*, by: User, job: RosterImport, fields: dict[int, str], now: datetime) -> None:
    """Other columns, made by hand: remembered for this header, and checked anew. Raises ValueError for a bad mapping."""
    headers = headers_to_map(job)
    mapping = {str(column.index): column.field for column in corrected(headers, fields) if column.field}
    if "name" not in mapping.values() or "class" not in mapping.values():
        raise ValueError(_("Name and class need a column each."))
    remap_to(by=by, job=job, mapping=mapping, fingerprint=header_fingerprint(headers), now=now)


def headers_to_map(job: RosterImport) -> list[str]:
    if job.phase not in {Phase.UPLOADED, Phase.PREPARED} or "headers" not in job.mapping:
        raise NotNow(_("The columns of this import can no longer be changed."))
    return job.mapping["headers"]


def remap_to(*, by: User, job: RosterImport, mapping: dict[str, str], fingerprint: str, now: datetime) -> None:
    ColumnMapping.objects.update_or_create(
        school=job.school, header_fingerprint=fingerprint, defaults={"mapping": mapping}
    )
    job.mapping = {**job.mapping, "fields": mapping}
    _ask(by, job, "prepare", now, "mapping")


@transaction.atomic
def confirm(
    *, by: User | None, job: RosterImport, good_rows_only: bool, now: datetime, in_background: bool = True
) -> None:
    """Import what the dry run showed. With refused rows only the good ones can go in, and only by choice."""
    if job.phase != Phase.PREPARED or job.is_unfinished:
        raise NotNow(_("This import is not ready to be confirmed."))
    if job.refused and not good_rows_only:
        raise NotNow(_("Some rows are refused. Correct them, or import the good rows only."))
    if not job.new + job.changed:
        raise NotNow(_("There is nothing to import."))
    job.good_rows_only = good_rows_only
    _ask(by, job, "apply", now, "good_rows_only", in_background=in_background)


def same_check(job: RosterImport, shown: str) -> None:
    """What is confirmed is the difference that was shown: a colleague may have chosen other columns since. Raises NotNow."""
    if shown and job.finished_at and shown != job.finished_at.isoformat():
        raise NotNow(_("The file was checked anew meanwhile. Look at the differences once more."))


@transaction.atomic
def ask_undo(*, by: User, job: RosterImport, now: datetime) -> None:
    if not can_undo(job, now):
        raise NotNow(_("This import can no longer be taken back."))
    _ask(by, job, "undo", now)


def can_undo(job: RosterImport, now: datetime) -> bool:
    return (
        job.phase == Phase.APPLIED
        and not job.is_unfinished
        and job.applied_at is not None
        and now < job.applied_at + UNDO_DAYS
    )


def _ask(
    by: User | None, job: RosterImport, step: str, now: datetime, *fields: str, in_background: bool = True
) -> None:
    job.asked_by = by
    job.step, job.state, job.error, job.attempts = step, job.State.QUEUED, "", 0
    job.steps_done, job.steps_total, job.heartbeat_at, job.cancel_requested = 0, 1, now, False
    job.finished_at = None
    names = [
        "asked_by",
        "step",
        "state",
        "error",
        "attempts",
        "steps_done",
        "steps_total",
        "heartbeat_at",
        "cancel_requested",
        "finished_at",
    ]
    job.save(update_fields=[*names, *fields])
    if in_background:
        send_after_commit(tasks.run_import, job, now=now)


@transaction.atomic
def cancel(*, by: User, job: RosterImport, now: datetime) -> None:
    """What waits ends at once; a dry run that runs ends before its next rows. What is being written is not interrupted."""
    mine = RosterImport.objects.filter(pk=job.pk)
    if not mine.filter(state=job.State.QUEUED).update(
        state=job.State.CANCELLED, finished_at=now, cancel_requested=True
    ):
        mine.filter(state=job.State.RUNNING, step="prepare").update(cancel_requested=True)


def sweep(*, now: datetime) -> int:
    """Send again what was lost with a broker or a worker; give up after MAX_ATTEMPTS. How many were touched."""
    return sum(_rescue(job, now) for job in RosterImport.objects.lost(now))


def _rescue(job: RosterImport, now: datetime) -> int:
    found = RosterImport.objects.filter(
        pk=job.pk, state=job.state, attempts=job.attempts, heartbeat_at=job.heartbeat_at
    )
    if job.cancel_requested:
        return found.update(state=job.State.CANCELLED, finished_at=now)
    if job.attempts >= MAX_ATTEMPTS:
        log_parked(job)
        return found.update(state=job.State.FAILED, error=gave_up(), finished_at=now)
    rescued = found.update(state=job.State.QUEUED, heartbeat_at=now)
    if rescued:
        send_after_commit(tasks.run_import, job, now=now)
    return rescued


def gave_up() -> str:
    return _("The work was interrupted several times. Nothing was imported. Please try again.")


@transaction.atomic
def expire(*, now: datetime) -> int:
    """Imports whose time to be undone is over go, with their file and their rows: a difference is personal data too."""
    old = RosterImport.objects.filter(created_at__lt=now - UNDO_DAYS).exclude(applied_at__gte=now - UNDO_DAYS)
    gone = list(old.exclude(state__in=RosterImport.State.unfinished()))
    for job in gone:
        discard(job=job)
    return len(gone)


def discard(*, job: RosterImport) -> None:
    """The row, its rows and its file."""
    storage, name = job.file.storage, job.file.name
    job.delete()
    if name:
        transaction.on_commit(partial(storage.delete, name))


# --- the dry run ------------------------------------------------------------------------------------------------------


def prepare(*, job: RosterImport, today: date, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Read, map, check, compare; store one row per row of the sheet. Writes nothing about any student.

    Raises Refused for a file that is none. ``progress`` gets (done, of) and may raise to stop.
    """
    sheet = read_in_child(file_of(job), f"roster.{job.extension}")
    mapping, header_row = _map(job, sheet)
    school_year = school_year_of(today)
    results = _checked(job.school, sheet, mapping, header_row, today)
    total = len(results)
    progress(0, total)
    found = differences(
        results, register_of(job.school), school_year=school_year, progress=lambda done: progress(done, total)
    )
    keep_cells(found, sheet)
    store(job, found, _summary(found))
    progress(total, total)


def _map(job: RosterImport, sheet: Sheet) -> tuple[dict[int, str], int]:
    """By hand for this import, else as remembered for this header, else automatically."""
    header_row = find_header_row(sheet.rows)
    if header_row is None:
        raise Refused(NO_HEADER)
    headers = [cell.strip() for cell in sheet.rows[header_row]]
    fields = job.mapping.get("fields") if job.mapping.get("headers") == headers else None
    if fields is None:
        remembered = ColumnMapping.objects.filter(
            school=job.school, header_fingerprint=header_fingerprint(headers)
        ).first()
        fields = remembered.mapping if remembered else mapping_of(automatic_mapping(headers))
    fields = {str(index): key for index, key in fields.items()}
    if "name" not in fields.values() or "class" not in fields.values():
        raise Refused(NO_HEADER)
    job.mapping = {"headers": headers, "header_row": header_row, "fields": fields, "titles": sheet.rows[:header_row]}
    return {int(index): key for index, key in fields.items()}, header_row


def _checked(school: School, sheet: Sheet, mapping: dict[int, str], header_row: int, today: date) -> list[RowResult]:
    """Every row, typed. In a school without classes the children's age tells which stage 2024级2班 belongs to."""

    def check(stage: str) -> list[RowResult]:
        return check_rows(
            sheet, mapping, today=today, school_code=school.code, school_year=school_year_of(today),
            default_stage=stage, header_row=header_row,
        )  # fmt: skip

    results = check(default_stage(school, today))
    if not school.classes.exists() and (stage := stage_by_age(results)) != default_stage(school, today):
        return check(stage)
    return results


def stage_by_age(results: list[RowResult]) -> str:
    """By the median age in the year of entry: about 6 at primary school, 12 at junior, 15 at senior middle school."""
    ages = sorted(
        result.values["class"][1] - result.values["birth_date"].year
        for result in results
        if {"class", "birth_date"} <= result.values.keys()
    )
    age = ages[len(ages) // 2] if ages else 0
    return "senior" if age >= 14 else "junior" if age >= 10 else "primary"


def default_stage(school: School, today: date) -> str:
    """The stage of most classes that are at school; a school without classes counts as a primary school."""
    stages = Counter(ClassGroup.objects.filter(school=school).in_school_on(today).values_list("stage", flat=True))
    return stages.most_common(1)[0][0] if stages else "primary"


def keep_cells(found: list[Difference], sheet: Sheet) -> None:
    """Refused rows go back as a file in the same layout, so their cells are kept as they came."""
    for difference in found:
        if difference.status == Status.REFUSED:
            difference.cells = sheet.rows[difference.row - 1]


@transaction.atomic
def store(job: RosterImport, found: list[Difference], summary: dict[str, int]) -> None:
    """The difference, row by row. `summary`: numbers without names, for the top of the page."""
    hold(job)
    job.rows.all().delete()
    rows = [
        RosterRow(job=job, row=each.row, status=each.status, student_id=each.student, body=each.as_json())
        for each in found
    ]
    RosterRow.objects.bulk_create(rows, batch_size=500)
    counts = Counter(each.status for each in found)
    for status in Status.values:
        setattr(job, status, counts[status])
    job.phase = Phase.PREPARED
    job.mapping = {**job.mapping, "summary": summary}
    job.save(update_fields=["mapping", "phase", *Status.values])


def _summary(found: list[Difference]) -> dict[str, int]:
    return {
        "classes": len({tuple(each.place) for each in found if each.status == Status.NEW and each.place}),
        "fields": sum(len(each.after) for each in found if each.status == Status.CHANGED),
    }


# --- writing it -------------------------------------------------------------------------------------------------------


@transaction.atomic
def apply(*, job: RosterImport, today: date, now: datetime) -> str:
    """Write the stored difference: all of it, or by choice its good rows. Returns "" or why nothing was written.

    Rows whose students changed since the dry run become refused rows. A second run of the same job finds it applied
    and does nothing: a worker may die after the commit.
    """
    take(job)
    if job.phase == Phase.APPLIED:
        return ""
    file_of(job)
    found = [Difference.of(row) for row in job.rows.filter(status__in=[Status.NEW, Status.CHANGED])]
    register = register_of(job.school, lock=True)
    stale = stale_rows(found, register, school_year=school_year_of(today))
    note_stale(job, found, stale)
    if stale and not job.good_rows_only:
        return stale_word(len(stale))
    good = [each for each in found if each.row not in stale]
    reason = f"roster {job.pk}"
    write(school=job.school, differences=good, register=register, by=job.asked_by, now=now, today=today, reason=reason)
    keep_results(job, good)
    job.phase, job.applied_at = Phase.APPLIED, now
    job.save(update_fields=["phase", "applied_at"])
    return ""


def stale_word(many: int) -> str:
    words = _("%(count)d rows changed since the file was checked. Nothing was imported. Please check the file again.")
    return words % {"count": many}


def take(job: RosterImport) -> None:
    """Read the job anew and hold its row until the commit: a worker that was thought dead may still be writing, and a
    new school has no students that could be held instead."""
    hold(job)
    job.refresh_from_db()


def note_stale(job: RosterImport, found: list[Difference], stale: dict[int, str]) -> None:
    """Rows that could not go in are refused rows from now on."""
    changed = []
    stored = {row.row: row for row in job.rows.filter(row__in=stale)}
    for difference in found:
        if difference.row in stale:
            row = stored[difference.row]
            setattr(job, row.status, getattr(job, row.status) - 1)
            difference.errors = [stale[difference.row]]
            row.status, row.body = Status.REFUSED, difference.as_json()
            changed.append(row)
    job.refused += len(changed)
    RosterRow.objects.bulk_update(changed, ["status", "body"], batch_size=200)
    job.save(update_fields=[*Status.values])


def keep_results(job: RosterImport, good: list[Difference]) -> None:
    stored = {row.row: row for row in job.rows.filter(status__in=[Status.NEW, Status.CHANGED])}
    for difference in good:
        stored[difference.row].body = difference.as_json()
        stored[difference.row].student_id = difference.student
    RosterRow.objects.bulk_update(list(stored.values()), ["body", "student"], batch_size=200)


@transaction.atomic
def take_back(*, job: RosterImport, now: datetime) -> None:
    """Undo: the tables are as before. Raises NotNow where somebody worked with the imported students since."""
    take(job)
    if job.phase == Phase.UNDONE:
        return
    found = [Difference.of(row) for row in job.rows.filter(status__in=[Status.NEW, Status.CHANGED])]
    try:
        undo(differences=found, by=job.asked_by, now=now, reason=f"roster {job.pk} undone")
    except CannotUndo as error:
        raise NotNow(str(error)) from error
    job.phase = Phase.UNDONE
    job.save(update_fields=["phase"])
