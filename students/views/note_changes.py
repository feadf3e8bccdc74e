"""Changing notes: correct, add, move to the right child, withdraw."""

from __future__ import annotations

import difflib
import re
import uuid
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.decorators import policy
from accounts.versions import StaleVersion, posted_version
from students.actions import notes
from students.forms.notes import CorrectionForm, MoveForm, ObservationForm, VoidForm, uuids
from students.levels import Level
from students.models import Observation, SchoolCalendar, Student
from students.views.note_pages import log_reading, seen_note
from students.views.note_sheet import audience_later, draft_of, initial_from, number
from students.views.notes import _blank, _done, _found, _photos
from students.words import moment_word

get_or_post = require_http_methods(["GET", "POST"])
daily = policy("student", level=Level.DAILY)


def own_note(request: HttpRequest, pk: UUID, now: datetime) -> Observation:
    """404 for what one may not see, 403 for another's note."""
    note = seen_note(request, pk, now)
    if note.author_id != request.user.pk:
        raise PermissionDenied
    return note


# --- correct ----------------------------------------------------------------------------------------------------------


@daily
@get_or_post
def note_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The author's, for 7 days. Two tabs: the later one gets both texts and decides."""
    now = timezone.now()
    note = own_note(request, pk, now)
    if not note.editable_by(request.user, now):
        raise PermissionDenied
    calendar = SchoolCalendar.of(request.user.school_id)
    if request.method == "GET":
        return _edit_sheet(request, note, _filled(request, note, calendar, now), now)
    form = CorrectionForm(request.POST, initial=_stored(note), calendar=calendar, now=now)
    if not form.is_valid():
        return _edit_sheet(request, note, form, now, status=422)
    try:
        _correct(request, note, form, now)
    except StaleVersion:
        return _conflict(request, seen_note(request, pk, now), form, now)
    messages.success(request, _("Saved."))
    return redirect(note)


def _stored(note: Observation) -> dict[str, Any]:
    plain = {name: getattr(note, name) for name in CorrectionForm.MODEL_FIELDS}
    follow_up = CorrectionForm.DATE if note.follow_up_on else CorrectionForm.NONE
    return plain | note.shown | {"follow_up": follow_up, "follow_up_date": note.follow_up_on, "version": note.version}


def _filled(request: HttpRequest, note: Observation, calendar: SchoolCalendar, now: datetime) -> CorrectionForm:
    """From the row, and over it the draft of somebody who went away in the middle of it."""
    initial = _stored(note)
    draft = draft_of(request.user, f"note:edit:{note.pk}", now)
    if draft:
        initial |= initial_from(CorrectionForm, draft.form) | {"version": number(draft.form.get("version", ["0"])[0])}
        initial["level"] = number(str(initial["level"])) or note.level
    form = CorrectionForm(initial=initial, calendar=calendar, now=now)
    form.draft = draft
    return form


def _correct(request: HttpRequest, note: Observation, form: CorrectionForm, now: datetime) -> None:
    notes.correct_observation(
        by=request.user,
        observation=note,
        version=posted_version(request),
        fields=form.fields_of_note(),
        now=now,
        reason=form.cleaned_data["reason"],
        needs_attention=form.cleaned_data["needs_attention"],
        draft_key=f"note:edit:{note.pk}",
        draft_seq=number(request.POST.get("draft_seq", "")),
    )


def _edit_sheet(
    request: HttpRequest, note: Observation, form: CorrectionForm, now: datetime, status: int = 200
) -> HttpResponse:
    log_reading(request, [note])
    context = {
        "form": form,
        "note": note,
        "students": [note.student, *note.others],
        "version": posted_version(request) if form.is_bound else form.initial["version"],
        "draft": getattr(form, "draft", None),
        "draft_key": f"note:edit:{note.pk}",
        "next": note.get_absolute_url(),
        "today": timezone.localdate(now),
        "asked": hasattr(note, "attention"),
        **audience_later(note.student),
    }
    return render(request, "students/notes/edit.html", context, status=status)


def _conflict(request: HttpRequest, note: Observation, form: CorrectionForm, now: datetime) -> HttpResponse:
    """Both texts, and one made of both. Everything else that was typed travels along."""
    log_reading(request, [note])
    latest = note.history.select_related("history_user").latest()
    mine, theirs = form.cleaned_data["facts"], note.shown["facts"]
    conflict = {
        "mine": mine,
        "theirs": theirs,
        "theirs_by": latest.history_user.display_name if latest.history_user else "",
        "theirs_at": moment_word(latest.history_date, timezone.localdate(now)),
        "merged": merged(mine, theirs),
        "version": note.version,
        "field": "facts",
        "hidden_fields": [bound.as_hidden() for bound in form if bound.name != "facts"],
        "keep_theirs_url": note.get_absolute_url(),
    }
    context = {"conflict": conflict, "note": note, "others": list(_other_differences(note, form))}
    return render(request, "students/notes/conflict.html", context, status=409)


def _other_differences(note: Observation, form: CorrectionForm):
    stored = _stored(note)
    for name in CorrectionForm.MODEL_FIELDS:
        theirs, mine = stored[name], form.cleaned_data[name]
        if name != "facts" and theirs != mine:
            label = Observation._meta.get_field(name).verbose_name
            yield {"label": label, "theirs": _plain(name, theirs), "mine": _plain(name, mine)}


def _plain(name: str, value: Any) -> str:
    if name == "domains":
        return "、".join(str(Observation.Domain(each).label) for each in value)
    choices = dict(Observation._meta.get_field(name).flatchoices)
    return "" if value is None else str(choices.get(value, value))


SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]?")


def merged(mine: str, theirs: str) -> str:
    """Sentences that only one of them has are all in; where both say something else they stand as 【mine／theirs】."""
    left, right = (list(filter(None, SENTENCE.findall(text))) for text in (mine, theirs))
    made = []
    for act, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        ours, other = "".join(left[a:b]), "".join(right[c:d])
        made.append(f"【{ours}／{other}】" if act == "replace" else ours or other)
    return "".join(made)


# --- add --------------------------------------------------------------------------------------------------------------


@daily
@get_or_post
def note_append(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A new note that follows this one: after 7 days, or by anybody else who sees it."""
    now = timezone.now()
    note = seen_note(request, pk, now)
    key = f"note:append:{note.pk}"
    draft = draft_of(request.user, key, now) if request.method == "GET" else None
    body = draft.form if draft else {}
    incident = (uuids([request.POST.get("incident", ""), *body.get("incident", [])]) or [uuid.uuid4()])[0]
    knows = {"user": request.user, "calendar": SchoolCalendar.of(request.user.school_id), "now": now}
    if request.method == "GET":
        initial = _blank(request, now) | {"level": note.level} | initial_from(ObservationForm, body)
        return _append_sheet(request, note, ObservationForm(initial=initial, **knows), incident, now, draft=draft)
    data = request.POST.copy()
    data.setlist("student", [str(note.student_id)])
    form = ObservationForm(data, _photos(request), **knows)
    # Somebody who has left school can still be added to.
    form.fields["student"].queryset = Student.objects.filter(pk=note.student_id)
    status = 422
    if form.is_valid():
        try:
            rows = _appended(request, note, form, now, key)
        except notes.AlreadyFiled:
            form.add_error(
                None, _("This sheet was saved before. Save again to make a second note of what stands here now.")
            )
            incident, status = uuid.uuid4(), 409
        else:
            return _done(request, rows, attention=form.cleaned_data["needs_attention"])
    return _append_sheet(request, note, form, incident, now, status=status)


def _appended(
    request: HttpRequest, note: Observation, form: ObservationForm, now: datetime, key: str
) -> list[Observation]:
    asked = form.cleaned_data
    return notes.record_observation(
        by=request.user,
        students=[note.student],
        fields=form.fields_of_note(),
        now=now,
        incident=asked["incident"],
        needs_attention=asked["needs_attention"],
        follows=note,
        photos=asked["photos"],
        draft_key=key,
        draft_seq=number(request.POST.get("draft_seq", "")),
    )


def _append_sheet(request, note, form, incident, now, *, draft=None, status=200) -> HttpResponse:
    log_reading(request, [note])
    context = {
        "form": form,
        "note": note,
        "students": [note.student],
        "incident": incident,
        "draft": draft,
        "draft_key": f"note:append:{note.pk}",
        "next": note.get_absolute_url(),
        "today": timezone.localdate(now),
        "photos_again": bool(request.FILES),
        **audience_later(note.student),
    }
    return render(request, "students/notes/append.html", context, status=status)


# --- wrong child, or nothing of it ------------------------------------------------------------------------------------


@daily
@get_or_post
def note_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the right child, within half an hour; later it is withdrawn with a reason and written anew."""
    now = timezone.now()
    note = own_note(request, pk, now)
    if not note.withdrawable_by(request.user, now):
        raise PermissionDenied
    form, stale = MoveForm(request.POST if "to" in request.POST else None, user=request.user), False
    if form.is_valid():
        try:
            to, version = form.cleaned_data["to"], posted_version(request)
            notes.move_observation(by=request.user, observation=note, to=to, now=now, version=version)
        except notes.AlreadyThere:
            form.add_error("to", _("The note stands in this student's file already."))
        except StaleVersion:
            stale, note = True, own_note(request, pk, now)
        else:
            messages.success(request, _("Moved. Nothing of it is left in the other file."))
            return redirect(note)
    sought = request.POST.get("q", "")
    taken = [note.student_id, *(other.pk for other in note.others)]
    found = _found(request, sought, now, leave_out=taken) if sought else []
    log_reading(request, [note])
    context = {"note": note, "form": form, "found": found, "q": sought, "searched": bool(sought)}
    return render(request, "students/notes/move.html", context, status=_status(request, form, stale))


@daily
@get_or_post
def note_void(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    note = own_note(request, pk, now)
    at_once = note.withdrawable_by(request.user, now)
    form, stale = VoidForm(request.POST if request.method == "POST" else None, at_once=at_once), False
    if form.is_valid():
        files, reason = 1 + len(note.others), form.cleaned_data["reason"]
        version = posted_version(request)
        try:
            notes.void_observation(by=request.user, observation=note, reason=reason, now=now, version=version)
        except StaleVersion:
            stale, note = True, own_note(request, pk, now)
        else:
            text = ngettext("Withdrawn from %(count)d file.", "Withdrawn from %(count)d files.", files)
            messages.success(request, text % {"count": files})
            return redirect("students:notes_mine")
    log_reading(request, [note])
    context = {"note": note, "form": form, "at_once": at_once}
    return render(request, "students/notes/void.html", context, status=_status(request, form, stale))


def _status(request: HttpRequest, form: VoidForm | MoveForm, stale: bool) -> int:
    """409 where the note is no longer the one that was shown: nothing was taken back."""
    if stale:
        messages.warning(request, _("This note was changed meanwhile. Read it once more, then decide."))
        return 409
    return 422 if form.errors else 200
