"""The history of one record: who changed what, when and why. Whoever sees the record sees it, and nobody else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from students import audit, history
from students.levels import Level
from students.models import CareNeed, Category, FileAccess, ScreeningEntry
from students.words import moment_word

PAGE = 30
sensitive = policy("student", level=Level.SENSITIVE)


@sensitive
@require_safe
def need_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """With what it rests on; of a cited record only to those who may see it."""
    now = timezone.now()
    seen = CareNeed.objects.visible_to(request.user, now=now).select_related("student", "category")
    need = get_object_or_404(seen, pk=pk)
    return _page(request, need, need.category.name, history.changes_of_need(need, request.user, now=now), now)


@sensitive
@require_safe
def screening_entry_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    seen = ScreeningEntry.objects.visible_to(request.user, now=now).select_related("student", "edition")
    entry = get_object_or_404(seen, pk=pk)
    names = dict(Category.objects.filter(school=request.user.school_id).values_list("code", "name"))
    return _page(request, entry, _("Screening answer"), history.changes_of_entry(entry, names), now)


def _page(
    request: HttpRequest, record: CareNeed | ScreeningEntry, what: str, changes: list[history.Change], now: datetime
) -> HttpResponse:
    audit.record(request, FileAccess.Kind.VIEW, students=[record.student], level=record.level)
    page = Paginator(changes, PAGE).get_page(request.GET.get("page"))
    context = {
        "student": record.student,
        "what": what,
        "level": record.level,
        "back": record.get_absolute_url(),
        "page": page,
        "rows": [(change, moment_word(change.at, timezone.localdate(now))) for change in page],
    }
    return render(request, "students/files/record_history.html", context)
