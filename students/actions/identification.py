"""From a proposal to a confirmed need, and up and down the attention levels (DOMAIN §3.2, §3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.models import User
from accounts.versions import StaleVersion, save_version
from students import access
from students.actions import stamp
from students.levels import Level
from students.models import (
    AttentionLevel,
    CareNeed,
    Category,
    FileVerification,
    NeedEvidence,
    Student,
    StudentProfile,
    clock,
)

State = CareNeed.State


class OwnProposal(PermissionDenied):
    """Nobody confirms what they proposed themselves."""


class OtherState(ValueError):
    """The need is in another state by now: somebody decided on it or closed it."""


class NeedStands(ValueError):
    """A need of this category is confirmed already."""


class StrengthsMissing(ValueError):
    """Where needs are written, strengths are written too: the student's profile names none yet."""


class NotHigher(ValueError):
    """Raising means a higher step than the one that stands."""


class NotLower(ValueError):
    """Lowering means a lower step than the one that stands, or none."""


class ReasonMissing(ValueError):
    """A decision about a child has a reason."""


# --- needs ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def propose_need(
    *,
    student: Student,
    category: Category,
    basis: str,
    facts: str,
    by: User | None,
    now: datetime,
    evidence: Iterable[models.Model | str] = (),
    origin: models.Model | None = None,
    source: str = "",
    starts_on: date | None = None,
    strengths: str = "",
) -> CareNeed:
    """A new proposal; or, where one of this category is open that the proposer may see, more evidence for that one.

    `by`: None for the roster and for rules, and then `source` (CareNeed.Source) says which. `evidence`: records, or
    words. `origin`: the record that this follows from (a screening entry, a signal); it stands among the evidence too, and
    whoever wrote it had the right to, so the right to propose is asked only without one. `strengths`: for a profile that
    names none yet. Raises PermissionDenied.
    """
    if by is not None and origin is None and not _may_propose(by, student, category, now):
        raise PermissionDenied
    if by is not None and strengths:
        _write_strengths(student, strengths, by)
    proofs = [*evidence, *([] if origin is None else [origin])]
    if standing := _open_need(student, category, by, now):
        add_evidence(need=standing, evidence=[facts, *proofs], by=by)
        return standing
    need = CareNeed(
        student=student, category=category, level=category.level, basis=basis, facts=facts, author=by, origin=origin,
        source="" if by else source or CareNeed.Source.RULE, starts_on=starts_on or timezone.localdate(now),
    )  # fmt: skip
    stamp(by, need)
    try:
        with transaction.atomic():
            need.save()
    except IntegrityError:  # another process made the same automatic proposal at the same moment
        need = CareNeed.objects.proposed().get(student=student, category=category, author=None)
        proofs = [facts, *proofs]
    _attach(need, proofs, by)
    return need


def _may_propose(by: User, student: Student, category: Category, now: datetime) -> bool:
    return access.proposable_categories(by, student, now=now).filter(pk=category.pk).exists()


def _open_need(student: Student, category: Category, by: User | None, now: datetime) -> CareNeed | None:
    """The confirmed one first. Only among those that the proposer may see: the answer must not tell of a hidden one."""
    needs = CareNeed.objects.all() if by is None else CareNeed.objects.visible_to(by, now=now)
    found = needs.open().filter(student=student, category=category).select_for_update(of=("self",))
    return found.order_by("state", "created_at").first()


@transaction.atomic
def add_evidence(*, need: CareNeed, evidence: Iterable[models.Model | str], by: User | None) -> None:
    """Records or words, each record once; the need's version counts it, so that nobody decides on less than stands."""
    if _attach(need, evidence, by):
        stamp(by, need)
        save_version(need, [], need.version)


def _attach(need: CareNeed, evidence: Iterable[models.Model | str], by: User | None) -> int:
    known = set(need.evidence.values_list("target_id", flat=True))
    count = 0
    for each in evidence:
        row = NeedEvidence(need=need, author=by)
        if isinstance(each, str):
            row.text = each
        elif each.pk in known:
            continue
        else:
            row.target = each
            known.add(each.pk)
        stamp(by, row)
        row.save()
        count += 1
    return count


@transaction.atomic
def confirm_need(
    *,
    need: CareNeed,
    by: User,
    version: int,
    now: datetime,
    next_review_on: date | None = None,
    strengths: str = "",
) -> None:
    """By 德育, never by the proposer. `strengths` are written into a profile that names none yet.

    Raises OwnProposal, OtherState, StrengthsMissing, NeedStands, StaleVersion.
    """
    _may_decide(need, by, now)
    if by.pk == need.author_id:
        raise OwnProposal
    _write_strengths(need.student, strengths, by)
    need.state, need.decided_at, need.decided_by = State.CONFIRMED, now, by
    need.verified_on = timezone.localdate(now)
    need.next_review_on = next_review_on or need.verified_on + timedelta(clock(need.student.school_id, "need_review"))
    stamp(by, need)
    try:
        with transaction.atomic():
            save_version(need, ["state", "decided_at", "decided_by", "verified_on", "next_review_on"], version)
    except IntegrityError as error:
        raise NeedStands from error


@transaction.atomic
def reject_need(*, need: CareNeed, by: User, reason: str, version: int, now: datetime) -> None:
    """Not confirmed, with a reason; the proposer reads it for 7 days, and nobody but 德育 after that."""
    _may_decide(need, by, now)
    if by.pk == need.author_id:
        raise OwnProposal
    _needs(reason)
    need.state, need.decided_at, need.decided_by, need.reason = State.REJECTED, now, by, reason
    stamp(by, need, reason=reason_kind(State.REJECTED))
    save_version(need, ["state", "decided_at", "decided_by", "reason"], version)


