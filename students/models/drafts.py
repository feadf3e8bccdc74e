"""Draft: words that are not yet a record, kept on the server for their writer alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, User

KEPT = timedelta(days=7)
MAX_BODY = 40_000  # characters of the form, as JSON


class DraftQuerySet(models.QuerySet):
    def live(self, now: datetime) -> DraftQuerySet:
        return self.filter(updated_at__gt=now - KEPT)


class Draft(OpaqueModel):
    """The fields of an unfinished form as JSON, encrypted; deleted on submit or after 7 days."""

    user = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    key = models.CharField(max_length=80)  # which form: note:new, note:<id>, …
    body = EncryptedTextField()
    seq = models.PositiveBigIntegerField(default=0)  # an older autosave never overwrites a newer one
    updated_at = models.DateTimeField()

    objects = DraftQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_draft_per_form")]

    def __str__(self) -> str:
        return str(self.pk)
