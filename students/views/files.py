"""One student's file: the header, and the timeline of notes."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from accounts.models import Role, User
from students import access, audit, mentions
from students import timeline as reading
from students.levels import Level
from students.models import ClassGroup, FileAccess, Observation, SchoolCalendar, Student, Term
from students.views.fetch import student_or_404
from students.words import header_line, why_word

CORRECTING = (Role.ACADEMIC, Role.MORAL_EDUCATION)


@policy("student", level=Level.BASIC)
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Level 1 and what leads to the panels, each of which checks and writes the read log by itself."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.BASIC, now)
    whys = access.why_visible(request.user, student, now=now)
    level = max(why.level for why in whys)
    roles = request.user.roles(now)
    group = _class_of(student, request.user, now)
    context = {
        "student": student,
        "header": header_line(student, today),
        "class_name": group.name_on(today) if group else "",
        "back": group.get_absolute_url() if group else reverse("students:list"),
        "limits": _limits(roles),
        "reason": why_word(whys[0], today),
        "daily": level >= Level.DAILY,
        "sensitive": level >= Level.SENSITIVE,
        "confidential": level >= Level.CONFIDENTIAL,
        "marks": level >= Level.DAILY or access.reads_all_marks(request.user, now=now),
        "needs": level >= Level.SENSITIVE or access.proposes_by_office(request.user, now=now),
        "may_correct": not roles.isdisjoint(CORRECTING),
        "may_open_counselling": Role.MORAL_EDUCATION in roles,
        "called": mentions.given_name(student.name) or student.name,
        "note_url": _note_url(student),
    }
    return render(request, "students/files/detail.html", context)


@policy("student", level=Level.BASIC)
@require_safe
def timeline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What this reader may see of the notes: for a subject teacher, the own ones. 20 at a time."""
    now = timezone.now()
    student = student_or_404(request, pk, Level.BASIC, now)
    terms = tuple(Term.objects.filter(school=student.school_id))
    chosen, term = _chosen(request, terms)
    standing = access.standing(request.user, student, now=now)
    notes = reading.narrowed(
        reading.notes_of(standing, request.user, now=now), kind=chosen["kind"], domain=chosen["domain"], term=term
    )
    page = _page_number(request)
    told = page == 1 and not any(chosen.values()) and standing.told_of_counselling
    shown = reading.read_page(notes, request.user, page, now=now)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=shown.level)
    context = {
        "student": student,
        "entries": [*([reading.counselling_entry()] if told else []), *shown.entries],
        "page": page,
        "older": _address(student, chosen, page + 1) if shown.has_more else "",
        "newer": _address(student, chosen, page - 1) if page > 1 else "",
        "total": "",
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "kinds": Observation.Kind.choices,
        "domains": Observation.Domain.choices,
        "called": mentions.given_name(student.name) or student.name,
        "note_url": _note_url(student),
        "terms": [(each.code, str(each)) for each in terms],
    }
    if page == 1:
        context["total"] = _total(notes, chosen, terms, now)
    if not request.htmx:
        return render(request, "students/files/timeline.html", context)
    return render(request, f"students/files/timeline.html#{'panel' if page == 1 else 'more'}", context)


def _class_of(student: Student, user: User, now: datetime) -> ClassGroup | None:
    """The student's class of today, if this user may open it."""
    if student.place is None:
        return None
    return access.visible_classes(user, now=now).filter(pk=student.place.class_group_id).first()


def _limits(roles: frozenset) -> str:
    """For those who see level 1 only: why the file looks empty."""
    if roles.isdisjoint(access.ATTENTION_ROLES):
        return _("You find your own notes here; what others wrote is for the head teacher and the offices in charge.")
    return _("You find your own notes here, and those on which attention was asked of you.")


def _note_url(student: Student) -> str:
    return f"{reverse('students:note_new')}?{urlencode({'student': student.pk})}"


def _chosen(request: HttpRequest, terms: tuple[Term, ...]) -> tuple[dict[str, str], Term | None]:
    """The filters of the URL; what names no choice counts as not chosen."""
    term = reading.term_of(terms, request.GET.get("term", ""))
    kind, domain = request.GET.get("kind", ""), request.GET.get("domain", "")
    chosen = {
        "kind": kind if kind in Observation.Kind.values else "",
        "domain": domain if domain in Observation.Domain.values else "",
        "term": term.code if term else "",
    }
    return chosen, term


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 5 else 1


def _address(student: Student, chosen: dict[str, str], page: int) -> str:
    query = {name: value for name, value in chosen.items() if value} | {"page": page}
    return f"{reverse('students:timeline', args=[student.pk])}?{urlencode(query)}"


def _total(notes, chosen: dict[str, str], terms: tuple[Term, ...], now) -> str:
    """本学期 23 条，6 位老师; with a filter, how many it leaves."""
    if any(chosen.values()):
        return reading.teachers_word(reading.counts(notes))
    term = SchoolCalendar(tuple(reversed(terms)), ()).term_on(timezone.localdate(now))
    if term is None:
        return reading.teachers_word(reading.counts(notes))
    return _("this term %(total)s") % {"total": reading.teachers_word(reading.counts(notes.in_term(term)))}
