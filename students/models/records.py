"""StudentRecord, which every record about a student inherits, and the observations."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import storages
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, User
from accounts.versions import save_version
from students.levels import Level
from students.models.student import Student

if TYPE_CHECKING:
    from students.access import Standing

MAX_TEXT = 5000  # characters
OPEN_TO_AUTHOR = timedelta(days=7)  # an own note may be corrected; later it is added to
WITHDRAWABLE = timedelta(minutes=30)  # a note to the wrong child may be taken back or moved without a reason


class StudentRecordQuerySet(models.QuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> StudentRecordQuerySet:
        """Records at a level that this user may see of their student. Fetching through this is the check."""
        from students import access

        return self.filter(access.record_condition(user, now=now))

    def touches(self) -> StudentRecordQuerySet:
        """Rows that count as having noticed a student, each with its day as `touched_on`, for the radar (students.touches);
        none by default. Whatever says that a teacher turned to this child counts, what an office filed does not."""
        return self.none()

    def contacts(self) -> StudentRecordQuerySet:
        """Rows that say that the family was reached, each with its day as `reached_on`, for students.signals.contact;
        none by default."""
        return self.none()

    def open_items_of(self, user: User, *, today: date) -> StudentRecordQuerySet:
        """What waits for this user; none by default."""
        return self.none()

    def hand_over(self, *, giver: User, taker: User, students) -> int:
        """Give the open items of `giver` about these students to `taker`; how many there were."""
        return 0


class StudentRecord(OpaqueModel):
    """What every record about a student has. The row's level is that of all its fields and of its history."""

    student = models.ForeignKey(Student, models.CASCADE, related_name="%(class)ss")
    author = models.ForeignKey(User, models.PROTECT, related_name="%(class)ss")
    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.DAILY)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    origin_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    origin_id = models.UUIDField(null=True, blank=True, editable=False)
    origin = GenericForeignKey("origin_type", "origin_id")
    history = HistoricalRecords(inherit=True)

    objects = StudentRecordQuerySet.as_manager()

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)

    def in_words(self) -> str:
        """What this is, for a link from another record: no content."""
        return str(self._meta.verbose_name)

    def as_evidence(self) -> str:
        """What stands beside the link where a need rests on this; shown to those alone who may see the record."""
        return ""

    def as_open_item(self) -> tuple[str, date | None]:
        """What waits, in words without a name, and by when (see StudentRecordQuerySet.open_items_of)."""
        return self.in_words(), None


class ObservationQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None, of: Standing | None = None) -> ObservationQuerySet:
        """Also one's own recent notes, and notes on which attention was asked of one's office. Void notes never.

        `of`: only the notes of that student, to whom access.standing says how the user stands.
        """
        from students import access

        return self.filter(access.observation_condition(user, now=now, of=of), voided_at__isnull=True)

    def valid(self) -> ObservationQuerySet:
        return self.filter(voided_at__isnull=True)

    def touches(self) -> ObservationQuerySet:
        return self.valid().annotate(touched_on=F("happened_on"))

    def talks(self) -> ObservationQuerySet:
        return self.touches().filter(kind=Observation.Kind.TALK)

    def in_term(self, term) -> ObservationQuerySet:
        return self.filter(happened_on__gte=term.starts_on, happened_on__lte=term.ends_on)

    def open_items_of(self, user: User, *, today: date) -> ObservationQuerySet:
        """Follow-ups that this user promised, or took over, and nobody has written yet; those due first."""
        return self._promised_by(user).order_by("follow_up_on")

    def _promised_by(self, user: User) -> ObservationQuerySet:
        keeper = Q(follow_up_by=user) | Q(author=user, follow_up_by__isnull=True)
        return self.valid().filter(keeper, follow_up_on__isnull=False, followed_at__isnull=True)

    def hand_over(self, *, giver: User, taker: User, students) -> int:
        """Promised follow-ups become the next teacher's."""
        for note in (notes := list(self._promised_by(giver).filter(student__in=students))):
            note.follow_up_by, note._history_user = taker, taker
            save_version(note, ["follow_up_by"], note.version)
        return len(notes)

    def newest_first(self) -> ObservationQuerySet:
        return self.order_by("-happened_on", "-created_at", "pk")


