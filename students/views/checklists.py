"""Checklists: what the school looks for when it goes through its classes. Data that 德育 edits."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, posted_version, shown_version
from students import checklists as texts
from students.actions.screening import write_checklist
from students.forms.screening import ChecklistForm
from students.models import Checklist
from students.views.answers import posted, saved, status_of

moral = policy("role", Role.MORAL_EDUCATION)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@moral
@require_safe
def checklists(request: HttpRequest) -> HttpResponse:
    """Two statements, whatever their number."""
    rows = Checklist.objects.filter(school=request.user.school_id).prefetch_related("editions")
    lists = [(row, max(row.editions.all(), key=lambda edition: edition.number)) for row in rows]
    return render(request, "students/screening/checklists.html", {"lists": lists})


@moral
@get_or_post
@once
def checklist_add(request: HttpRequest) -> HttpResponse:
    row = Checklist(school=request.user.school)
    form = ChecklistForm(posted(request), instance=row, initial={"purpose": Checklist.Purpose.SCREENING})
    if form.is_valid():
        add = partial(write_checklist, by=request.user, checklist=row, items=form.items, version=None)
        if saved(request, form, add):
            messages.success(request, _("Saved."))
            return redirect("students:checklists")
    context = {"form": form, "row": None, "version": 0, "stands": []}
    return render(request, "students/screening/checklist.html", context, status=status_of(form))


@moral
@get_or_post
def checklist(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Other signs make a new edition; what was answered keeps the one it was read from."""
    row = get_object_or_404(Checklist, pk=pk, school=request.user.school_id)
    form = ChecklistForm(posted(request), instance=row)
    stale = None
    if form.is_valid():
        try:
            write_checklist(by=request.user, checklist=row, items=form.items, version=posted_version(request))
        except StaleVersion as error:
            stale = error
            messages.warning(request, CHANGED_MEANWHILE)
        else:
            messages.success(request, _("Saved. Rounds that are open keep the signs they began with."))
            return redirect("students:checklists")
    context = {
        "form": form,
        "row": row,
        "version": shown_version(request, row, stale),
        "stands": _stands(stale),
    }
    return render(request, "students/screening/checklist.html", context, status=409 if stale else status_of(form))


def _stands(stale: StaleVersion | None) -> list[tuple[str, str]]:
    if stale is None or stale.stored is None:
        return []
    stored = stale.stored
    return [(_("Name of the checklist"), stored.name), (_("Signs"), texts.text_of(stored.latest.items))]
