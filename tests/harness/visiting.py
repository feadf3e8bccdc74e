"""How the harness asks: as one of the cast, by any method, and with nothing left behind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SAFE = ("GET", "HEAD")


def client_for(user: User | None, **defaults: Any) -> Client:
    client = Client(**defaults)
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client


@contextmanager
def undone():
    """What is written inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(
    client: Client, method: str, url: str, data: dict | None = None, *, htmx: bool = False, **headers: str
) -> HttpResponse:
    """One request; what an unsafe one writes is taken back, and the person stays signed in."""
    if htmx:
        headers["HX-Request"] = "true"
    if method in SAFE:
        return _read(client.generic(method, url, headers=headers))
    cookies = client.cookies.copy()
    with undone():
        form = method == "POST"
        response = (
            client.post(url, data or {}, headers=headers) if form else client.generic(method, url, headers=headers)
        )
    client.cookies = cookies
    return _read(response)


def _read(response: HttpResponse) -> HttpResponse:
    """A file is read to its end and closed."""
    response.raw = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return response


def body(response: HttpResponse) -> str:
    return response.raw.decode("utf-8", "replace")


def page_of(response: HttpResponse) -> str:
    """Everything of an answer that a person could read: body and headers."""
    return "\n".join([body(response), *(f"{name}: {value}" for name, value in response.headers.items())])


def face(response: HttpResponse) -> tuple:
    """What must not differ between "does not exist" and "not for you"."""
    return response.status_code, sorted(response.headers.items()), body(response)


def listed(wrong: list[str]) -> str:
    """For an assertion that shows all of them."""
    return "\n".join(wrong)
