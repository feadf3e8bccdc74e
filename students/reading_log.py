"""Who opened a file lately, from the read log (N6, R3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet

from students.levels import Level
from students.models import FileAccess, Student

LOOKING_BACK = timedelta(days=90)
# A name in a class list or among the results of a search is not yet a file that was opened.
NOT_OPENED = (FileAccess.Kind.LIST, FileAccess.Kind.SEARCH)


@dataclass(frozen=True)
class Reading:
    """One page view (its panels count once): who, how, up to which level, when last."""

    who: str
    kind: str
    level: str
    at: datetime
    emergency: bool = False


def readings(student: Student, *, now: datetime) -> QuerySet:
    log = FileAccess.objects.of_student(student.pk).filter(school_id=str(student.school_id), level__gte=Level.DAILY)
    return log.filter(at__gt=now - LOOKING_BACK).exclude(kind__in=NOT_OPENED)


def totals(student: Student, *, now: datetime) -> dict[str, int]:
    """How many people, how many times. One statement."""
    log = readings(student, now=now).order_by()
    return log.aggregate(people=Count("user_id", distinct=True), times=Count("page_view", distinct=True))


def by_page_view(student: Student, *, now: datetime) -> QuerySet:
    """Newest first; rows for `as_reading`."""
    log = readings(student, now=now).order_by().values("user_label", "page_view", "kind", "reason")
    return log.annotate(last=Max("at"), highest=Max("level")).order_by(
        "-last", "user_label", "page_view", "kind", "reason"
    )


def as_reading(row: dict) -> Reading:
    kind, level = FileAccess.Kind(row["kind"]).label, Level(row["highest"]).label
    return Reading(row["user_label"], str(kind), str(level), row["last"], row["reason"] == "emergency")
