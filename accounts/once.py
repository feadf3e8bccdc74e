"""A form that arrives twice saves once: double click, retry after a time-out, Back and send again (TRUST.md T54).

Its page carries a number of its own (`{% once %}`). The view says `@once` and saves inside `with saving(request)`.
Notes need none of this: their incident is such a number already.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.models import SentForm

KEPT = timedelta(days=7)
NUMBER = "once"
NOT_CONTENT = (NUMBER, "csrfmiddlewaretoken")


class SentBefore(Exception):
    """The same form with the same content is saved."""


def once(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The second time the same form leads where the first time led, and saves nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = _number(request)
        if number is None:
            return view(request, *args, **kwargs)
        if sent := _sent(request, number):
            return _again(request, sent)
        try:
            response = view(request, *args, **kwargs)
        except SentBefore:  # at the same moment
            return _again(request, _sent(request, number))
        if 300 <= response.status_code < 400:
            _mine(request, number).update(led_to=response["Location"][:300])
        elif sent := _sent(request, number):  # refused, because the first one took the name or the seat meanwhile
            return _again(request, sent)
        return response

    return guarded


@contextmanager
def saving(request: HttpRequest) -> Iterator[None]:
    """What is saved inside and the form's number are saved together, or neither. Raises SentBefore.

    The number is unique in the database, so of twenty at one moment the first wins and the others wait to be told.
    """
    number = _number(request)
    with transaction.atomic():
        if number is not None:
            try:
                with transaction.atomic():
                    SentForm.objects.create(user=request.user, number=number, at=timezone.now())
            except IntegrityError:
                raise SentBefore from None
        yield


def forget(*, now: datetime) -> int:
    """Nobody sends a form again after 7 days; how many numbers there were."""
    return SentForm.objects.filter(at__lte=now - KEPT).delete()[0]


def _number(request: HttpRequest) -> uuid.UUID | None:
    """Of this form with this content: whoever goes back and writes something else means something else."""
    try:
        page = uuid.UUID(request.POST.get(NUMBER, ""))
    except ValueError:
        return None
    content = repr([(name, values) for name, values in sorted(request.POST.lists()) if name not in NOT_CONTENT])
    for name, file in sorted(request.FILES.items()):
        content += f"{name}:{hashlib.sha256(file.read()).hexdigest()}"
        file.seek(0)
    return uuid.uuid5(page, f"{request.get_full_path()}\n{content}")


def _mine(request: HttpRequest, number: uuid.UUID):
    return SentForm.objects.filter(user=request.user.pk, number=number)


def _sent(request: HttpRequest, number: uuid.UUID) -> SentForm | None:
    return _mine(request, number).first()


def _again(request: HttpRequest, sent: SentForm | None) -> HttpResponse:
    messages.info(request, _("This arrived twice and is saved once."))
    return redirect(sent.led_to if sent and sent.led_to else _form_page(request))


def _form_page(request: HttpRequest) -> str:
    """Where the first one leads is not known yet, and its address may take POST alone."""
    url = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else request.get_full_path()
