"""Reading notes: one note, its photos, its history, and one's own notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from accounts.decorators import policy
from accounts.models import Role, RoleMembership
from students import access, audit, mentions
from students.history import compared
from students.levels import Level
from students.models import Attachment, AttentionRequest, FileAccess, Observation, Student
from students.views.note_sheet import with_seat
from students.words import day_word, moment_word

PAGE = 20
HISTORY = 100  # more corrections than anybody makes in 7 days


def seen_note(request: HttpRequest, pk: UUID, now: datetime) -> Observation:
    """The note as this reader may see it; 404 for everything else."""
    notes = Observation.objects.visible_to(request.user, now=now)
    note = get_object_or_404(notes.select_related("student__school", "author", "attention"), pk=pk)
    return mentions.for_reader([note], request.user, now=now)[0]


def log_reading(request: HttpRequest, notes: Iterable[Observation], kind: str = FileAccess.Kind.VIEW) -> None:
    notes = list(notes)
    students = {note.student_id for note in notes} | {other.pk for note in notes for other in note.others}
    audit.record(request, kind, students=students, level=max((note.level for note in notes), default=Level.DAILY))


@policy("student", level=Level.DAILY)
@require_GET
def note_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    note = seen_note(request, pk, now)
    student = with_seat(Student.objects.placed_on(today).get(pk=note.student_id), now)
    log_reading(request, [note])
    context = {
        "note": note,
        "student": student,
        "file_href": student.get_absolute_url() if access.level_of(request.user, student, now=now) else "",
        "happened": happened_words(note, today),
        "written": moment_word(note.created_at, today),
        "locked": locked_words(note.level),
        "texts": texts_of(note),
        "photos": list(Attachment.objects.filter(incident=note.incident)),
        "linked": linked_notes(request, note, now),
        "follow_up": day_word(note.follow_up_on, today) if note.follow_up_on else "",
        "attention": getattr(note, "attention", None),
        "can": what_may_be_done(request, note, now),
        "note_url": "",
    }
    return render(request, "students/notes/detail.html", context)


def happened_words(note: Observation, today) -> str:
    parts = [day_word(note.happened_on, today)]
    if note.happened_at_time:
        parts[0] += f" {note.happened_at_time:%H:%M}"
    if note.setting:
        parts.append(note.get_setting_display())
    return pgettext("between facts", ", ").join(map(str, parts))


def locked_words(level: int) -> str:
    if level == Level.SENSITIVE:
        return _("Sensitive: head teachers, grade leader, moral-education office and those who help see this")
    if level == Level.CONFIDENTIAL:
        return _("Confidential: only those who take it up see this")
    return ""


def texts_of(note: Observation) -> list[dict[str, str]]:
    """The filled text fields with their labels; the first, what happened, needs none."""
    label = {name: str(Observation._meta.get_field(name).verbose_name) for name in Observation.TEXTS}
    return [{"label": label[name], "words": note.shown[name]} for name in Observation.TEXTS[1:] if note.shown[name]]


def linked_notes(request: HttpRequest, note: Observation, now: datetime) -> list[Observation]:
    """The note that this one follows, and those that follow it, as far as the reader may see them."""
    around = Observation.objects.filter(follows=note) | Observation.objects.filter(pk=note.follows_id)
    linked = list(around.visible_to(request.user, now=now).order_by("happened_on", "created_at"))
    for each in linked:
        each.day = day_word(each.happened_on, timezone.localdate(now))
    return linked


def what_may_be_done(request: HttpRequest, note: Observation, now: datetime) -> dict[str, bool]:
    own = note.author_id == request.user.pk
    return {
        "edit": note.editable_by(request.user, now),
        "move": note.withdrawable_by(request.user, now),
        "void": own,
        "at_once": note.withdrawable_by(request.user, now),
    }


@policy("student", level=Level.DAILY)
@require_GET
def attachment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A photo, for whoever may read one of the notes it stands in. Shown, but never run and never kept."""
    photo = get_object_or_404(Attachment, pk=pk)
    notes = Observation.objects.filter(incident=photo.incident).visible_to(request.user)
    rows = list(notes.only("student_id", "level"))
    if not rows:
        raise Http404
    audit.record(
        request, FileAccess.Kind.VIEW, students=[row.student_id for row in rows], level=max(row.level for row in rows)
    )
    response = FileResponse(photo.file.open("rb"), content_type=photo.content_type)
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