class Observation(StudentRecord):
    """A note (观察、谈心、表扬、访谈、引导; DOMAIN §4 forms 3-5) about one student.

    A note about several students is one row for each, with the same `incident`. In the texts a student of the
    incident stands as a reference (students.mentions), so that each reader sees the names that reader may see.
    """

    class Kind(models.TextChoices):
        OBSERVATION = "observation", _("Observation")
        TALK = "talk", _("Talk")
        RECOGNITION = "recognition", _("Recognition")
        INTERVIEW = "interview", _("Interview")
        GUIDANCE = "guidance", _("Guidance")

    class Domain(models.TextChoices):
        STUDY = "study", _("Study")
        EMOTION = "emotion", _("Emotion")
        BEHAVIOUR = "behaviour", _("Behaviour")
        PEERS = "peers", _("Peers")
        HABITS = "habits", _("Habits")
        FAMILY = "family", _("Family")
        HEALTH = "health", _("Health")

    class Setting(models.TextChoices):
        LESSON = "lesson", _("In a lesson")
        BREAK = "break", _("Between lessons")
        NOON = "noon", _("At noon")
        AFTER_SCHOOL = "after", _("After school")
        DORMITORY = "dormitory", _("In the dormitory")
        OUTSIDE = "outside", _("Outside school")

    class Tone(models.TextChoices):
        CONCERN = "concern", _("Concern")
        PLAIN = "plain", _("Plain")
        POSITIVE = "positive", _("Positive")

    incident = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    kind = models.CharField(_("Kind"), max_length=12, choices=Kind, default=Kind.OBSERVATION)
    domains = models.JSONField(_("Domains"), default=list, blank=True)
    setting = models.CharField(_("Setting"), max_length=12, choices=Setting, blank=True)
    tone = models.CharField(_("Tone"), max_length=10, choices=Tone, default=Tone.PLAIN)
    happened_on = models.DateField(_("Day"))
    happened_at_time = models.TimeField(_("Time"), null=True, blank=True)
    facts = EncryptedTextField(_("What happened"), validators=[MaxLengthValidator(MAX_TEXT)])
    analysis = EncryptedTextField(_("What I make of it"), blank=True, validators=[MaxLengthValidator(MAX_TEXT)])
    action = EncryptedTextField(_("What I did or will do"), blank=True, validators=[MaxLengthValidator(MAX_TEXT)])
    own_words = EncryptedTextField(
        _("In the student's own words"), blank=True, validators=[MaxLengthValidator(MAX_TEXT)]
    )
    follow_up_on = models.DateField(_("Follow up on"), null=True, blank=True)
    followed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Who keeps the promise, where it was handed over; else the author.
    follow_up_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    follows = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="followed_by")
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    void_reason = models.CharField(_("Reason"), max_length=200, blank=True)

    objects = ObservationQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        indexes = [
            # students.touches: a student's last touch, and who was touched since a day, without a look at the rows
            models.Index(
                fields=["student", "-happened_on", "level", "kind"],
                condition=Q(voided_at__isnull=True),
                name="touches_of_a_student",
            ),
            models.Index(
                fields=["happened_on", "level", "kind", "student"],
                condition=Q(voided_at__isnull=True),
                name="touches_by_day",
            ),
            models.Index(fields=["author", "-created_at"]),
            models.Index(fields=["-happened_on", "-created_at"]),
        ]
        constraints = [
            models.UniqueConstraint(fields=["incident", "student"], name="one_row_per_student_of_an_incident"),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True)
                | Q(voided_at__isnull=False, voided_by__isnull=False),
                name="void_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(level__gte=Level.DAILY, level__lte=Level.CONFIDENTIAL), name="observation_level"
            ),
        ]

    TEXTS = ("facts", "analysis", "action", "own_words")

    def get_absolute_url(self) -> str:
        return address("students:note_detail", self.pk)

    def in_words(self) -> str:
        return f"{self.get_kind_display()} {self.happened_on}"

    @property
    def domain_names(self) -> list[str]:
        return [self.Domain(value).label for value in self.domains if value in self.Domain.values]

    def as_open_item(self) -> tuple[str, date | None]:
        return str(_("Follow up (%(kind)s)") % {"kind": self.get_kind_display()}), self.follow_up_on

    def editable_by(self, user: User, now: datetime) -> bool:
        """Edit your own note for 7 days, then append."""
        return self.author_id == user.pk and self.voided_at is None and now < self.created_at + OPEN_TO_AUTHOR

    def withdrawable_by(self, user: User, now: datetime) -> bool:
        return self.author_id == user.pk and self.voided_at is None and now < self.created_at + WITHDRAWABLE


class AttentionRequestQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> AttentionRequestQuerySet:
        """Counsellors and 德育 see all of their school; whoever asked sees that it was received."""
        from students import access

        return self.filter(access.attention_condition(user, now=now), observation__voided_at__isnull=True)

    def waiting(self) -> AttentionRequestQuerySet:
        return self.filter(acknowledged_at__isnull=True)


class AttentionRequest(StudentRecord):
    """ "Needs attention": stands first on the counsellor's and 德育's home until one of them acknowledges it."""

    observation = models.OneToOneField(Observation, models.CASCADE, related_name="attention")
    acknowledged_at = models.DateTimeField(null=True, blank=True, editable=False)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")

    objects = AttentionRequestQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="acknowledged_at_and_by",
            ),
        ]


def private_storage():
    return storages["private"]


def attachment_path(attachment: Attachment, filename: str) -> str:
    """A random name: nothing of what the file was called on the phone."""
    return f"attachments/{uuid.uuid4().hex}"


class Attachment(OpaqueModel):
    """A photo to an incident, re-encoded so that it carries no place and no camera."""

    incident = models.UUIDField(db_index=True, editable=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="attachments")
    file = models.FileField(storage=private_storage, upload_to=attachment_path)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(_("Size in bytes"))
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering = ["created_at"]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("students:attachment", args=[self.pk])
