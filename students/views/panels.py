"""The panels of a file by level, and the forms that write to them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.versions import StaleVersion, differences, posted_version, shown_version
from students import audit, facts
from students.actions.files import write_profile
from students.actions.placements import correct_student
from students.forms.profile import FamilyForm, ProfileForm
from students.forms.student import StudentForm
from students.levels import Level
from students.models import FileAccess, Student, StudentBackground, StudentProfile
from students.views.fetch import student_or_404, teaches

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@policy("student", level=Level.DAILY)
@require_safe
def profile(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = student_or_404(request, pk, Level.DAILY, now, "profile")
    may_write = teaches(request.user, student, now)
    audit.record(request, FileAccess.Kind.VIEW, students=[student])
    context = {
        "student": student,
        "growth": facts.growth(student),
        "basics": facts.basics(student),
        "may_write": may_write,
    }
    return _panel(request, "students/files/profile.html", context)


@policy("student", level=Level.SENSITIVE)
@require_safe
def background(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _background(request, pk, in_full="")


@policy("student", level=Level.SENSITIVE)
@require_POST
def background_show(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same panel with one number or address in full. By POST, since it is a deed: the read log names this page."""
    return _background(request, pk, in_full=request.POST.get("field") or "?")


def _background(request: HttpRequest, pk: UUID, in_full: str) -> HttpResponse:
    now = timezone.now()
    student = student_or_404(request, pk, Level.SENSITIVE, now, "background")
    guardians = list(student.guardians.all())
    identity, family = facts.identity(student, in_full), [facts.family_member(each, in_full) for each in guardians]
    if in_full and not any(fact.in_full for fact in [*identity, *(f for member in family for f in member.facts)]):
        raise Http404
    may_write = teaches(request.user, student, now)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    context = {
        "student": student,
        "family_text": facts.family_text(student),
        "suggestions": facts.suggestions(student),
        "identity": identity,
        "family": family,
        "may_write": may_write,
    }
    return _panel(request, "students/files/background.html", context)


def _panel(request: HttpRequest, template: str, context: dict) -> HttpResponse:
    return render(request, f"{template}#panel" if request.htmx else template, context)


@policy("student", level=Level.DAILY)
@get_or_post
def profile_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _write(request, pk, Level.DAILY, StudentProfile, ProfileForm, _("Growth"))


@policy("student", level=Level.SENSITIVE)
@get_or_post
def family_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _write(request, pk, Level.SENSITIVE, StudentBackground, FamilyForm, _("Family"))


def _write(request: HttpRequest, pk: UUID, level: Level, model, form_class, title: str) -> HttpResponse:
    """By the head teacher and the deputy; who sees the file otherwise reads it only."""
    now = timezone.now()
    student = student_or_404(request, pk, level, now)
    if not teaches(request.user, student, now):
        raise PermissionDenied
    row = model.objects.filter(student=student).first() or model(student=student)
    if row._state.adding and request.method == "POST":
        row = model.objects.create(student=student)
    form = form_class(request.POST or None, instance=row)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=level)
    return _save(
        request,
        form,
        student,
        title,
        lambda version: write_profile(by=request.user, profile=row, fields=form.cleaned_data, version=version),
    )


@policy("role", Role.ACADEMIC, Role.MORAL_EDUCATION)
@get_or_post
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Correct who a student is: level 1, by the academic office and 德育."""
    student = student_or_404(request, pk, Level.BASIC, timezone.now())
    row = Student.objects.get(pk=student.pk)
    form = StudentForm(request.POST or None, instance=row)
    return _save(
        request,
        form,
        student,
        _("Basic facts"),
        lambda version: correct_student(by=request.user, student=row, fields=form.cleaned_data, version=version),
    )


def _save(request: HttpRequest, form, student: Student, title: str, save) -> HttpResponse:
    """Show, save and go back, 409 with both texts, or 422 with what was typed."""
    stale = None
    if form.is_valid():
        try:
            save(posted_version(request))
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Saved."))
            return redirect(student)
    context = {
        "student": student,
        "form": form,
        "form_title": title,
        "version": shown_version(request, form.instance, stale),
        "changes": differences(form, stale),
    }
    status = 409 if stale else 422 if form.is_bound else 200
    return render(request, "students/files/edit.html", context, status=status)
