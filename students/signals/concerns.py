"""Several concerns in a short time, and nothing but concerns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from students.models.signals import SignalRule
from students.signals.kinds import Finding, Material, Numbers, Rule, counting


def repeated(material: Material, numbers: Numbers) -> Iterator[Finding]:
    for student, notes in material.notes.items():
        concerns = [note for note in material.lately(notes, numbers.days) if note.is_concern]
        if len(concerns) >= numbers.amount:
            yield counting(student, concerns, count=len(concerns), days=numbers.days)


def only_negative(material: Material, numbers: Numbers) -> Iterator[Finding]:
    """One plain note, or one of praise, is enough for it not to hold."""
    for student, notes in material.notes.items():
        lately = material.lately(notes, numbers.days)
        if len(lately) >= numbers.amount and all(note.is_concern for note in lately):
            yield counting(student, lately, count=len(lately), days=numbers.days)


def _repeated_words(numbers: dict, today: date) -> str:
    return (
        ngettext(
            "%(count)d concern within %(days)d school days",
            "%(count)d concerns within %(days)d school days",
            numbers["count"],
        )
        % numbers
    )


def _only_negative_words(numbers: dict, today: date) -> str:
    return (
        ngettext(
            "%(count)d note within %(days)d school days, and each a concern",
            "%(count)d notes within %(days)d school days, and each a concern",
            numbers["count"],
        )
        % numbers
    )


REPEATED = Rule(
    code=SignalRule.Code.CONCERNS,
    says=_("There are %(amount)d or more concerns within %(days)d school days."),
    words=_repeated_words,
    find=repeated,
    numbers=Numbers(amount=3, days=10),
    labels={"amount": _("How many concerns"), "days": _("Within how many school days")},
    bounds={"amount": (2, 20), "days": (1, 60)},
    reads=lambda numbers: numbers.days,
)
ONLY_NEGATIVE = Rule(
    code=SignalRule.Code.NEGATIVE,
    says=_("There are %(amount)d or more notes within %(days)d school days, and each of them is a concern."),
    words=_only_negative_words,
    find=only_negative,
    numbers=Numbers(amount=4, days=30),
    labels={"amount": _("How many notes at least"), "days": _("Within how many school days")},
    bounds={"amount": (2, 30), "days": (5, 100)},
    absence=True,
    beside=SignalRule.Code.CONCERNS,
    reads=lambda numbers: numbers.days,
)
