"""Making a document, step by step.

Each step is a committed row, written under the number of the attempt: a worker that was thought dead and comes back finds
another number there and stops, so a document is made once. What is read is never kept between steps: after a crash the
work begins again, with the requester's rights as they are then.
"""

from __future__ import annotations

import io
import logging
import traceback
import zipfile
from collections.abc import Callable
from datetime import datetime

from django.core.files.base import ContentFile
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from reports import collect, sheets, summary
from reports.models import KEPT, ReportJob
from reports.pdf import TooLong, render_pdf
from students import audit
from students.actions.sending import log_parked
from students.models import FileAccess
from students.models.jobs import MAX_ATTEMPTS
from students.watching import PART

log = logging.getLogger(__name__)

State, Step, BatchStep = ReportJob.State, ReportJob.Step, ReportJob.BatchStep
Clock = Callable[[], datetime]


class Stopped(Exception):
    """Cancelled, or another worker has taken over."""


class NoLongerAllowed(Exception):
    """The requester lost the right while the document was being made."""


def make(*, job_id: str, clock: Clock, delivery: str = "") -> None:
    """Make one job's document, if it is still wanted and nobody else is making it.

    `delivery`: the message's id. The same message twice (kombu's virtual transports do not say "redelivered"): the worker
    which had it died, or lost its connection to the broker and works on. Either way it is taken over at once, and a first
    one that still lives stops at its next step.
    Paper is Chinese, whatever language the requester reads the pages in.
    """
    free = Q(state=State.QUEUED)
    if delivery:
        free |= Q(state=State.RUNNING, delivery=delivery)
    job = _claim(ReportJob.objects.filter(free, pk=job_id, parent__isnull=True), clock(), delivery)
    if job is None:
        return
    with translation.override("zh-hans"):
        _attempt(job, clock, _make_batch if job.is_batch else _make_summary)


def _claim(jobs, now: datetime, delivery: str = "") -> ReportJob | None:
    job = jobs.select_related("class_group", "term", "requested_by__school").first()
    if job is None or _is_poison(job, now):
        return None
    claimed = ReportJob.objects.filter(pk=job.pk, state=job.state, attempts=job.attempts).update(
        state=State.RUNNING, attempts=F("attempts") + 1, steps_done=0, step="", heartbeat_at=now, delivery=delivery
    )
    job.attempts += 1
    job.state = State.RUNNING
    return job if claimed else None


def _is_poison(job: ReportJob, now: datetime) -> bool:
    """A job that has killed its worker again and again is parked; a broker would bring it back for ever."""
    if job.attempts < MAX_ATTEMPTS:
        return False
    ReportJob.objects.filter(pk=job.pk, state=job.state).update(state=State.FAILED, error=gave_up(), finished_at=now)
    log_parked(job)
    close_parts(job, now)
    return True


def close_parts(job: ReportJob, now: datetime) -> None:
    """What of a batch has not been made will not be."""
    job.parts.unfinished().update(state=State.CANCELLED, finished_at=now)


def _attempt(job: ReportJob, clock: Clock, work: Callable[[ReportJob, Clock], None]) -> None:
    try:
        work(job, clock)
    except Stopped:
        if _mine(job).filter(cancel_requested=True).update(state=State.CANCELLED, finished_at=clock()):
            close_parts(job, clock())
    except (TooLong, NoLongerAllowed) as problem:
        _fail(job, str(problem), clock())
    except Exception as problem:
        _log_without_data(job, problem)
        _release(job, clock())


def _log_without_data(job: ReportJob, problem: Exception) -> None:
    """Where it happened, without the message: it may hold words of a note."""
    where = "".join(traceback.format_tb(problem.__traceback__))
    log.error("Report job %s: %s\n%s", job.pk, type(problem).__name__, where)


def _mine(job: ReportJob):
    """The row, as long as this attempt is the one that counts."""
    return ReportJob.objects.filter(pk=job.pk, attempts=job.attempts, state=State.RUNNING)


def _fail(job: ReportJob, error: str, now: datetime) -> None:
    if _mine(job).update(state=State.FAILED, error=error[:300], finished_at=now):
        close_parts(job, now)


def _release(job: ReportJob, now: datetime) -> None:
    """Something unforeseen: the sweep tries again, a few times; a part of a batch is not worth holding up the rest."""
    if job.parent_id or job.attempts >= MAX_ATTEMPTS:
        log_parked(job)
        _fail(job, gave_up(), now)
    else:
        _mine(job).update(state=State.QUEUED, heartbeat_at=now)


def gave_up() -> str:
    return _("It did not work out. What was asked for is kept in the log; the system administrator can look into it.")


