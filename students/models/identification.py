"""What a student needs, how much attention is paid, and whether the file was looked at (DOMAIN §3, F1, F12)."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, School, User
from students.levels import Level
from students.models.records import StudentRecord, StudentRecordQuerySet

MAX_WORDS = 2000  # characters


def pair(at: str, by: str, name: str) -> models.CheckConstraint:
    """Whoever did it and when stand together, or neither."""
    both = Q(**{f"{at}__isnull": False, f"{by}__isnull": False})
    return models.CheckConstraint(condition=Q(**{f"{at}__isnull": True, f"{by}__isnull": True}) | both, name=name)


def words(label, *, blank: bool = False) -> EncryptedTextField:
    return EncryptedTextField(label, blank=blank, validators=[MaxLengthValidator(MAX_WORDS)])


class Basis(models.TextChoices):
    DOCUMENT = "document", _("A document says so")
    ROSTER = "roster", _("The roster says so")
    JUDGEMENT = "judgement", _("Judged from what was noticed")


class Group(models.TextChoices):
    FAMILY = "F", _("Family")
    HARDSHIP = "E", _("Hardship")
    HEALTH = "H", _("Health")
    STUDY = "L", _("Study")
    BEHAVIOUR = "B", _("Behaviour")
    MIND = "P", _("Mind and adaptation")
    OTHER = "S", _("Other")


class CategoryQuerySet(models.QuerySet):
    def active(self) -> CategoryQuerySet:
        return self.filter(is_active=True)

    def with_use(self) -> CategoryQuerySet:
        """Each with `used`: whether any need names it."""
        return self.annotate(used=models.Exists(CareNeed.objects.filter(category=models.OuterRef("pk"))))


class Category(OpaqueModel):
    """A kind of need. Each school has its own list; what a need names is never deleted, only no longer offered."""

    school = models.ForeignKey(School, models.PROTECT, related_name="categories")
    code = models.CharField(
        _("Code"),
        max_length=6,
        validators=[RegexValidator(r"\A[A-Z][0-9]{1,3}\Z", _("A letter and a number, like F1."))],
    )
    name = models.CharField(_("Name"), max_length=40)
    group = models.CharField(_("Group"), max_length=1, choices=Group)
    basis = models.CharField(_("Usual basis"), max_length=10, choices=Basis, default=Basis.JUDGEMENT)
    level = models.PositiveSmallIntegerField(
        _("Level"), choices=[(each.value, each.label) for each in (Level.SENSITIVE, Level.CONFIDENTIAL)],
        default=Level.SENSITIVE,
    )  # fmt: skip
    order = models.PositiveSmallIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("Offered for new needs"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = CategoryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["order", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "code"],
                name="one_category_per_code",
                violation_error_message=_("There is already a category with this code."),
            ),
            models.UniqueConstraint(
                fields=["school", "name"],
                name="one_category_per_name",
                violation_error_message=_("There is already a category with this name."),
            ),
            models.CheckConstraint(
                condition=Q(level__gte=Level.SENSITIVE, level__lte=Level.CONFIDENTIAL), name="category_level"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CareNeedQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> CareNeedQuerySet:
        """Level 3 as everywhere; health for the doctor, hardship for the aid officer; level 4 for 德育 besides."""
        from students import access

        return self.filter(access.need_condition(user, now=now))

    def open(self) -> CareNeedQuerySet:
        return self.filter(state__in=(CareNeed.State.PROPOSED, CareNeed.State.CONFIRMED))

    def proposed(self) -> CareNeedQuerySet:
        return self.filter(state=CareNeed.State.PROPOSED)

    def confirmed(self) -> CareNeedQuerySet:
        """The needs that count; a proposal is not a fact about a child."""
        return self.filter(state=CareNeed.State.CONFIRMED)

    def due(self, today: date) -> CareNeedQuerySet:
        """Confirmed ones that somebody promised to look at again by now."""
        return self.confirmed().filter(next_review_on__lte=today)


class CareNeed(StudentRecord):
    """One need of one student: proposed by somebody who knows the child, confirmed by somebody else.

    `author` is who proposed it; None where the roster or a rule did (`source` says which). The level is that of the
    category when it was proposed, and is raised with it.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        CONFIRMED = "confirmed", _("Confirmed")
        CLOSED = "closed", _("Closed")
        REJECTED = "rejected", _("Not confirmed")

    class Source(models.TextChoices):
        PERSON = "", _("A colleague")
        ROSTER = "roster", _("The roster")
        RULE = "rule", _("A rule of the school")

    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="careneeds")  # type: ignore[assignment]
    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.SENSITIVE)
    category = models.ForeignKey(Category, models.PROTECT, related_name="needs", verbose_name=_("Category"))
    basis = models.CharField(_("Basis"), max_length=10, choices=Basis)
    facts = words(_("What it rests on"))
    source = models.CharField(max_length=10, choices=Source, default=Source.PERSON, blank=True, editable=False)
    state = models.CharField(_("State"), max_length=10, choices=State, default=State.PROPOSED, editable=False)
    starts_on = models.DateField(_("Since"))
    ends_on = models.DateField(_("Until"), null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    reason = words(_("Reason"), blank=True)  # why it was not confirmed, or why it was closed
    verified_on = models.DateField(_("Verified on"), null=True, blank=True)
    next_review_on = models.DateField(_("Look at it again on"), null=True, blank=True)

    objects = CareNeedQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        indexes = [models.Index(fields=["state", "category"]), models.Index(fields=["student", "state"])]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "category"],
                condition=Q(state="confirmed"),
                name="one_confirmed_need_per_category",
                violation_error_message=_("A need of this category is confirmed already."),
            ),
            models.UniqueConstraint(
                fields=["student", "category"],
                condition=Q(state="proposed", author__isnull=True),
                name="one_automatic_proposal_per_category",
                violation_error_message=_("A need of this category is proposed already."),
            ),
            models.CheckConstraint(
                condition=Q(author__isnull=True) | Q(decided_by__isnull=True) | ~Q(decided_by=F("author")),
                name="nobody_decides_on_an_own_proposal",
                violation_error_message=_("A second person has to confirm this."),
            ),
            models.CheckConstraint(
                condition=Q(author__isnull=False, source="") | Q(author__isnull=True) & ~Q(source=""),
                name="need_has_author_or_source",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | ~Q(state="proposed") & Q(decided_at__isnull=False),
                name="need_decided_unless_proposed",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | ~Q(state="closed") & Q(closed_at__isnull=True),
                name="need_closed_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="need_ends_after_it_starts",
                violation_error_message=_("The last day can't be before the first."),
            ),
            models.CheckConstraint(
                condition=Q(level__gte=Level.SENSITIVE, level__lte=Level.CONFIDENTIAL), name="need_level"
            ),
            pair("decided_at", "decided_by", "need_decided_at_and_by"),
            pair("closed_at", "closed_by", "need_closed_at_and_by"),
        ]

    def get_absolute_url(self) -> str:
        return address("students:need_detail", self.pk)

    def in_words(self) -> str:
        return str(_("Need"))

    def is_due(self, today: date) -> bool:
        """See also CareNeedQuerySet.due."""
        return self.state == self.State.CONFIRMED and self.next_review_on is not None and self.next_review_on <= today


