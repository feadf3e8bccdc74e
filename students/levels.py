"""The confidentiality levels of DESIGN §3 and the permissions that open them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    BASIC = 1, _("Basic")
    DAILY = 2, _("Daily")
    SENSITIVE = 3, _("Sensitive")
    CONFIDENTIAL = 4, _("Confidential")

    @property
    def codename(self) -> str:
        return CODENAMES[self]


CODENAMES = {
    Level.BASIC: "view_student",
    Level.DAILY: "view_daily",
    Level.SENSITIVE: "view_sensitive",
    Level.CONFIDENTIAL: "view_confidential",
}


def codenames_from(level: int) -> list[str]:
    """The permissions that open records of this level: a permission includes the levels below it."""
    return [codename for each, codename in CODENAMES.items() if each >= level]
