"""Hand-over of a class or of some children: the old teacher writes, the new one reads and takes over (R11, N12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import User
from accounts.versions import StaleVersion, differences, posted_version
from students import audit
from students.actions import handovers as actions
from students.forms.asking import ChildSummaryForm, ClassSummaryForm
from students.forms.notes import uuids
from students.levels import Level
from students.models import FileAccess, Handover, HandoverSummary, Student
from students.views.answers import posted
from students.views.fetch import student_or_404
from students.views.note_sheet import draft_of, initial_from, number
from students.words import day_word, moment_word

MOST = 100
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def _one(request: HttpRequest, pk: UUID, now: datetime) -> Handover:
    seen = Handover.objects.visible_to(request.user, now=now)
    return get_object_or_404(seen.select_related("giver", "taker", "class_group", "to_class"), pk=pk)


def _row(handover: Handover, user: User, now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    return {
        "handover": handover,
        "class_name": handover.class_group.name_on(today),
        "to_name": "" if handover.of_class else handover.to_class.name_on(today),
        "on": day_word(handover.on, today),
        "done": moment_word(handover.acknowledged_at, today) if handover.acknowledged_at else "",
        "gives": handover.giver_id == user.pk,
        "takes": handover.taker_id == user.pk,
    }


@policy("staff")
@require_safe
def handovers(request: HttpRequest) -> HttpResponse:
    """One's own on either side, and for 德育 those of the school; what is outstanding first. It names no student."""
    now = timezone.now()
    seen = Handover.objects.visible_to(request.user, now=now).order_by("-on", "-created_at")
    rows = list(seen.select_related("giver", "taker", "class_group", "to_class")[:MOST])
    context = {
        "outstanding": [_row(row, request.user, now) for row in rows if row.is_open],
        "done": [_row(row, request.user, now) for row in rows if not row.is_open],
    }
    return render(request, "students/handovers/list.html", context)


@policy("staff")
@require_safe
def handover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """For the giver names and what they wrote themselves; for the others what the file's level lets them read."""
    now = timezone.now()
    row = _one(request, pk, now)
    children = list(actions.children(row))
    written = {each.student_id: each for each in actions.summaries(row, request.user, now=now)}
    items = [] if row.giver_id == request.user.pk else actions.open_items(row, request.user, now=now)
    level = Level.SENSITIVE if written or items or row.summary else Level.BASIC
    audit.record(request, FileAccess.Kind.LIST, students=children, level=level)
    context = {
        "children": [(child, written.get(child.pk)) for child in children],
        "items": [(item, day_word(item.due_on, timezone.localdate(now)) if item.due_on else "") for item in items],
        "written": len(written),
        **_row(row, request.user, now),
    }
    return render(request, "students/handovers/detail.html", context)


@policy("staff")
@get_or_post
def handover_class(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What concerns the class as a whole."""
    now = timezone.now()
    row = _written_by_giver(request, pk, now)
    key = f"handover:{row.pk}:class"
    return _write(request, row, ClassSummaryForm, row, row.version, key, actions.write_class_summary, {}, now)


@policy("staff")
@get_or_post
def handover_write(request: HttpRequest, pk: UUID) -> HttpResponse:
    """About one child of the list, `?student=…`: somebody else's child is not found."""
    now = timezone.now()
    row = _written_by_giver(request, pk, now)
    wanted = (uuids([request.GET.get("student", "")]) or [None])[0]
    child = get_object_or_404(actions.children(row), pk=wanted)
    stored = HandoverSummary.objects.filter(handover=row, student=child).visible_to(request.user, now=now).first()
    if stored is not None:
        audit.record(request, FileAccess.Kind.VIEW, students=[child], level=Level.SENSITIVE)
    about = stored or HandoverSummary(handover=row, student=child, author=request.user)
    version = stored.version if stored else 0
    more = {"student": child}
    key = f"handover:{row.pk}:{child.pk.hex}"
    return _write(request, row, ChildSummaryForm, about, version, key, actions.write_summary, more, now)


def _written_by_giver(request: HttpRequest, pk: UUID, now: datetime) -> Handover:
    row = _one(request, pk, now)
    if row.giver_id != request.user.pk or not row.is_open:
        raise PermissionDenied
    return row


def _write(request, row: Handover, form_class, about, version: int, key: str, act, more: dict, now) -> HttpResponse:
    """The form, from a draft where there is one; 409 with both texts when it was saved elsewhere meanwhile."""
    draft = draft_of(request.user, key, now)
    initial = initial_from(form_class, draft.form) if draft and not posted(request) else {}
    form = form_class(posted(request), instance=about, initial=initial)
    stale = None
    if form.is_valid():
        text = next(iter(form.cleaned_data.values()))
        asked = {
            "version": posted_version(request),
            "draft_key": key,
            "draft_seq": number(request.POST.get("draft_seq", "")),
        }
        try:
            act(by=request.user, handover=row, text=text, now=now, **more, **asked)
        except StaleVersion as error:
            stale, version = error, error.stored.version if error.stored else 0
        else:
            messages.success(request, _("Saved."))
            return redirect(row)
    elif form.is_bound:
        version = posted_version(request)
    child: Student | None = more.get("student")
    context = {
        "form": form,
        "child": child,
        "version": version,
        "draft": draft,
        "draft_key": key,
        "changes": differences(form, stale),
        "back": reverse("students:handover", args=[row.pk]),
        **_row(row, request.user, now),
    }
    status = 409 if stale else 422 if form.is_bound else 200
    return render(request, "students/handovers/write.html", context, status=status)


@policy("staff")
@require_POST
def handover_acknowledge(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = _one(request, pk, now := timezone.now())
    if actions.acknowledge(by=request.user, handover=row, now=now):
        messages.success(request, _("Taken over. The open follow-ups are yours now."))
    return redirect(row)


@policy("student", level=Level.SENSITIVE)
@require_safe
def handed_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What earlier head teachers wrote about this child for their successors."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.SENSITIVE, now)
    rows = HandoverSummary.objects.filter(student=student).visible_to(request.user, now=now)
    rows = list(rows.select_related("author").order_by("-created_at", "pk"))
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    context = {"student": student, "rows": [(row, moment_word(row.created_at, today)) for row in rows]}
    return render(request, "students/handovers/handed_over.html", context)
