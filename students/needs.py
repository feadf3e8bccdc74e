"""What the pages about needs and levels say, row by row. Everything comes through `visible_to`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from students import mentions, services
from students.levels import Level
from students.models import AttentionLevel, CareNeed, ChosenService, NeedEvidence, Observation, Student
from students.models.records import StudentRecord
from students.words import day_word, moment_word

LOOKS_BACK = timedelta(days=120)  # notes that are offered as evidence
OFFERED = 12
STEP_SIGNS = {1: "blue", 2: "yellow", 3: "orange", 4: "red"}


@dataclass(frozen=True)
class NeedRow:
    """One need in a list: what, since when, what became of it, and by whom."""

    need: CareNeed
    title: str
    group: str
    since: str
    told: str
    due: str
    look: str = ""
    chosen: tuple[ChosenService, ...] = ()


@dataclass(frozen=True)
class Proof:
    """One piece of evidence. `href`: only where this reader may see the record; `title` then says what it is."""

    text: str
    by: str
    when: str
    title: str = ""
    href: str = ""
    beside: str = ""


@dataclass(frozen=True)
class LevelRow:
    """One attention level, current or past."""

    row: AttentionLevel
    name: str
    since: str
    by: str
    reason: str
    until: str = ""
    ended_by: str = ""
    end_reason: str = ""
    review: str = ""
    is_due: bool = False


@dataclass(frozen=True)
class Needs:
    """The needs of one student, by what became of them."""

    confirmed: list[NeedRow] = field(default_factory=list)
    proposed: list[NeedRow] = field(default_factory=list)
    past: list[NeedRow] = field(default_factory=list)
    level: int = 0  # the highest among them; 0 without any


def of_student(student: Student, user: User, *, now: datetime) -> Needs:
    """Those that this user may see, and what was chosen for them. Two statements."""
    needs = CareNeed.objects.visible_to(user, now=now).filter(student=student)
    rows = list(needs.select_related("category", "author", "decided_by").order_by("category__order", "created_at"))
    today, by_state, chosen = timezone.localdate(now), defaultdict(list), services.chosen_for(rows)
    for need in rows:
        by_state[need.state].append(row_of(need, today, chosen[need.pk]))
    State = CareNeed.State  # noqa: N806 -- a class
    past = by_state[State.CLOSED] + by_state[State.REJECTED]
    highest = max((need.level for need in rows), default=0)
    return Needs(by_state[State.CONFIRMED], by_state[State.PROPOSED], past, highest)


def row_of(need: CareNeed, today: date, chosen: Iterable[ChosenService] = ()) -> NeedRow:
    due = ""
    if need.state == CareNeed.State.CONFIRMED and need.next_review_on:
        due = _("look again on %(day)s") % {"day": day_word(need.next_review_on, today)}
    return NeedRow(
        need=need,
        title=need.category.name,
        group=str(need.category.get_group_display()),
        since=day_word(need.starts_on, today),
        told=told(need, today),
        due=due,
        look="time" if need.is_due(today) else "",
        chosen=tuple(chosen),
    )


def proposer(need: CareNeed) -> str:
    return need.author.display_name if need.author else str(need.get_source_display())


def told(need: CareNeed, today: date) -> str:
    """周敏提出，阮秀芳 10月12日确认"""
    by = {"by": proposer(need), "day": day_word(timezone.localdate(need.created_at), today)}
    words = _("proposed by %(by)s, %(day)s") % by
    if need.decided_by is None:
        return words
    decided = {"by": need.decided_by.display_name, "day": day_word(timezone.localdate(need.decided_at), today)}
    form = (
        _("not confirmed by %(by)s, %(day)s")
        if need.state == CareNeed.State.REJECTED
        else _("confirmed by %(by)s, %(day)s")
    )
    return _("%(one)s; %(other)s") % {"one": words, "other": form % decided}


# --- evidence ---------------------------------------------------------------------------------------------------------


def proofs_of(need: CareNeed, user: User, *, now: datetime) -> list[Proof]:
    """One statement, and one for each kind of record that is cited."""
    rows = list(need.evidence.select_related("author", "target_type"))
    seen = seen_targets(rows, user, now)
    return [proof for row in rows if (proof := _proof(row, seen, timezone.localdate(now)))]


def seen_targets(rows: list[NeedEvidence], user: User, now: datetime) -> dict:
    """id → record, of those that rows of evidence (or of its history) cite and this reader may see."""
    wanted = defaultdict(list)
    for row in rows:
        if row.target_type is not None:
            wanted[row.target_type.model_class()].append(row.target_id)
    seen: dict[Any, Any] = {}
    for model, ids in wanted.items():
        if model is not None and hasattr(model.objects, "visible_to"):
            seen |= model.objects.visible_to(user, now=now).in_bulk(ids)
    return seen


def _proof(row: NeedEvidence, seen: dict, today: date) -> Proof | None:
    """Nothing at all where only a record is cited that this reader may not see: of some the existence is content."""
    target = seen.get(row.target_id)
    if target is None and not row.text:
        return None
    by = row.author.display_name if row.author else ""
    when = moment_word(row.created_at, today)
    if target is None:
        return Proof(row.text, by, when)
    href = target.get_absolute_url() if hasattr(target, "get_absolute_url") else ""
    beside = target.as_evidence() if isinstance(target, StudentRecord) else ""
    return Proof(row.text, by, when, target.in_words(), href, beside)


def offered_notes(student: Student, user: User, *, now: datetime) -> list[tuple[str, str]]:
    """The newest notes that this user may read, as choices of evidence: day, kind and the beginning of the words."""
    since = timezone.localdate(now) - LOOKS_BACK
    notes = Observation.objects.visible_to(user, now=now).filter(student=student, happened_on__gte=since)
    return [
        (str(note.pk), _note_words(note, student, timezone.localdate(now))) for note in notes.newest_first()[:OFFERED]
    ]


def _note_words(note: Observation, student: Student, today: date) -> str:
    words = mentions.show(note.facts, {str(student.pk): student.name})
    begin = words if len(words) <= 30 else f"{words[:30]}…"
    return f"{day_word(note.happened_on, today)} {note.get_kind_display()} · {begin}"


# --- levels -----------------------------------------------------------------------------------------------------------


def levels_of(student: Student, user: User, *, now: datetime) -> list[LevelRow]:
    """The current one first, if there is one. One statement."""
    rows = AttentionLevel.objects.visible_to(user, now=now).filter(student=student).select_related("author", "ended_by")
    return [level_row(row, timezone.localdate(now)) for row in rows.order_by("-started_at")]


def level_row(row: AttentionLevel, today: date) -> LevelRow:
    ended = timezone.localdate(row.ended_at) if row.ended_at else None
    return LevelRow(
        row=row,
        name=str(row.get_step_display()),
        since=day_word(timezone.localdate(row.started_at), today),
        by=row.author.display_name,
        reason=row.reason,
        until=day_word(ended, today) if ended else "",
        ended_by=row.ended_by.display_name if row.ended_by else "",
        end_reason=row.end_reason,
        review=day_word(row.next_review_on, today),
        is_due=row.is_due(today),
    )


def shown_level(needs: Needs) -> int:
    """For the read log: the panel is level 3 even when it is empty."""
    return max(Level.SENSITIVE, needs.level)
