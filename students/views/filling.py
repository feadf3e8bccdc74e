"""Filling in an instrument, correcting and withdrawing: the same for a scale (level 4) and the habits checklist (level 2)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.once import saving
from accounts.versions import StaleVersion, posted_version, shown_version
from students import audit
from students.actions.assessments import EditionChanged, correct_filled, fill_in, void_filled
from students.forms.assessments import CorrectForm, FillForm, WithdrawForm, filled_initial
from students.models import FileAccess, Instrument, Student
from students.models.assessments import Filled, InstrumentQuerySet
from students.views.answer_sheets import edition_changed
from students.views.answers import posted, status_of


def seen_version(request: HttpRequest, instrument: Instrument) -> int:
    """The number of the instrument as its items were shown."""
    text = request.POST.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 10 else instrument.version if request.method != "POST" else 0


def chosen(request: HttpRequest, instruments: InstrumentQuerySet) -> Instrument:
    """The one whose items the form shows. What was put away meanwhile is still found by a form that has its items: it
    is told so, and keeps what was typed."""
    sent = request.method == "POST"
    text = (request.POST if sent else request.GET).get("instrument", "")
    try:
        return get_object_or_404(instruments if sent else instruments.offered(), pk=UUID(text))
    except ValueError:
        raise Http404 from None


def fill(request: HttpRequest, student: Student, instrument: Instrument, template: str, now: datetime) -> HttpResponse:
    today = timezone.localdate(now)
    form = FillForm(posted(request), definition=instrument.defined, today=today, initial={"filled_on": today})
    if form.is_valid() and (filled := _file(request, student, instrument, form)):
        messages.success(request, _("Saved."))
        return redirect(filled.get_absolute_url())
    context = {
        "student": student,
        "instrument": instrument,
        "form": form,
        "seen": instrument.version,
        "fits": instrument.fits(student.age_on(today)),
    }
    return render(request, template, context, status=status_of(form))


def _file(request: HttpRequest, student: Student, instrument: Instrument, form: FillForm) -> Filled | None:
    try:
        with saving(request):
            return fill_in(
                by=request.user,
                student=student,
                instrument=instrument,
                seen=seen_version(request, instrument),
                filled_on=form.cleaned_data["filled_on"],
                answers=form.points,
                note=form.cleaned_data["note"],
            )
    except EditionChanged:
        form.add_error(None, edition_changed())
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
    return None


def correct(request: HttpRequest, filled: Filled, template: str, back: str, now: datetime) -> HttpResponse:
    """409 with what somebody else saved; what was typed stays in the form."""
    defined, stale = filled.instrument.defined, None
    initial = filled_initial(defined, filled.given, filled_on=filled.filled_on, note=filled.note)
    form = CorrectForm(posted(request), definition=defined, today=timezone.localdate(now), initial=initial)
    if form.is_valid():
        try:
            _correct(request, filled, form, now)
        except StaleVersion as error:
            stale = error
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            messages.success(request, _("Saved."))
            return redirect(back)
    audit.record(request, FileAccess.Kind.VIEW, students=[filled.student], level=filled.level)
    context = {
        "student": filled.student,
        "instrument": filled.instrument,
        "form": form,
        "version": shown_version(request, filled, stale),
        "changes": _differences(form, stale),
        "back_url": back,
        "fits": True,
    }
    return render(request, template, context, status=409 if stale else status_of(form))


def _correct(request: HttpRequest, filled: Filled, form: CorrectForm, now: datetime) -> None:
    row = type(filled).objects.select_related("instrument").get(pk=filled.pk)
    correct_filled(
        by=request.user,
        filled=row,
        version=posted_version(request),
        filled_on=form.cleaned_data["filled_on"],
        answers=form.points,
        note=form.cleaned_data["note"],
        reason=form.cleaned_data["reason"],
        now=now,
    )


def _differences(form: CorrectForm, stale: StaleVersion | None) -> list[dict[str, str]]:
    if stale is None or not isinstance(stale.stored, Filled):
        return []
    stored = stale.stored
    theirs = filled_initial(form.definition, stored.given, filled_on=f"{stored.filled_on}", note=stored.note)
    theirs["reason"] = stored.change_reason
    pairs = [(form[name], theirs[name], str(form[name].value() or "")) for name in form.fields]
    return [
        {"label": field.label, "theirs": _in_words(field, one), "mine": _in_words(field, other)}
        for field, one, other in pairs
        if one != other
    ]


def _in_words(field, value: str) -> str:
    choices = dict(getattr(field.field, "choices", ()))
    return str(choices.get(value, value))


def withdraw(request: HttpRequest, filled: Filled, back: str, done: str, now: datetime) -> HttpResponse:
    """Nothing is withdrawn unread: it takes the version that was shown, and a reason."""
    form, stale = WithdrawForm(posted(request)), None
    if form.is_valid():
        try:
            void_filled(
                by=request.user,
                filled=filled,
                version=posted_version(request),
                reason=form.cleaned_data["reason"],
                now=now,
            )
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Withdrawn. The history keeps that it stood there."))
            return redirect(done, filled.student_id)
    audit.record(request, FileAccess.Kind.VIEW, students=[filled.student], level=filled.level)
    context = {
        "student": filled.student,
        "instrument": filled.instrument,
        "filled": filled,
        "form": form,
        "version": shown_version(request, filled, stale),
        "stands": _stands(stale),
        "back_url": back,
    }
    return render(request, "students/scales/withdraw.html", context, status=409 if stale else status_of(form))


def _stands(stale: StaleVersion | None) -> list[tuple[str, str]]:
    if stale is None or not isinstance(stale.stored, Filled):
        return []
    names = ("filled_on", "note", "change_reason")
    fields = [stale.stored._meta.get_field(name) for name in names]
    return [(str(field.verbose_name), str(getattr(stale.stored, field.name)) or "—") for field in fields]


def changes_of(filled: Filled) -> list:
    """Earlier states that were corrected, newest first; who, when and why. One statement."""
    past = list(filled.history.select_related("history_user").order_by("-history_date", "-history_id"))
    return [row for row in past if row.history_type == "~"]
