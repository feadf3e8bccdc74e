"""The marks of one student, subject by subject, beside the averages of the class and of the grade. Nobody is placed among others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from reports.lines import lines
from students.marks.averages import NONE, Average, averages_of, with_exams
from students.marks.trend import number
from students.models import Exam, Mark, Student, Term

SHOWN = 6  # exams in a picture; the table has all


@dataclass(frozen=True)
class Row:
    """One exam. Texts as the table shows them; an empty one where an average of too few is not told."""

    exam: str
    short: str
    own: str
    value: float | None
    average: Average
    mark: UUID

    @property
    def class_mean(self) -> str:
        return number(self.average.class_mean)

    @property
    def grade_mean(self) -> str:
        return number(self.average.grade_mean)


@dataclass(frozen=True)
class Line:
    subject: str
    rows: tuple[Row, ...]

    @cached_property
    def chart(self) -> SafeString:
        rows = self.rows[-SHOWN:]
        series = {
            _("This student"): [row.value for row in rows],
            _("Class average"): [row.average.class_mean for row in rows],
            _("Grade average"): [row.average.grade_mean for row in rows],
        }
        told = {name: values for name, values in series.items() if any(value is not None for value in values)}
        title = _("Marks in %(subject)s; the table below has the numbers") % {"subject": self.subject}
        return lines([row.short for row in rows], told, title=title) if told else SafeString()


def lines_of(user: User, student: Student, *, now: datetime) -> list[Line]:
    """By subject, the exams as they were sat; at most five statements. What `user` may not see is not here."""
    marks = list(with_exams(Mark.objects.visible_to(user, now=now).filter(student=student)))
    averages = averages_of(marks)
    rows: dict[str, list[Row]] = {}
    for mark in marks:
        average = averages.get((mark.exam_id, mark.subject, mark.class_group_id), NONE)
        rows.setdefault(mark.subject, []).append(_row(mark, average))
    return [Line(subject, tuple(each)) for subject, each in rows.items()]


def _row(mark: Mark, average: Average) -> Row:
    value = None if mark.value is None else float(mark.value)
    own = _("absent") if value is None else number(value)
    if value is not None and mark.full_mark != 100:
        own = f"{own}/{number(float(mark.full_mark))}"
    return Row(str(mark.exam), short_word(mark.exam), own, value, average, mark.pk)


def short_word(exam: Exam) -> str:
    """Below a point of the picture: 26秋, 26春期中."""
    year = {"year": (exam.term.school_year + (exam.term.number == Term.Number.SPRING)) % 100}
    if exam.term.number == Term.Number.AUTUMN:
        return _("autumn %(year)02d") % year if exam.kind == Exam.Kind.FINAL else _("mid-autumn %(year)02d") % year
    return (
        pgettext("term", "spring %(year)02d") % year
        if exam.kind == Exam.Kind.FINAL
        else _("mid-spring %(year)02d") % year
    )
