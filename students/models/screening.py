"""Screening rounds (摸排): a checklist, a round for a term, a sheet for each class, an entry for each student."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, School, User
from students.levels import Level
from students.models.calendar import Term
from students.models.classes import ClassGroup, Enrolment
from students.models.identification import AttentionLevel, pair
from students.models.records import StudentRecord, StudentRecordQuerySet
from students.models.student import Student

if TYPE_CHECKING:
    from django.db.models import QuerySet

MAX_FACTS = 500  # characters: a line or two, no report
NO_ITEMS = models.Value([], models.JSONField())


class ChecklistQuerySet(models.QuerySet):
    def active(self) -> ChecklistQuerySet:
        return self.filter(is_active=True)


class Checklist(OpaqueModel):
    """Plain signs that anybody can observe. The school edits them: each change of the signs is a new edition."""

    class Purpose(models.TextChoices):
        SCREENING = "screening", _("Going through a class")
        LEARNING = "learning", _("One student who finds learning hard")

    school = models.ForeignKey(School, models.PROTECT, related_name="checklists")
    purpose = models.CharField(_("What it is for"), max_length=10, choices=Purpose)
    name = models.CharField(_("Name of the checklist"), max_length=40)
    is_active = models.BooleanField(_("In use"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = ChecklistQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-purpose", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "name"],
                name="one_checklist_per_name",
                violation_error_message=_("A checklist of this name exists already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("students:checklist", args=[self.pk])

    @property
    def latest(self) -> ChecklistEdition:
        return self.editions.latest("number")


class ChecklistEdition(OpaqueModel):
    """The signs as they stood from one change to the next. Never edited: rounds and entries were read from it."""

    checklist = models.ForeignKey(Checklist, models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField(_("Edition"), default=1)
    items = models.JSONField(_("Signs"), default=list)  # [{"code", "group", "text"}], in order
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["checklist", "number"], name="one_edition_per_number")]

    def __str__(self) -> str:
        return f"{self.checklist_id} {self.number}"

    @property
    def texts(self) -> dict[str, str]:
        return {item["code"]: item["text"] for item in self.items}

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """[(heading, [(code, text)])], as the choices of a form take them."""
        found: dict[str, list[tuple[str, str]]] = {}
        for item in self.items:
            found.setdefault(item["group"], []).append((item["code"], item["text"]))
        return list(found.items())


class ScreeningRoundQuerySet(models.QuerySet):
    def open(self) -> ScreeningRoundQuerySet:
        return self.filter(closed_at__isnull=True)

    def with_progress(self) -> ScreeningRoundQuerySet:
        """With `sheet_count` and `finished_count`, the newest first: counting drops the order that Meta names."""
        finished = Count("sheets", filter=Q(sheets__finished_at__isnull=False))
        return self.annotate(sheet_count=Count("sheets"), finished_count=finished).order_by("-opened_at")


class ScreeningRound(OpaqueModel):
    """德育 asks the classes of the school, or some of them, to go through their students by a day with one edition of a checklist."""

    school = models.ForeignKey(School, models.PROTECT, related_name="screening_rounds")
    term = models.ForeignKey(Term, models.PROTECT, related_name="screening_rounds")
    checklist = models.ForeignKey(Checklist, models.PROTECT, related_name="rounds")
    edition = models.ForeignKey(ChecklistEdition, models.PROTECT, related_name="rounds")
    opened_at = models.DateTimeField(editable=False)
    opened_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+", null=True)
    due_on = models.DateField(_("To be finished by"))
    # Cohorts (ClassGroup.cohort) and ids of classes; nothing is the whole school.
    scope = models.JSONField(_("Which classes"), default=list, db_default=NO_ITEMS, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = ScreeningRoundQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["checklist"],
                condition=Q(closed_at__isnull=True),
                name="one_open_round_per_checklist",
                violation_error_message=_("A round with this checklist is open already. Close it first."),
            ),
            pair("closed_at", "closed_by", "round_closed_at_and_by"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("students:screening_round", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def covers(self, group: ClassGroup) -> bool:
        return not self.scope or not {group.cohort, str(group.pk)}.isdisjoint(self.scope)


class ScreeningSheetQuerySet(models.QuerySet):
    def visible_to(self, user: User, *, now: datetime) -> ScreeningSheetQuerySet:
        """Sheets of one's own class, for head teacher and deputy; all of them for whoever leads the school."""
        from students import access

        return self.filter(access.sheet_condition(user, now=now))

    def kept_by(self, user: User, day: date) -> ScreeningSheetQuerySet:
        """Sheets of the classes of which the user is head teacher or deputy that day."""
        from students import access

        return self.filter(access.kept_sheet_condition(user, day=day))

    def with_kept(self, user: User, day: date) -> ScreeningSheetQuerySet:
        """Each with `is_kept`: whether it is among those of `kept_by`."""
        from students import access

        return self.annotate(is_kept=access.kept_sheet_condition(user, day=day))

    def waiting(self) -> ScreeningSheetQuerySet:
        return self.filter(finished_at__isnull=True, round__closed_at__isnull=True)

    def in_order(self) -> ScreeningSheetQuerySet:
        return self.order_by("-class_group__stage", "-class_group__entry_year", "class_group__number")


