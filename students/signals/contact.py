"""Concerns, and the family was not reached. The source of contacts is whatever record answers `contacts()`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from students.models.signals import SignalRule
from students.signals.kinds import Finding, Material, Numbers, Rule, counting


def unreached(material: Material, numbers: Numbers) -> Iterator[Finding]:
    """Silent as long as no source of contacts exists: nobody is told that nothing was done where nothing is written."""
    if material.reached is None:
        return
    for student, notes in material.notes.items():
        concerns = [note for note in material.lately(notes, numbers.days) if note.is_concern]
        last = material.reached.get(student)
        if len(concerns) >= numbers.amount and (last is None or last < concerns[0].day):
            yield counting(student, concerns, count=len(concerns), days=numbers.days)


def _words(numbers: dict, today: date) -> str:
    return (
        ngettext(
            "%(count)d concern within %(days)d school days, and the family was not reached since",
            "%(count)d concerns within %(days)d school days, and the family was not reached since",
            numbers["count"],
        )
        % numbers
    )


UNREACHED = Rule(
    code=SignalRule.Code.CONTACT,
    says=_(
        "There are %(amount)d or more concerns within %(days)d school days, and the family was not reached since the first."
    ),
    words=_words,
    find=unreached,
    numbers=Numbers(amount=2, days=20),
    labels={"amount": _("How many concerns"), "days": _("Within how many school days")},
    bounds={"amount": (1, 20), "days": (5, 100)},
    is_on=False,
    absence=True,
    note=_("Contacts with families are not kept here yet, so this rule finds nothing for now, also when it is used."),
    reads=lambda numbers: numbers.days,
)
