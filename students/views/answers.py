"""How a form page of the school's office answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict

from accounts.once import saving


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent; an empty form counts as sent too."""
    return request.POST if request.method == "POST" else None


def applied(form: BaseForm, act: Callable[[], Any]) -> bool:
    """Do it; a rule that refuses stands above the form in words, and what was typed stays."""
    try:
        act()
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return False
    return True


def saved(request: HttpRequest, form: BaseForm, act: Callable[[], Any]) -> bool:
    """`applied`, for a form that makes something new and carries {% once %}."""

    def once() -> None:
        with saving(request):
            act()

    return applied(form, once)


def status_of(form: BaseForm) -> int:
    return 422 if form.is_bound and form.errors else 200
