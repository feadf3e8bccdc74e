"""Asking for a document, watching it being made, fetching it. A job that is not one's own does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once, saving
from reports import actions, links
from reports.forms import AllClassesForm, SummaryForm
from reports.models import ReportJob
from students import audit
from students.levels import Level
from students.models import FileAccess, Student
from students.words import moment_word

SHOWN = 20
TYPES = {
    "pdf": "application/pdf",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@policy("staff")
@require_http_methods(["GET", "HEAD", "POST"])
@once
def index(request: HttpRequest) -> HttpResponse:
    """Two forms on one page; `ask` says which was sent."""
    now = timezone.now()
    sent = request.POST.get("ask", "") if request.method == "POST" else ""
    form = SummaryForm(request.POST if sent == "class" else None, user=request.user, now=now)
    all_form = None
    if request.user.has_role(Role.MORAL_EDUCATION, on=timezone.localdate(now)):
        all_form = AllClassesForm(request.POST if sent == "all" else None, user=request.user, now=now, auto_id="all_%s")
    for asked in filter(None, [form, all_form]):
        if asked.is_valid():
            with saving(request):
                job = asked.request(by=request.user, now=now)
            return redirect(job)
    jobs = ReportJob.objects.visible_to(request.user, now=now).asked_for().select_related("class_group", "term")
    rows = [row_of(job, now) for job in jobs[:SHOWN]]
    context = {
        "form": form,
        "all_form": all_form,
        "running": [row for row in rows if row.job.is_unfinished],
        "finished": [row for row in rows if not row.job.is_unfinished],
    }
    return render(request, "reports/index.html", context)


@dataclass(frozen=True)
class Row:
    """A job as a list shows it. `days_left`: days for which the file can still be fetched, a begun one counts; 0 on
    the last day, which `hours_left` counts."""

    job: ReportJob
    title: str
    made: str
    can_be_fetched: bool
    days_left: int
    hours_left: int


def row_of(job: ReportJob, now: datetime) -> Row:
    left = job.expires_at - now if job.can_be_fetched(now) else None
    return Row(
        job=job,
        title=job.class_name(timezone.localdate(now)),
        made=moment_word(job.finished_at or job.created_at, timezone.localdate(now)),
        can_be_fetched=left is not None,
        days_left=left.days + 1 if left and left.days else 0,
        hours_left=int(left.total_seconds() // 3600) + 1 if left else 0,
    )


def own_job(request: HttpRequest, pk: UUID) -> ReportJob:
    jobs = ReportJob.objects.visible_to(request.user, now=timezone.now())
    return get_object_or_404(jobs.select_related("class_group", "term", "parent"), pk=pk)


@policy("student", level=Level.DAILY)
@require_safe
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    return render(request, "reports/job.html", _progress(own_job(request, pk)))


@policy("student", level=Level.DAILY)
@require_safe
def job_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes; polled while the job runs."""
    return render(request, "reports/job.html#progress", _progress(own_job(request, pk)))


def _progress(job: ReportJob) -> dict:
    now = timezone.now()
    parts = job.parts.select_related("class_group").order_by("-class_group__entry_year", "class_group__number")
    rows = [row_of(part, now) for part in parts] if job.is_batch else []
    done = [row for row in rows if row.job.state == ReportJob.State.DONE]
    return {
        "job": job,
        "row": row_of(job, now),
        "steps": _steps(job),
        "parts": rows,
        "counts": {
            "done": sum(not row.job.is_empty for row in done),
            "missing": sum(row.job.is_empty for row in done),
            "failed": sum(row.job.state == ReportJob.State.FAILED for row in rows),
        },
    }


def _steps(job: ReportJob) -> list[tuple[str, str]]:
    """(state, words) of each step: done, now or "" (to come)."""
    steps = list(ReportJob.BatchStep if job.is_batch else ReportJob.Step)
    if job.state == ReportJob.State.DONE:
        return [("done", step.label) for step in steps]
    at = next((number for number, step in enumerate(steps) if step.value == job.step), 0)
    running = job.state == ReportJob.State.RUNNING
    return [
        ("done" if number < at else "now" if number == at and running else "", step.label)
        for number, step in enumerate(steps)
    ]


@policy("student", level=Level.DAILY)
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = own_job(request, pk)
    actions.cancel(by=request.user, job=job, now=timezone.now())
    messages.success(request, _("It will not be made."))
    return redirect(job.parent or job)


@policy("student", level=Level.DAILY)
@require_POST
def link(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A fresh link to the file, good for one minute."""
    job, what = own_job(request, pk), request.POST.get("what", "file")
    if what not in links.FILES or not job.can_be_fetched(timezone.now(), what):
        raise Http404
    if not _all_visible(request, job):
        messages.error(request, _("Somebody in this file is no longer yours to see. Ask for a new one."))
        return redirect(job)
    return redirect("reports:download", job.pk, links.sign(job, what, request.user))


def _all_visible(request: HttpRequest, job: ReportJob) -> bool:
    """Whether everybody whom the file is about may still be seen: one may have left the class since it was made."""
    ids = set(job.student_ids.split())
    seen = Student.objects.filter(pk__in=ids).visible_to(request.user, Level.DAILY, now=timezone.now())
    return seen.count() == len(ids)


@policy("student", level=Level.DAILY)
@require_safe
def download(request: HttpRequest, pk: UUID, token: str) -> HttpResponse | FileResponse:
    """Rights are asked again, the log is written, then the file goes out under a name that says nothing."""
    job, now = own_job(request, pk), timezone.now()
    try:
        what = links.read(token, job.pk, request.user)
    except links.Expired:
        return render(request, "reports/expired.html", {"job": job}, status=410)
    if what is None or not job.can_be_fetched(now, what) or not _all_visible(request, job):
        raise Http404
    with transaction.atomic():
        audit.record(request, FileAccess.Kind.DOWNLOAD, students=job.student_ids.split())
        actions.log_export(by=request.user, job=job, what=what, now=now)
    return _attachment(job, what)


def _attachment(job: ReportJob, what: str) -> FileResponse:
    ending = "xlsx" if what == "sheet" else "zip" if job.is_batch else "pdf"
    response = FileResponse(
        getattr(job, what).open(),
        as_attachment=True,
        filename=f"yidang-{job.pk.hex[:8]}.{ending}",
        content_type=TYPES[ending],
    )
    response["Cache-Control"] = "no-store, private"
    return response
