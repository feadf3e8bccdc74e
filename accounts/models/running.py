"""What the system does by itself, or must not do twice."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.opaque import OpaqueModel
from accounts.models.people import User

# What a backup may take; the task of the night has the same limit.
BACKUP_LIMIT = timedelta(hours=2)


class SentForm(models.Model):
    """A form that was sent and saved, by the number that its page was given: sent once more it saves nothing (accounts.once)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    number = models.UUIDField()
    led_to = models.CharField(max_length=300, blank=True)  # the page that was shown next
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "number"], name="one_saving_per_form")]

    def __str__(self) -> str:
        return str(self.pk)


class BackupRunQuerySet(models.QuerySet["BackupRun"]):
    def recent(self, most: int = 20) -> "list[BackupRun]":
        """Newest first. Enough to judge by: one a day, and a verified one that is further back is late anyway."""
        return list(self.order_by("-started_at")[:most])

    def newest_verified(self) -> "BackupRun | None":
        return self.filter(verified_at__isnull=False).order_by("-started_at").first()


class BackupRun(OpaqueModel):
    """What became of one backup. Without the row of a success the silence itself is the alarm (`accounts.backup.state`)."""

    class Code(models.TextChoices):
        """Why it did not work. The label is the sentence that the system administrator reads."""

        NO_KEY = "no_key", _("BACKUP_KEY is missing, malformed or another one.")
        NO_SPACE = "no_space", _("The disk is full. Make room, or move older backups to another machine.")
        NO_PERMISSION = "no_permission", _("The folder of the backups, or a file to be saved, may not be opened.")
        NO_DATABASE = "no_database", _("The database refused: it does not answer, or the credential has expired.")
        OLD_CLIENT = "old_client", _("pg_dump is missing or older than the database server.")
        DUMP = "dump", _("The database could not be read out completely.")
        DAMAGED = "damaged", _("The archive was read back and is not what was saved.")
        FILES_GONE = (
            "files_gone",
            _("More files than before are not on the disk. Find them while older backups hold them."),
        )
        BROKEN_OFF = "broken_off", _("It was broken off: the process was ended, or the machine switched off.")
        OTHER = "other", _("Something else went wrong. The log of the background worker says what.")

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)  # the archive was read back to its end, and was right
    code = models.CharField(max_length=20, choices=Code, blank=True)
    archive = models.CharField(max_length=60, blank=True)  # the name of the file
    size = models.PositiveBigIntegerField(_("Size in bytes"), default=0)
    missing_files = models.PositiveIntegerField(default=0)  # rows named them, and the disk did not have them

    objects = BackupRunQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-started_at"]
        verbose_name = _("backup")
        constraints = [
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True) | (Q(finished_at__isnull=False) & Q(code="")),
                name="backup_verified_is_finished_and_good",
            )
        ]

    def __str__(self) -> str:
        return self.archive or str(self.pk)

    def failed(self, now: datetime) -> bool:
        """It ended badly, or did not end within the time that a backup may take."""
        return bool(self.code) or (self.finished_at is None and self.started_at + BACKUP_LIMIT <= now)

    @property
    def sentence(self) -> str:
        return str(self.Code(self.code or self.Code.BROKEN_OFF).label)
