"""The home page and the to-do list. What is slower to count comes as panels of their own, by URL."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from reports.mine import my_classes
from reports.waiting import Waiting, split_due, waiting_for
from students import access, audit, mentions
from students.levels import Level
from students.models import FileAccess, Observation, SchoolCalendar
from students.words import moment_word

FIRST = 6  # rows on the home page
RECENT = 6


@policy("staff")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.localtime()
    calendar = SchoolCalendar.of(request.user.school_id)
    waiting = waiting_for(request.user, calendar, now=now)
    _log(request, waiting)
    items, total = split_due(waiting.items, FIRST)
    term = calendar.term_on(now.date())
    context = {
        "hello": greeting(now) % {"name": request.user.display_name},
        "today": now.date(),
        "week": term.in_words(now.date()) if term and now.date() <= term.ends_on else "",
        "items": items,
        "oversees": not request.user.roles(now).isdisjoint(access.OVERSEERS),
        "due": len(waiting.due),
        "total": total,
    }
    return render(request, "reports/home.html", context)


@policy("staff")
@require_safe
def todo(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    waiting = waiting_for(request.user, SchoolCalendar.of(request.user.school_id), now=now)
    _log(request, waiting)
    later = [item for item in waiting.items if not item.is_due]
    return render(request, "reports/todo.html", {"due": waiting.due, "later": later})


def _log(request: HttpRequest, waiting: Waiting) -> None:
    if waiting.student_ids:
        audit.record(request, FileAccess.Kind.LIST, students=waiting.student_ids, level=waiting.level)


def greeting(now: datetime) -> str:
    if now.hour < 11:
        return _("Good morning, %(name)s")
    return _("Good day, %(name)s") if now.hour < 18 else _("Good evening, %(name)s")


@policy("staff")
@require_safe
def classes(request: HttpRequest) -> HttpResponse:
    """My classes with their rings, and three students to talk to: a page, and the panel of the home page."""
    now = timezone.now()
    mine = my_classes(request.user, now=now)
    if mine.student_ids:
        audit.record(request, FileAccess.Kind.LIST, students=mine.student_ids)
    return _page_or_panel(
        request, "reports/classes.html", {"mine": mine, "whole_school": access.school_level(request.user, now) > 0}
    )


@policy("staff")
@require_safe
def recent(request: HttpRequest) -> HttpResponse:
    """The newest daily notes that this person may see: a page, and the panel of the home page. Nothing sensitive: a home
    page is open while others look on."""
    now = timezone.now()
    near = Observation.objects.filter(access.within_reach(request.user, now=now), level=Level.DAILY)
    daily = near.visible_to(request.user, now=now).newest_first()
    notes = mentions.for_reader(daily.select_related("student", "author")[:RECENT], request.user, now=now)
    named = {note.student_id for note in notes} | {fellow.pk for note in notes for fellow in note.others}
    if named:
        audit.record(request, FileAccess.Kind.LIST, students=named)
    for note in notes:
        note.when = moment_word(note.created_at, timezone.localdate(now))
    return _page_or_panel(request, "reports/recent.html", {"notes": notes})


def _page_or_panel(request: HttpRequest, template: str, context: dict) -> HttpResponse:
    return render(request, f"{template}#panel" if request.htmx else template, context)
