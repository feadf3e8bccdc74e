"""Equity of attention: figures without names for those who answer for the school, and who has only concerns on file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from accounts.models import Role
from reports import charts, equity, radar
from reports.equity import CONCERN, NONE, Figure, Figures, Filter
from reports.forms import EquityForm
from students import access, audit
from students import search as finding
from students.models import FileAccess, SchoolCalendar, Sex
from students.models.classes import grade_name
from students.models.identification import Group
from students.words import seat_word

STUDENTS = 50


@dataclass(frozen=True)
class Line:
    """One cell of a breakdown. Without a figure it leads nowhere."""

    label: str
    figure: Figure | None
    href: str
    of_students: int | None = None  # percent of the students of the whole breakdown
    of_records: int | None = None


@dataclass(frozen=True)
class Breakdown:
    key: str
    title: str
    lines: tuple[Line, ...]
    chart: str


@policy("role", Role.MORAL_EDUCATION, Role.VICE_PRINCIPAL, Role.PRINCIPAL)
@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    """Level 0: numbers of at least five students. Whatever may not be shown is neither in the page nor behind a link."""
    now, today = timezone.now(), timezone.localdate()
    classes = list(access.classes_in_care(request.user, now=now))
    form = EquityForm(request.GET, classes=classes, day=today)
    wanted = form.wanted()
    term = SchoolCalendar.of(request.user.school_id).term_on(today)
    students = radar.students_in_care(request.user, now=now)
    figures = equity.figures(request.user, students, term, now=now)
    whole = figures.get(wanted)
    context = {
        "form": form,
        "whole": whole,
        "breakdowns": _breakdowns(figures, wanted, classes, today) if whole else [],
        "concern": figures.get(replace(wanted, need=CONCERN)) if not (wanted.sex or wanted.need) else None,
        "has_concern": not (wanted.sex or wanted.need),
        "term": str(term) if term else "",
        "least": equity.LEAST,
    }
    return render(request, "reports/radar/equity.html", context)


def _breakdowns(figures: Figures, wanted: Filter, classes: list, today) -> list[Breakdown]:
    sexes = [(label, replace(wanted, sex=value)) for value, label in Sex.choices[1:3]]
    needs = [(label, replace(wanted, need=value)) for value, label in [*Group.choices, (NONE, _("Nothing registered"))]]
    found = [
        ("place", _("By grade") if not wanted.place else _("By class"), _places(wanted, classes, today)),
        ("sex", _("By sex"), [] if wanted.sex else sexes),
        ("need", _("By growth support"), [] if wanted.need else needs),
    ]
    return [_breakdown(figures, wanted, key, title, parts) for key, title, parts in found if parts]


def _places(wanted: Filter, classes: list, today) -> list[tuple[str, Filter]]:
    grades = equity.places_in(classes)
    if not wanted.place:
        return [(grade_name(own[0].grade_on(today)), replace(wanted, place=key)) for key, own in grades.items()]
    return [(each.name_on(today), replace(wanted, place=str(each.pk))) for each in grades.get(wanted.place, [])]


def _breakdown(figures: Figures, wanted: Filter, key: str, title: str, parts: list) -> Breakdown:
    whole = figures.get(wanted)
    lines = tuple(_lines(figures, whole, parts))
    series = {
        _("share of the students, %"): [charts.SUPPRESSED if each.figure is None else each.of_students for each in lines],
        _("share of the records, %"): [charts.SUPPRESSED if each.figure is None else each.of_records for each in lines],
    }  # fmt: skip
    return Breakdown(key, title, lines, charts.flat_bars([each.label for each in lines], series, title=title))


def _lines(figures: Figures, whole: Figure, parts: list) -> Iterator[Line]:
    for label, part in parts:
        figure = figures.get(part)
        if figure is None:
            yield Line(str(label), None, "")
        elif figure.students:
            href = f"?{urlencode({'place': part.place, 'sex': part.sex, 'need': part.need})}"
            shares = _percent(figure.students, whole.students), _percent(figure.records, whole.records)
            yield Line(str(label), figure, href, *shares)


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


@policy("staff")
@require_safe
def concern(request: HttpRequest) -> HttpResponse:
    """By name, for whoever answers for these students and reads their records anyway."""
    now, today = timezone.now(), timezone.localdate()
    if not (access.answers_for_school(request.user, now=now) or access.classes_in_care(request.user, now=now).exists()):
        raise Http404
    term = SchoolCalendar.of(request.user.school_id).term_on(today)
    students = finding.in_class_order(radar.students_in_care(request.user, now=now))
    page = Paginator(equity.only_concern(students, term), STUDENTS).get_page(request.GET.get("page"))
    if page.object_list:
        audit.record(request, FileAccess.Kind.LIST, students=page.object_list)
    rows = [(student, seat_word(student, today)) for student in page]
    context = {"page": page, "rows": rows, "back": reverse("reports:radar")}
    return render(request, "reports/radar/concern.html", context)
