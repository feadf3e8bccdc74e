"""What comes of a signal: it is known because …, a talk is planned on a day, or a care need is proposed."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from accounts.versions import save_version
from students import access
from students.actions import stamp
from students.actions.identification import propose_need
from students.models import CareNeed, Category, Signal
from students.signals.evidence import shown_records

Answer = Signal.Answer
ANSWERED = ["answer", "because", "talk_on", "talk_by", "answered_at", "answered_by"]


class NeedsSubstance(ValueError):
    """An answer says something: a signal is never just clicked away."""


class TalkNeedsDay(ValueError):
    """A planned talk has a day, from today on."""


class AnsweredAlready(ValueError):
    """A care need was proposed; what becomes of it is decided there."""


def note_signal(*, by: User, signal: Signal, because: str, now: datetime, version: int) -> None:
    """It is known, or nothing needs to be done, and why. Raises NeedsSubstance; see also `_answer`."""
    if not has_substance(because):
        raise NeedsSubstance
    _answer(by, signal, Answer.NOTED, now, version, because=because)


def plan_talk(
    *, by: User, signal: Signal, on: date, now: datetime, today: date, version: int, because: str = ""
) -> None:
    """A promise on the person's own to-do list until somebody has written a talk. Raises TalkNeedsDay."""
    if on < today:
        raise TalkNeedsDay
    _answer(by, signal, Answer.TALK, now, version, because=because, talk_on=on, talk_by=by)


@transaction.atomic
def propose_from(
    *, by: User, signal: Signal, category: Category, basis: str, facts: str, now: datetime, version: int
) -> CareNeed:
    """The records that the signal counted become the evidence of a proposal. From then on the signal has the level of the
    need, since it says that there is one. Raises NeedsSubstance; PermissionDenied for a category that is not in the
    person's hands."""
    if not has_substance(facts):
        raise NeedsSubstance
    if not access.proposable_categories(by, signal.student, now=now).filter(pk=category.pk).exists():
        raise PermissionDenied
    signal.level = max(signal.level, category.level)
    _answer(by, signal, Answer.PROPOSED, now, version)
    return propose_need(
        student=signal.student, category=category, basis=basis, facts=facts, by=by, now=now,
        evidence=shown_records(signal, by, now=now), origin=signal,
    )  # fmt: skip


@transaction.atomic
def _answer(by: User, signal: Signal, answer: str, now: datetime, version: int, **fields) -> None:
    """Another answer may follow, but for a proposal, which is decided elsewhere. Raises PermissionDenied, AnsweredAlready,
    and StaleVersion when it is no longer the signal that was shown."""
    if not access.may_answer(by, signal, now=now):
        raise PermissionDenied
    if signal.answer == Answer.PROPOSED:
        raise AnsweredAlready
    values = {"because": "", "talk_on": None, "talk_by": None, **fields}
    for name, value in {**values, "answer": answer, "answered_at": now, "answered_by": by}.items():
        setattr(signal, name, value)
    stamp(by, signal)
    save_version(signal, [*ANSWERED, "level"], version)


def has_substance(text: str) -> bool:
    """At least four letters or characters: "知道了" alone tells nobody anything."""
    return len(re.findall(r"\w", text)) >= 4
