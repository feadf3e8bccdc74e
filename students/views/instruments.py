"""Assessment tools: which the school has, what each consists of, and making or changing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once
from accounts.versions import CHANGED_MEANWHILE, StaleVersion, posted_version, shown_version
from students import access
from students.actions.assessments import change_instrument, define_instrument, offer_instrument
from students.forms.assessments import InstrumentForm, item_label
from students.models import Instrument
from students.scales.scoring import Definition
from students.views.answers import posted, saved, status_of

makers = policy("role", Role.COUNSELLOR, Role.MORAL_EDUCATION)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def instrument_of(request: HttpRequest, pk: UUID) -> Instrument:
    """Fetching is checking: those of the own school."""
    return get_object_or_404(Instrument.objects.with_use(), pk=pk, school=request.user.school_id)


@makers
@require_safe
def instruments(request: HttpRequest) -> HttpResponse:
    own = Instrument.objects.filter(school=request.user.school_id).with_use()
    offered = list(own.offered())
    current = {each.series for each in offered}
    put_away = [each for each in own.order_by("name", "-edition") if each.series not in current]
    latest = list({each.series: each for each in reversed(put_away)}.values())
    context = {"offered": offered, "put_away": latest}
    return render(request, "students/scales/instruments.html", context)


@makers
@require_safe
def instrument(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What it consists of, as it was understood: which items count where and which way round."""
    shown = instrument_of(request, pk)
    editions = Instrument.objects.filter(school=shown.school_id, series=shown.series).order_by("-edition")
    context = {
        "instrument": shown,
        "editions": list(editions),
        "may_fill": _may_fill(request, shown),
        **anatomy(shown.defined),
    }
    return render(request, "students/scales/instrument.html", context)


def _may_fill(request: HttpRequest, shown: Instrument) -> bool:
    confidential = shown.kind == Instrument.Kind.ASSESSMENT and shown.retired_at is None
    return confidential and access.fills_assessments(request.user, now=timezone.now())


def anatomy(definition: Definition) -> dict[str, Any]:
    scales = [{"scale": each, "range": definition.range_of(each)} for each in definition.scales]
    items = [
        {
            "label": item_label(number, item.text),
            "reverse": item.reverse,
            "scales": [scale.name for scale in definition.scales if number in scale.items],
        }
        for number, item in enumerate(definition.items, 1)
    ]
    return {"items": items, "scales": scales, "options": definition.options, "missing": definition.missing}


@makers
@get_or_post
@once
def instrument_new(request: HttpRequest) -> HttpResponse:
    form = InstrumentForm(posted(request))
    made: list[Instrument] = []

    def make() -> None:
        school = request.user.school
        made.append(
            define_instrument(by=request.user, school=school, fields=form.fields_of_row, definition=form.definition)
        )

    if form.is_valid() and saved(request, form, make):
        messages.success(request, _("Saved. Look whether every item counts where it should."))
        return redirect(made[0])
    return render(request, "students/scales/instrument_new.html", {"form": form}, status=status_of(form))


@makers
@get_or_post
def instrument_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Before anybody answered it the row itself; afterwards the next edition, and the old results stay as they were."""
    row = instrument_of(request, pk)
    form = InstrumentForm(posted(request), instance=row)
    stale = None
    if form.is_valid():
        try:
            changed = _change(request, row, form)
        except StaleVersion as error:
            stale = error
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            messages.success(request, _("Saved. Look whether every item counts where it should."))
            return redirect(changed)
    context = {
        "instrument": row,
        "form": form,
        "version": shown_version(request, row, stale),
        "changes": _differences(form, stale),
    }
    return render(request, "students/scales/instrument_edit.html", context, status=409 if stale else status_of(form))


def _change(request: HttpRequest, row: Instrument, form: InstrumentForm) -> Instrument:
    return change_instrument(
        by=request.user,
        instrument=row,
        version=posted_version(request),
        fields=form.fields_of_row,
        definition=form.definition,
        now=timezone.now(),
    )


def _differences(form: InstrumentForm, stale: StaleVersion | None) -> list[dict[str, str]]:
    """What somebody else saved and what is typed here, also of the fields that are lines of the definition."""
    if stale is None or not isinstance(stale.stored, Instrument):
        return []
    theirs = InstrumentForm(instance=stale.stored)
    word: Callable[[Any], str] = lambda value: "" if value is None else str(value)  # noqa: E731
    pairs = [(form[name].label, word(theirs[name].initial), word(form[name].value())) for name in form.fields]
    return [{"label": label, "theirs": one, "mine": other} for label, one, other in pairs if one != other]


@makers
@require_POST
def instrument_offer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put it away, or take it out again; what it was when somebody decided."""
    row = instrument_of(request, pk)
    offered = request.POST.get("offered") == "1"
    try:
        offer_instrument(
            by=request.user, instrument=row, offered=offered, version=posted_version(request), now=timezone.now()
        )
    except StaleVersion as error:
        now = error.stored if isinstance(error.stored, Instrument) else row
        context = {"instrument": now, "editions": [], "may_fill": False, **anatomy(now.defined)}
        messages.error(request, CHANGED_MEANWHILE)
        return render(request, "students/scales/instrument.html", context, status=409)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(row)
    messages.success(request, _("It may be filled in again.") if offered else _("Put away. What was filled in stays."))
    return redirect("students:instruments")