# --- history ----------------------------------------------------------------------------------------------------------


@policy("student", level=Level.DAILY)
@require_GET
def note_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who changed what, and when. It shows nobody more than the note itself does."""
    now = timezone.now()
    note = seen_note(request, pk, now)
    log_reading(request, [note])
    versions = list(note.history.select_related("history_user").order_by("-history_date", "-history_id")[:HISTORY])
    steps = [step(new, old, note.names, now) for new, old in zip(versions, [*versions[1:], None], strict=True)]
    return render(request, "students/notes/history.html", {"note": note, "steps": steps})


COMPARED = (
    "kind", "domains", "tone", "setting", "happened_on", "happened_at_time", "facts", "analysis", "action", "own_words",
    "level", "follow_up_on",
)  # fmt: skip
REASONS = {"wrong child"}


def step(new, old, names: dict[str, str], now: datetime) -> dict[str, Any]:
    """One saved version against the one before it."""
    reason = new.history_change_reason or ""
    moved = old is not None and old.student_id != new.student_id
    return {
        "at": moment_word(new.history_date, timezone.localdate(now)),
        "by": new.history_user.display_name if new.history_user else "",
        "first": old is None,
        "moved": moved,
        "reason": "" if reason in REASONS else reason,
        "followed": old is not None and old.followed_at is None and new.followed_at is not None,
        "changes": [] if old is None else compared(old, new, COMPARED, partial(_in_words, names=names)),
    }


def _in_words(row, field: str, names: dict[str, str]) -> str:
    value = getattr(row, field)
    if field in Observation.TEXTS:
        return mentions.show(value, names)
    if field == "domains":
        return "、".join(str(Observation.Domain(each).label) for each in value)
    display = getattr(row, f"get_{field}_display", None)
    if display:
        return str(display())
    return "" if value is None else f"{value:%H:%M}" if field == "happened_at_time" else str(value)


# --- one's own --------------------------------------------------------------------------------------------------------


@policy("staff")
@require_GET
def notes_mine(request: HttpRequest) -> HttpResponse:
    """Own notes that one may still see. Of a request for attention: which office received it, and nothing else."""
    now = timezone.now()
    today = timezone.localdate(now)
    notes = Observation.objects.visible_to(request.user, now=now).filter(author=request.user)
    notes = notes.select_related("student", "attention__acknowledged_by").order_by("-created_at", "pk")
    page = Paginator(notes, PAGE).get_page(request.GET.get("page"))
    shown = mentions.for_reader(page.object_list, request.user, now=now)
    log_reading(request, shown, FileAccess.Kind.LIST)
    offices = offices_of([n.attention for n in shown if hasattr(n, "attention")])
    rows = [{"note": n, "when": moment_word(n.created_at, today), "receipt": receipt(n, offices, today)} for n in shown]
    return render(request, "students/notes/mine.html", {"page": page, "rows": rows})


def receipt(note: Observation, offices: dict, today) -> dict[str, Any] | None:
    asked: AttentionRequest | None = getattr(note, "attention", None)
    if asked is None:
        return None
    if asked.acknowledged_at is None:
        return {"received": False, "words": _("not taken up yet")}
    words = {"office": offices.get(asked.pk, ""), "at": moment_word(asked.acknowledged_at, today)}
    return {"received": True, "words": _("received: %(office)s, %(at)s") % words}


def offices_of(requests: Iterable[AttentionRequest]) -> dict:
    """request → the office in which it was acknowledged, on that day; one statement."""
    done = [each for each in requests if each.acknowledged_at is not None]
    users = {each.acknowledged_by_id for each in done}
    held = list(RoleMembership.objects.filter(user__in=users, role__in=access.ATTENTION_ROLES)) if done else []
    found = {}
    for each in done:
        day = timezone.localdate(each.acknowledged_at)
        roles = [h.role for h in held if h.user_id == each.acknowledged_by_id and h.starts_on <= day]
        found[each.pk] = str(Role(roles[0]).label) if roles else ""
    return found
