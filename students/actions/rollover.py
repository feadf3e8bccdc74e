"""September: the oldest classes graduate, new ones begin, and the year gets its terms and its calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import School, User
from students.actions.calendar import create_terms, seed_calendar
from students.actions.grants import sync_grants
from students.actions.placements import add_class, end_duty, end_schooling
from students.models import ClassAssignment, ClassGroup, GradeAssignment, Stage, Student, Term

INSIDE = Q(enrolments__ends_on__isnull=True, enrolments__student__status__in=Student.PRESENT)
READY_FROM = 7  # the month in which the coming school year can be prepared


def year_to_prepare(today: date) -> int:
    """From July the school year that begins in September, before that the running one."""
    return today.year if today.month >= READY_FROM else today.year - 1


@dataclass(frozen=True)
class StagePlan:
    """What the roll-over would do to one stage of the school."""

    stage: Stage
    school_year: int
    leaving: list[ClassGroup]
    graduates: int
    on_leave: int  # stay as they are: whether they graduate is decided one by one
    going_up: list[tuple[str, str]]  # names before and after
    begun: int  # classes of the new first grade that exist already
    suggested: int

    @property
    def has_work(self) -> bool:
        return bool(self.graduates or not self.begun)


def plan(*, school: School, school_year: int) -> list[StagePlan]:
    """For each stage that the school has. Reads only; five statements for each stage."""
    stages = ClassGroup.objects.filter(school=school).order_by().values_list("stage", flat=True).distinct()
    return [_plan(school, stage, school_year) for stage in Stage if stage in set(stages)]


def _plan(school: School, stage: Stage, year: int) -> StagePlan:
    groups = ClassGroup.objects.filter(school=school, stage=stage).in_order()
    before, after = date(year, 8, 31), date(year, 9, 1)
    going = groups.filter(entry_year__gt=year - stage.years, entry_year__lt=year)
    begun = groups.filter(entry_year=year).count()
    leaving = list(_leaving(school, stage, year).filter(INSIDE).distinct())
    inside = _still_there(leaving)
    return StagePlan(
        stage=stage,
        school_year=year,
        leaving=leaving,
        graduates=inside.filter(status=Student.Status.PRESENT).count(),
        on_leave=inside.filter(status=Student.Status.SUSPENDED).count(),
        going_up=[(group.name_on(before), group.name_on(after)) for group in going],
        begun=begun,
        suggested=begun or groups.filter(entry_year=year - 1).count(),
    )


def _leaving(school: School, stage: Stage, year: int):
    """Also classes of earlier years, if a September was forgotten."""
    return ClassGroup.objects.filter(school=school, stage=stage, entry_year__lte=year - stage.years).in_order()


def _still_there(groups):
    return Student.objects.in_school().filter(enrolments__class_group__in=groups, enrolments__ends_on__isnull=True)


@transaction.atomic
def roll_over(
    *, by: User | None, school: School, school_year: int, new_classes: Mapping[str, int], now: datetime
) -> dict[str, int | list[int]]:
    """The first of September of that year: leavers graduate, the first grades begin, terms and calendar are made.

    All other classes go up by themselves, since a class is named by its year of entry. Running it again changes
    nothing. `new_classes`: stage → number of classes of the first grade. Returns how many students `graduated`, how
    many `classes` were made, and the calendar years whose holidays are `unknown`.
    """
    first_day = date(school_year, 9, 1)
    graduated = made = 0
    for stage, count in new_classes.items():
        graduated += _graduate(by, school, Stage(stage), first_day, now)
        made += _begin_classes(by, school, stage, school_year, count)
    create_terms(by=by, school=school, school_year=school_year, now=now)
    unknown = seed_calendar(by=by, school=school, years=[school_year])
    return {"graduated": graduated, "classes": made, "unknown": unknown}


def _graduate(by: User | None, school: School, stage: Stage, first_day: date, now: datetime) -> int:
    """The students of the leaving classes, and the last day of whoever taught them; how many students there were."""
    groups = list(_leaving(school, stage, first_day.year))
    students = list(_still_there(groups).filter(status=Student.Status.PRESENT))
    for student in students:
        end_schooling(by, student, Student.Status.GRADUATED, first_day)
    running = Q(ends_on__isnull=True) | Q(ends_on__gte=first_day)
    years = {group.entry_year for group in groups}
    duties: list[ClassAssignment | GradeAssignment] = [
        *ClassAssignment.objects.filter(running, class_group__in=groups),
        *GradeAssignment.objects.filter(running, user__school=school, stage=stage, entry_year__in=years),
    ]
    for duty in duties:
        end_duty(by, duty, first_day - timedelta(days=1))
    if students or duties:
        ever_in = Student.objects.filter(enrolments__class_group__in=groups).distinct()
        sync_grants(by=by, students=ever_in, now=now)
    return len(students)


def _begin_classes(by: User | None, school: School, stage: str, entry_year: int, count: int) -> int:
    same = ClassGroup.objects.filter(school=school, stage=stage, entry_year=entry_year)
    existing = set(same.values_list("number", flat=True))
    missing = [number for number in range(1, count + 1) if number not in existing]
    for number in missing:
        add_class(by=by, school=school, stage=stage, entry_year=entry_year, number=number)
    return len(missing)


def has_terms(school: School, school_year: int) -> bool:
    return Term.objects.filter(school=school, school_year=school_year).count() == len(Term.Number)