def _begin(job: ReportJob, step: str, done: int, clock: Clock) -> datetime:
    """Commit where we are; stop if nobody wants it any more or the requester may no longer have it."""
    now = clock()
    going_on = _mine(job).filter(cancel_requested=False)
    if not going_on.update(step=step, steps_done=done, heartbeat_at=now):
        raise Stopped
    requester = User.objects.get(pk=job.requested_by_id)
    if not ReportJob.objects.visible_to(requester, now=now).filter(pk=job.pk).exists():
        raise NoLongerAllowed(_("You may no longer see this class, so the summary was not made."))
    return now


def _make_summary(job: ReportJob, clock: Clock) -> None:
    by = job.requested_by
    now = _begin(job, Step.COLLECT, 0, clock)
    material = collect.collect(by=by, class_group=job.class_group, term=job.term, now=now)
    what = PART if job.parent_id else "reports:job"
    audit.record_for(by, FileAccess.Kind.EXPORT, what=what, students=material.student_ids)
    if job.parent_id and not material.notes:
        _mine(job).update(state=State.DONE, is_empty=True, steps_done=len(Step), finished_at=now)
        return
    now = _begin(job, Step.COUNT, 1, clock)
    figures = collect.count(material, by=by, own_copy=job.own_copy, now=now)
    now = _begin(job, Step.EXAMPLES, 2, clock)
    figures = figures.with_examples(collect.pick_examples(material, by=by, now=now))
    _begin(job, Step.CHARTS, 3, clock)
    page = summary_page(figures)
    _begin(job, Step.LAYOUT, 4, clock)
    pdf = render_pdf(page)
    now = _begin(job, Step.WRITE, 5, clock)
    _deliver(job, now, students=material.student_ids, file=pdf)


def summary_page(figures: summary.ClassSummary) -> str:
    """The whole printed page as HTML, charts inside."""
    charts = {"weekly": summary.weekly_chart(figures), "by_domain": summary.domain_chart(figures)}
    return render_to_string("print/class_summary.html", {"s": figures, "school": figures.school, **charts})


def _make_batch(job: ReportJob, clock: Clock) -> None:
    """Class by class, in the school's order; one that fails does not hold up the others. What an earlier attempt has
    finished stays."""
    parts = list(_in_order(job.parts))
    for done, part in enumerate(parts):
        _begin(job, BatchStep.CLASSES, done, clock)
        taken = _claim(ReportJob.objects.unfinished().filter(pk=part.pk), clock())
        if taken is not None:
            _attempt(taken, clock, _make_summary)
    now = _begin(job, BatchStep.SHEET, len(parts), clock)
    sheet, students = _coverage(job, parts, now)
    audit.record_for(job.requested_by, FileAccess.Kind.EXPORT, what="reports:job", students=students)
    now = _begin(job, BatchStep.PACK, len(parts) + 1, clock)
    _deliver(job, now, students=students, file=_packed(job, sheet, now), sheet=sheet)


def _in_order(parts):
    """As the school lists its classes."""
    order = ("-class_group__stage", "-class_group__entry_year", "class_group__number")
    return parts.select_related("class_group", "parent").order_by(*order)


def _coverage(job: ReportJob, parts: list[ReportJob], now: datetime) -> tuple[bytes, list]:
    rows, students = [], []
    for part in parts:
        material = collect.collect(by=job.requested_by, class_group=part.class_group, term=job.term, now=now)
        figures = collect.count(material, by=job.requested_by, own_copy=False, now=now)
        rows.append((figures, list(collect.seats(material))))
        students += material.student_ids
    return sheets.coverage_sheet(rows), students


def _packed(job: ReportJob, sheet: bytes, now: datetime) -> bytes:
    """One ZIP: a PDF for each class that has one, named like the class, and the coverage sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in _in_order(job.parts.exclude(file="")):
            with part.file.open() as pdf:
                archive.writestr(f"{part.class_name(timezone.localdate(now))}.pdf", pdf.read())
        archive.writestr(_("coverage") + ".xlsx", sheet)
    return out.getvalue()


def _deliver(job: ReportJob, now: datetime, *, students: list, **files: bytes) -> None:
    """File first, row second: whoever finds the row has lost finds no file that counts."""
    for name, content in files.items():
        getattr(job, name).save("", ContentFile(content), save=False)
    delivered = _mine(job).filter(cancel_requested=False).update(
        state=State.DONE,
        steps_done=F("steps_total"),
        size=len(files["file"]),
        student_ids=" ".join(map(str, students)),
        finished_at=now,
        expires_at=now + KEPT,
        **{name: getattr(job, name).name for name in files},
    )  # fmt: skip
    if not delivered:
        for name in files:
            getattr(job, name).delete(save=False)
        raise Stopped
