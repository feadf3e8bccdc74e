"""What the sheet 记一笔 needs, whether it begins, goes on from a draft, or comes back with an error."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.forms import BaseForm, MultipleChoiceField
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from students import access
from students.audience import audience_for
from students.levels import Level
from students.models import Draft, Student

Body = Mapping[str, list[str]]
NOT_FIELDS = {"csrfmiddlewaretoken", "draft_key", "seq", "draft_seq", "with", "without", "add", "find", "q"}


def body_of(request: HttpRequest) -> dict[str, list[str]]:
    """The form as it was typed, without what belongs to the sending."""
    return {name: values for name, values in request.POST.lists() if name not in NOT_FIELDS}


def initial_from(form: type[BaseForm], body: Body) -> dict[str, Any]:
    """Typed values as `initial`, which shows them again without judging them."""
    initial = {}
    for name, field in form.base_fields.items():
        many = isinstance(field, MultipleChoiceField) or name == "student"
        if name in body:
            initial[name] = body[name] if many else body[name][-1]
    return initial


def number(text: str) -> int:
    """A sequence number from the browser; 0 where there is none."""
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def seq_of(request: HttpRequest, now: datetime) -> int:
    """The number with which this form was sent; by the clock where there is no JavaScript to count."""
    return number(request.POST.get("draft_seq", "")) or int(now.timestamp() * 1000)


def draft_of(user: User, key: str, now: datetime) -> Draft | None:
    draft = Draft.objects.live(now).filter(user=user, key=key).first()
    return draft if draft and draft.body else None


def new_key(incident: uuid.UUID) -> str:
    return f"note:new:{incident}"


def students_for(user: User, ids: Iterable[uuid.UUID], now: datetime) -> list[Student]:
    """Those of the ids that may be written about, in the given order, each with `seat`, the class in words. One statement."""
    ids = list(ids)
    found = (
        access.pickable_students(user).placed_on(timezone.localdate(now)).select_related("school").in_bulk(ids)
        if ids
        else {}
    )
    return [with_seat(found[pk], now) for pk in ids if pk in found]


def with_seat(student: Student, now: datetime) -> Student:
    """Name and class is all that the picker shows, so no seat number here."""
    place = getattr(student, "place", None)
    student.seat = place.class_group.name_on(timezone.localdate(now)) if place else ""
    return student


def audience_context(
    user: User, students: list[Student], level: Any, *, attention: bool, now: datetime
) -> dict[str, Any]:
    level = int(level) if str(level) in {"2", "3", "4"} else Level.DAILY
    found = audience_for(user, students, level, attention=attention, now=now) if students else None
    return {"audience": found, "duty_phone": students[0].school.duty_phone if students else ""}


def audience_later(student: Student) -> dict[str, Any]:
    """On a sheet that has read a note already the audience is a panel of its own, loaded by its URL."""
    return {"audience": None, "duty_phone": student.school.duty_phone}


def way_back(request: HttpRequest) -> str:
    """Where the sheet was opened: a path of this site that is no sheet itself; else the home page."""
    given = (
        request.POST.get("next") or request.GET.get("next") or request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    )  # fmt: skip
    if not url_has_allowed_host_and_scheme(given, {request.get_host()}, require_https=request.is_secure()):
        return reverse("reports:home")
    parts = urlsplit(given)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    sheets = (reverse("students:note_new"), reverse("students:note_picker"), "/accounts/", "/unlock/")
    # Without its host the path stands alone, and //elsewhere/ would be a host again.
    if not path.startswith("/") or path.startswith(sheets) or not url_has_allowed_host_and_scheme(path, None):
        return reverse("reports:home")
    return path
