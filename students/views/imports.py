"""The imports of a roster and of marks in the browser: upload, columns, difference, done. For the academic office (教务) alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once, saving
from students import audit
from students.forms.imports import MarksUploadForm, UploadForm
from students.levels import Level
from students.marks.importing import options_of
from students.models import FileAccess, RosterImport, RosterRow
from students.roster import actions
from students.roster.refusal import Refused
from students.roster.returning import refused_rows
from students.roster.showing import Shown, column_note
from students.views.answers import posted, status_of
from students.views.wizards import wizard_of

academic_only = policy("role", Role.ACADEMIC)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])
Phase, Status = RosterImport.Phase, RosterRow.Status

PER_PAGE = 50
MOST_REFUSED = 30
RECENT = 20
FILTERS = {
    "all": [Status.NEW, Status.CHANGED],
    "new": [Status.NEW],
    "changed": [Status.CHANGED],
    "unchanged": [Status.UNCHANGED],
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _import_of(request: HttpRequest, pk: UUID) -> RosterImport:
    """Fetching is checking: the academic office sees the imports of its own school."""
    return get_object_or_404(RosterImport.objects.select_related("requested_by"), pk=pk, school=request.user.school_id)


def step_words() -> list[str]:
    return [_("Upload the file"), _("Match the columns"), _("Check the differences"), pgettext("import", "Done")]


# --- upload -----------------------------------------------------------------------------------------------------------


@academic_only
@get_or_post
@once
def imports(request: HttpRequest) -> HttpResponse:
    form = UploadForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid() and (job := _upload(request, form)):
        return redirect("students:import_detail", job.pk)
    context = {"form": form, "recent": _recent(request, RosterImport.Kind.ROSTER), "steps": step_words()}
    return render(request, "students/imports/imports.html", context, status=status_of(form))


@academic_only
@get_or_post
@once
def mark_imports(request: HttpRequest) -> HttpResponse:
    today, school = timezone.localdate(), request.user.school
    form = MarksUploadForm(posted(request), request.FILES or None, school=school, today=today)
    if request.method == "POST" and form.is_valid():
        said = options_of(**{name: form.cleaned_data[name] for name in ("term", "exam", "classes_of", "full_mark")})
        if job := _upload(request, form, kind=RosterImport.Kind.MARKS, options=said):
            return redirect("students:import_detail", job.pk)
    context = {"form": form, "recent": _recent(request, RosterImport.Kind.MARKS), "steps": step_words()}
    return render(request, "students/imports/marks.html", context, status=status_of(form))


def _recent(request: HttpRequest, kind: str) -> QuerySet[RosterImport]:
    mine = RosterImport.objects.filter(school=request.user.school_id, kind=kind)
    return mine.select_related("requested_by")[:RECENT]


def _upload(request: HttpRequest, form: UploadForm, **about: Any) -> RosterImport | None:
    file, by = form.cleaned_data["file"], request.user
    try:
        with saving(request):
            return actions.upload(
                by=by, school=by.school, data=file.read(), filename=file.name, now=timezone.now(), **about
            )
    except Refused as refusal:
        form.add_error("file", str(refusal))
        return None


# --- one import -------------------------------------------------------------------------------------------------------


@academic_only
@require_safe
def import_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the import needs next: to wait, to be confirmed, or nothing any more."""
    job = _import_of(request, pk)
    if job.is_unfinished or job.phase == Phase.UPLOADED:
        return render(request, "students/imports/progress.html", _progress(job))
    if job.phase == Phase.PREPARED:
        return _differences(request, job)
    return _finished(request, job)


def _progress(job: RosterImport) -> dict[str, Any]:
    wizard = wizard_of(job)
    now_at = {"prepare": 2, "apply": 4, "undo": 4}[job.step]
    return {"job": job, "wizard": wizard, "doing": wizard.doing[job.step], "steps": step_words(), "now_at": now_at}


