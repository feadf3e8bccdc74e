"""Which student a row of marks means: by name in the class, and by the seat. Where it is not certain, it asks (T33)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import School
from students.marks.sheet import MarkRow
from students.models import ClassGroup, Enrolment
from students.roster.matching import Question, spell_class


class Roll:
    """Who sits or ever sat in which class of the school: marks of last year speak of those who were there then."""

    def __init__(self, school: School) -> None:
        """Two statements."""
        groups = ClassGroup.objects.filter(school=school)
        self.groups = {(group.stage, group.entry_year, group.number): group.pk for group in groups}
        self.seats: dict[tuple[Any, str], dict[Any, set[int | None]]] = defaultdict(lambda: defaultdict(set))
        rows = Enrolment.objects.filter(class_group__school=school)
        for group, student, name, seat in rows.values_list("class_group", "student", "student__name", "seat_no"):
            self.seats[group, name][student].add(seat)

    def find(self, row: MarkRow, *, classes_of: int) -> Any:
        """The id of the student. Raises Question, and Stranger where nobody is found."""
        called = spell_class(row.place, classes_of)
        group = self.groups.get(row.place or ("", 0, 0))
        if group is None:
            raise Stranger(_("The school has no class %(class)s.") % {"class": called})
        here = self.seats.get((group, row.name), {})
        if not here:
            raise Stranger(_("No student of this name sits or sat in %(class)s.") % {"class": called})
        meant = [student for student, seats in here.items() if row.seat_no is None or row.seat_no in seats]
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise Question(
                _("%(class)s has several students of this name. Please add the seat number.") % {"class": called}
            )
        raise Question(
            _("%(class)s has a student of this name on another seat. Please correct the seat, or leave it empty.")
            % {"class": called}
        )


class Stranger(Question):
    """Nobody of this name, or no such class: many of them in one file mean that its class names are of another year."""
