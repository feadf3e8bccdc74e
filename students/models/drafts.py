"""Draft: words that are not yet a record, kept on the server for their writer alone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.db import models
from django.urls import reverse

from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, User

KEPT = timedelta(days=7)
MOST = 30  # drafts of one person that are looked at
MAX_BODY = 40_000  # characters of the form, as JSON


class DraftQuerySet(models.QuerySet):
    def live(self, now: datetime) -> DraftQuerySet:
        return self.filter(updated_at__gt=now - KEPT)

    def unfinished_of(self, user: User, now: datetime) -> list[Draft]:
        """This user's notes that wait to be finished, the newest first; a closed draft has no words. One statement."""
        drafts = self.live(now).filter(user=user, key__startswith="note:").order_by("-updated_at")[:MOST]
        return [draft for draft in drafts if draft.body]


class Draft(OpaqueModel):
    """The fields of an unfinished form as JSON, encrypted; deleted on submit or after 7 days."""

    user = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    # which form: note:new:<incident>, note:edit:<id>, note:append:<id>, screen:<sheet>:<student>, learn:<student>,
    # handover:<id>:class, handover:<id>:<student>
    key = models.CharField(max_length=80)
    body = EncryptedTextField()
    seq = models.PositiveBigIntegerField(default=0)  # an older autosave never overwrites a newer one
    updated_at = models.DateTimeField()

    objects = DraftQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_draft_per_form")]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        """The form to go on with."""
        kind, *rest = self.key.split(":")
        if kind != "note":
            pages = {"screen": "screening_class", "learn": "learning_check", "handover": "handover"}
            return reverse(f"students:{pages[kind]}", args=rest[:1])
        form, pk = rest
        if form == "new":
            return f"{reverse('students:note_new')}?draft={pk}"
        return reverse(f"students:note_{form}", args=[pk])

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields as they were typed."""
        return json.loads(self.body) if self.body else {}

    @property
    def is_daily(self) -> bool:
        """Whether the note will be one of daily life; what is sensitive stands on no page at which others look."""
        return self.form.get("level", ["2"])[-1:] == ["2"]

    @property
    def words(self) -> str:
        return "".join(self.form.get("facts", [""]))
