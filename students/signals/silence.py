"""Not noticed for long. What counts as noticed is what the silence radar counts, up to level 3.

Such a signal counts no record, and so tells of none: neither which was the last, nor its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from students.models.signals import SignalRule
from students.signals.kinds import Finding, Material, Numbers, Rule, Sitting


def silent(material: Material, numbers: Numbers) -> Iterator[Finding]:
    """The longest first, and only so many of a class at once: thirty questions at a time nobody answers.

    It comes again after as many school days more: that is new, although nothing was written.
    """
    term = material.calendar.term_on(material.today)
    if term is None:
        return
    by_class: dict[UUID | None, list[tuple]] = defaultdict(list)
    for student, sitting in material.students.items():
        since = material.touched.get(student) or _first_day(term.starts_on, sitting)
        if material.calendar.days_between(since, material.today) >= numbers.days:
            by_class[sitting.group].append((since, str(student), student))
    for found in by_class.values():
        for since, _order, student in sorted(found)[: numbers.amount]:
            yield _finding(material, student, since, numbers.days)


def _finding(material: Material, student: UUID, since: date, days: int) -> Finding:
    """Counted from the last record, else from the first day of the term or in the class, whichever is later."""
    times = material.calendar.days_between(since, material.today) // days
    return Finding(student, (f"silence:{since}:{times}",), {"days": times * days, "ever": student in material.touched})


def _first_day(term: date, sitting: Sitting) -> date:
    return max(term, sitting.since)


def _words(numbers: dict, today: date) -> str:
    if not numbers["ever"]:
        return _("No note yet, in %(days)d school days or more") % numbers
    return (
        ngettext(
            "No new note for %(days)d school day or more",
            "No new note for %(days)d school days or more",
            numbers["days"],
        )
        % numbers
    )


SILENT = Rule(
    code=SignalRule.Code.SILENCE,
    says=gettext_lazy(
        "Nothing was written about a student for %(days)d school days; at most %(amount)d students of a class are asked about at once."
    ),
    words=_words,
    find=silent,
    numbers=Numbers(amount=3, days=40),
    labels={
        "days": gettext_lazy("For how many school days"),
        "amount": gettext_lazy("At most how many students of a class at once"),
    },
    bounds={"days": (5, 100), "amount": (1, 50)},
    absence=True,
    note=gettext_lazy(
        "The silence radar shows such students earlier; this rule asks about those whom it has not helped."
    ),
)
