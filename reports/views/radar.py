"""The silence radar: of the school or a grade, of one class, and the list of everybody who is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from reports import equity, radar
from reports.forms import RadarForm
from reports.mine import suggestions_from
from students import access, audit
from students import search as finding
from students.models import ClassGroup, FileAccess, SchoolCalendar
from students.words import day_word, moment_word, seat_word

CLASSES, STUDENTS = 60, 50  # rows of a page


@dataclass(frozen=True)
class Asked:
    """What the reader chose of what is in the reader's care. `query`: the choices, for links."""

    form: RadarForm
    students: QuerySet
    classes: list[ClassGroup]
    lens: radar.Lens
    calendar: SchoolCalendar
    today: date
    whole_school: bool
    query: str


def _asked(request: HttpRequest, now: datetime) -> Asked:
    """404 for whoever answers for no class, as for a page that does not exist."""
    today, whole = timezone.localdate(now), access.answers_for_school(request.user, now=now)
    classes = list(access.classes_in_care(request.user, now=now))
    if not classes and not whole:
        raise Http404
    form = RadarForm(request.GET, classes=classes, whole_school=whole, day=today)
    wanted = form.wanted()
    calendar = SchoolCalendar.of(request.user.school_id)
    students = radar.students_in_care(request.user, now=now)
    if grade := wanted.get("grade"):
        students = finding.in_grade(students, grade)
        classes = [each for each in classes if f"{each.stage}-{each.entry_year}" == grade]
    if wanted.get("what") == RadarForm.TALKS:
        lens = radar.Lens.on_talks(calendar.term_on(today))
    else:
        lens = radar.Lens.on_touches(int(wanted.get("days", radar.FOUR_WEEKS)), calendar, today)
    return Asked(form, students, classes, lens, calendar, today, whole, urlencode(wanted))


@policy("staff")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Who has one class only goes straight there."""
    now = timezone.now()
    asked = _asked(request, now)
    if len(asked.classes) == 1 and not asked.whole_school and not request.GET:
        return redirect("reports:radar_class", pk=asked.classes[0].pk)
    found = radar.overview(asked.students, asked.lens)
    told = radar.with_asked(asked.students, request.user, now=now)
    first = radar.first_of(found, told, asked.classes, asked.lens)
    if first:
        audit.record(request, FileAccess.Kind.LIST, students=first)
    page = Paginator(asked.classes, CLASSES).get_page(request.GET.get("page"))
    context = {
        "form": asked.form,
        "found": found,
        "first": [_person(student, asked) for student in first],
        "more": found.left - len(first),
        "page": page,
        "rows": radar.class_rows(found, page, asked.calendar, asked.today),
        "talks": asked.lens.talks,
        "days": asked.form.wanted().get("days", radar.FOUR_WEEKS),
        "term_line": _term_line(asked),
        "left_url": f"{reverse('reports:radar_left')}?{asked.query}",
        "may_compare": asked.whole_school,
    }
    return render(request, "reports/radar/overview.html", context)


def _term_line(asked: Asked) -> str:
    term = asked.calendar.term_on(asked.today)
    return term.in_words(min(asked.today, term.ends_on)) if term else ""


def _person(student, asked: Asked) -> dict:
    """Nobody asks about an own class. Needs radar.with_asked."""
    last = student.last_touch
    return {
        "asked": student.asked_by or "",
        "asked_when": moment_word(student.asked_at, asked.today) if student.asked_at else "",
        "may_ask": student.place is not None and not student.mine,
        "student": student,
        "where": student.place.class_group.name_on(asked.today) if student.place else "",
        "words": seat_word(student, asked.today),
        "days": None if last is None else asked.calendar.days_since(last, asked.today),
        "last": day_word(last, asked.today) if last else "",
    }


@policy("staff")
@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """Everybody without a record, or without a talk this term: never first, then who has waited longest."""
    now = timezone.now()
    asked = _asked(request, now)
    waiting = radar.never_first(radar.with_asked(asked.lens.left(asked.students), request.user, now=now))
    page = Paginator(waiting, STUDENTS).get_page(request.GET.get("page"))
    rows = [_person(student, asked) for student in page]
    if rows:
        audit.record(request, FileAccess.Kind.LIST, students=[row["student"] for row in rows])
    context = {
        "form": asked.form,
        "page": page,
        "rows": rows,
        "talks": asked.lens.talks,
        "back": f"{reverse('reports:radar')}?{asked.query}",
    }
    return render(request, "reports/radar/left.html", context)


@policy("staff")
@require_safe
def of_class(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One class: who waits longest, whom to talk to this week, with whom nobody has talked yet this term."""
    now, today = timezone.now(), timezone.localdate()
    group: ClassGroup = get_object_or_404(access.classes_in_care(request.user, now=now), pk=pk)
    calendar = SchoolCalendar.of(group.school_id)
    students = list(radar.sensitive_students(request.user, now=now).filter(place__class_group=group))
    seats = radar.seats(students, calendar, today)
    audit.record(request, FileAccess.Kind.LIST, students=students)
    context = {
        "class_name": group.name_on(today),
        "group": group,
        "seats": seats,
        "quiet": [seat for seat in seats if seat.is_quiet],
        "noticed": sum(not seat.is_quiet for seat in seats),
        "talked": sum(seat.talks > 0 for seat in seats),
        "untalked": sorted((s for s in seats if not s.talks), key=lambda s: (s.student.place.seat_no or 999, s.rank)),
        "suggestions": suggestions_from(seats, calendar, today),
        "concern": equity.only_concern(students, calendar.term_on(today)),
    }
    return render(request, "reports/radar/class.html", context)
