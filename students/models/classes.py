"""Classes by year of entry, who sits in them and who teaches them. Last days are inclusive."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import OpaqueModel, School, User

GRADES = "零一二三四五六七八九"


def school_year_of(day: date) -> int:
    """A school year begins on 1 September (DOMAIN §2.7)."""
    return day.year if day.month >= 9 else day.year - 1


class Stage(models.TextChoices):
    PRIMARY = "primary", _("Primary school")
    JUNIOR = "junior", _("Junior middle school")
    SENIOR = "senior", _("Senior middle school")

    @property
    def first_grade(self) -> int:
        return {"primary": 1, "junior": 7, "senior": 10}[self.value]

    @property
    def years(self) -> int:
        return {"primary": 6, "junior": 3, "senior": 3}[self.value]

    @classmethod
    def of_grade(cls, grade: int) -> Stage:
        return max((s for s in cls if s.first_grade <= grade), key=lambda s: s.first_grade)


def grade_name(grade: int) -> str:
    """三年级, 八年级, 高一."""
    return f"{GRADES[grade]}年级" if grade < 10 else f"高{GRADES[grade - 9]}"


def class_name(grade: int, number: int) -> str:
    """三年级(2)班, 高一(3)班."""
    return f"{grade_name(grade)}({number})班"


class DatedQuerySet(models.QuerySet):
    def on(self, day: date) -> DatedQuerySet:
        """Those in force on that day."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)


def ends_after_start(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
        name=name,
        violation_error_message=_("The last day can't be before the first."),
    )


class ClassGroupQuerySet(models.QuerySet):
    def in_school_on(self, day: date) -> ClassGroupQuerySet:
        """Classes that have begun and not graduated by that day, in the school's order."""
        year = school_year_of(day)
        alive = Q(pk__in=[])
        for stage in Stage:
            alive |= Q(stage=stage, entry_year__gt=year - stage.years, entry_year__lte=year)
        return self.filter(alive).in_order()

    def in_order(self) -> ClassGroupQuerySet:
        return self.order_by("-stage", "-entry_year", "number")


class ClassGroup(OpaqueModel):
    """2024级2班: the same children all the way up; its grade follows from the school year."""

    school = models.ForeignKey(School, models.PROTECT, related_name="classes")
    stage = models.CharField(_("Stage"), max_length=10, choices=Stage, default=Stage.PRIMARY)
    entry_year = models.PositiveSmallIntegerField(_("Year of entry"))
    number = models.PositiveSmallIntegerField(_("Number"))
    history = HistoricalRecords()

    objects = ClassGroupQuerySet.as_manager()

    class Meta:
        ordering = ["-entry_year", "number"]
        indexes = [models.Index(fields=["stage", "-entry_year", "number"])]  # students.search.InClassOrder
        constraints = [
            models.UniqueConstraint(
                fields=["school", "stage", "entry_year", "number"],
                name="one_row_per_class",
                violation_error_message=_("This class exists already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_year}级{self.number}班"

    def get_absolute_url(self) -> str:
        return reverse("students:class_grid", args=[self.pk])

    @property
    def cohort(self) -> str:
        """Its grade, whatever that is called this year: all classes of one year of entry."""
        return f"{self.stage}-{self.entry_year}"

    def grade_on(self, day: date) -> int:
        return Stage(self.stage).first_grade + school_year_of(day) - self.entry_year

    def name_on(self, day: date) -> str:
        """三年级(2)班 in the school year of that day; 2024级2班 before it began and after it graduated."""
        grade = self.grade_on(day)
        first = Stage(self.stage).first_grade
        return class_name(grade, self.number) if first <= grade < first + Stage(self.stage).years else str(self)


class Enrolment(OpaqueModel):
    """A student sits in a class from a day to a day, on a seat number."""

    student = models.ForeignKey("students.Student", models.CASCADE, related_name="enrolments")
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="enrolments")
    seat_no = models.PositiveSmallIntegerField(_("Seat number"), null=True, blank=True)
    starts_on = models.DateField(_("From"))
    ends_on = models.DateField(_("Until"), null=True, blank=True)
    history = HistoricalRecords()

    objects = DatedQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on"]
        indexes = [models.Index(fields=["class_group", "ends_on"])]
        constraints = [
            ends_after_start("enrolment_ends_after_it_starts"),
            models.UniqueConstraint(
                fields=["student"], condition=Q(ends_on__isnull=True), name="one_open_enrolment_per_student"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.class_group} {self.seat_no or ''}"


class ClassAssignment(OpaqueModel):
    """Who teaches a class, as what, from when to when. A substitute has an end date."""

    class Duty(models.TextChoices):
        HEAD = "head", _("Head teacher")
        DEPUTY = "deputy", _("Deputy head teacher")
        SUBJECT = "subject", _("Subject teacher")

    user = models.ForeignKey(User, models.PROTECT, related_name="class_assignments")
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="assignments")
    duty = models.CharField(_("Duty"), max_length=10, choices=Duty)
    subject = models.CharField(_("Subject"), max_length=20, blank=True)
    starts_on = models.DateField(_("From"))
    ends_on = models.DateField(_("Until"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    history = HistoricalRecords()

    objects = DatedQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            ends_after_start("assignment_ends_after_it_starts"),
            models.UniqueConstraint(
                fields=["user", "class_group", "duty", "subject"],
                condition=Q(ends_on__isnull=True),
                name="one_open_assignment_per_duty",
                violation_error_message=_("This teacher has this duty in this class already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.class_group} {self.get_duty_display()} {self.subject}".strip()


class GradeAssignment(OpaqueModel):
    """A grade leader (年级组长) leads the children who entered in one year."""

    user = models.ForeignKey(User, models.PROTECT, related_name="grade_assignments")
    stage = models.CharField(_("Stage"), max_length=10, choices=Stage, default=Stage.PRIMARY)
    entry_year = models.PositiveSmallIntegerField(_("Year of entry"))
    starts_on = models.DateField(_("From"))
    ends_on = models.DateField(_("Until"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    history = HistoricalRecords()

    objects = DatedQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on"]
        constraints = [ends_after_start("grade_assignment_ends_after_it_starts")]

    def __str__(self) -> str:
        return f"{self.entry_year}级"
