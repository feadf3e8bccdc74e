"""The academic office: who sits where, by hand, and the September roll-over. Level 1 only."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once, saving
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, posted_version, shown_version, stands
from students import access
from students.actions import calendar as calendar_actions
from students.actions import placements as actions
from students.actions import rollover as september
from students.forms.placements import AddStudentForm, LeaveForm, MoveForm, RollOverForm, SeatFields
from students.levels import Level
from students.models import ClassGroup, Enrolment, Student
from students.views.answers import posted, status_of

PAGE = 50
academic_only = policy("role", Role.ACADEMIC)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def _visible(request: HttpRequest):
    return Student.objects.visible_to(request.user, Level.BASIC, now=timezone.now())


def _student(request: HttpRequest, pk: UUID) -> Student:
    return get_object_or_404(_visible(request), pk=pk)


def _place(student: Student, today: date) -> Enrolment | None:
    """Where the student sits today, or will sit next."""
    rows = student.enrolments.filter(ends_on__isnull=True) | student.enrolments.filter(ends_on__gte=today)
    return rows.select_related("class_group").order_by("starts_on").first()


# --- the list ---------------------------------------------------------------------------------------------------------


@academic_only
@require_safe
def placements(request: HttpRequest) -> HttpResponse:
    """A class (`?class=…`) with what can be done for each student, or those who have gone (`?gone=1`)."""
    today, now = timezone.localdate(), timezone.now()
    classes = list(access.visible_classes(request.user, now=now))
    gone = "gone" in request.GET
    chosen = None if gone else _chosen(request, classes)
    students = _gone(request) if gone else _visible(request).in_school().of_class(chosen, today)
    page = Paginator(students, PAGE).get_page(request.GET.get("page"))
    context = {
        "classes": [(group, group.name_on(today)) for group in classes],
        "chosen": chosen,
        "name": chosen.name_on(today) if chosen else "",
        "gone": gone,
        "page": page,
    }
    return render(request, "students/school/placements.html", context)


def _chosen(request: HttpRequest, classes: list[ClassGroup]) -> ClassGroup | None:
    asked = request.GET.get("class")
    if not asked:
        return classes[0] if classes else None
    return next((group for group in classes if str(group.pk) == asked), None) or _refuse()


def _refuse():
    raise Http404


def _gone(request: HttpRequest):
    return _visible(request).exclude(status__in=Student.PRESENT).order_by("-left_on", "name")


# --- one student ------------------------------------------------------------------------------------------------------


@academic_only
@get_or_post
@once
def add(request: HttpRequest) -> HttpResponse:
    school, today = request.user.school, timezone.localdate()
    form = AddStudentForm(
        posted(request),
        school=school,
        today=today,
        initial={"starts_on": today, "class_group": request.GET.get("class")},
    )
    if form.is_valid():
        with saving(request):
            student = actions.add_student(
                by=request.user,
                school=school,
                fields=form.fields_of_student(),
                class_group=form.cleaned_data["class_group"],
                seat_no=form.cleaned_data["seat_no"],
                on=form.cleaned_data["starts_on"],
                now=timezone.now(),
            )
        return _done(request, student, _("The file is made."))
    return render(request, "students/school/add.html", {"form": form, "alike": form.alike}, status=status_of(form))


@academic_only
@get_or_post
def move(request: HttpRequest, pk: UUID) -> HttpResponse:
    student, today = _student(request, pk), timezone.localdate()
    if student.status not in Student.PRESENT:
        return redirect("students:back", pk=pk)
    place = _place(student, today)
    form = MoveForm(
        posted(request),
        school=request.user.school,
        today=today,
        mover=student,
        place=place,
        initial={"starts_on": today, "class_group": place and place.class_group_id, "seat_no": place and place.seat_no},
    )
    stale = None
    if form.is_valid():
        student.version = posted_version(request)
        try:
            _seat(actions.move_student, request, student, form)
            told = _("Moved. The new teachers see the file from that day, the old ones no longer.")
            return _done(request, student, told)
        except StaleVersion as error:
            stale = error
    return _form_page(request, form, student, place, _("Another class or seat"), _("Move"), stale)


@academic_only
@get_or_post
def leave(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Transferred, graduated, left, or on leave; 409 when somebody else changed the student meanwhile."""
    student, today = _student(request, pk), timezone.localdate()
    if student.status not in Student.PRESENT:
        return redirect("students:back", pk=pk)
    place = _place(student, today)
    form = LeaveForm(posted(request), today=today, place=place, initial={"on": today})
    stale = None
    if form.is_valid():
        student.version = posted_version(request)
        try:
            _leave(request, student, **form.cleaned_data)
            return _done(request, student, _("Saved. The file stays, with everything in it."))
        except StaleVersion as error:
            stale = error
    return _form_page(request, form, student, place, _("Leaves the school"), _("Save"), stale)


