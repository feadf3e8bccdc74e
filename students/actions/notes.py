"""From a quick note to a row in each student's file (DESIGN §4)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from accounts.versions import save_version
from students import access, mentions
from students.actions import stamp
from students.actions.drafts import discard_draft
from students.levels import Level
from students.models import AttentionRequest, Observation, Student


class LevelNeedsReason(ValueError):
    """Lowering a note's level shows it to more people, so it takes a reason."""


@transaction.atomic
def record_observation(
    *,
    by: User,
    students: Iterable[Student],
    fields: Mapping,
    now: datetime,
    incident: uuid.UUID | None = None,
    needs_attention: bool = False,
    follows: Observation | None = None,
    draft_key: str = "",
) -> list[Observation]:
    """One row for each student, with the history, the request for attention and the draft's deletion.

    `fields`: model fields of Observation; texts with plain names in them. `incident` comes from the form, so that the
    same form sent twice is one note: the second time the rows of the first are returned.
    """
    students = list(students)
    if incident is not None and (saved := list(Observation.objects.filter(incident=incident, author=by))):
        return saved
    incident = incident or uuid.uuid4()
    texts = _referred(fields, students)
    rows = [
        Observation(student=student, author=by, incident=incident, follows=follows, **{**fields, **texts})
        for student in students
    ]
    for row in rows:
        stamp(by, row)
        row.save()
    if needs_attention or rows[0].level == Level.CONFIDENTIAL:
        _ask_for_attention(by, rows)
    if follows is not None:
        _mark_followed(by, follows, now)
    if draft_key:
        discard_draft(by=by, key=draft_key)
    return rows


def _referred(fields: Mapping, students: list[Student]) -> dict[str, str]:
    return {name: mentions.refer(fields[name], students) for name in Observation.TEXTS if fields.get(name)}


def _ask_for_attention(by: User, rows: list[Observation]) -> None:
    for row in rows:
        request = AttentionRequest(student_id=row.student_id, author=by, level=row.level, observation=row)
        stamp(by, request)
        request.save()


def _mark_followed(by: User, followed: Observation, now: datetime) -> None:
    if followed.followed_at is None:
        followed.followed_at = now
        stamp(by, followed)
        save_version(followed, ["followed_at"], followed.version)


def rows_of(observation: Observation) -> list[Observation]:
    """The rows of the same incident that still count, this one first."""
    fellows = Observation.objects.valid().filter(incident=observation.incident).exclude(pk=observation.pk)
    return [observation, *fellows.select_related("student")]


@transaction.atomic
def correct_observation(
    *, by: User, observation: Observation, version: int, fields: Mapping, now: datetime, reason: str = "", draft_key: str = ""
) -> None:
    """Change the note in every file it stands in. Raises StaleVersion when somebody saved it meanwhile."""
    if not observation.editable_by(by, now):
        raise PermissionDenied
    if fields.get("level", observation.level) < observation.level and not reason:
        raise LevelNeedsReason
    rows = rows_of(observation)
    values = {**fields, **_referred(fields, [row.student for row in rows])}
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
        stamp(by, row, reason=reason)
        save_version(row, list(values), version if row is observation else row.version)
    _follow_level(by, rows)
    if draft_key:
        discard_draft(by=by, key=draft_key)


def _follow_level(by: User, rows: list[Observation]) -> None:
    """A request for attention has the level of its note."""
    for request in AttentionRequest.objects.filter(observation__in=rows).exclude(level=rows[0].level):
        request.level = rows[0].level
        stamp(by, request)
        save_version(request, ["level"], request.version)


@transaction.atomic
def void_observation(*, by: User, observation: Observation, reason: str, now: datetime) -> None:
    """Delete means void with a reason: the note leaves every file, the history and the read log keep it."""
    if by.pk != observation.author_id:
        raise PermissionDenied
    for row in rows_of(observation):
        row.voided_at, row.voided_by, row.void_reason = now, by, reason
        stamp(by, row, reason=reason)
        save_version(row, ["voided_at", "voided_by", "void_reason"], row.version)


@transaction.atomic
def move_observation(*, by: User, observation: Observation, to: Student, now: datetime) -> None:
    """To the right child at once: nothing remains in the wrong file. The history keeps that it stood there."""
    if not observation.withdrawable_by(by, now):
        raise PermissionDenied
    stamp(by, observation, reason="wrong child")
    observation.student = to
    save_version(observation, ["student"], observation.version)
    for request in AttentionRequest.objects.filter(observation=observation):
        request.student = to
        stamp(by, request)
        save_version(request, ["student"], request.version)


@transaction.atomic
def acknowledge_attention(*, by: User, request: AttentionRequest, now: datetime) -> None:
    """Somebody whose duty it is has taken it up; it leaves the top of everybody's home. The first one counts."""
    if by.roles(now).isdisjoint(access.ATTENTION_ROLES):
        raise PermissionDenied
    if request.acknowledged_at is None:
        request.acknowledged_at, request.acknowledged_by = now, by
        stamp(by, request)
        save_version(request, ["acknowledged_at", "acknowledged_by"], request.version)
