"""Access that follows from no duty: asked for with a reason, for a time (R4, N7)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, Role, User
from students.levels import Level
from students.models.student import Student

MAX_REASON = 500
EMERGENCY_LASTS = timedelta(hours=24)
LONGEST_REQUEST = timedelta(days=92)  # a term's half; it can be asked for again


def both_or_neither(at: str, by: str, name: str) -> models.CheckConstraint:
    condition = Q(**{f"{at}__isnull": True, f"{by}__isnull": True}) | Q(
        **{f"{at}__isnull": False, f"{by}__isnull": False}
    )
    return models.CheckConstraint(condition=condition, name=name)


def not_by_oneself(by: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{by}__isnull": True}) | ~Q(**{by: F("user")}),
        name=name,
        violation_error_message=_("Nobody decides about their own access."),
    )


class EmergencyAccessQuerySet(models.QuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> EmergencyAccessQuerySet:
        """One's own, and for 德育 and the principal those of the school."""
        from students import access

        return self.filter(access.asked_condition(user, access.OVERSEERS, now=now))

    def open_at(self, now: datetime) -> EmergencyAccessQuerySet:
        return self.filter(opened_at__lte=now, ends_at__gt=now)

    def awaiting_approval(self, now: datetime) -> EmergencyAccessQuerySet:
        return self.open_at(now).filter(level=Level.CONFIDENTIAL, approved_at__isnull=True)

    def unseen(self) -> EmergencyAccessQuerySet:
        return self.filter(verdict="")


class EmergencyAccess(OpaqueModel):
    """Somebody opened one file in an emergency: level 3 at once for 24 hours, level 4 once a second person approved."""

    class Verdict(models.TextChoices):
        SEEN = "seen", _("Seen, to be asked about")
        JUSTIFIED = "justified", _("Justified")
        NOT_JUSTIFIED = "unjustified", _("Not justified")

    student = models.ForeignKey(Student, models.CASCADE, related_name="emergencies")
    user = models.ForeignKey(User, models.PROTECT, related_name="emergencies")
    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.SENSITIVE)
    reason = EncryptedTextField(_("What has happened"), validators=[MaxLengthValidator(MAX_REASON)])
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    verdict = models.CharField(_("Review"), max_length=12, choices=Verdict, blank=True)
    review_note = EncryptedTextField(_("Why"), blank=True, validators=[MaxLengthValidator(MAX_REASON)])
    reviewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = EmergencyAccessQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-opened_at"]
        indexes = [models.Index(fields=["user", "ends_at"]), models.Index(fields=["verdict", "-opened_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(level__in=[Level.SENSITIVE, Level.CONFIDENTIAL]), name="emergency_level"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gte=F("opened_at")),
                name="emergency_ends_after_it_opens",
            ),
            both_or_neither("approved_at", "approved_by", "emergency_approved_at_by"),
            both_or_neither("reviewed_at", "reviewed_by", "emergency_reviewed_at_by"),
            not_by_oneself("approved_by", "emergency_approved_by_second"),
            not_by_oneself("reviewed_by", "emergency_reviewed_by_other"),
            models.CheckConstraint(
                condition=Q(verdict="", reviewed_at__isnull=True) | (~Q(verdict="") & Q(reviewed_at__isnull=False)),
                name="emergency_verdict_is_reviewed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("students:emergency", args=[self.pk])

    def is_open(self, now: datetime) -> bool:
        return self.opened_at <= now < self.ends_at

    def waits(self, now: datetime) -> bool:
        """For a second person, who opens the confidential part."""
        return self.level == Level.CONFIDENTIAL and self.approved_at is None and self.is_open(now)

    @property
    def is_decided(self) -> bool:
        return self.verdict not in ("", self.Verdict.SEEN)


class AccessRequestQuerySet(models.QuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> AccessRequestQuerySet:
        """One's own, and for 德育, who decide, those of the school."""
        from students import access

        return self.filter(access.asked_condition(user, (Role.MORAL_EDUCATION,), now=now))

    def waiting(self) -> AccessRequestQuerySet:
        return self.filter(decided_at__isnull=True)


class AccessRequest(OpaqueModel):
    """Somebody asks to see one file for a time; 德育 opens it or says why not."""

    student = models.ForeignKey(Student, models.CASCADE, related_name="access_requests")
    user = models.ForeignKey(User, models.PROTECT, related_name="access_requests")
    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.DAILY)
    reason = EncryptedTextField(_("What for"), validators=[MaxLengthValidator(MAX_REASON)])
    starts_on = models.DateField(_("First day"))
    ends_on = models.DateField(_("Last day"))
    asked_at = models.DateTimeField()
    is_granted = models.BooleanField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    decision_note = EncryptedTextField(_("Why"), blank=True, validators=[MaxLengthValidator(MAX_REASON)])
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)  # before its last day
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-asked_at"]
        indexes = [models.Index(fields=["user", "-asked_at"]), models.Index(fields=["decided_at"])]
        constraints = [
            models.CheckConstraint(condition=Q(level__in=[Level.DAILY, Level.SENSITIVE]), name="request_level"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="request_ends_after_start",
                violation_error_message=_("The last day can't be before the first."),
            ),
            both_or_neither("decided_at", "decided_by", "request_decided_at_by"),
            both_or_neither("decided_at", "is_granted", "request_decision_says_what"),
            not_by_oneself("decided_by", "request_decided_by_other"),
            models.UniqueConstraint(
                fields=["user", "student"],
                condition=Q(decided_at__isnull=True),
                name="one_request_at_a_time",
                violation_error_message=_("You have asked for this already; the answer is still to come."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("students:request_decide", args=[self.pk])

    def state(self, now: datetime) -> str:
        """waits · refused · future · over · live"""
        day: date = timezone.localdate(now)
        if self.is_granted is None:
            return "waits"
        if not self.is_granted:
            return "refused"
        if self.ended_at is not None or day > self.ends_on:
            return "over"
        return "future" if day < self.starts_on else "live"
