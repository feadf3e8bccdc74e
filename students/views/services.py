"""What the school can offer (F33): its list, which 德育 edits, and what is chosen from it for one confirmed need."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.decorators import policy
from accounts.once import once
from accounts.versions import StaleVersion, differences, posted_version, shown_version
from students import access, audit
from students import services as showing
from students.actions import services as acts
from students.forms.services import ChoosingForm, ServiceForm
from students.levels import Level
from students.models import CareNeed, ChosenService, FileAccess, Service
from students.views.answers import applied, posted, saved, status_of
from students.views.care_settings import by_moral_education, get_or_post


@by_moral_education
@get_or_post
@once
def services(request: HttpRequest) -> HttpResponse:
    """The list, and a form for one more."""
    form = ServiceForm(posted(request), instance=Service(school=request.user.school))
    add = partial(acts.add_service, by=request.user, service=form.instance)
    if form.is_valid() and saved(request, form, add):
        messages.success(request, _("Saved."))
        return redirect("students:services")
    rows = list(Service.objects.filter(school=request.user.school).with_use())
    return render(request, "students/settings/services.html", {"form": form, "rows": rows}, status=status_of(form))


@by_moral_education
@get_or_post
def service(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Service, pk=pk, school=request.user.school)
    form, stale = ServiceForm(posted(request), instance=row), None
    if form.is_valid():
        change = partial(acts.change_service, by=request.user, service=row, version=posted_version(request))
        try:
            if applied(form, change):
                messages.success(request, _("Saved."))
                return redirect("students:services")
        except StaleVersion as error:
            stale = error
    return _service_page(request, form, row, stale)


def _service_page(request: HttpRequest, form: ServiceForm, row: Service, stale: StaleVersion | None) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "used": row.chosen.count(),
        "version": shown_version(request, row, stale),
        "changes": differences(form, stale),
    }
    return render(request, "students/settings/service.html", context, status=409 if stale else status_of(form))


@by_moral_education
@require_POST
def service_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Service, pk=pk, school=request.user.school)
    try:
        acts.delete_service(by=request.user, service=row, version=posted_version(request))
    except StaleVersion as stale:
        return _service_page(request, ServiceForm(instance=row), row, stale)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("students:service", pk=pk)
    messages.success(request, _("Deleted."))
    return redirect("students:services")


# --- for one need -----------------------------------------------------------------------------------------------------


@policy("student", level=Level.SENSITIVE)
@get_or_post
def need_services(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which services this need gets: a tick and a line for each, those that fit its category first."""
    now, need = timezone.now(), _need(request, pk)
    chosen = showing.chosen_for([need])[need.pk]
    fitting, others = _offered(need, chosen)
    lines = {row.service_id: row.how for row in chosen}
    form, stale = ChoosingForm(posted(request), services=[*fitting, *others], chosen=lines), None
    if form.is_valid():
        try:
            version = posted_version(request)
            acts.choose_services(need=need, lines=form.lines(), by=request.user, version=version, now=now)
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Saved."))
            return redirect(need)
    audit.record(request, FileAccess.Kind.VIEW, students=[need.student], level=need.level)
    context: dict[str, Any] = {
        "need": need,
        "form": form,
        "fitting": list(form.of(fitting)),
        "others": list(form.of(others)),
        "version": shown_version(request, need, stale),
        "changes": showing.differing(form.lines(), showing.chosen_for([need])[need.pk]) if stale else [],
    }
    return render(request, "students/needs/services.html", context, status=409 if stale else status_of(form))


def _need(request: HttpRequest, pk: UUID) -> CareNeed:
    """A confirmed one; 404 for what one may not see, and where there is nothing to choose yet or any more."""
    found = CareNeed.objects.visible_to(request.user).confirmed().select_related("category", "student")
    need = get_object_or_404(found, pk=pk)
    if not access.chooses_services(request.user, need.student, now=timezone.now()):
        raise PermissionDenied
    return need


def _offered(need: CareNeed, chosen: list[ChosenService]) -> tuple[list[Service], list[Service]]:
    """What was chosen and is out of use by now stands among those that fit, so that it can be taken back."""
    fitting, others = showing.to_consider(need)
    known = {*fitting, *others}
    return [*fitting, *(row.service for row in chosen if row.service not in known)], others
