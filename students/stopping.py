"""The hard stop (T29): whoever opens more files within an hour than anybody needs to reads no further.

One's own classes and cases are never stopped. It ends by itself as the hour moves on, or when somebody who answers for the
log has looked into it. And each page that was refused leaves a row, whether it exists or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Count, Exists, OuterRef, PositiveSmallIntegerField, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import security
from accounts.models import User
from students import access
from students.levels import Level
from students.models import FileAccess, ReadingNotice

WITHIN = timedelta(hours=1)
OPENED = (FileAccess.Kind.VIEW, FileAccess.Kind.PRINT)  # a name in a list is not yet a file that was opened
REFUSED = (403, 404)


class ReadingStopped(Exception):
    """Nothing was shown; the page says why and whom to ask."""


def may_be_stopped(user: User, *, now: datetime) -> bool:
    """Only who sees the whole school; others have nothing but their own. No statement."""
    return bool(settings.READING_CAP) and access.school_level(user, now) >= Level.DAILY


def unless_at_cap(user: User, level: int, *, now: datetime) -> Case:
    """`level`, or nothing where as many different files were opened as may be: the log refuses a row without a level, so the
    insert itself counts, and no page asks a statement more. It counts roughly, since a row may be about two students."""
    counted = _counted(user, now).values("user_id").annotate(many=Count("student_ids", distinct=True)).values("many")
    at_cap = GreaterThanOrEqual(Coalesce(Subquery(counted), 0), settings.READING_CAP)
    return Case(When(at_cap, then=Value(None)), default=Value(int(level)), output_field=PositiveSmallIntegerField())


def stop_at_cap(user: User, students: Iterable, *, now: datetime) -> None:
    """Raises ReadingStopped where one of `students` would be one too many, and is not of one's own classes and cases."""
    wanted = {str(getattr(student, "pk", student)) for student in students}
    rows = list(_counted(user, now).values_list("pk", "student_ids"))
    opened = {pk for _row, ids in rows for pk in ids.split()}
    own = access.ids_of_own(user, now=now)
    if wanted - own - opened and len((opened | wanted) - own) > settings.READING_CAP:
        _tell(user, row=max((row for row, _ids in rows), default=0), students=len((opened | wanted) - own), now=now)
        raise ReadingStopped


def _counted(user: User, now: datetime):
    """What was opened within the hour, since somebody last looked into a stop of this person."""
    looked = ReadingNotice.objects.filter(about=user, kind=ReadingNotice.Kind.STOP, seen_at__gte=OuterRef("at"))
    rows = FileAccess.objects.filter(user_id=str(user.pk), at__gt=now - WITHIN, level__gte=Level.DAILY, kind__in=OPENED)
    return rows.filter(~Exists(looked)).order_by()


def _tell(user: User, *, row: int, students: int, now: datetime) -> None:
    """One notice for one stop: as long as it lasts nothing new is counted, so the newest row is the same."""
    known = {"school_id": user.school_id, "about": user, "students": students, "at": now}
    ReadingNotice.objects.get_or_create(kind=ReadingNotice.Kind.STOP, row=row, defaults=known)


class ReadingMiddleware:
    """Shows the stop in words, and writes down who was refused what."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in REFUSED and _asked_for_something(request):
            security.record(security.Kind.REFUSED, by=request.user)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ReadingStopped):
            return None
        context = {"cap": settings.READING_CAP, "until": timezone.localtime(timezone.now() + WITHIN)}
        # htmx shows no 429; what a panel would have shown is not there either way.
        template, status = (
            ("students/logs/stopped.html#panel", 422) if request.htmx else ("students/logs/stopped.html", 429)
        )
        return render(request, template, context, status=status)


def _asked_for_something(request: HttpRequest) -> bool:
    """By its id, whether there is such a thing or not: the row says neither which nor whether."""
    match = request.resolver_match
    return request.user.is_authenticated and match is not None and bool(match.kwargs)
