"""What the rules of a school have noticed, and what came of it (F1, F8): words and counts, no score."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, School, User
from students.levels import Level
from students.models.records import Observation, StudentRecord, StudentRecordQuerySet

MAX_WORDS = 1000  # characters
TALKS = (Observation.Kind.TALK, Observation.Kind.INTERVIEW)


class SignalRule(OpaqueModel):
    """Whether a school wants a rule, and from which numbers on. Where a school has no row, students.signals says."""

    class Code(models.TextChoices):
        CONCERNS = "concerns", _("Several concerns in a short time")
        TONE = "tone", _("The tone has changed suddenly")
        FAMILY = "family", _("Something in the family, then the mood")
        NEGATIVE = "negative", _("Nothing but concerns")
        DROP = "drop", _("Marks have dropped")
        DECLINE = "decline", _("Marks go down and down")
        CONTACT = "contact", _("Concerns, and the family was not reached")
        SILENCE = "silence", _("Not noticed for long")

    school = models.ForeignKey(School, models.CASCADE, related_name="signal_rules")
    code = models.CharField(max_length=10, choices=Code, editable=False)
    is_on = models.BooleanField(_("This rule is used"), default=True)
    amount = models.PositiveSmallIntegerField(null=True, blank=True)
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    before = models.PositiveSmallIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["school", "code"], name="one_signal_rule_per_code")]

    def __str__(self) -> str:
        return self.code


class SignalQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> SignalQuerySet:
        """By level, like every record; what a rule no longer finds is for nobody."""
        from students import access

        return self.standing().filter(access.record_condition(user, now=now))

    def standing(self) -> SignalQuerySet:
        return self.filter(lapsed_at__isnull=True)

    def unanswered(self) -> SignalQuerySet:
        return self.standing().filter(answered_at__isnull=True)

    def promised(self) -> SignalQuerySet:
        """A talk was planned, and nobody has written one since: a promise ends by a talk and not by a click.

        A talk of level 4 ends it for nobody, since that would tell of it.
        """
        talks = Observation.objects.valid().filter(
            student=OuterRef("student_id"),
            kind__in=TALKS,
            level__lte=Level.SENSITIVE,
            created_at__gt=OuterRef("answered_at"),
        )
        return self.standing().filter(~Exists(talks), answer=Signal.Answer.TALK)

    def open_items_of(self, user: User, *, today: date) -> SignalQuerySet:
        """The talks that this person has planned, those due first."""
        return self.promised().filter(talk_by=user).order_by("talk_on", "pk")

    def hand_over(self, *, giver: User, taker: User, students) -> int:
        """A planned talk goes to whoever has the class now. What is not answered needs none of this: it asks whoever
        is head teacher."""
        promises = list(self.promised().filter(talk_by=giver, student__in=students))
        for signal in promises:
            signal.talk_by = taker
            signal.version += 1
            signal._change_reason = "hand-over"
            signal.save(update_fields=["talk_by", "version", "updated_at"])
        return len(promises)


class Signal(StudentRecord):
    """A rule found something about a student. Nobody wrote it, so it has no author; somebody answers it.

    `counted`: the keys of what the rule counted, "students.observation:<id>" for a record. Its level is the highest
    among these records, so whoever sees the signal may see them all.
    `numbers`: what its sentence says, as it was when the rule found it.
    """

    class Answer(models.TextChoices):
        NOTED = "noted", _("Known, because …")
        TALK = "talk", _("A talk is planned")
        PROPOSED = "proposed", _("A care need is proposed")

    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")  # type: ignore[assignment]
    rule = models.CharField(_("Rule"), max_length=10, choices=SignalRule.Code, editable=False)
    counted = models.JSONField(default=list, editable=False)
    numbers = models.JSONField(default=dict, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    raised_on = models.DateField(_("Noticed on"), editable=False)
    lapsed_at = models.DateTimeField(null=True, blank=True, editable=False)
    answer = models.CharField(_("What comes of it"), max_length=10, choices=Answer, blank=True)
    because = EncryptedTextField(_("What you know"), blank=True, validators=[MaxLengthValidator(MAX_WORDS)])
    talk_on = models.DateField(_("Day of the talk"), null=True, blank=True)
    talk_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")

    objects = SignalQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        indexes = [models.Index(fields=["student", "answered_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "rule", "fingerprint"],
                condition=Q(lapsed_at__isnull=True),
                name="one_signal_for_the_same_evidence",
            ),
            models.UniqueConstraint(
                fields=["student", "rule"],
                condition=Q(lapsed_at__isnull=True, answered_at__isnull=True),
                name="one_open_signal_per_rule",
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True, answered_by__isnull=True)
                | ~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False),
                name="signal_answered_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(answer="talk", talk_on__isnull=False, talk_by__isnull=False)
                | ~Q(answer="talk") & Q(talk_on__isnull=True, talk_by__isnull=True),
                name="signal_talk_has_day_and_person",
                violation_error_message=_("Choose the day of the talk."),
            ),
            models.CheckConstraint(
                condition=Q(level__gte=Level.DAILY, level__lte=Level.CONFIDENTIAL), name="signal_level"
            ),
        ]

    def get_absolute_url(self) -> str:
        return address("students:signal", self.pk)

    @property
    def is_open(self) -> bool:
        """See also SignalQuerySet.unanswered."""
        return self.answered_at is None and self.lapsed_at is None


def fingerprint_of(rule: str, counted: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([rule, *sorted(counted)]).encode()).hexdigest()
