"""The log of what happened to accounts; the read log has the same shape."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LogRow(models.Model):
    """A row of a log, newest first. It has no foreign keys: it must outlive what it speaks of, and whom."""

    user_id: str  # each log says itself whether somebody must be named, and what kinds there are
    kind: str

    at = models.DateTimeField(_("At"))

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user_id} {self.kind}"


class SecurityEvent(LogRow):
    """One sign-in, failure, sign-out, or change of what somebody may do. Append-only, like the read log.

    Who did it (nobody: a command at the server, or whoever failed to sign in), to whom, in which request, from where.
    `detail` is a code, such as a role's: never a name or a typed word.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Failed to sign in")
        SIGN_OUT = "sign_out", _("Signed out")
        DEVICE_NEW = "device_new", _("Signed in with a new device")
        DEVICE_OWN = "device_own", _("Said that a new device is their own")
        DEVICE_REFUSED = "device_refused", _("Said that a new device is not their own")
        PASSWORD_CHANGED = "password_changed", _("Changed the password")
        PASSWORD_RESET = "password_reset", _("Gave a one-time password")
        TRIES_CLEARED = "tries_cleared", _("Opened a slowed account")
        ACCOUNT_ADDED = "account_added", _("Added an account")
        DEACTIVATED = "deactivated", _("Deactivated an account")
        REACTIVATED = "reactivated", _("Reactivated an account")
        ROLE_PROPOSED = "role_proposed", _("Gave or proposed a role")
        ROLE_CONFIRMED = "role_confirmed", _("Confirmed a role")
        ROLE_DECLINED = "role_declined", _("Declined a role")
        ROLE_ENDED = "role_ended", _("Ended a role")
        DUTY_GIVEN = "duty_given", _("Gave a duty")
        DUTY_ENDED = "duty_ended", _("Ended a duty")
        ACCESS_GIVEN = "access_given", _("Opened a file to somebody")
        ACCESS_ENDED = "access_ended", _("Closed a file to somebody")
        REFUSED = "refused", _("Was refused a page")

    school_id = models.CharField(max_length=36, blank=True)
    user_id = models.CharField(max_length=36, blank=True)
    user_label = models.CharField(_("Who"), max_length=120, blank=True)
    kind = models.CharField(_("What"), max_length=20, choices=Kind)
    about_id = models.CharField(max_length=36, blank=True)
    about_label = models.CharField(_("Whom"), max_length=120, blank=True)
    student_id = models.CharField(max_length=36, blank=True)
    detail = models.CharField(max_length=40, blank=True)
    typed_hash = models.CharField(max_length=64, blank=True)  # of an employee number that means nobody
    what = models.CharField(_("Page"), max_length=60, blank=True)
    page_view = models.CharField(max_length=36, blank=True)
    address = models.CharField(max_length=45, blank=True)

    class Meta(LogRow.Meta):
        indexes = [models.Index(fields=["school_id", "-at"])]
