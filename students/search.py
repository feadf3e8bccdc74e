"""Finding a student by name, pinyin or class. What was typed never stands in a URL: it may be a name."""

from __future__ import annotations

import unicodedata
from datetime import date

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from students.models import ClassGroup, Stage, Student, school_year_of
from students.models.classes import grade_name
from students.roster.classes import parse_class, resolve_class
from students.roster.values import Unreadable

SHOWN = 12


def class_in(text: str, day: date) -> tuple[str, int, int] | None:
    """三2班, 三年级(2)班, 302 or 2024级2班 → (stage, year of entry, number) in the school year of that day."""
    try:
        return resolve_class(parse_class(text), school_year=school_year_of(day))
    except Unreadable:
        return None


def found(students: QuerySet, typed: str, day: date) -> QuerySet:
    """Those of `students` (with `place`) whom the words mean: each word that reads as a class narrows to that class,
    the rest is a name or its pinyin."""
    rest = []
    for word in unicodedata.normalize("NFKC", typed).split():
        if (group := class_in(word, day)) is None:
            rest.append(word)
        else:
            stage, entry_year, number = group
            students = students.filter(
                place__class_group__stage=stage,
                place__class_group__entry_year=entry_year,
                place__class_group__number=number,
            )
    return students.named_like(" ".join(rest)) if rest else students


def in_class_order(students: QuerySet) -> QuerySet:
    """As the school counts: by class, then by seat; those without a class last."""
    place = "place__class_group__"
    return students.order_by(
        f"{place}stage", f"-{place}entry_year", f"{place}number", "place__seat_no", "name_pinyin", "pk"
    )


class InClassOrder:
    """That order for a Paginator, whichever the database: those without a class come last.

    Those who sit in a class are asked for by themselves, so that the database goes through the classes and stops after a
    page, instead of sorting the school.
    """

    def __init__(self, students: QuerySet) -> None:
        self.students = students
        self.seated = in_class_order(students.filter(place__class_group__number__isnull=False))

    def count(self) -> int:
        return self.students.count()

    def __getitem__(self, cut: slice) -> list[Student]:
        rows = list(self.seated[cut])
        if len(rows) == cut.stop - cut.start:
            return rows
        before = self.seated.count()
        others = in_class_order(self.students.filter(place__isnull=True))
        return rows + list(others[max(0, cut.start - before) : max(0, cut.stop - before)])


def grades_of(classes: list[ClassGroup], day: date) -> list[tuple[str, str]]:
    """(primary-2024, 三年级) for each grade among these classes, in their order: the choices of a filter."""
    pairs = {f"{group.stage}-{group.entry_year}": grade_name(group.grade_on(day)) for group in classes}
    return list(pairs.items())


STATES = {"here": _("At school"), "left": _("No longer here")}


def in_state(students: QuerySet, state: str) -> QuerySet:
    return students.exclude(status__in=Student.PRESENT) if state == "left" else students.in_school()


def in_grade(students: QuerySet, grade: str) -> QuerySet:
    """`grade`: as `grades_of` gives it; the form has checked it against those."""
    stage, entry_year = grade.rsplit("-", 1)
    return students.filter(place__class_group__stage=Stage(stage), place__class_group__entry_year=int(entry_year))
