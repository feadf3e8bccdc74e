"""What every view states about itself: who may ask, and what stays open while reading is locked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Role

View = Callable[..., HttpResponse]
KINDS = ("public", "staff", "student", "role")


@dataclass(frozen=True)
class Policy:
    """Who may ask for a URL. The URL-policy walk reads it from `view.policy`.

    kind: public (everybody) · staff (any signed-in member of staff) · student (an object fetched through
    students.access, at `level`) · role (a live role of the person's school; `roles` names which).
    """

    kind: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    level: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS or (self.kind == "role") != bool(self.roles):
            raise ValueError(f"No such policy: {self}")


def policy(kind: str, *roles: Role, level: Any = None) -> Callable[[View], View]:
    """State a view's policy. Without one of `roles` a role policy answers 404, like everything one may not see."""
    rule = Policy(kind, frozenset(roles), level)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if rule.roles and not _holds(request, rule.roles):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.policy = rule
        return login_not_required(guarded) if kind == "public" else guarded

    return decorate


def _holds(request: HttpRequest, roles: frozenset[Role]) -> bool:
    return request.user.is_authenticated and request.user.has_role(*roles, on=timezone.localdate())


def open_while_locked(view: View) -> View:
    """Stays open after 30 idle minutes, until 12 h after sign-in: filing a note never starts with a password.

    Such a view may show nothing but what is needed to write: no timeline, no stored text of others.
    """
    view.open_while_locked = True
    return view


def autosave(view: View) -> View:
    """A draft that saves itself: stays open while reading is locked, and answers 401 when the session has ended."""
    view.autosave = True
    return open_while_locked(view)
