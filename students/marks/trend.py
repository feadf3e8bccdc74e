"""What a line of marks says: a drop, or a steady decline. Pure: points in, findings out, each with its numbers in words.

A mark is compared with the class at the same exam, so a hard paper is no drop: its *distance* is how many standard
deviations of the class it lies from the class's average. A finding compares a student with that student alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

from django.utils.translation import gettext as _

DROP = 1.0  # standard deviations below the student's own earlier distance
STEP = 0.35  # standard deviations by which each term of a decline lies below the one before
TERMS = 3  # of a decline
USUAL_OF = 3  # earlier exams that say what is usual for this student


@dataclass(frozen=True)
class Point:
    """One exam in one subject. `value`: None for absent. `mean` and `spread` (standard deviation) of the class; None where
    too few have a mark for an average. `mark`: the id of the row, for whoever shows the evidence."""

    term: str  # 2026-2027-1: sorts as it was
    exam: str  # in words
    value: float | None
    mean: float | None
    spread: float | None
    mark: Any = None

    @property
    def distance(self) -> float | None:
        """From the class's average, in standard deviations of the class; None where nothing can be said."""
        if self.value is None or self.mean is None or not self.spread:
            return None
        return (self.value - self.mean) / self.spread


@dataclass(frozen=True)
class Finding:
    """`kind`: drop or decline. `fall`: standard deviations of the class. `points`: the evidence, the last exam at its end."""

    kind: str
    subject: str
    fall: float
    words: str
    points: tuple[Point, ...]


def findings(series: Mapping[str, Sequence[Point]], *, drop: float = DROP, step: float = STEP) -> list[Finding]:
    """Of one student: by subject, the points as the exams were sat. At most one finding in a subject."""
    found = {each.subject: each for each in (*declines(series, step=step), *drops(series, limit=drop))}
    return [found[subject] for subject in series if subject in found]


def drops(series: Mapping[str, Sequence[Point]], *, limit: float = DROP) -> list[Finding]:
    """The last mark lies more than `limit` standard deviations below what was usual for this student."""
    return [found for subject, points in series.items() if (found := _drop(subject, points, limit))]


def _drop(subject: str, points: Sequence[Point], limit: float) -> Finding | None:
    told = _told(points)
    if len(told) < 2 or told[-1] is not points[-1]:  # absent at the last exam: that is no drop
        return None
    earlier, last = told[-USUAL_OF - 1 : -1], told[-1]
    fall = fmean(point.distance or 0 for point in earlier) - (last.distance or 0)
    if fall <= limit:
        return None
    return Finding("drop", subject, fall, _drop_words(subject, earlier, last, fall), (*earlier, last))


def declines(series: Mapping[str, Sequence[Point]], *, step: float = STEP) -> list[Finding]:
    """In each of the last three terms with a mark clearly below the term before. The last exam stands for its term."""
    return [found for subject, points in series.items() if (found := _decline(subject, points, step))]


def _decline(subject: str, points: Sequence[Point], step: float) -> Finding | None:
    told = _told(points)
    terms = list({point.term: point for point in told}.values())[-TERMS:]
    if len(terms) < TERMS or terms[-1] is not points[-1]:
        return None
    far = [point.distance or 0 for point in terms]
    if any(before - after < step for before, after in pairwise(far)):
        return None
    return Finding("decline", subject, far[0] - far[-1], _decline_words(subject, terms), tuple(terms))


def _told(points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.distance is not None]


def _drop_words(subject: str, earlier: Sequence[Point], last: Point, fall: float) -> str:
    """数学：以往平均比班级高 3.0 分，这次（…期末）52 分，比班级平均 76.2 分低 24.2 分；落差是班级标准差（11.8 分）的 2.3 倍."""
    numbers = {
        "subject": subject,
        "exam": last.exam,
        "mark": number(last.value),
        "mean": number(last.mean),
        "usual": against_class(fmean(_gap(point) for point in earlier)),
        "now": against_class(_gap(last)),
        "spread": number(last.spread),
        "fall": number(fall),
    }
    return (
        _(
            "%(subject)s: until now on average %(usual)s. At %(exam)s: %(mark)s, where the class has %(mean)s; "
            "that is %(now)s. The fall is %(fall)s times the class's standard deviation (%(spread)s)."
        )
        % numbers
    )


def _decline_words(subject: str, points: Sequence[Point]) -> str:
    numbers = {
        "subject": subject,
        "first": against_class(_gap(points[0])),
        "second": against_class(_gap(points[1])),
        "third": against_class(_gap(points[2])),
        "exam": points[-1].exam,
    }
    return (
        _("%(subject)s: lower in each of three terms up to %(exam)s: first %(first)s, then %(second)s, now %(third)s.")
        % numbers
    )


def _gap(point: Point) -> float:
    return (point.value or 0) - (point.mean or 0)


def against_class(gap: float) -> str:
    """比班级平均高 3.1 分 / 比班级平均低 3.1 分."""
    form = _("%(n)s below the class's average") if gap < 0 else _("%(n)s above the class's average")
    return form % {"n": number(abs(gap))}


def number(value: float | None) -> str:
    """At most one decimal: 84, 76.2."""
    return "" if value is None else f"{value:.1f}".removesuffix(".0")