@transaction.atomic
def close_need(*, need: CareNeed, by: User, reason: str, version: int, now: datetime) -> None:
    """The need is over. It stays in the file as what once was."""
    if not access.decides_on_needs(by, need.student, now=now):
        raise PermissionDenied
    if need.state != State.CONFIRMED:
        raise OtherState
    _needs(reason)
    need.state, need.closed_at, need.closed_by, need.reason = State.CLOSED, now, by, reason
    need.ends_on = max(timezone.localdate(now), need.starts_on)
    stamp(by, need, reason=reason_kind(State.CLOSED))
    save_version(need, ["state", "closed_at", "closed_by", "reason", "ends_on"], version)


@transaction.atomic
def review_need(*, need: CareNeed, by: User, version: int, now: datetime) -> None:
    """Still so: looked at today. By the class's teachers and 德育."""
    if not _tends(by, need.student, now):
        raise PermissionDenied
    if need.state != State.CONFIRMED:
        raise OtherState
    need.verified_on = timezone.localdate(now)
    need.next_review_on = need.verified_on + timedelta(clock(need.student.school_id, "need_review"))
    stamp(by, need)
    save_version(need, ["verified_on", "next_review_on"], version)


def _may_decide(need: CareNeed, by: User, now: datetime) -> None:
    if not access.decides_on_needs(by, need.student, now=now):
        raise PermissionDenied
    if need.state != State.PROPOSED:
        raise OtherState


def _needs(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing


def reason_kind(state: str) -> str:
    """What the history says: the reason itself has the need's level and stands in its own field."""
    return str(state)


def _tends(user: User, student: Student, now: datetime) -> bool:
    return access.decides_on_needs(user, student, now=now) or access.is_head_of(user, student, now=now)


def _write_strengths(student: Student, strengths: str, by: User) -> None:
    profile = StudentProfile.objects.filter(student=student).first() or StudentProfile(student=student)
    if profile.strengths.strip():
        return
    if not strengths.strip():
        raise StrengthsMissing
    profile.strengths = strengths
    stamp(by, profile)
    if profile._state.adding:
        profile.save()
    else:
        save_version(profile, ["strengths"], profile.version)


# --- attention levels -------------------------------------------------------------------------------------------------


def current_level(student: Student) -> AttentionLevel | None:
    return AttentionLevel.objects.current().filter(student=student).first()


def levels_version(student: Student) -> int:
    """One number that grows with every change of any of the student's levels: a page is filled from all of them."""
    return AttentionLevel.objects.filter(student=student).aggregate(sum=models.Sum("version"))["sum"] or 0


@transaction.atomic
def raise_level(
    *, student: Student, step: int, reason: str, by: User, now: datetime, next_review_on: date | None = None
) -> AttentionLevel:
    """By anyone who sees level 3 of the student, at any time, alone. Raises NotHigher, ReasonMissing, StaleVersion."""
    if access.level_of(by, student, now=now) < Level.SENSITIVE:
        raise PermissionDenied
    current = current_level(student)
    if current is not None and step <= current.step:
        raise NotHigher
    return _change(student, current, step, reason, by, now, next_review_on)


@transaction.atomic
def lower_level(
    *,
    current: AttentionLevel,
    step: int | None,
    reason: str,
    by: User,
    version: int,
    now: datetime,
    next_review_on: date | None = None,
) -> AttentionLevel | None:
    """By 德育 alone, with a reason; `step` None ends it. Raises NotLower, ReasonMissing, StaleVersion."""
    if not access.decides_on_needs(by, current.student, now=now):
        raise PermissionDenied
    if step is not None and step >= current.step:
        raise NotLower
    if current.ended_at is not None or current.version != version:
        raise StaleVersion(AttentionLevel.objects.filter(pk=current.pk).first())
    if step is None:
        _needs(reason)
        _end(current, reason, by, now)
        return None
    return _change(current.student, current, step, reason, by, now, next_review_on)


def _change(student, current, step, reason, by, now, next_review_on) -> AttentionLevel:
    _needs(reason)
    if current is not None:
        _end(current, reason, by, now)
    review = timedelta(clock(student.school_id, "level_review"))
    row = AttentionLevel(
        student=student, author=by, step=step, reason=reason, started_at=now,
        next_review_on=next_review_on or timezone.localdate(now) + review,
    )  # fmt: skip
    stamp(by, row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # somebody set the first level at the same moment
        raise StaleVersion(current_level(student)) from error
    return row


def _end(current: AttentionLevel, reason: str, by: User, now: datetime) -> None:
    current.ended_at, current.ended_by, current.end_reason = now, by, reason
    stamp(by, current)
    save_version(current, ["ended_at", "ended_by", "end_reason"], current.version)


@transaction.atomic
def review_level(*, current: AttentionLevel, by: User, version: int, next_review_on: date, now: datetime) -> None:
    """It stays as it is, and is looked at again on another day. By the class's teachers and 德育."""
    if current.ended_at is not None or not _tends(by, current.student, now):
        raise PermissionDenied
    current.next_review_on = next_review_on
    stamp(by, current)
    save_version(current, ["next_review_on"], version)


# --- the file itself --------------------------------------------------------------------------------------------------


@transaction.atomic
def verify_file(*, student: Student, by: User, now: datetime) -> FileVerification:
    """核实: the head teacher or the deputy looked through the file today. Once a day is enough."""
    if not access.is_head_of(by, student, now=now):
        raise PermissionDenied
    today = timezone.localdate(now)
    row = FileVerification(student=student, author=by, verified_on=today)
    stamp(by, row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return FileVerification.objects.get(student=student, verified_on=today)
    return row
