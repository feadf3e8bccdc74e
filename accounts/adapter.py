"""How django-allauth signs people in here: by employee number, with no sign-up and no mail."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import security
from accounts.actions import recognise_device
from accounts.devices import marks_of, token_of
from accounts.middleware import DEVICE, start_clock
from accounts.models import KnownDevice, User
from accounts.security import Kind

# Messages of allauth that are worth a line; "you have signed in" is not.
SPOKEN = frozenset({"account/messages/password_changed.txt"})


def attempts_key(username: str) -> str:
    """One bucket of failed attempts per account, whatever the host name or spelling, shared by all processes."""
    return username.strip().casefold()


def clear_attempts(request: HttpRequest, user: User) -> None:
    """Let somebody who has failed too often try again at once."""
    ratelimit.clear(request, app="allauth.account", action="login_failed", key=attempts_key(user.username))


class Adapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The employee number or the password is not right."),
        "too_many_login_attempts": _("Too many wrong passwords for this account. Wait a quarter of an hour."),
        "incorrect_password": _("The password is not right."),
        "enter_current_password": _("The password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        # allauth sends deactivated people to a page of their own; here they hear what everybody hears.
        try:
            user = super().authenticate(request, **credentials)
        except ValidationError:  # too many tries
            security.record_failure(credentials["username"])
            raise
        if user is not None and user.is_active:
            return user
        security.record_failure(credentials["username"])
        return None

    def login(self, request: HttpRequest, user: User) -> None:
        security.record(Kind.SIGN_IN, by=user)  # first: a sign-in that leaves no row does not happen
        device, request.device_token = self._recognise(request, user)
        super().login(request, user)
        request.session[DEVICE] = str(device.pk)
        start_clock(request)

    def _recognise(self, request: HttpRequest, user: User) -> tuple[KnownDevice, str]:
        token, agent = token_of(request), request.META.get("HTTP_USER_AGENT", "")
        return recognise_device(user=user, token=token, marks=marks_of(agent), now=timezone.now()), token

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        user.set_password(password)
        user.must_change_password = False
        user.save(update_fields=["password", "must_change_password"])
        security.record(Kind.PASSWORD_CHANGED, by=user, about=user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ):
        if message_template in SPOKEN:
            super().add_message(request, level, message_template, *args, **kwargs)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return attempts_key(credentials["username"])
