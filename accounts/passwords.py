"""Passwords: one-time ones for print, and what a good one may not contain."""

import secrets

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from pypinyin import lazy_pinyin

# No letter that can be read as another one on paper: no i, l, o, 0, 1.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 3, 4
SHORTEST_NAME = 4  # letters: 李 alone would refuse every password with "li" in it


def one_time_password() -> str:
    """Twelve random characters in three groups, e.g. ``k7mp-x3fd-9qrt``: 59 bits, good until the first sign-in."""
    groups = ("".join(secrets.choice(ALPHABET) for _n in range(GROUP_LENGTH)) for _g in range(GROUPS))
    return "-".join(groups)


class NamesValidator:
    """Refuses passwords with the school's or the person's own name or number in them, in characters or pinyin."""

    def validate(self, password: str, user=None) -> None:
        if user is not None and any(name in password.lower() for name in _names(user)):
            raise ValidationError(self.get_help_text(), code="password_has_name")

    def get_help_text(self) -> str:
        return _("The password must not contain your name, your employee number or the name of the school.")


def _names(user) -> set[str]:
    names = {user.display_name, user.school.name}
    spelled = {"".join(lazy_pinyin(name)) for name in names} | {user.employee_no, user.username}
    return {name.lower() for name in names if len(name) > 1} | {
        name.lower() for name in spelled if len(name) >= SHORTEST_NAME
    }
