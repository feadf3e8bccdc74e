"""Instruments (scales and checklists, as data), and what students' answers to them were."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from functools import cached_property

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.fields import EncryptedCharField, EncryptedTextField
from accounts.models import OpaqueModel, School, User
from students.levels import Level
from students.models.records import OPEN_TO_AUTHOR, StudentRecord, StudentRecordQuerySet
from students.scales.scoring import Definition, Result, score

SHEET_KEPT = timedelta(days=7)


class InstrumentQuerySet(models.QuerySet):
    def offered(self) -> InstrumentQuerySet:
        """Those that may be filled in now: of each instrument the newest edition, unless it was put away."""
        return self.filter(retired_at__isnull=True)

    def with_use(self) -> InstrumentQuerySet:
        """`in_use`: somebody's answers refer to this edition, withdrawn ones too."""
        used = [Exists(model.objects.filter(instrument=OuterRef("pk"))) for model in (Assessment, HabitCheck)]
        return self.annotate(in_use=used[0] | used[1])


class Instrument(OpaqueModel):
    """A scale or checklist as data: items, answers, scales, reverse scoring, cut-offs, age range, source and licence.

    An edition in use is never changed: a change makes the next edition, so that a result stays what it was when it was
    read. Editions of one instrument share `series`.
    """

    class Kind(models.TextChoices):
        ASSESSMENT = "assessment", _("Scale or checklist (confidential)")
        HABITS = "habits", _("Habits checklist (daily)")

    class Licence(models.TextChoices):
        OWN = "own", _("Made by ourselves")
        OPEN = "open", _("Free to use: public domain or an open licence")
        PERMITTED = "permitted", _("Bought, or with the holder's permission")
        NUMBERS = "numbers", _("No right to copy: item numbers only, on paper that we have")

    school = models.ForeignKey(School, models.PROTECT, related_name="instruments")
    series = models.UUIDField(default=uuid.uuid4, editable=False)
    edition = models.PositiveSmallIntegerField(_("Edition"), default=1, editable=False)
    kind = models.CharField(_("Kind"), max_length=12, choices=Kind, default=Kind.ASSESSMENT)
    name = models.CharField(_("Name"), max_length=60)
    purpose = models.CharField(_("What it is for"), max_length=200, blank=True)
    instruction = models.CharField(_("What to tell the student"), max_length=400, blank=True)
    age_from = models.PositiveSmallIntegerField(_("Youngest age, in years"), default=6)
    age_to = models.PositiveSmallIntegerField(_("Oldest age, in years"), default=18)
    source = models.CharField(_("Source"), max_length=300)
    licence = models.CharField(_("Right to use it"), max_length=10, choices=Licence)
    definition = models.JSONField(default=dict, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    objects = InstrumentQuerySet.as_manager()

    in_use = False  # set by with_use

    class Meta:
        default_permissions = ()
        ordering = ["kind", "name", "-edition"]
        constraints = [
            models.UniqueConstraint(fields=["school", "series", "edition"], name="one_row_per_edition"),
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(retired_at__isnull=True),
                name="one_edition_offered",
                violation_error_message=_("Another edition of this instrument is in use already."),
            ),
            models.UniqueConstraint(
                fields=["school", "name"],
                condition=Q(retired_at__isnull=True),
                name="one_instrument_of_a_name",
                violation_error_message=_("There is an instrument of this name already."),
            ),
            models.UniqueConstraint(
                fields=["school"],
                condition=Q(kind="habits", retired_at__isnull=True),
                name="one_habits_checklist",
                violation_error_message=_("A school has one habits checklist. Change that one, or put it away first."),
            ),
            models.CheckConstraint(
                condition=Q(age_to__gte=F("age_from")),
                name="instrument_ages_in_order",
                violation_error_message=_("The oldest age can't be below the youngest."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.edition}"

    def get_absolute_url(self) -> str:
        return address("students:instrument", self.pk)

    @cached_property
    def defined(self) -> Definition:
        return Definition.from_json(self.definition)

    def fits(self, age: tuple[int, int] | None) -> bool:
        """Whether it was made for this age, (years, months); an unknown age is nobody's fault."""
        return age is None or age[0] < 0 or self.age_from <= age[0] <= self.age_to


class FilledQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> StudentRecordQuerySet:
        """By level alone: who filled it in sees it as long as the file is open to them. Withdrawn ones never."""
        return super().visible_to(user, now=now).filter(voided_at__isnull=True)

    def valid(self) -> FilledQuerySet:
        return self.filter(voided_at__isnull=True)

    def newest_first(self) -> FilledQuerySet:
        return self.order_by("-filled_on", "-created_at", "pk")


class Filled(StudentRecord):
    """An instrument as it was filled in for one student on one day. The score is computed from it, never stored."""

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="%(class)ss")
    filled_on = models.DateField(_("Filled in on"))
    answers = EncryptedTextField()  # JSON: the points of each item's answer, null where it was left open
    note = EncryptedTextField(_("Note"), blank=True, validators=[MaxLengthValidator(2000)])
    change_reason = EncryptedCharField(_("Why it was changed"), max_length=200, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    voided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")

    objects = FilledQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True)
                | Q(voided_at__isnull=False, voided_by__isnull=False),
                name="%(class)s_void_at_and_by",
            ),
            models.UniqueConstraint(
                fields=["student", "instrument", "filled_on"],
                condition=Q(voided_at__isnull=True),
                name="one_%(class)s_a_day",
                violation_error_message=_("It was filled in on that day already. Correct that one instead."),
            ),
        ]

    @property
    def given(self) -> list[int | None]:
        return json.loads(self.answers)

    @given.setter
    def given(self, points: list[int | None]) -> None:
        self.answers = json.dumps(points)

    def results(self) -> list[Result]:
        return score(self.instrument.defined, self.given)

    def editable_by(self, user: User, now: datetime) -> bool:
        """As a note: its author corrects it for 7 days."""
        return self.author_id == user.pk and self.voided_at is None and now < self.created_at + OPEN_TO_AUTHOR


class Assessment(Filled):
    """Level 4: a scale filled in by or about a student. For the counsellor whose case it is; that it exists is content."""

    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.CONFIDENTIAL, editable=False)

    class Meta(Filled.Meta):
        indexes = [models.Index(fields=["student", "-filled_on"])]
        constraints = [
            *Filled.Meta.constraints,
            models.CheckConstraint(condition=Q(level=Level.CONFIDENTIAL), name="assessment_is_confidential"),
        ]

    def get_absolute_url(self) -> str:
        return address("students:assessment", self.pk)


class HabitCheck(Filled):
    """Level 2: habits of study, life and manners as the class teacher sees them that day (FEATURES F59)."""

    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.DAILY, editable=False)

    class Meta(Filled.Meta):
        indexes = [models.Index(fields=["student", "-filled_on"])]
        constraints = [
            *Filled.Meta.constraints,
            models.CheckConstraint(condition=Q(level=Level.DAILY), name="habit_check_is_daily"),
        ]

    def get_absolute_url(self) -> str:
        return f"{address('students:habits', self.student_id)}#check-{self.pk}"


class AnswerSheet(OpaqueModel):
    """A sheet of answers that a counsellor uploaded, checked row by row and not entered yet.

    Its rows are confidential: they are encrypted, for whoever uploaded them, and gone once entered or after 7 days.
    """

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="sheets")
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="answer_sheets")
    created_at = models.DateTimeField(auto_now_add=True)
    body = EncryptedTextField()  # JSON: rows of students.scales.sheet
    entered = models.PositiveIntegerField(default=0)
    entered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.pk)
