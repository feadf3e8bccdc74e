"""Which request a line of the log belongs to. Opaque ids only: the page view, which the read log holds too, and the person."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

_current: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


@contextmanager
def within(request: HttpRequest) -> Iterator[None]:
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> HttpRequest | None:
    """The request that is being answered; None in commands and tasks."""
    return _current.get()


def ids(request: object = None) -> dict[str, str]:
    """`request` and `user` of the given request, or of the one that is being answered; empty outside of any."""
    request = request if isinstance(request, HttpRequest) else _current.get()
    if request is None:
        return {}
    # Only who is known already: the log asks the database nothing, and may be telling that it is gone.
    user = getattr(request, "_cached_user", None)
    known = {"request": getattr(request, "page_view", ""), "user": str(getattr(user, "pk", None) or "")}
    return {name: value for name, value in known.items() if value}
