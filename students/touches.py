"""Who was noticed when, over every kind of record (N1).

A kind of record takes part by answering `touches()` on its QuerySet, and nothing else: rows with `student` and
`touched_on`. The radar counts levels 2 and 3 alone. So everybody who answers for a student reads the same number, and
nothing confidential leaves a trace in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from django.db.models import Case, Count, DateField, Max, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

from students.levels import Level
from students.models import Observation, StudentRecord

LONG_BEFORE = date(1900, 1, 1)  # stands for "never" where the database compares days


def kinds_of_record(model: type = StudentRecord) -> Iterator[type[StudentRecord]]:
    """Every model that holds records about students."""
    for each in model.__subclasses__():
        if not each._meta.abstract:
            yield each
        yield from kinds_of_record(each)


def sources() -> list[QuerySet]:
    """The touches of each kind of record that has any."""
    found = (model._default_manager.all().touches() for model in kinds_of_record())
    return [rows.filter(level__lte=Level.SENSITIVE) for rows in found if not rows.query.is_empty()]


def talks() -> QuerySet:
    """Talks with a student (F45)."""
    return Observation.objects.talks().filter(level__lte=Level.SENSITIVE)


def with_last_touch(students: QuerySet, rows: list[QuerySet] | None = None) -> QuerySet:
    """Annotated with `last_touch`, a day or None: one look into an index for each student and source."""
    days = [_last(each) for each in (sources() if rows is None else rows)]
    if len(days) == 1:
        return students.annotate(last_touch=days[0])
    latest = Greatest(*(Coalesce(day, Value(LONG_BEFORE)) for day in days))
    never = When(latest_touch=LONG_BEFORE, then=None)
    return students.alias(latest_touch=latest).annotate(
        last_touch=Case(never, default="latest_touch", output_field=DateField())
    )


def _last(rows: QuerySet) -> Subquery:
    own = rows.filter(student=OuterRef("pk")).order_by("-touched_on")
    return Subquery(own.values("touched_on")[:1], output_field=DateField())


def last_touches(students: Iterable) -> dict:
    """student id → day of the last touch, for those who have one. One statement for each source."""
    ids, latest = [getattr(each, "pk", each) for each in students], {}
    for rows in sources():
        for student, day in rows.filter(student__in=ids).order_by().values_list("student").annotate(Max("touched_on")):
            latest[student] = max(day, latest.get(student, day))
    return latest


def talks_since(students: Iterable, day: date) -> dict:
    """student id → (number of talks since that day, day of the last one). One statement."""
    ids = [getattr(each, "pk", each) for each in students]
    rows = talks().filter(student__in=ids, touched_on__gte=day).order_by().values_list("student")
    return {student: (number, last) for student, number, last in rows.annotate(Count("pk"), Max("touched_on"))}
