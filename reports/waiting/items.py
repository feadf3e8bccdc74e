"""One row of the to-do list, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from students import mentions
from students.levels import Level
from students.models import Observation, SchoolCalendar


@dataclass(frozen=True)
class Item:
    """One row of the to-do list. `name` is a student's (under the privacy key), `words` free text (the same).
    `title` has {} where the name stands: where in the sentence that is differs with the language.

    `due_on` None: no day is set. `when`: the due word. `is_due`: belongs to today's list.
    """

    icon: str
    title: str
    href: str
    when: str
    name: str = ""
    words: str = ""
    late: bool = False
    urgent: bool = False
    is_due: bool = True

    @property
    def before_name(self) -> str:
        return self.title.partition("{}")[0]

    @property
    def after_name(self) -> str:
        return self.title.partition("{}")[2]


def own_words(note: Observation, student: Any) -> str:
    """The note's words with the name of its own student only; fellow students stay "another student". No statement.

    Nothing of a sensitive note: others look on while a home page is open.
    """
    return mentions.show(note.facts, {str(student.pk): student.name}) if note.level == Level.DAILY else ""


def due_word(day: date, calendar: SchoolCalendar, today: date) -> str:
    """今天, 还有 3 天, 过了 2 天: school days, never "overdue". A day on which there is no school counts as the next one."""
    if day == today:
        return _("today")
    if day < today:
        past = max(1, calendar.days_between(day, today))
        return ngettext("%(n)d day past", "%(n)d days past", past) % {"n": past}
    left = max(1, calendar.days_between(today, day))
    return ngettext("%(n)d day left", "%(n)d days left", left) % {"n": left}
