"""Asking for a document and letting it go. How it is made stands in reports/making.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import Role, User
from reports import tasks
from reports.making import close_parts, gave_up
from reports.models import ExportLog, ReportJob, askable_classes, private_storage
from students import access
from students.actions.sending import log_parked, send_after_commit
from students.models import ClassGroup, Term
from students.models.jobs import MAX_ATTEMPTS

Kind, State, Step = ReportJob.Kind, ReportJob.State, ReportJob.Step
ORPHANED = timedelta(days=1)


# --- asking -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def request_summary(*, by: User, class_group: ClassGroup, term: Term, now: datetime) -> ReportJob:
    """Ask for one class's term summary; a second request meanwhile gets the same job. Raises PermissionDenied."""
    if not askable_classes(by, now=now).filter(pk=class_group.pk).exists() or term.school_id != by.school_id:
        raise PermissionDenied
    own_copy = access.is_class_teacher(by, class_group, day=timezone.localdate(now))
    fields = {"class_group": class_group, "own_copy": own_copy, "steps_total": len(Step)}
    return _ask(by, Kind.CLASS_SUMMARY, f"class:{class_group.pk}:{term.pk}", term, now, fields)[0]


@transaction.atomic
def request_all_classes(*, by: User, term: Term, reason: str, now: datetime) -> ReportJob:
    """德育 asks for every class in one go; a row for each class waits under the batch. Raises PermissionDenied."""
    if Role.MORAL_EDUCATION not in by.roles(now) or term.school_id != by.school_id or not reason.strip():
        raise PermissionDenied
    classes = list(askable_classes(by, now=now))
    fields = {"reason": reason.strip(), "steps_total": len(classes) + 2}
    batch, created = _ask(by, Kind.ALL_CLASSES, f"school:{term.pk}", term, now, fields)
    if created:
        parts = [_part(batch, class_group) for class_group in classes]
        ReportJob.objects.bulk_create(parts)
    return batch


def _ask(by: User, kind: str, scope: str, term: Term, now: datetime, fields: dict) -> tuple[ReportJob, bool]:
    job, created = ReportJob.objects.unfinished().get_or_create(
        kind=kind,
        scope=scope,
        requested_by=by,
        defaults={"school_id": by.school_id, "term": term, "heartbeat_at": now, **fields},
    )
    if created:
        send_after_commit(tasks.make, job, now=now)
    return job, created


def _part(batch: ReportJob, class_group: ClassGroup) -> ReportJob:
    return ReportJob(
        kind=Kind.CLASS_SUMMARY,
        scope=f"part:{batch.pk}:{class_group.pk}",
        requested_by=batch.requested_by,
        school_id=batch.school_id,
        term=batch.term,
        class_group=class_group,
        parent=batch,
        heartbeat_at=batch.heartbeat_at,
        steps_total=len(Step),
    )


@transaction.atomic
def cancel(*, by: User, job: ReportJob, now: datetime) -> None:
    """What waits ends at once; what runs ends before its next step. Raises PermissionDenied for others' jobs."""
    if job.requested_by_id != by.pk:
        raise PermissionDenied
    mine = ReportJob.objects.filter(pk=job.pk)
    if mine.filter(state=State.QUEUED).update(state=State.CANCELLED, finished_at=now, cancel_requested=True):
        close_parts(job, now)
    else:
        mine.filter(state=State.RUNNING).update(cancel_requested=True)


# --- afterwards -------------------------------------------------------------------------------------------------------


@transaction.atomic
def log_export(*, by: User, job: ReportJob, what: str, now: datetime) -> None:
    """One row for the file that is about to leave; without it nothing is handed out."""
    about = [job.get_kind_display(), str(job.class_group or ""), job.term.code, what]
    ExportLog.objects.create(
        at=now,
        school_id=str(by.school_id),
        user_id=str(by.pk),
        user_label=f"{by.employee_no} {by.display_name}",
        job_id=str(job.pk),
        kind=job.kind,
        what=" ".join(filter(None, about))[:120],
        reason=job.reason or (job.parent.reason if job.parent else ""),
        students=len(job.student_ids.split()),
        size=job.size if what == "file" else getattr(job, what).size,
    )


def sweep(*, now: datetime) -> int:
    """Send again what was lost with a broker or a worker; give up after MAX_ATTEMPTS. How many were touched."""
    return sum(_rescue(job, now) for job in ReportJob.objects.asked_for().lost(now))


@transaction.atomic
def _rescue(job: ReportJob, now: datetime) -> int:
    found = ReportJob.objects.filter(pk=job.pk, state=job.state, attempts=job.attempts, heartbeat_at=job.heartbeat_at)
    if job.cancel_requested or job.attempts >= MAX_ATTEMPTS:
        over = State.CANCELLED if job.cancel_requested else State.FAILED
        close_parts(job, now)
        if over == State.FAILED:
            log_parked(job)
        return found.update(state=over, error="" if job.cancel_requested else gave_up(), finished_at=now)
    rescued = found.update(state=State.QUEUED, heartbeat_at=now)
    if rescued:
        send_after_commit(tasks.make, job, now=now)
    return rescued


def expire_files(*, now: datetime) -> int:
    """Delete the files that have lain for KEPT, and any that no row knows (a crash between file and row)."""
    expired = ReportJob.objects.filter(expires_at__lte=now).exclude(file="", sheet="")
    for job in expired:
        for name in ("file", "sheet"):
            if getattr(job, name):
                getattr(job, name).delete(save=False)
        ReportJob.objects.filter(pk=job.pk).update(file="", sheet="", student_ids="")
    return len(expired) + sum(1 for _name in _delete_orphans(now))


def _delete_orphans(now: datetime) -> Iterator[str]:
    storage = private_storage()
    if not storage.exists("reports"):
        return
    known = {name for pair in ReportJob.objects.values_list("file", "sheet") for name in pair}
    for name in (f"reports/{each}" for each in storage.listdir("reports")[1]):
        if name not in known and storage.get_modified_time(name) < now - ORPHANED:
            storage.delete(name)
            yield name
