"""From a quick note to a row in each student's file (DESIGN §4)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.versions import StaleVersion, save_version
from students import access, mentions
from students.actions import stamp
from students.actions.drafts import close_draft
from students.actions.signals import follow_notes
from students.levels import Level
from students.models import Attachment, AttentionRequest, Observation, Student


class LevelNeedsReason(ValueError):
    """Lowering a note's level shows it to more people, so it takes a reason."""


class VoidNeedsReason(ValueError):
    """Half an hour after it was written, a note is withdrawn only with a reason."""


class AlreadyFiled(ValueError):
    """This form was sent before, with other words or for other students, or its note was withdrawn: taking it for the
    same note would lose what stands in it now."""


class AlreadyThere(ValueError):
    """The note stands in that student's file already."""


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
    photos: Iterable[bytes] = (),
    draft_key: str = "",
    draft_seq: int = 0,
) -> list[Observation]:
    """One row for each student, with the history, the photos, the request for attention and the draft's end.

    `fields`: model fields of Observation; texts with plain names in them. `photos`: JPEG files (students.photos).
    `incident` comes from the form, so that the same form sent twice is one note: the second time the rows of the first
    are returned. Raises AlreadyFiled when the form was sent before and says something else now.
    """
    students = list(dict.fromkeys(students))
    values = {**fields, **_referred(fields, students)}
    incident = incident or uuid.uuid4()
    rows = _insert(by, students, incident, follows, values)
    if rows is None:
        return _filed_before(by, students, incident, values)
    if Observation.objects.filter(incident=incident).exclude(pk__in=[row.pk for row in rows]).exists():
        raise AlreadyFiled  # the note of other students, perhaps of another author: nobody joins it
    if needs_attention or rows[0].level == Level.CONFIDENTIAL:
        _ask_for_attention(by, rows)
    if follows is not None:
        _mark_followed(by, follows, now)
    if draft_key:
        close_draft(by=by, key=draft_key, seq=draft_seq, now=now)
    for photo in photos:  # last, so that a refused note leaves no file behind
        _attach(by, incident, photo)
    return rows


def _insert(by: User, students: list[Student], incident, follows, values: Mapping) -> list[Observation] | None:
    """The new rows; None when the form's rows stand already. The constraint decides, so two threads can't both win.

    Raises IntegrityError where the database refuses for another reason: nothing was filed before.
    """
    rows = [
        Observation(student=student, author=by, incident=incident, follows=follows, **values) for student in students
    ]
    try:
        with transaction.atomic():
            for row in rows:
                stamp(by, row)
                row.save()
    except IntegrityError:
        if not Observation.objects.filter(incident=incident).exists():
            raise
        return None
    return rows


def _filed_before(by: User, students: list[Student], incident, values: Mapping) -> list[Observation]:
    """What the first sending saved, if that is the same note."""
    saved = list(Observation.objects.valid().filter(incident=incident, author=by).select_related("student"))
    same_children = {row.student_id for row in saved} == {student.pk for student in students}
    same_words = all(getattr(row, name) == values.get(name, "") for row in saved for name in Observation.TEXTS)
    if not (same_children and same_words):
        raise AlreadyFiled
    return saved


def _referred(fields: Mapping, students: list[Student]) -> dict[str, str]:
    return {name: mentions.refer(fields[name], students) for name in Observation.TEXTS if fields.get(name)}


def _attach(by: User, incident: uuid.UUID, photo: bytes) -> None:
    attachment = Attachment(incident=incident, author=by, content_type="image/jpeg", size=len(photo))
    stamp(by, attachment)
    attachment.file.save("photo", ContentFile(photo), save=False)
    attachment.save()


def _ask_for_attention(by: User, rows: list[Observation]) -> None:
    for row in rows:
        request = AttentionRequest(student_id=row.student_id, author=by, level=row.level, observation=row)
        stamp(by, request)
        request.save()


def _mark_followed(by: User, followed: Observation, now: datetime) -> None:
    """A promised follow-up is kept by whoever writes it first."""
    followed = Observation.objects.select_for_update().get(pk=followed.pk)
    if followed.follow_up_on is not None and followed.followed_at is None:
        followed.followed_at = now
        stamp(by, followed)
        save_version(followed, ["followed_at"], followed.version)


def rows_of(observation: Observation) -> list[Observation]:
    """The rows of the same incident that still count, this one first."""
    fellows = Observation.objects.valid().filter(incident=observation.incident).exclude(pk=observation.pk)
    return [observation, *fellows.select_related("student")]


