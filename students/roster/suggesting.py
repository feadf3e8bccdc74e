"""What the roster's flags suggest (DOMAIN §3.2): proposals of needs, to be looked into. Nobody is labelled by a column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import School
from students.facts import NOTHING
from students.models import Basis, CareNeed, Category, Student, StudentBackground

# column → category of the starting dictionary. A school that has renumbered or closed one gets no proposals of it.
CODES = {
    "left_behind": "F1",
    "is_migrant_child": "F2",
    "is_orphan": "F3",
    "is_martyr_child": "E4",
    "needs_aid": "E4",
    "has_boarding_allowance": "E4",
    "disability_type": "H1",
    "inclusion_type": "H2",
}


class Suggestions:
    """The needs that a file proposes: one of each category for a student, and none where one is open already."""

    def __init__(self, school: School, today: date) -> None:
        self.today = today
        offered = Category.objects.active().filter(school=school, code__in=CODES.values())
        self.categories = {category.code: category for category in offered}
        needs = CareNeed.objects.open().filter(student__school=school)
        self.open = set(needs.values_list("student_id", "category_id"))

    def of(self, student: Student, values: dict[str, Any]) -> Iterable[CareNeed]:
        """`values`: what the file sets anew about this student. The same file a second time sets nothing."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, code in CODES.items():
            if values.get(name) not in NOTHING:
                found[code].append(_in_words(name, values[name]))
        for code, facts in found.items():
            category = self.categories.get(code)
            if category is not None and (student.pk, category.pk) not in self.open:
                yield self._need(student, category, facts)

    def _need(self, student: Student, category: Category, facts: list[str]) -> CareNeed:
        self.open.add((student.pk, category.pk))
        return CareNeed(
            student=student,
            category=category,
            level=category.level,
            basis=Basis.ROSTER,
            source=CareNeed.Source.ROSTER,
            facts="\n".join(facts),
            starts_on=self.today,
        )


def _in_words(name: str, value: Any) -> str:
    """是否留守儿童：双亲留守"""
    field = StudentBackground._meta.get_field(name)
    shown = _("yes") if value is True else dict(field.choices or ()).get(value, value)
    return f"{field.verbose_name}: {shown}"
