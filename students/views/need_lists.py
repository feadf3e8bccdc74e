"""Needs of many students: what waits for 德育, a search by category, and what one's office knows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.models import Role
from students import access, audit, services
from students import needs as showing
from students.forms.needs import CategorySearchForm
from students.levels import Level
from students.models import CareNeed, Category, FileAccess, Student
from students.views.answers import posted
from students.words import seat_word

MOST = 200


@policy("role", Role.MORAL_EDUCATION)
@require_safe
def need_proposals(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the longest first. Each is decided on its own page, one by one."""
    now = timezone.now()
    waiting = CareNeed.objects.visible_to(request.user, now=now).proposed().order_by("created_at", "pk")
    rows = _rows(waiting, timezone.localdate(now))
    _log(request, FileAccess.Kind.LIST, rows)
    context = {"rows": rows[:MOST], "more": len(rows) > MOST, "me": request.user}
    return render(request, "students/needs/proposals.html", context)


@policy("role", Role.MORAL_EDUCATION)
@require_safe
def need_confirmed(request: HttpRequest) -> HttpResponse:
    """What is confirmed in the school and what is offered for it, the longest first; `?without=1`: nothing yet."""
    now, without = timezone.now(), request.GET.get("without") == "1"
    found = CareNeed.objects.visible_to(request.user, now=now).confirmed().filter(student__status__in=Student.PRESENT)
    if without:
        found = services.unserved(found)
    rows = _rows(found.order_by("decided_at", "pk"), timezone.localdate(now))
    _log(request, FileAccess.Kind.LIST, rows)
    context = {"rows": rows[:MOST], "more": len(rows) > MOST, "without": without}
    return render(request, "students/needs/confirmed.html", context)


@policy("role", Role.DOCTOR, Role.AID_OFFICER)
@require_safe
def need_list(request: HttpRequest) -> HttpResponse:
    """What the office knows: health for the doctor, hardship for the aid officer; open needs, class by class."""
    now = timezone.now()
    groups = access.need_groups(request.user, now)
    found = CareNeed.objects.visible_to(request.user, now=now).open().filter(category__group__in=groups)
    rows = _rows(found.order_by("category__order", "created_at", "pk"), timezone.localdate(now))
    _log(request, FileAccess.Kind.LIST, rows)
    return render(request, "students/needs/list.html", {"rows": rows[:MOST], "more": len(rows) > MOST})


@policy("role", Role.MORAL_EDUCATION, Role.COUNSELLOR)
@require_http_methods(["GET", "HEAD", "POST"])
def need_search(request: HttpRequest) -> HttpResponse:
    """By category: for 德育 and counsellors alone, each among the needs they may see, and in the log by what was asked."""
    now = timezone.now()
    categories = Category.objects.filter(school=request.user.school_id)
    form = CategorySearchForm(posted(request), categories=categories)
    context: dict[str, Any] = {"form": form, "rows": [], "asked": None, "more": False}
    if form.is_valid():
        category = form.cleaned_data["category"]
        rows = _rows(_confirmed(request, category, now), timezone.localdate(now))
        _log(request, FileAccess.Kind.SEARCH, rows, terms=f"category {category.code}")
        context |= {"rows": rows[:MOST], "asked": category, "more": len(rows) > MOST}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "students/needs/search.html", context, status=status)


def _confirmed(request: HttpRequest, category: Category, now: datetime):
    found = CareNeed.objects.visible_to(request.user, now=now).confirmed()
    return found.filter(category=category, student__status__in=Student.PRESENT).order_by("student__name_pinyin", "pk")


def _rows(needs, today: date) -> list[dict[str, Any]]:
    """With where each student sits, and what was chosen. Three statements."""
    found = list(needs.select_related("category", "author", "decided_by")[: MOST + 1])
    students = Student.objects.placed_on(today).in_bulk({need.student_id for need in found})
    chosen = services.chosen_for(found)
    return [
        {
            "need": need,
            "row": showing.row_of(need, today, chosen[need.pk]),
            "student": students[need.student_id],
            "seat": seat_word(students[need.student_id], today),
        }
        for need in found
    ]


def _log(request: HttpRequest, kind: str, rows: list[dict[str, Any]], terms: str = "") -> None:
    level = max((row["need"].level for row in rows), default=Level.SENSITIVE)
    audit.record(request, kind, students=[row["student"] for row in rows[:MOST]], level=level, terms=terms)
