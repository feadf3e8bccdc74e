"""The read log, its seals, and what stands out in it. Logs and seals are append-only and have no foreign keys, since they
must outlive erasure; a notice says who has looked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import LogRow, OpaqueModel, School, User


class FileAccessQuerySet(models.QuerySet):
    def of_student(self, student_id) -> FileAccessQuerySet:
        return self.filter(student_ids__contains=str(student_id))


class FileAccess(LogRow):
    """One request that showed level 2 or higher, searched, exported, printed or downloaded."""

    class Kind(models.TextChoices):
        VIEW = "view", _("Viewed")
        LIST = "list", _("Viewed in a list")
        SEARCH = "search", _("Searched")
        EXPORT = "export", _("Exported")
        PRINT = "print", _("Printed")
        DOWNLOAD = "download", _("Downloaded")

    school_id = models.CharField(max_length=36)
    user_id = models.CharField(max_length=36)
    user_label = models.CharField(_("Who"), max_length=120)
    for_user_id = models.CharField(max_length=36, blank=True)
    kind = models.CharField(_("What"), max_length=10, choices=Kind)
    what = models.CharField(_("Page"), max_length=60)
    level = models.PositiveSmallIntegerField(_("Level"))
    student_ids = models.TextField(blank=True)
    terms_hash = models.CharField(max_length=64, blank=True)
    page_view = models.CharField(max_length=36, blank=True)
    address = models.CharField(max_length=45, blank=True)
    reason = models.CharField(max_length=12, blank=True, db_default="")  # "emergency": opened through emergency access

    objects = FileAccessQuerySet.as_manager()

    class Meta(LogRow.Meta):
        indexes = [models.Index(fields=["school_id", "-at"]), models.Index(fields=["user_id", "-at"])]


class AuditSeal(models.Model):
    """One link of the chain over both logs: which rows it covers, and a keyed digest of them and of the link before.

    `spans`: the primary keys, such as "1-100 103". A row that was committed late stands in a later seal (students.sealing).
    """

    number = models.PositiveIntegerField(primary_key=True)
    log = models.CharField(max_length=10)
    spans = models.TextField()
    count = models.PositiveIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-number"]

    def __str__(self) -> str:
        return self.anchor

    @property
    def anchor(self) -> str:
        """What to write down outside: 128-3fa9-77c1-0b2e-91d4."""
        return "-".join([str(self.number), *(self.digest[at : at + 4] for at in range(0, 16, 4))])


class ReadingNoticeQuerySet(models.QuerySet):
    def for_reader(self, user: User) -> ReadingNoticeQuerySet:
        """Of one's own school, and not about oneself."""
        return self.filter(school_id=user.school_id).exclude(about=user)

    def unseen(self) -> ReadingNoticeQuerySet:
        return self.filter(seen_at__isnull=True)


class ReadingNotice(OpaqueModel):
    """Somebody read more than is usual, or came with a new device to what opens much: a fact to be asked about, not a reproach. One for each event (T29)."""

    class Kind(models.TextChoices):
        BREADTH = "breadth", _("Opened many files in a short time")
        EXPORT = "export", _("Took many students out in one file")
        NIGHT = "night", _("Opened many files at night")
        REFUSED = "refused", _("Was refused many times")
        STOP = "stop", _("Was stopped: too many files")
        DEVICE = "device", _("Signed in with a new device")

    school = models.ForeignKey(School, models.PROTECT, related_name="+")
    about = models.ForeignKey(User, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    row = models.BigIntegerField()  # of the log (REFUSED, DEVICE: of security events) at which it was too many
    students = models.PositiveIntegerField()
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = ReadingNoticeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "row"], name="one_notice_per_event"),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True, seen_by__isnull=True)
                | Q(seen_at__isnull=False, seen_by__isnull=False),
                name="notice_seen_at_by_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind}"
