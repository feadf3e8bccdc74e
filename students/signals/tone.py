"""The tone has changed suddenly: a child about whom there was no concern, and now there are some."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from students.models.signals import SignalRule
from students.signals.kinds import Finding, Material, Numbers, Rule, counting

LOOKS_BACK = 60  # school days before the change, about a term


def changed(material: Material, numbers: Numbers) -> Iterator[Finding]:
    """The last `before` notes before the window are counted, and none of them is a concern; fewer say nothing."""
    for student, notes in material.notes.items():
        lately = material.lately(notes, numbers.days)
        concerns = [note for note in lately if note.is_concern]
        known = material.lately(notes, numbers.days + LOOKS_BACK)
        earlier = known[: len(known) - len(lately)][-numbers.before :]
        if len(concerns) < numbers.amount or len(earlier) < numbers.before:
            continue
        if not any(note.is_concern for note in earlier):
            yield counting(student, [*earlier, *concerns], count=len(concerns), days=numbers.days, before=len(earlier))


def _words(numbers: dict, today: date) -> str:
    return _("%(count)d concerns within %(days)d school days; of the %(before)d notes before, none was one") % numbers


CHANGED = Rule(
    code=SignalRule.Code.TONE,
    says=gettext_lazy(
        "There are %(amount)d or more concerns within %(days)d school days, and among the %(before)d notes before there was none."
    ),
    words=_words,
    find=changed,
    numbers=Numbers(amount=2, days=5, before=3),
    labels={
        "amount": gettext_lazy("How many concerns"),
        "days": gettext_lazy("Within how many school days"),
        "before": gettext_lazy("After how many notes without a concern"),
    },
    bounds={"amount": (1, 20), "days": (1, 30), "before": (1, 20)},
    reads=lambda numbers: numbers.days + LOOKS_BACK,
)
