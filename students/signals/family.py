"""Something in the family, then the mood (F8): the two stand in different notes, often of different people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from students.models.records import Observation
from students.models.signals import SignalRule
from students.signals.kinds import Finding, Material, Numbers, Rule, Seen, counting
from students.words import day_word

Domain = Observation.Domain


def followed(material: Material, numbers: Numbers) -> Iterator[Finding]:
    for student, notes in material.notes.items():
        if (pair := _pair(material, notes, numbers.days)) is not None:
            event, moods = pair
            between = material.calendar.days_between(event.day, moods[0].day)
            yield counting(student, [event, *moods], event=f"{event.day}", mood=f"{moods[0].day}", days=between)


def _pair(material: Material, notes: list[Seen], days: int) -> tuple[Seen, list[Seen]] | None:
    """The last event in the family, and the concerns about emotions that were written after it, soon enough both for
    the event and for today. `notes` stand in the order of their days and of their writing."""
    events = [number for number, note in enumerate(notes) if note.concerns(Domain.FAMILY)]
    for number in reversed(events):
        event = notes[number]
        later = [note for note in notes[number + 1 :] if note.concerns(Domain.EMOTION)]
        moods = [note for note in later if material.calendar.days_between(event.day, note.day) <= days]
        if any(material.within(note.day, days) for note in moods):
            return event, moods
    return None


def _words(numbers: dict, today: date) -> str:
    days = {name: day_word(date.fromisoformat(numbers[name]), today) for name in ("event", "mood")}
    return ngettext(
        "A concern about the family (%(event)s), and %(days)d school day later one about the mood (%(mood)s)",
        "A concern about the family (%(event)s), and %(days)d school days later one about the mood (%(mood)s)",
        numbers["days"],
    ) % {**numbers, **days}


FOLLOWED = Rule(
    code=SignalRule.Code.FAMILY,
    says=_("A concern about the family is followed, within %(days)d school days, by a concern about emotions."),
    words=_words,
    find=followed,
    numbers=Numbers(days=15),
    labels={"days": _("Within how many school days")},
    bounds={"days": (1, 60)},
    reads=lambda numbers: 2 * numbers.days,
)
