"""Departments and the school itself: the system administrator's pages."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import actions
from accounts.forms import DepartmentForm, SchoolForm
from accounts.models import Department, School
from accounts.once import once, saving
from accounts.staff_views import admin_only, get_or_post, tried
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, differences, posted_version, shown_version


@admin_only
@get_or_post
@once
def departments(request: HttpRequest) -> HttpResponse:
    form = DepartmentForm(request.POST or None, instance=Department(school=request.user.school))
    if form.is_valid():
        with saving(request):
            actions.add_department(by=request.user, school=request.user.school, name=form.cleaned_data["name"])
        return redirect("accounts:departments")
    rows = Department.objects.filter(school=request.user.school).with_people()
    return render(request, "accounts/departments.html", {"form": form, "rows": rows})


@admin_only
@get_or_post
def department(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Department, pk=pk, school=request.user.school)
    form = DepartmentForm(request.POST or None, instance=row)
    return _save_versioned(
        request,
        form,
        lambda version: actions.rename_department(by=request.user, department=row, version=version),
        "accounts/department.html",
        "accounts:departments",
    )


@admin_only
@require_POST
def department_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Department, pk=pk, school=request.user.school)
    delete = partial(actions.delete_department, by=request.user, department=row, version=posted_version(request))
    try:
        return tried(request, delete, "accounts:departments")
    except StaleVersion as stale:
        messages.warning(request, CHANGED_MEANWHILE)
        form, version = DepartmentForm(instance=row), shown_version(request, row, stale)
        context = {"form": form, "row": row, "version": version, "changes": []}
        return render(request, "accounts/department.html", context, status=409)


@admin_only
@get_or_post
def school(request: HttpRequest) -> HttpResponse:
    row = School.objects.get(pk=request.user.school_id)  # a copy: the frame goes on showing the stored name
    form = SchoolForm(request.POST or None, instance=row)
    return _save_versioned(
        request,
        form,
        lambda version: actions.save_school(by=request.user, school=row, version=version),
        "accounts/school.html",
        "accounts:school",
    )


def _save_versioned(request: HttpRequest, form: ModelForm, save, template: str, done: str) -> HttpResponse:
    """The skeleton of the small pages with one form: show, save, or 409 with both texts."""
    stale = None
    if form.is_valid():
        try:
            save(posted_version(request))
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Saved."))
            return redirect(done)
    version = shown_version(request, form.instance, stale)
    context = {"form": form, "row": form.instance, "version": version, "changes": differences(form, stale)}
    return render(request, template, context, status=409 if stale else 200)
