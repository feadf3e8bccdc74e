"""What waits for one person, in the order in which it should be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from reports.waiting import named
from reports.waiting.counted import counted
from reports.waiting.items import Item, due_word
from students.models import Draft, SchoolCalendar

__all__ = ["Item", "Waiting", "due_word", "split_due", "waiting_for"]


@dataclass(frozen=True)
class Waiting:
    items: tuple[Item, ...]
    student_ids: tuple
    level: int  # the highest level among them; 0 when no student is named

    @property
    def due(self) -> list[Item]:
        return [item for item in self.items if item.is_due]


def waiting_for(user: User, calendar: SchoolCalendar, *, now: datetime) -> Waiting:
    """Attention first, then what waits for one's confirmation or a look, what one has promised, and what is half-written;
    before all, for the system administrator, a backup that is missing. Each is one statement however many rows, and is
    asked for only where it is somebody's duty."""
    today = timezone.localdate(now)
    attention = named.attention_asked(user, now)
    promised = named.promised_notes(user, today, now)
    numbers, talking = counted(user, calendar, now)
    talks = list(named.planned_talks(user, now).select_related("student")[: named.MOST]) if talking else []
    items = [
        *named.backups(user, now),
        *(item for item in numbers if item.urgent),
        *(named.attention_item(request, calendar, now) for request in attention),
        *(item for item in numbers if not item.urgent),
        *named.screening(user, calendar, today, now),
        *(named.promise_item(note, calendar, today) for note in promised),
        *(named.talk_item(signal, calendar, today) for signal in talks),
        *(named.draft_item(draft, today) for draft in Draft.objects.unfinished_of(user, now)),
    ]
    about = [*attention, *promised, *talks]
    return Waiting(
        tuple(items), tuple(each.student_id for each in about), max((each.level for each in about), default=0)
    )


def split_due(items: Sequence[Item], most: int) -> tuple[list[Item], int, int]:
    """The first `most` of today's items, and how many there are in all."""
    due: Iterable[Item] = [item for item in items if item.is_due]
    return list(due)[:most], len(items)
