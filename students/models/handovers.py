"""A class, or some of its students, go from one head teacher to another (R11, N12)."""

from __future__ import annotations

from datetime import datetime

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, User
from students.levels import Level
from students.models.classes import ClassGroup
from students.models.records import StudentRecord, StudentRecordQuerySet

MAX_SUMMARY = 2000


class HandoverQuerySet(models.QuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> HandoverQuerySet:
        from students import access

        return self.filter(access.handover_condition(user, now=now))

    def outstanding(self) -> HandoverQuerySet:
        return self.filter(acknowledged_at__isnull=True)


class Handover(OpaqueModel):
    """Due by itself when a head teacher's access ends and another's begins (students.actions.handovers).

    `class_group` is the old class, `to_class` the one that the children sit in now: the same one where only the teacher
    changed. Who gives it sees no file any more, only the names, and writes until it is taken over.
    """

    giver = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("Handed over by"))
    taker = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("Taken over by"))
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="+")
    to_class = models.ForeignKey(ClassGroup, models.PROTECT, related_name="+")
    on = models.DateField(_("From"))
    summary = EncryptedTextField(
        _("About the class as a whole"), blank=True, validators=[MaxLengthValidator(MAX_SUMMARY)]
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    objects = HandoverQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["on", "created_at"]
        indexes = [models.Index(fields=["taker", "acknowledged_at"]), models.Index(fields=["giver", "acknowledged_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["giver", "taker", "class_group", "to_class", "on"], name="one_handover_per_change"
            ),
            models.CheckConstraint(
                condition=~Q(giver=F("taker")),
                name="handover_between_two",
                violation_error_message=_("Nobody hands over to themselves."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("students:handover", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.acknowledged_at is None

    @property
    def of_class(self) -> bool:
        """The whole class, whose teacher changed; else some children who changed class."""
        return self.class_group_id == self.to_class_id


class HandoverSummaryQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> HandoverSummaryQuerySet:
        """By level; and one's own until the other teacher has taken over."""
        from students import access

        return self.filter(access.summary_condition(user, now=now))


class HandoverSummary(StudentRecord):
    """What the old teacher wants the new one to know about one child."""

    handover = models.ForeignKey(Handover, models.CASCADE, related_name="summaries")
    text = EncryptedTextField(_("What the next teacher should know"), validators=[MaxLengthValidator(MAX_SUMMARY)])

    objects = HandoverSummaryQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        constraints = [
            models.UniqueConstraint(fields=["handover", "student"], name="one_summary_per_child"),
            models.CheckConstraint(condition=Q(level=Level.SENSITIVE), name="summary_level"),
        ]
