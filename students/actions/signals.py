"""Signals are found at night. Looking again changes nothing where nothing is new; students.actions.answers answers them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import School, User
from accounts.versions import save_version
from students.actions import stamp
from students.models import Mark, Observation, Signal, SignalRule
from students.models.signals import fingerprint_of
from students.signals.evidence import unsound
from students.signals.kinds import OBSERVATION, Finding, Material, key
from students.signals.marks import MARK
from students.signals.reading import material
from students.signals.rules import BY_CODE, Setting, settings_of

REMEMBERS = timedelta(days=366)  # what was answered longer ago may be said again
FOUND = ["counted", "numbers", "level", "fingerprint", "raised_on", "version", "updated_at"]


# --- looking ----------------------------------------------------------------------------------------------------------


@dataclass
class Look:
    """What one look at a school found: signals to make, to renew and to let lapse."""

    today: date
    now: datetime
    new: list[Signal] = field(default_factory=list)
    renewed: list[Signal] = field(default_factory=list)
    lapsed: list[Signal] = field(default_factory=list)


@transaction.atomic
def raise_signals(*, school: School, today: date, now: datetime) -> Look:
    """Ask every rule of the school about all its students.

    As many statements for a thousand students as for one. Raises IntegrityError when another process looks at the same
    moment: then that one's findings stand.
    """
    used = [each for each in settings_of(school) if each.row.is_on]
    read, look = material(school, used, today=today), Look(today, now)
    if not read.calendar.days:  # without a calendar nobody can count school days
        return look
    found = _findings(used, read)
    standing, known = _known(school, now)
    doubtful = [each for place, each in standing.items() if place not in found or _smaller(found[place], each)]
    gone = unsound(doubtful)
    _compare(found, standing, known, gone, look)
    ending = {str(each.rule.code) for each in used if not each.rule.absence}
    _let_go({place: each for place, each in standing.items() if place not in found}, ending, gone, look)
    _write(look)
    return look


def _findings(used: Iterable[Setting], read: Material) -> dict[tuple[UUID, str], Finding]:
    found = ((each.rule, finding) for each in used for finding in each.rule.find(read, each.numbers))
    return {(each.student, str(rule.code)): each for rule, each in found if each.student in read.students}


def _known(school: School, now: datetime) -> tuple[dict[tuple, Signal], dict[tuple, set[str]]]:
    """The open signals by student and rule, and the keys of all that was answered. Nobody answers one while it is
    compared: on PostgreSQL its row is locked, on SQLite the whole database."""
    rows = Signal.objects.filter(student__school=school)
    standing = {(each.student_id, each.rule): each for each in rows.unanswered().select_for_update(of=("self",))}
    known: dict[tuple, set[str]] = defaultdict(set)
    answered = rows.standing().filter(answered_at__gt=now - REMEMBERS)
    for student, rule, counted in answered.values_list("student", "rule", "counted"):
        known[student, rule].update(counted)
    return standing, known


def _smaller(finding: Finding, signal: Signal) -> bool:
    return set(finding.counted) < set(signal.counted)


def _compare(found: dict, standing: dict, known: dict, gone: set, look: Look) -> None:
    """What counts a record that no answer has counted yet is new, or renews the signal that waits. What has only lost
    old records waits as it is."""
    for place, finding in found.items():
        signal = standing.get(place)
        if signal is None:
            if not _said(place, found, standing, known).issuperset(finding.counted):
                student, rule = place
                look.new.append(_fill(Signal(student_id=student, rule=rule), finding, look.today))
        elif signal.pk in gone or not set(finding.counted) <= set(signal.counted):
            look.renewed.append(_fill(signal, finding, look.today))


def _said(place: tuple[UUID, str], found: dict, standing: dict, known: dict) -> set[str]:
    """What the answers to this rule counted, and whatever the rule beside it counts or has counted."""
    student, rule = place
    beside = (student, BY_CODE[rule].beside)
    others = [each.counted for each in (found.get(beside), standing.get(beside)) if each is not None]
    return known[place].union(known[beside], *others)


def _fill(signal: Signal, finding: Finding, today: date) -> Signal:
    signal.counted, signal.numbers, signal.level = sorted(finding.counted), finding.numbers, finding.level
    signal.fingerprint, signal.raised_on = fingerprint_of(signal.rule, finding.counted), today
    return signal


def _let_go(unfound: dict, staying: set[str], gone: set, look: Look) -> None:
    """What was missing has come; the school no longer uses the rule; or a record that was counted is no longer there.
    What has merely become old waits for its answer."""
    for (_student, rule), signal in unfound.items():
        if rule not in staying or signal.pk in gone:
            look.lapsed.append(signal)


def _write(look: Look) -> None:
    bulk_create_with_history(look.new, Signal, batch_size=500)
    for signal in look.lapsed:
        signal.lapsed_at = look.now
    for signal in [*look.renewed, *look.lapsed]:
        signal.version, signal.updated_at = signal.version + 1, look.now
    for rows, fields in ((look.renewed, FOUND), (look.lapsed, ["lapsed_at", "version", "updated_at"])):
        if rows:
            bulk_update_with_history(rows, Signal, fields, batch_size=500)


@transaction.atomic
def set_rule(*, by: User, row: SignalRule, version: int) -> None:
    """The numbers of a rule, and whether it is used; they count from the next look on."""
    stamp(by, row)
    save_version(row, ["is_on", "amount", "days", "before"], version)


# --- when a note changes ----------------------------------------------------------------------------------------------


@transaction.atomic
def follow_notes(*, rows: Iterable[Observation], now: datetime, also: Iterable[UUID] = ()) -> None:
    """These notes were corrected, withdrawn or moved (away from the students `also`): what counted them is judged
    again at once, and no answer stands below the level of what it speaks of. One statement where nothing counted them.
    """
    rows = list(rows)
    levels = {key(OBSERVATION, row.pk): row.level for row in rows}
    about = {row.student_id for row in rows} | set(also)
    signals = Signal.objects.standing().filter(student__in=about).select_related("student__school")
    look = Look(date.min, now)
    for signal in [each for each in signals if not levels.keys().isdisjoint(each.counted)]:
        if signal.is_open:
            _judge_again(signal, look)
        else:
            _lift(signal, max(levels.get(each, 0) for each in signal.counted))
    _write(look)


@transaction.atomic
def follow_marks(*, rows: Iterable[Mark], now: datetime) -> None:
    """These marks were corrected by hand: whatever counted them and waits for an answer is judged again at once. An answer
    that was given stands."""
    rows = list(rows)
    keys, look = {key(MARK, row.pk) for row in rows}, Look(date.min, now)
    signals = Signal.objects.unanswered().filter(student__in={row.student_id for row in rows})
    for signal in signals.select_related("student__school"):
        if not keys.isdisjoint(signal.counted):
            _judge_again(signal, look)
    _write(look)


def _judge_again(signal: Signal, look: Look) -> None:
    """As of the day on which the rule found it: what has become old since does not count against it."""
    school, day = signal.student.school, signal.raised_on
    used = [each for each in settings_of(school) if each.row.is_on and each.rule.code == signal.rule]
    read = material(school, used, today=day, students=[signal.student_id])
    finding = _findings(used, read).get((signal.student_id, signal.rule))
    if finding is None:
        look.lapsed.append(signal)
    else:
        look.renewed.append(_fill(signal, finding, day))


def _lift(signal: Signal, level: int) -> None:
    if level > signal.level:
        signal.level = level
        stamp(None, signal, reason="level of a note")
        save_version(signal, ["level"], signal.version)
