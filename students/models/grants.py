"""AccessGrant: django-guardian's direct-foreign-key permission model, with a reason and dates."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase
from simple_history.models import HistoricalRecords

from accounts.models import User
from students.levels import codenames_from


class AccessGrantQuerySet(models.QuerySet):
    def live(self, now: datetime) -> AccessGrantQuerySet:
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), starts_at__lte=now)

    def opening(self, level: int) -> AccessGrantQuerySet:
        """Those that open records of this level."""
        return self.filter(permission__codename__in=codenames_from(level))


class AccessGrant(UserObjectPermissionBase):
    """One user may see one student up to one level, for one reason, from a moment to a moment.

    Nothing but students.access may ask this table a question: guardian's own helpers know no dates.
    """

    class Reason(models.TextChoices):
        HEAD_TEACHER = "head", _("Head teacher")
        DEPUTY = "deputy", _("Deputy head teacher")
        SUBJECT_TEACHER = "subject", _("Subject teacher")
        GRADE_LEADER = "grade", _("Grade leader")
        SUPPORT_TEAM = "team", _("Support team")
        REFERRAL = "referral", _("Referral")
        CONFERENCE = "conference", _("Case conference")
        COUNSELLING = "counselling", _("Counselling")
        HAND_OVER = "hand_over", _("Hand-over")
        EMERGENCY = "emergency", _("Emergency access")
        REQUEST = "request", _("Access on request")

    content_object = models.ForeignKey("students.Student", models.CASCADE, related_name="grants")
    reason = models.CharField(_("Reason"), max_length=12, choices=Reason)
    source = models.CharField(max_length=90)  # what this grant follows from, e.g. class:<assignment>:<enrolment>
    note = models.CharField(_("Why"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"), null=True, blank=True)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    history = HistoricalRecords()

    objects = AccessGrantQuerySet.as_manager()  # type: ignore[assignment]  # guardian declares its own manager

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["content_object", "user"])]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "permission", "content_object", "source"], name="one_grant_per_source"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="grant_ends_after"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.reason} {self.content_object_id}"