class ScreeningSheet(OpaqueModel):
    """One class in one round: who has been answered for, and when its head teacher said that this was all."""

    round = models.ForeignKey(ScreeningRound, models.CASCADE, related_name="sheets")
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="screening_sheets")
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = ScreeningSheetQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["round", "class_group"], name="one_sheet_per_class"),
            pair("finished_at", "finished_by", "sheet_finished_at_and_by"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("students:screening_class", args=[self.pk])


def progress(sheets: QuerySet, day: date) -> dict:
    """sheet id → (how many sit in the class that day, for how many of them there is an answer). One statement."""
    answered = ScreeningEntry.objects.filter(sheet=OuterRef("sheet_id"), student=OuterRef("student"))
    seats = Enrolment.objects.on(day).filter(
        class_group__screening_sheets__in=sheets, student__status__in=Student.PRESENT
    )
    rows = (
        seats.annotate(sheet_id=F("class_group__screening_sheets"), done=Exists(answered))
        .order_by()
        .values_list("sheet_id")
        .annotate(size=Count("student", distinct=True), answers=Count("student", filter=Q(done=True), distinct=True))
    )
    return {sheet: (size, answers) for sheet, size, answers in rows}


class ScreeningEntryQuerySet(StudentRecordQuerySet):
    def with_signs(self) -> ScreeningEntryQuerySet:
        return self.filter(answer=ScreeningEntry.Answer.SIGNS)

    def to_review(self) -> ScreeningEntryQuerySet:
        """What a head teacher saw and 德育 has not looked at yet."""
        return self.with_signs().filter(reviewed_at__isnull=True)


class ScreeningEntry(StudentRecord):
    """What a class's own teacher saw of one student, sign by sign. Level 3, and an answer is no label: 德育 looks at it first.

    Within a round it belongs to a sheet. The checklist for learning difficulties is filled in on any day, without one.
    """

    class Answer(models.TextChoices):
        CLEAR = "clear", _("Nothing seen")
        SIGNS = "signs", _("Something seen")
        ABSENT = "absent", _("Not at school")

    class Way(models.TextChoices):
        TALK = "talk", _("A talk")
        PHONE = "phone", _("A call")
        VISIT = "visit", _("A home visit")
        PEERS = "peers", _("Fellow students")
        OWN = "own", _("Seen myself")

    class Decision(models.TextChoices):
        PROPOSED = "proposed", _("Passed on as a proposal")
        WATCH = "watch", _("Keep an eye on it")

    sheet = models.ForeignKey(ScreeningSheet, models.PROTECT, null=True, blank=True, related_name="entries")
    edition = models.ForeignKey(ChecklistEdition, models.PROTECT, related_name="entries")
    answer = models.CharField(_("Answer"), max_length=6, choices=Answer, default=Answer.SIGNS)
    signs = models.JSONField(_("Signs"), default=list, blank=True)  # codes of the edition's items
    categories = models.JSONField(_("What it may be about"), default=list, blank=True)  # codes of Category
    facts = EncryptedTextField(_("What was seen"), blank=True, validators=[MaxLengthValidator(MAX_FACTS)])
    ways = models.JSONField(_("How you know"), default=list, db_default=NO_ITEMS, blank=True)  # of Way
    # It decides nothing: 德育 reads it, and raising a level stays an act of its own.
    suggested_step = models.PositiveSmallIntegerField(
        _("Attention level you suggest"), choices=AttentionLevel.Step, null=True, blank=True
    )
    reviewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    decision = models.CharField(_("Decision"), max_length=8, choices=Decision, blank=True)
    review_note = EncryptedTextField(_("Why"), blank=True, validators=[MaxLengthValidator(MAX_FACTS)])

    objects = ScreeningEntryQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        verbose_name_plural = "screening entries"
        constraints = [
            models.UniqueConstraint(fields=["sheet", "student"], name="one_answer_per_student_of_a_sheet"),
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(sheet__isnull=True, reviewed_at__isnull=True),
                name="one_open_check_per_student",
            ),
            models.CheckConstraint(condition=Q(level=Level.SENSITIVE), name="screening_entry_level"),
            models.CheckConstraint(
                condition=Q(suggested_step__isnull=True) | Q(suggested_step__range=(1, 4), answer="signs"),
                name="entry_suggests_only_with_signs",
                violation_error_message=_("A level is suggested only where something was seen."),
            ),
            pair("reviewed_at", "reviewed_by", "entry_reviewed_at_and_by"),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, decision="") | (Q(reviewed_at__isnull=False) & ~Q(decision="")),
                name="entry_reviewed_with_a_decision",
            ),
        ]

    def get_absolute_url(self) -> str:
        return address("students:screening_entry", self.pk)

    @property
    def sign_texts(self) -> list[str]:
        """The ticked signs as they were read, in the checklist's order."""
        ticked = set(self.signs)
        return [item["text"] for item in self.edition.items if item["code"] in ticked]

    @property
    def way_texts(self) -> list[str]:
        return [str(way.label) for way in self.Way if way in self.ways]

    @property
    def is_reviewed(self) -> bool:
        return self.reviewed_at is not None

    def in_words(self) -> str:
        return str(_("Screening answer"))

    def as_evidence(self) -> str:
        if self.suggested_step is None:
            return ""
        return _("suggests the attention level: %(step)s") % {"step": self.get_suggested_step_display()}
