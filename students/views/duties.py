"""Classes and who teaches them: the system administrator's pages. They show no student, only how many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.once import once
from accounts.versions import StaleVersion, posted_version, shown_version, stands
from students.actions import placements
from students.forms.school import ClassDutyForm, ClassForm, DutyForm, EndDutyForm
from students.models import ClassAssignment, ClassGroup, Enrolment, GradeAssignment, Stage, school_year_of
from students.models.classes import grade_name
from students.views.answers import applied, posted, saved, status_of
from students.views.school import admin_only, get_or_post


@admin_only
@get_or_post
@once
def classes_admin(request: HttpRequest) -> HttpResponse:
    """All classes of the present by year of entry, and one more."""
    school, today = request.user.school, timezone.localdate()
    initial = {"stage": Stage.PRIMARY, "entry_year": school_year_of(today)}
    form = ClassForm(posted(request), initial=initial)
    if form.is_valid() and saved(
        request, form, lambda: placements.add_class(by=request.user, school=school, **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return redirect("students:classes_admin")
    context = {"form": form, "grades": _grades(school, today)}
    return render(request, "students/school/classes.html", context, status=status_of(form))


def _grades(school, today: date) -> list[dict[str, Any]]:
    """One entry for each year of entry: its name, leaders and classes with their teachers. Four statements."""
    groups = list(ClassGroup.objects.filter(school=school, entry_year__gt=today.year - 7).in_order())
    sizes = Enrolment.objects.on(today).filter(class_group__in=groups).order_by().values_list("class_group")
    size_of = dict(sizes.annotate(Count("student", distinct=True)))
    heads, leaders = _heads(groups, today), _leaders(school, today)
    grades: dict[tuple[str, int], dict[str, Any]] = {}
    for group in groups:
        key = (group.stage, group.entry_year)
        grade = grades.setdefault(key, {"stage": group.stage, "entry_year": group.entry_year, "rows": []})
        grade["name"] = _cohort_name(group, today)
        grade["leaders"] = leaders.get(key, [])
        grade["rows"].append({
            "group": group,
            "name": group.name_on(today),
            "size": size_of.get(group.pk, 0),
            "heads": heads.get(group.pk, []),
        })  # fmt: skip
    return list(grades.values())


def _cohort_name(group: ClassGroup, today: date) -> str:
    """三年级, or 2020级 for who is not here yet or has left."""
    number, stage = group.grade_on(today), Stage(group.stage)
    running = stage.first_grade <= number < stage.first_grade + stage.years
    return grade_name(number) if running else _("Entry of %(year)s") % {"year": group.entry_year}


def _heads(groups: list[ClassGroup], today: date) -> dict[Any, list[str]]:
    heads: dict[Any, list[str]] = {}
    rows = ClassAssignment.objects.on(today).filter(class_group__in=groups, duty=ClassAssignment.Duty.HEAD)
    for row in rows.select_related("user"):
        heads.setdefault(row.class_group_id, []).append(row.user.display_name)
    return heads


def _leaders(school, today: date) -> dict[tuple[str, int], list[str]]:
    leaders: dict[tuple[str, int], list[str]] = {}
    for row in GradeAssignment.objects.on(today).filter(user__school=school).select_related("user"):
        leaders.setdefault((row.stage, row.entry_year), []).append(row.user.display_name)
    return leaders


@admin_only
@get_or_post
@once
def class_admin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who teaches this class, past and to come, and one more duty."""
    group, today = get_object_or_404(ClassGroup, pk=pk, school=request.user.school), timezone.localdate()
    form = ClassDutyForm(
        posted(request),
        school=request.user.school,
        by=request.user,
        initial={"duty": ClassAssignment.Duty.HEAD, "starts_on": today},
    )
    if form.is_valid() and saved(
        request,
        form,
        lambda: placements.assign_to_class(by=request.user, class_group=group, now=timezone.now(), **form.cleaned_data),
    ):
        messages.success(request, _("Saved."))
        return redirect("students:class_admin", pk=pk)
    duties = group.assignments.select_related("user").order_by("duty", "subject", "starts_on")
    context = {"form": form, "name": group.name_on(today), "group": group, **_by_time(duties, today)}
    return render(request, "students/school/class.html", context, status=status_of(form))


def _by_time(duties, today: date) -> dict[str, list]:
    """Running or to come first; what is over folds away."""
    rows = list(duties)
    over = [row for row in rows if row.ends_on and row.ends_on < today]
    return {"duties": [row for row in rows if row not in over], "over": over, "today": today}


@admin_only
@get_or_post
@once
def grade_admin(request: HttpRequest, stage: str, entry_year: int) -> HttpResponse:
    """Who leads a grade, and one more leader."""
    groups = ClassGroup.objects.filter(school=request.user.school, stage=stage, entry_year=entry_year)
    group, today = groups.first(), timezone.localdate()
    if group is None:
        raise Http404
    form = DutyForm(posted(request), school=request.user.school, by=request.user, initial={"starts_on": today})
    if form.is_valid() and saved(
        request,
        form,
        lambda: placements.assign_to_grade(
            by=request.user, stage=stage, entry_year=entry_year, now=timezone.now(), **form.cleaned_data
        ),
    ):
        messages.success(request, _("Saved."))
        return redirect("students:grade_admin", stage=stage, entry_year=entry_year)
    leaders = GradeAssignment.objects.filter(user__school=request.user.school, stage=stage, entry_year=entry_year)
    duties = _by_time(leaders.select_related("user"), today)
    context = {"form": form, "name": _cohort_name(group, today), "entry_year": entry_year, **duties}
    return render(request, "students/school/grade.html", context, status=status_of(form))


@admin_only
@get_or_post
def duty_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = ClassAssignment.objects.filter(class_group__school=request.user.school)
    row = get_object_or_404(rows.select_related("user", "class_group"), pk=pk)
    title = f"{row.class_group.name_on(timezone.localdate())} · {row.get_duty_display()} {row.subject}".strip()
    back = reverse("students:class_admin", args=[row.class_group_id])
    return _end(request, row, title, back, placements.end_class_assignment)


@admin_only
@get_or_post
def leader_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = GradeAssignment.objects.filter(user__school=request.user.school)
    row = get_object_or_404(rows.select_related("user"), pk=pk)
    back = reverse("students:grade_admin", args=[row.stage, row.entry_year])
    return _end(request, row, _("Grade leader"), back, placements.end_grade_assignment)


def _end(request: HttpRequest, row, title: str, back: str, act: Callable[..., None]) -> HttpResponse:
    """409 when somebody else ended the duty, or ended it otherwise, since the page was shown."""
    form, stale = EndDutyForm(posted(request), today=timezone.localdate()), None
    if form.is_valid():
        asked = {"on": form.cleaned_data["last_day"], "version": posted_version(request)}
        try:
            if applied(form, lambda: act(by=request.user, assignment=row, now=timezone.now(), **asked)):
                messages.success(request, _("Saved."))
                return redirect(back)
        except StaleVersion as error:
            stale = error
    context = {
        "form": form,
        "row": row,
        "title": title,
        "back": back,
        "version": shown_version(request, row, stale),
        "stands": stands(stale, "starts_on", "ends_on"),
    }
    return render(request, "students/school/end.html", context, status=409 if stale else status_of(form))
