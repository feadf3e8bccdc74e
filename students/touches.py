"""Who was noticed when, over every kind of record (N1).

A kind of record takes part by answering `touches()` on its QuerySet, and nothing else: rows with `student` and
`touched_on`. The radar counts levels 2 and 3 alone. So everybody who answers for a student reads the same number, and
nothing confidential leaves a trace in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Case, Count, DateField, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest

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


@dataclass(frozen=True)
class Touched:
    """What is known of one student: the day of the last touch; talks since a day, and the day of the last of them."""

    last: date
    talks: int = 0
    talked_on: date | None = None

    def __add__(self, other: Touched) -> Touched:
        talked = [day for day in (self.talked_on, other.talked_on) if day]
        return Touched(max(self.last, other.last), self.talks + other.talks, max(talked, default=None))


def of_students(students: Iterable, *, talks_since: date, rows: list[QuerySet] | None = None) -> dict[UUID, Touched]:
    """student id → Touched, for those who ever were. One statement, however many sources."""
    ids, found = [getattr(each, "pk", each) for each in students], {}
    first, *others = [
        _counted(each.filter(student__in=ids), talks_since) for each in (sources() if rows is None else rows)
    ]
    for student, *values in first.union(*others, all=True) if others else first:
        touched = Touched(*values)
        found[student] = found[student] + touched if student in found else touched
    return found


def _counted(rows: QuerySet, since: date) -> QuerySet:
    """(student, last day, talks, day of the last talk); only notes can be talks."""
    if rows.model is Observation:
        talk = Q(kind=Observation.Kind.TALK, touched_on__gte=since)
        talks, talked = Count("pk", filter=talk), Max("touched_on", filter=talk)
    else:
        talks, talked = Value(0), Cast(Value(None), DateField())
    return (
        rows.order_by().values("student").annotate(_1=Max("touched_on"), _2=talks, _3=talked)
        .values_list("student", "_1", "_2", "_3")
    )  # fmt: skip


def last_touches(students: Iterable) -> dict[UUID, date]:
    """student id → day of the last touch, for those who ever were noticed. One statement."""
    return {student: touched.last for student, touched in of_students(students, talks_since=date.max).items()}