@transaction.atomic
def correct_observation(
    *,
    by: User,
    observation: Observation,
    version: int,
    fields: Mapping,
    now: datetime,
    reason: str = "",
    needs_attention: bool = False,
    draft_key: str = "",
    draft_seq: int = 0,
) -> None:
    """Change the note in every file it stands in. Raises StaleVersion when somebody saved it meanwhile."""
    if not observation.editable_by(by, now):
        raise PermissionDenied
    if fields.get("level", observation.level) < observation.level and not reason:
        raise LevelNeedsReason
    rows = rows_of(observation)
    _rewrite(by, rows, {**fields, **_referred(fields, [row.student for row in rows])}, version, reason)
    _follow_level(by, rows)
    if needs_attention or rows[0].level == Level.CONFIDENTIAL:
        asked = AttentionRequest.objects.filter(observation__in=rows).values_list("observation_id", flat=True)
        _ask_for_attention(by, [row for row in rows if row.pk not in set(asked)])
    follow_notes(rows=rows, now=now)
    if draft_key:
        close_draft(by=by, key=draft_key, seq=draft_seq, now=now)


def _rewrite(by: User, rows: list[Observation], values: Mapping, version: int, reason: str = "") -> None:
    """Set the same values in all rows; `version` is that of the first."""
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
        stamp(by, row, reason=reason)
        save_version(row, list(values), version if row is rows[0] else row.version)


def _follow_level(by: User, rows: list[Observation]) -> None:
    """A request for attention has the level of its note."""
    for request in AttentionRequest.objects.filter(observation__in=rows).exclude(level=rows[0].level):
        request.level = rows[0].level
        stamp(by, request)
        save_version(request, ["level"], request.version)


@transaction.atomic
def void_observation(
    *, by: User, observation: Observation, reason: str, now: datetime, version: int | None = None
) -> None:
    """Delete means void with a reason: the note leaves every file, the history and the read log keep it.

    Within half an hour it needs no reason: that is a slip, not a decision. Raises VoidNeedsReason later, and
    StaleVersion when the note is no longer the one that was shown (`version`).
    """
    if by.pk != observation.author_id:
        raise PermissionDenied
    if not reason and not observation.withdrawable_by(by, now):
        raise VoidNeedsReason
    rows = rows_of(observation)
    for row in rows:
        row.voided_at, row.voided_by, row.void_reason = now, by, reason
        stamp(by, row, reason=reason)
        shown = row.version if version is None or row is not observation else version
        save_version(row, ["voided_at", "voided_by", "void_reason"], shown)
    follow_notes(rows=rows, now=now)


@transaction.atomic
def move_observation(
    *, by: User, observation: Observation, to: Student, now: datetime, version: int | None = None
) -> None:
    """To the right child at once: nothing remains in the wrong file. The history keeps that it stood there.

    In the texts the right child takes the place of the wrong one, whose name would be no business of the new readers.
    Raises AlreadyThere when the incident names `to` as well, and StaleVersion when the note is no longer the one that
    was shown (`version`).
    """
    if not observation.withdrawable_by(by, now):
        raise PermissionDenied
    if Observation.objects.filter(incident=observation.incident, student=to).exists():
        raise AlreadyThere
    rows, wrong = rows_of(observation), observation.student
    observation.student = to
    students = [row.student for row in rows]
    texts = {name: mentions.replace(getattr(observation, name), wrong, to) for name in Observation.TEXTS}
    stamp(by, observation, reason="wrong child")
    save_version(observation, ["student"], observation.version if version is None else version)
    values = {name: mentions.refer(text, students) for name, text in texts.items()}
    _rewrite(by, rows, values, observation.version, "wrong child")
    for request in AttentionRequest.objects.filter(observation=observation):
        request.student = to
        stamp(by, request)
        save_version(request, ["student"], request.version)
    follow_notes(rows=rows, now=now, also=[wrong.pk])


@transaction.atomic
def acknowledge_attention(*, by: User, request: AttentionRequest, now: datetime) -> bool:
    """Somebody whose duty it is has taken it up; it leaves the top of everybody's home. The first one counts.

    Whether it was this one.
    """
    if by.roles(now).isdisjoint(access.ATTENTION_ROLES):
        raise PermissionDenied
    if request.acknowledged_at is not None:
        return False
    request.acknowledged_at, request.acknowledged_by = now, by
    stamp(by, request)
    try:
        save_version(request, ["acknowledged_at", "acknowledged_by"], request.version)
    except StaleVersion:
        return False
    return True
