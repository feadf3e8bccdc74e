"""FileAccess: who read what. Append-only; no foreign keys, since it must outlive erasure."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class FileAccessQuerySet(models.QuerySet):
    def of_student(self, student_id) -> FileAccessQuerySet:
        return self.filter(student_ids__contains=str(student_id))


class FileAccess(models.Model):
    """One request that showed level 2 or higher, searched, exported, printed or downloaded."""

    class Kind(models.TextChoices):
        VIEW = "view", _("Viewed")
        LIST = "list", _("Viewed in a list")
        SEARCH = "search", _("Searched")
        EXPORT = "export", _("Exported")
        PRINT = "print", _("Printed")
        DOWNLOAD = "download", _("Downloaded")

    at = models.DateTimeField(_("At"))
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

    objects = FileAccessQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["school_id", "-at"]), models.Index(fields=["user_id", "-at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user_id} {self.kind}"