@academic_only
@require_safe
def import_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress bar alone; once it is over, the page that comes next."""
    job = _import_of(request, pk)
    if job.is_unfinished:
        return render(request, "students/imports/progress.html#progress", _progress(job))
    here = reverse("students:import_detail", args=[job.pk])
    return HttpResponseClientRedirect(here) if request.htmx else redirect(here)


def _differences(request: HttpRequest, job: RosterImport) -> HttpResponse:
    shown_as = request.GET.get("show", "all")
    if shown_as not in FILTERS:
        raise Http404
    wizard = wizard_of(job)
    page = Paginator(job.rows.filter(status__in=FILTERS[shown_as]), PER_PAGE).get_page(request.GET.get("page"))
    rows = [wizard.show(row) for row in page]
    refused = [wizard.show(row) for row in job.rows.filter(status=Status.REFUSED)[:MOST_REFUSED]]
    _record(request, [*rows, *refused], FileAccess.Kind.LIST)
    good = job.new + job.changed
    context = {
        "job": job, "wizard": wizard, "page": page, "rows": rows, "refused": refused, "shown_as": shown_as, "filters": _filters(job),
        "columns": column_note(job.mapping, wizard.ignored), "steps": step_words(), "writes": good,
        "good": good + job.unchanged, "good_text": f"{good + job.unchanged:,}", "total": f"{good + job.unchanged + job.refused:,}",
        "numbers": {status: f"{getattr(job, status):,}" for status in Status.values},
    }  # fmt: skip
    return render(request, "students/imports/differences.html", context)


def _filters(job: RosterImport) -> list[tuple[str, str, str]]:
    """(value, words, how many)."""
    filters = [
        ("all", _("New and changed"), job.new + job.changed),
        ("new", _("New"), job.new),
        ("changed", _("Changed"), job.changed),
        ("unchanged", _("Unchanged"), job.unchanged),
    ]
    return [(key, words, f"{many:,}") for key, words, many in filters]


def _record(request: HttpRequest, rows: list[Shown], kind: str) -> None:
    students = [row.student for row in rows if row.student]
    audit.record(request, kind, students=students, level=max((row.level for row in rows), default=Level.BASIC))


def _finished(request: HttpRequest, job: RosterImport) -> HttpResponse:
    wizard = wizard_of(job)
    refused = [wizard.show(row) for row in job.rows.filter(status=Status.REFUSED)[:MOST_REFUSED]]
    _record(request, refused, FileAccess.Kind.LIST)
    last_day = job.applied_at + actions.UNDO_DAYS
    context = {
        "job": job,
        "wizard": wizard,
        "refused": refused,
        "steps": step_words(),
        "can_undo": actions.can_undo(job, timezone.now()),
        "undo": wizard.undo % {"day": f"{timezone.localtime(last_day):%Y-%m-%d}"},
    }
    return render(request, "students/imports/finished.html", context)


# --- columns ----------------------------------------------------------------------------------------------------------


@academic_only
@get_or_post
def import_columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = _import_of(request, pk)
    if job.phase != Phase.PREPARED or job.is_unfinished:
        raise Http404
    chosen = {f"column_{index}": key for index, key in job.mapping["fields"].items()}
    wizard = wizard_of(job)
    form = wizard.form(posted(request), headers=job.mapping["headers"], initial=chosen)
    if form.is_valid():
        wizard.remap(by=request.user, job=job, fields=form.chosen, now=timezone.now())
        return redirect("students:import_detail", job.pk)
    context = {"job": job, "wizard": wizard, "form": form, "steps": step_words()}
    return render(request, "students/imports/columns.html", context, status=status_of(form))


# --- what happens to it -----------------------------------------------------------------------------------------------


@academic_only
@require_POST
def import_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = _import_of(request, pk)
    good_rows_only = request.POST.get("rows") == "good"
    try:
        actions.same_check(job, request.POST.get("checked", ""))
        actions.confirm(by=request.user, job=job, good_rows_only=good_rows_only, now=timezone.now())
    except actions.NotNow as refusal:
        messages.error(request, str(refusal))
    return redirect("students:import_detail", job.pk)


@academic_only
@require_POST
def import_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    job = _import_of(request, pk)
    try:
        actions.ask_undo(by=request.user, job=job, now=timezone.now())
    except actions.NotNow as refusal:
        messages.error(request, str(refusal))
    return redirect("students:import_detail", job.pk)


@academic_only
@require_POST
def import_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stops what runs; an import that waits to be confirmed goes with its file. Nothing has been written by then."""
    job = _import_of(request, pk)
    if job.is_unfinished:
        actions.cancel(by=request.user, job=job, now=timezone.now())
        return redirect("students:import_detail", job.pk)
    if job.phase in {Phase.UPLOADED, Phase.PREPARED}:
        actions.discard(job=job)
        messages.success(request, _("The import is put away. Nothing was written."))
    return redirect(wizard_of(job).home)


@academic_only
@require_safe
def import_refused(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The refused rows as a file in the same layout, to be corrected and uploaded again. No name in the file's name."""
    job = _import_of(request, pk)
    if not job.refused:
        raise Http404
    wizard = wizard_of(job)
    audit.record(request, FileAccess.Kind.EXPORT, level=wizard.level)
    answer = HttpResponse(refused_rows(job), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{wizard.file_name}"'
    return answer