class NeedEvidence(OpaqueModel):
    """What a need rests on: words, or a record (a note, later a mark or a contact), or both. Level of its need.

    The record is shown as a link only to whoever may see it: of a level-4 record even the existence is content.
    """

    need = models.ForeignKey(CareNeed, models.CASCADE, related_name="evidence")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    text = words(_("What it shows"), blank=True)
    target_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    target_id = models.UUIDField(null=True, blank=True, editable=False)
    target = GenericForeignKey("target_type", "target_id")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering = ["created_at", "pk"]
        constraints = [
            pair("target_type", "target_id", "evidence_target_type_and_id"),
            models.UniqueConstraint(
                fields=["need", "target_type", "target_id"],
                name="one_evidence_per_target",
                violation_error_message=_("This stands there already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class AttentionLevelQuerySet(StudentRecordQuerySet):
    def current(self) -> AttentionLevelQuerySet:
        return self.filter(ended_at__isnull=True)

    def due(self, today: date) -> AttentionLevelQuerySet:
        return self.current().filter(next_review_on__lte=today)


class AttentionLevel(StudentRecord):
    """How closely a student is looked after, from a moment to a moment; never the alert of the counselling room.

    A change ends one row and begins another, so the rows are the history. `author` decided. Nothing lowers itself.
    """

    class Step(models.IntegerChoices):
        DAILY = 1, _("Daily (blue)")
        THREE = 2, _("Level three (yellow)")
        TWO = 3, _("Level two (orange)")
        ONE = 4, _("Level one (red)")

    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.SENSITIVE)
    step = models.PositiveSmallIntegerField(_("Attention level"), choices=Step)
    reason = words(_("Reason"))
    started_at = models.DateTimeField(editable=False)
    next_review_on = models.DateField(_("Look at it again on"))
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    end_reason = words(_("Why it ended"), blank=True)

    objects = AttentionLevelQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(ended_at__isnull=True),
                name="one_attention_level_at_a_time",
                violation_error_message=_("This student's level was changed meanwhile."),
            ),
            models.CheckConstraint(condition=Q(step__gte=1, step__lte=4), name="attention_step"),
            models.CheckConstraint(condition=Q(level=Level.SENSITIVE), name="attention_level_level"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="attention_level_ends_after"
            ),
            pair("ended_at", "ended_by", "attention_level_ended_at_and_by"),
        ]

    def is_due(self, today: date) -> bool:
        """See also AttentionLevelQuerySet.due."""
        return self.ended_at is None and self.next_review_on <= today


class FileVerificationQuerySet(StudentRecordQuerySet):
    def since(self, day: date) -> FileVerificationQuerySet:
        return self.filter(verified_on__gte=day)


class FileVerification(StudentRecord):
    """核实: on that day the head teacher (`author`) looked through the file and found it true."""

    verified_on = models.DateField(_("Verified on"))

    objects = FileVerificationQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        indexes = [models.Index(fields=["student", "-verified_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "verified_on"],
                name="one_verification_a_day",
                violation_error_message=_("The file is verified today already."),
            )
        ]