def _leave(request: HttpRequest, student: Student, status: str, on: date) -> None:
    if status == Student.Status.SUSPENDED:
        actions.suspend_student(by=request.user, student=student)
    else:
        actions.leave_school(by=request.user, student=student, status=status, on=on, now=timezone.now())


@academic_only
@get_or_post
def back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody who had gone comes back: the old file goes on."""
    student, today = _student(request, pk), timezone.localdate()
    if student.status == Student.Status.PRESENT:
        return redirect("students:move", pk=pk)
    place = _place(student, today)
    initial = {"starts_on": today, "class_group": place and place.class_group_id, "seat_no": place and place.seat_no}
    form = SeatFields(posted(request), school=request.user.school, today=today, mover=student, initial=initial)
    stale = None
    if form.is_valid():
        student.version = posted_version(request)
        try:
            _seat(actions.return_to_school, request, student, form)
            return _done(request, student, _("Back at school. The old file goes on."))
        except StaleVersion as error:
            stale = error
    return _form_page(request, form, student, place, _("Back to school"), _("Save"), stale)


def _seat(act, request: HttpRequest, student: Student, form: SeatFields) -> None:
    act(
        by=request.user,
        student=student,
        class_group=form.cleaned_data["class_group"],
        seat_no=form.cleaned_data["seat_no"],
        on=form.cleaned_data["starts_on"],
        now=timezone.now(),
    )


def _done(request: HttpRequest, student: Student, text: str) -> HttpResponse:
    link = format_html('{} <a href="{}">{}</a>', text, student.get_absolute_url(), _("Open the file"))
    messages.success(request, link)
    place = _place(student, timezone.localdate())
    query = f"class={place.class_group_id}" if place and student.status in Student.PRESENT else "gone=1"
    return redirect(f"{reverse('students:placements')}?{query}")


def _form_page(
    request: HttpRequest, form, student: Student, place: Enrolment | None, title: str, button: str, stale: StaleVersion | None = None,
) -> HttpResponse:  # fmt: skip
    today = timezone.localdate()
    context = {
        "form": form,
        "student": student,
        "place": place.class_group.name_on(today) if place else student.get_status_display(),
        "seat_no": place.seat_no if place else None,
        "form_title": title,
        "button": button,
        "version": shown_version(request, student, stale),
        "stands": [*stands(stale, "status", "left_on"), *_seat_that_stands(stale, place)],
    }
    return render(request, "students/school/placement.html", context, status=409 if stale else status_of(form))


def _seat_that_stands(stale: StaleVersion | None, place: Enrolment | None) -> list[tuple[str, str]]:
    """Class and seat belong to what somebody else may have changed."""
    seat = place and f"{place.class_group.name_on(timezone.localdate())} {place.seat_no or ''}"
    return [(_("Class"), (seat or "—").strip())] if stale else []


# --- September --------------------------------------------------------------------------------------------------------


@academic_only
@get_or_post
@once
def rollover(request: HttpRequest) -> HttpResponse:
    """First what will happen, then the button. Running it again changes nothing."""
    school, year = request.user.school, september.year_to_prepare(timezone.localdate())
    plans = september.plan(school=school, school_year=year)
    form = RollOverForm(posted(request), plans=plans)
    status = status_of(form)
    if form.is_valid():
        try:
            with saving(request):
                done = september.roll_over(
                    by=request.user, school=school, school_year=year, new_classes=form.cleaned_data, now=timezone.now()
                )
        except StaleVersion:  # a duty was ended or a student moved at the same moment: nothing was done yet
            messages.warning(request, CHANGED_MEANWHILE)
            status = 409
        else:
            _tell(request, done)
            return redirect("students:rollover")
    has_terms = september.has_terms(school, year)
    context = {
        "form": form,
        "plans": plans,
        "year": year,
        "first_day": date(year, 9, 1),
        "last_day": date(year, 9, 1) - timedelta(days=1),
        "has_terms": has_terms,
        "ready": has_terms and not any(plan.has_work for plan in plans),
    }
    return render(request, "students/school/rollover.html", context, status=status)


def _tell(request: HttpRequest, done: dict) -> None:
    messages.success(request, _("%(graduated)d graduated, %(classes)d classes made.") % done)
    if note := calendar_actions.unknown_years_note(done["unknown"]):
        messages.warning(request, note)
