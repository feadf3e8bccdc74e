"""What 德育 sets for the school: the categories of needs, and after how long the school reminds."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import policy
from accounts.models import Role
from accounts.once import once
from accounts.versions import StaleVersion, differences, posted_version, shown_version
from students.actions import dictionary as acts
from students.forms.dictionary import CategoryForm, ClocksForm
from students.models import Category, Group, all_clocks
from students.views.answers import applied, posted, saved, status_of

by_moral_education = policy("role", Role.MORAL_EDUCATION)
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@by_moral_education
@get_or_post
@once
def categories(request: HttpRequest) -> HttpResponse:
    """The list, and a form for one more."""
    form = CategoryForm(posted(request), instance=Category(school=request.user.school))
    add = partial(acts.add_category, by=request.user, category=form.instance)
    if form.is_valid() and saved(request, form, add):
        messages.success(request, _("Saved."))
        return redirect("students:categories")
    rows = list(Category.objects.filter(school=request.user.school).with_use())
    groups = [(group.label, [row for row in rows if row.group == group]) for group in Group]
    context = {"form": form, "groups": [(label, found) for label, found in groups if found], "total": len(rows)}
    return render(request, "students/settings/categories.html", context, status=status_of(form))


@by_moral_education
@get_or_post
def category(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Category, pk=pk, school=request.user.school)
    form, stale = CategoryForm(posted(request), instance=row), None
    if form.is_valid():
        change = partial(acts.change_category, by=request.user, category=row, version=posted_version(request))
        try:
            if applied(form, change):
                messages.success(request, _("Saved."))
                return redirect("students:categories")
        except StaleVersion as error:
            stale = error
    return _category_page(request, form, row, stale)


def _category_page(request: HttpRequest, form: CategoryForm, row: Category, stale: StaleVersion | None) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "used": row.needs.count(),
        "version": shown_version(request, row, stale),
        "changes": differences(form, stale),
    }
    return render(request, "students/settings/category.html", context, status=409 if stale else status_of(form))


@by_moral_education
@require_POST
def category_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Category, pk=pk, school=request.user.school)
    try:
        acts.delete_category(by=request.user, category=row, version=posted_version(request))
    except StaleVersion as stale:
        return _category_page(request, CategoryForm(instance=row), row, stale)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("students:category", pk=pk)
    messages.success(request, _("Deleted."))
    return redirect("students:categories")


@by_moral_education
@get_or_post
def clocks(request: HttpRequest) -> HttpResponse:
    """Every number in one form; a number that somebody else set meanwhile is shown beside one's own."""
    school = request.user.school
    amounts, status = all_clocks(school), 200
    form, changes = ClocksForm(posted(request), amounts=amounts), []
    version = posted_version(request) if form.is_bound else acts.clocks_version(school)
    if form.is_valid():
        try:
            acts.set_clocks(by=request.user, school=school, amounts=form.cleaned_data, version=version)
        except StaleVersion:
            status, version = 409, acts.clocks_version(school)
            changes = _differing(form, all_clocks(school))
        else:
            messages.success(request, _("Saved."))
            return redirect("students:clocks")
    context = {"form": form, "version": version, "changes": changes}
    return render(
        request, "students/settings/clocks.html", context, status=status_of(form) if status == 200 else status
    )


def _differing(form: ClocksForm, stored: dict[str, int]) -> list[dict[str, str]]:
    return [
        {"label": str(form[code].label), "theirs": str(stored[code]), "mine": str(mine)}
        for code, mine in form.cleaned_data.items()
        if mine != stored[code]
    ]
