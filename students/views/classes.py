"""My classes, and a class as a grid of all its students."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from students import access, audit
from students.grid import FILTERS, SORTS
from students.grid import class_grid as read_grid
from students.levels import Level
from students.models import ClassAssignment, ClassGroup, Enrolment, FileAccess, Student
from students.models.classes import grade_name


@policy("staff")
@require_safe
def class_list(request: HttpRequest) -> HttpResponse:
    """My classes; for school-wide roles the whole school by grade. Who has one class only goes straight there."""
    now, today = timezone.now(), timezone.localdate()
    mine = list(access.my_classes(request.user, day=today))
    school = list(access.visible_classes(request.user, now=now)) if access.school_level(request.user, now) else []
    if len(mine) == 1 and not school:
        return redirect(mine[0])
    rows = _class_rows({group.pk: group for group in [*mine, *school]}.values(), request.user, now)
    grades: dict[str, list] = {}
    for group in school:
        grades.setdefault(grade_name(group.grade_on(today)), []).append(rows[group.pk])
    context = {"mine": [rows[group.pk] for group in mine], "grades": list(grades.items())}
    return render(request, "students/classes/list.html", context)


def _class_rows(groups, user, now) -> dict:
    """class id → what its row says. Two statements."""
    day = timezone.localdate(now)
    groups = list(groups)
    seen = Student.objects.visible_to(user, Level.BASIC, now=now)
    seats = Enrolment.objects.on(day).filter(class_group__in=groups, student__in=seen).order_by()
    sizes = dict(seats.values_list("class_group").annotate(Count("student", distinct=True)))
    heads: dict = {}
    duties = ClassAssignment.objects.on(day).filter(class_group__in=groups, duty=ClassAssignment.Duty.HEAD)
    for duty in duties.select_related("user"):
        heads.setdefault(duty.class_group_id, []).append(duty.user.display_name)
    return {
        group.pk: {
            "name": group.name_on(day),
            "url": group.get_absolute_url(),
            "size": sizes.get(group.pk, 0),
            "heads": heads.get(group.pk, []),
        }
        for group in groups
    }


@policy("student", level=Level.BASIC)
@require_safe
def class_grid(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    group: ClassGroup = get_object_or_404(access.visible_classes(request.user, now=now), pk=pk)
    grid = read_grid(request.user, group, now=now)
    audit.record(request, FileAccess.Kind.LIST, students=[place.student.pk for place in grid.places])
    sort, shown = _chosen(request, "sort", SORTS, "quiet"), _chosen(request, "show", FILTERS, "all")
    # Who has one class only comes straight here from the list of classes, so "back" leads home.
    back = "students:class_list" if access.school_level(request.user, now) else "reports:home"
    context = {
        "back": reverse(back),
        "class_name": group.name_on(grid.today),
        "grid": grid,
        "places": grid.filtered(grid.sorted_by(sort), shown),
        "sorts": [(key, each.label, key == sort) for key, each in SORTS.items()],
        "filters": [(key, each.label, grid.count(key), key == shown) for key, each in FILTERS.items()],
        "sort": sort,
        "show": shown,
    }
    return render(request, "students/classes/grid.html#grid" if request.htmx else "students/classes/grid.html", context)


def _chosen(request: HttpRequest, name: str, known: dict, default: str) -> str:
    """A parameter of the URL, if it names one of the known choices."""
    value = request.GET.get(name, default)
    return value if value in known else default
