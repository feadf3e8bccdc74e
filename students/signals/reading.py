"""Reads once what the rules count: a handful of statements for a whole school, and as many for one student."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Max, Q

from accounts.models import School
from students.levels import Level
from students.marks.averages import lines_of
from students.models import Enrolment, Observation, SchoolCalendar, SignalRule, Student
from students.signals.evidence import records
from students.signals.kinds import Material, Seen, Sitting
from students.signals.rules import Setting
from students.touches import last_touches

Code = SignalRule.Code
SHOWN = Q(level__lte=Level.SENSITIVE)


def material(school: School, settings: Iterable[Setting], *, today: date, students: Iterable | None = None) -> Material:
    """`settings`: the rules that are on; what none of them needs is not read."""
    settings = list(settings)
    on = {str(each.rule.code) for each in settings}
    calendar = SchoolCalendar.of(school.pk)
    sitting = _sitting(school, today, students)
    back = max((each.rule.reads(each.numbers) for each in settings), default=0)
    since = calendar.days_ago(back, today)
    return Material(
        calendar=calendar,
        today=today,
        students=sitting,
        notes=_notes(school, sitting, since, today, students) if back else {},
        touched=last_touches(sitting) if Code.SILENCE in on else {},
        marks=lines_of(list(sitting)) if on & {Code.DROP, Code.DECLINE} else {},
        reached=_reached(sitting) if Code.CONTACT in on else None,
    )


def _reached(sitting: dict) -> dict[UUID, date] | None:
    """student → last day on which the family was reached; None where no record says such a thing. One statement for
    each source."""
    sources = [rows for model in records() if not (rows := model._default_manager.all().contacts()).query.is_empty()]
    if not sources:
        return None
    latest: dict[UUID, date] = {}
    for rows in sources:
        rows = rows.filter(SHOWN, student__in=list(sitting)).order_by()
        for student, day in rows.values_list("student").annotate(Max("reached_on")):
            latest[student] = max(day, latest.get(student, day))
    return latest


def _sitting(school: School, today: date, students: Iterable | None) -> dict[UUID, Sitting]:
    """Who sits in a class today: a signal goes to a head teacher."""
    rows = Enrolment.objects.on(today).filter(student__school=school, student__status__in=Student.PRESENT)
    if students is not None:
        rows = rows.filter(student__in=students)
    places = rows.values_list("student", "starts_on", "class_group")
    return {student: Sitting(since, group) for student, since, group in places}


def _notes(school: School, sitting: dict, since: date, today: date, students) -> dict[UUID, list[Seen]]:
    fields = ("student", "pk", "happened_on", "tone", "domains", "level", "kind")
    rows = Observation.objects.valid().filter(
        SHOWN, student__school=school, happened_on__gte=since, happened_on__lte=today
    )
    if students is not None:
        rows = rows.filter(student__in=students)
    found: dict[UUID, list[Seen]] = {}
    for student, pk, day, tone, domains, level, kind in rows.order_by("happened_on", "created_at", "pk").values_list(
        *fields
    ):
        if student in sitting:
            found.setdefault(student, []).append(Seen(pk, day, tone, tuple(domains), level, kind))
    return found
