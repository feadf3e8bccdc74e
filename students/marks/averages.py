"""Averages of a class and of a grade, and the lines of marks that the rules read. An average of fewer than five is not told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Max, StdDev

from students.marks import trend
from students.marks.trend import Finding, Point
from students.models import Mark

FEWEST = 5
YEARS = 2


@dataclass(frozen=True)
class Average:
    """At one exam in one subject; None where too few have a mark. `class_spread`: standard deviation, for the rules alone."""

    class_mean: float | None = None
    class_spread: float | None = None
    grade_mean: float | None = None


NONE = Average()
Key = tuple[Any, str, Any]  # exam, subject, class


def averages_of(marks: Iterable[Mark]) -> dict[Key, Average]:
    """For the exams and classes of these marks. Two statements, however many marks there are."""
    marks = list(marks)
    exams, groups = {mark.exam_id for mark in marks}, {mark.class_group_id: mark.class_group for mark in marks}
    in_class = _by_class(exams, groups)
    in_grade = _by_grade(exams, {(group.stage, group.entry_year) for group in groups.values()})
    found = {}
    for (exam, subject, group), (many, mean, spread) in in_class.items():
        cohort = (groups[group].stage, groups[group].entry_year)
        grade = in_grade.get((exam, subject, *cohort), (0, None))
        enough = many >= FEWEST
        found[exam, subject, group] = Average(
            mean if enough else None, spread if enough else None, _grade_mean(*grade, in_class=many)
        )
    return found


def _grade_mean(many: int, mean: float | None, *, in_class: int) -> float | None:
    """Not told where the class's average, taken away from it, would tell that of a few others."""
    others = many - in_class
    return mean if many >= FEWEST and (others == 0 or others >= FEWEST) else None


def _by_class(exams: Iterable, groups: Iterable) -> dict[Key, tuple[int, float, float]]:
    rows = Mark.objects.filter(exam__in=exams, class_group__in=groups, value__isnull=False)
    told = rows.order_by().values("exam", "subject", "class_group")
    told = told.annotate(many=Count("pk"), mean=Avg("value"), spread=StdDev("value"))
    return {
        (row["exam"], row["subject"], row["class_group"]): (row["many"], float(row["mean"]), float(row["spread"]))
        for row in told
    }


def _by_grade(exams: Iterable, cohorts: set[tuple[str, int]]) -> dict[tuple, tuple[int, float]]:
    """Exams belong to a school, and so do the grades of their marks."""
    rows = Mark.objects.filter(
        exam__in=exams, value__isnull=False, class_group__entry_year__in={y for _s, y in cohorts}
    )
    told = rows.order_by().values("exam", "subject", "class_group__stage", "class_group__entry_year")
    return {
        (row["exam"], row["subject"], row["class_group__stage"], row["class_group__entry_year"]): (
            row["many"],
            float(row["mean"]),
        )
        for row in told.annotate(many=Count("pk"), mean=Avg("value"))
    }


def with_exams(marks):
    """A QuerySet of marks with what their lines name."""
    return marks.select_related("exam__term", "class_group").in_order()


def lines_of(students: Iterable) -> dict[Any, dict[str, list[Point]]]:
    """Student id → subject → points as the exams were sat, of the last two school years with marks: a line of six years
    says nothing more, and of a whole school it is long. Four statements. For the rules: it asks nobody who is reading."""
    theirs = Mark.objects.filter(student__in=students)
    latest = theirs.aggregate(year=Max("exam__term__school_year"))["year"] or 0
    marks = list(with_exams(theirs.filter(exam__term__school_year__gt=latest - YEARS)))
    averages = averages_of(marks)
    lines: dict[Any, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks:
        average = averages.get((mark.exam_id, mark.subject, mark.class_group_id), NONE)
        lines[mark.student_id][mark.subject].append(point_of(mark, average))
    return {student: dict(line) for student, line in lines.items()}


def point_of(mark: Mark, average: Average) -> Point:
    value = None if mark.value is None else float(mark.value)
    return Point(mark.exam.term.code, str(mark.exam), value, average.class_mean, average.class_spread, mark.pk)


def findings_of(students: Iterable, *, drop: float = trend.DROP, step: float = trend.STEP) -> dict[Any, list[Finding]]:
    """Student id → what their lines say; students of whom nothing is to be said do not stand here. Four statements."""
    found = {pk: trend.findings(lines, drop=drop, step=step) for pk, lines in lines_of(students).items()}
    return {pk: findings for pk, findings in found.items() if findings}
