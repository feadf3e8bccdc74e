"""记一笔: choose the students, write, save. Open while reading is locked, so a break never starts with a password."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import open_while_locked, policy
from accounts.middleware import is_locked
from students import access, audit
from students.actions import notes
from students.actions.drafts import DraftTooLong, save_draft
from students.forms.notes import ObservationForm, uuids
from students.levels import Level
from students.models import ClassGroup, Draft, FileAccess, Observation, SchoolCalendar, Student
from students.views.note_sheet import (
    audience_context,
    body_of,
    draft_of,
    initial_from,
    new_key,
    number,
    seq_of,
    students_for,
    way_back,
    with_seat,
)
from students.words import moment_word

MOST_FOUND = 20
REWORK = ("with", "without", "add", "find")


# --- /notes/new/ ------------------------------------------------------------------------------------------------------


@policy("staff")
@open_while_locked
@require_http_methods(["GET", "POST"])
def note_new(request: HttpRequest) -> HttpResponse:
    """`?student=…` once or several times, `kind=…` if it is known; `?draft=…` goes on with a draft."""
    now = timezone.now()
    if request.method == "POST":
        again = any(name in request.POST for name in REWORK)
        return _reworked(request, now) if again else _filed(request, now)
    chosen = uuids(request.GET.getlist("student"))
    draft = _draft(request, chosen, now)
    body = draft.form if draft else {}
    students = students_for(request.user, uuids(body["student"]) if body.get("student") else chosen, now)
    if not students:
        return redirect(f"{reverse('students:note_picker')}?{urlencode({'next': way_back(request)})}")
    form = ObservationForm(initial=_blank(request, now) | initial_from(ObservationForm, body), **_knows(request, now))
    incident = uuids(body.get("incident", [])) or [uuid.uuid4()]
    return _sheet(request, form, students, incident[0], now, draft=draft, back=(body.get("next") or [""])[0])


def _knows(request: HttpRequest, now: datetime) -> dict[str, Any]:
    return {"user": request.user, "calendar": SchoolCalendar.of(request.user.school_id), "now": now}


def _blank(request: HttpRequest, now: datetime) -> dict[str, Any]:
    kind = request.GET.get("kind") or request.user.last_note_kind
    local = timezone.localtime(now)
    return {
        "kind": kind if kind in Observation.Kind.values else Observation.Kind.OBSERVATION,
        "tone": Observation.Tone.PLAIN,
        "level": Level.DAILY,
        "follow_up": ObservationForm.NONE,
        "setting": "",
        "happened_on": local.date(),
        "happened_at_time": local.time().replace(second=0, microsecond=0),
    }


def _draft(request: HttpRequest, chosen: list[uuid.UUID], now: datetime) -> Draft | None:
    """The draft that was asked for, else one on exactly these students. A locked screen shows no stored words."""
    if is_locked(request):
        return None
    if asked := uuids([request.GET.get("draft", "")]):
        return draft_of(request.user, new_key(asked[0]), now)
    for draft in Draft.objects.unfinished_of(request.user, now):
        if draft.key.startswith("note:new:") and set(uuids(draft.form.get("student", []))) == set(chosen):
            return draft
    return None


def _filed(request: HttpRequest, now: datetime) -> HttpResponse:
    form = ObservationForm(request.POST, _photos(request), **_knows(request, now))
    incident = (uuids([request.POST.get("incident", "")]) or [uuid.uuid4()])[0]
    status = 422
    if form.is_valid():
        try:
            rows = _record(request, form, now)
        except notes.AlreadyFiled:
            # The same sheet sent once more with other words: a second note, if that is what is meant.
            form.add_error(
                None, _("This sheet was saved before. Save again to make a second note of what stands here now.")
            )
            incident, status = uuid.uuid4(), 409
        else:
            return _done(request, rows, attention=form.cleaned_data["needs_attention"])
    students = students_for(request.user, uuids(request.POST.getlist("student")), now)
    return _sheet(request, form, students, incident, now, status=status)


def _photos(request: HttpRequest) -> dict[str, list]:
    return {"photos": request.FILES.getlist("photos")}


def _record(request: HttpRequest, form: ObservationForm, now: datetime) -> list[Observation]:
    asked = form.cleaned_data
    rows = notes.record_observation(
        by=request.user,
        students=asked["student"],
        fields=form.fields_of_note(),
        now=now,
        incident=asked["incident"],
        needs_attention=asked["needs_attention"],
        photos=asked["photos"],
        draft_key=new_key(asked["incident"]),
        draft_seq=number(request.POST.get("draft_seq", "")),
    )
    if request.user.last_note_kind != asked["kind"]:
        request.user.last_note_kind = asked["kind"]
        request.user.save(update_fields=["last_note_kind"])
    return rows


def _done(request: HttpRequest, rows: list[Observation], *, attention: bool) -> HttpResponse:
    saved = ngettext("Saved for %(count)d student", "Saved for %(count)d students", len(rows)) % {"count": len(rows)}
    undo = reverse("students:note_void", args=[rows[0].pk])
    messages.success(request, format_html('{} <a href="{}">{}</a>', saved, undo, _("Undo")))
    if attention or rows[0].level == Level.CONFIDENTIAL:
        mine = format_html('<a href="{}">{}</a>', reverse("students:notes_mine"), _("My notes"))
        told = _(
            "The counsellor and the moral-education office have it on their home page now. Whether they took it up stands under"
        )
        messages.info(request, format_html("{} {}", told, mine))
    return redirect(way_back(request))


def _reworked(request: HttpRequest, now: datetime) -> HttpResponse:
    """A student more or less, without JavaScript: the sheet comes again with everything that was typed."""
    body = body_of(request)
    taken = set(uuids(request.POST.getlist("without")))
    ids = [pk for pk in uuids([*body.get("student", []), *request.POST.getlist("with")]) if pk not in taken]
    students = students_for(request.user, ids, now)
    incident = (uuids(body.get("incident", [])) or [uuid.uuid4()])[0]
    body["student"] = [str(student.pk) for student in students]
    try:
        save_draft(by=request.user, key=new_key(incident), body=body, seq=seq_of(request, now), now=now)
    except DraftTooLong:
        pass  # the words stand on the page all the same, and the form will say that they are too many
    form = ObservationForm(initial=initial_from(ObservationForm, body), **_knows(request, now))
    found = None
    if "add" in request.POST or "find" in request.POST:
        found = _found(request, request.POST.get("q", ""), now, leave_out=ids) if "find" in request.POST else []
    return _sheet(request, form, students, incident, now, found=found)


def _sheet(
    request: HttpRequest,
    form: ObservationForm,
    students: list[Student],
    incident: uuid.UUID,
    now: datetime,
    *,
    draft: Draft | None = None,
    back: str = "",
    found: list[Student] | None = None,
    status: int = 200,
) -> HttpResponse:
    attention = bool(form["needs_attention"].value())
    context = {
        "form": form,
        "students": students,
        "incident": incident,
        "draft_key": new_key(incident),
        "draft": draft,
        "next": back or way_back(request),
        "today": timezone.localdate(now),
        "adding": found is not None,
        "found": found or [],
        "searched": "find" in request.POST,
        "photos_again": bool(request.FILES),
        **audience_context(request.user, students, form["level"].value(), attention=attention, now=now),
    }
    return render(request, "students/notes/new.html", context, status=status)


# --- choosing students ------------------------------------------------------------------------------------------------


@policy("staff")
@open_while_locked
@require_http_methods(["GET", "POST"])
def note_picker(request: HttpRequest) -> HttpResponse:
    """Any student of the school, by name, pinyin or class: name and class only. What is sought stands in no URL."""
    now = timezone.now()
    sought = request.POST.get("q", "")
    back = way_back(request)
    found = _found(request, sought, now)
    drafts = [] if is_locked(request) else Draft.objects.unfinished_of(request.user, now)
    today = timezone.localdate(now)
    context = {
        "q": sought,
        "searched": request.method == "POST",
        "next": back,
        "results": [{"student": student, "href": _note_on(student, back)} for student in found],
        "drafts": [(draft, moment_word(draft.updated_at, today)) for draft in drafts if draft.words][:5],
        "classes": [] if sought else _my_class_names(request, now),
    }
    fragment = request.htmx and request.method == "POST"
    return render(request, "students/notes/picker.html#found" if fragment else "students/notes/picker.html", context)


def _my_class_names(request: HttpRequest, now: datetime) -> list[str]:
    day = timezone.localdate(now)
    return [group.name_on(day) for group in access.my_classes(request.user, day=day)]


def _note_on(student: Student, back: str) -> str:
    return f"{reverse('students:note_new')}?{urlencode({'student': student.pk, 'next': back})}"


@policy("staff")
@open_while_locked
@require_POST
def note_fellows(request: HttpRequest) -> HttpResponse:
    """The same search inside the sheet: each result is a button that adds the student."""
    chosen = uuids(request.POST.getlist("student"))
    found = _found(request, request.POST.get("q", ""), timezone.now(), leave_out=chosen)
    return render(request, "students/notes/new.html#fellows", {"found": found, "searched": True})


def _found(request: HttpRequest, sought: str, now: datetime, leave_out: list[uuid.UUID] | None = None) -> list[Student]:
    """At most 20 students of the school by name, pinyin or class; the search is logged, as a fingerprint."""
    sought = sought.strip()[:40]
    if not sought:
        return []
    students = access.pickable_students(request.user).exclude(pk__in=leave_out or [])
    day = timezone.localdate(now)
    named = list(students.named_like(sought).placed_on(day).order_by("name", "pk")[:MOST_FOUND])
    if not named and (group := _class_called(request.user, sought, day)):
        named = list(students.of_class(group, day))
    audit.record(request, FileAccess.Kind.SEARCH, students=named, level=Level.BASIC, terms=sought)
    return [with_seat(student, now) for student in named]


def _class_called(user, sought: str, day) -> ClassGroup | None:
    """三年级(2)班, 三（2）班, 三2 or 32."""
    wanted = _plain(sought)
    groups = ClassGroup.objects.filter(school=user.school_id).in_school_on(day)
    return next((group for group in groups if _plain(group.name_on(day)) == wanted), None)


def _plain(name: str) -> str:
    digits = str.maketrans("一二三四五六七八九", "123456789", "年级班()（） ")
    return name.translate(digits)


# --- who will see this? -----------------------------------------------------------------------------------------------


@policy("staff")
@open_while_locked
@require_GET
def note_audience(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    students = students_for(request.user, uuids(request.GET.getlist("student")), now)
    attention = "needs_attention" in request.GET
    context = audience_context(request.user, students, request.GET.get("level"), attention=attention, now=now)
    template = "students/notes/audience.html"
    return render(request, f"{template}#audience" if request.htmx else template, context)
