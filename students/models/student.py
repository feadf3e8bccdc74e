"""A student in three rows by level, so that the fields of one row, and of its history, have one level."""

from __future__ import annotations

from datetime import date, datetime

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import FilteredRelation, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.fields import EncryptedCharField, EncryptedTextField, FingerprintField
from accounts.models import OpaqueModel, School
from students.levels import CODENAMES, Level
from students.pinyin import search_keys


class Sex(models.TextChoices):
    UNKNOWN = "0", _("Unknown")
    MALE = "1", _("Male")
    FEMALE = "2", _("Female")
    UNSTATED = "9", _("Not stated")


class Boarding(models.TextChoices):
    DAY = "1", _("Day student")
    BOARDER = "2", _("Boarder")
    OTHER = "9", _("Other")


class StudentQuerySet(models.QuerySet):
    def visible_to(self, user, level: Level = Level.BASIC, *, now: datetime | None = None) -> StudentQuerySet:
        from students import access

        return access.visible_students(self, user, level, now=now)

    def in_school(self) -> StudentQuerySet:
        return self.filter(status__in=Student.PRESENT)

    def placed_on(self, day: date) -> StudentQuerySet:
        """With `place`, the enrolment of that day and its class, or None; one statement."""
        live = Q(enrolments__starts_on__lte=day) & (
            Q(enrolments__ends_on__isnull=True) | Q(enrolments__ends_on__gte=day)
        )
        return self.annotate(place=FilteredRelation("enrolments", condition=live)).select_related("place__class_group")

    def of_class(self, class_group, day: date) -> StudentQuerySet:
        """Those who sit in this class on that day, by seat."""
        return self.placed_on(day).filter(place__class_group=class_group).order_by("place__seat_no", "name")

    def named_like(self, text: str) -> StudentQuerySet:
        """By a part of the name, or by the beginning of its pinyin or initials."""
        typed = text.strip()
        latin = typed.lower().replace(" ", "").replace("'", "")
        starts = Q()
        for field in ("name_pinyin", "name_initials"):
            starts |= Q(**{f"{field}__startswith": latin}) | Q(**{f"{field}__contains": f" {latin}"})
        return self.filter(Q(name__contains=typed) | starts) if latin.isascii() else self.filter(name__contains=typed)


class Student(OpaqueModel):
    """Level 1: who this is. Every student of a school has a file, so having one marks nobody."""

    class Status(models.TextChoices):
        PRESENT = "present", _("At school")
        SUSPENDED = "suspended", _("On leave from school")
        TRANSFERRED = "transferred", _("Transferred out")
        GRADUATED = "graduated", _("Graduated")
        LEFT = "left", _("Left")

    PRESENT = (Status.PRESENT, Status.SUSPENDED)
    place = None  # the enrolment of a day, set by placed_on

    school = models.ForeignKey(School, models.PROTECT, related_name="students")
    name = models.CharField(_("Name"), max_length=50)
    name_pinyin = models.CharField(max_length=255, editable=False)
    name_initials = models.CharField(max_length=110, editable=False)
    sex = models.CharField(_("Sex"), max_length=1, choices=Sex, default=Sex.UNKNOWN)
    birth_date = models.DateField(_("Date of birth"), null=True, blank=True)
    ethnicity = models.CharField(_("Ethnicity"), max_length=20, blank=True)
    nationality = models.CharField(_("Nationality or region"), max_length=20, blank=True)
    political_status = models.CharField(_("Political status"), max_length=20, blank=True)
    entry_month = models.CharField(_("Month of entry"), max_length=6, blank=True)
    entry_mode = models.CharField(_("Way of entry"), max_length=20, blank=True)
    boarding_type = models.CharField(_("Boarding"), max_length=1, choices=Boarding, default=Boarding.DAY)
    student_source = models.CharField(_("Source of the student"), max_length=20, blank=True)
    student_no_aux = EncryptedCharField(_("Auxiliary student number"), max_length=30, blank=True)
    status = models.CharField(_("State"), max_length=12, choices=Status, default=Status.PRESENT)
    left_on = models.DateField(_("Left on"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    objects = StudentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        default_permissions = ()
        permissions = [(codename, f"May see level {level}") for level, codename in CODENAMES.items()]
        indexes = [models.Index(fields=["school", "status"]), models.Index(fields=["school", "name"])]

    def __str__(self) -> str:
        return str(self.pk)  # never a name: strings of models end up in logs

    def save(self, *args, **kwargs) -> None:
        self.name_pinyin, self.name_initials = search_keys(self.name)
        if (fields := kwargs.get("update_fields")) and "name" in fields:
            kwargs["update_fields"] = {*fields, "name_pinyin", "name_initials"}
        super().save(*args, **kwargs)

    @property
    def surname_sign(self) -> str:
        """The first character, for the round sign beside a name."""
        return self.name[:1]

    def get_absolute_url(self) -> str:
        return address("students:detail", self.pk)

    def age_on(self, day: date) -> tuple[int, int] | None:
        """(years, months) completed."""
        if self.birth_date is None:
            return None
        months = (day.year - self.birth_date.year) * 12 + day.month - self.birth_date.month
        months -= day.day < self.birth_date.day
        return divmod(months, 12)


class StudentProfile(OpaqueModel):
    """Level 2: how this child grows, and the daily facts of the roster."""

    LEVEL = Level.DAILY

    student = models.OneToOneField(Student, models.CASCADE, related_name="profile")
    temperament = EncryptedTextField(_("Temperament"), blank=True, validators=[MaxLengthValidator(2000)])
    pace = EncryptedTextField(_("Pace of growing"), blank=True, validators=[MaxLengthValidator(2000)])
    interests = EncryptedTextField(_("Interests"), blank=True, validators=[MaxLengthValidator(2000)])
    strengths = EncryptedTextField(_("Strengths"), blank=True, validators=[MaxLengthValidator(2000)])
    talent = models.CharField(_("Talent"), max_length=200, blank=True)
    former_name = models.CharField(_("Former name"), max_length=50, blank=True)
    birthplace_code = models.CharField(_("Code of the birthplace"), max_length=12, blank=True)
    native_place = models.CharField(_("Native place"), max_length=60, blank=True)
    overseas_type = models.CharField(_("Hong Kong, Macao, Taiwan or overseas"), max_length=20, blank=True)
    hukou_type = models.CharField(_("Kind of household registration"), max_length=20, blank=True)
    hukou_code = models.CharField(_("Code of the household registration"), max_length=12, blank=True)
    postcode = models.CharField(_("Postcode"), max_length=6, blank=True)
    is_only_child = models.BooleanField(_("Only child"), null=True, blank=True)
    attended_preschool = models.BooleanField(_("Attended preschool"), null=True, blank=True)
    commute_km = models.PositiveSmallIntegerField(_("Way to school, km"), null=True, blank=True)
    commute_mode = models.CharField(_("How they come to school"), max_length=20, blank=True)
    needs_bus = models.BooleanField(_("Needs the school bus"), null=True, blank=True)
    id_valid = models.CharField(_("Identity document valid until"), max_length=30, blank=True)
    blood_type = models.CharField(_("Blood type"), max_length=10, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class StudentBackground(OpaqueModel):
    """Level 3: identity, address, and what the roster says. Flags are suggestions to look into, never labels."""

    LEVEL = Level.SENSITIVE
    SUGGESTIONS = (
        "left_behind",
        "is_migrant_child",
        "is_orphan",
        "is_martyr_child",
        "needs_aid",
        "has_boarding_allowance",
        "disability_type",
        "inclusion_type",
        "health_status",
    )

    class LeftBehind(models.TextChoices):
        NO = "0", _("Not left behind")
        ONE_PARENT = "1", _("One parent away")
        BOTH_PARENTS = "2", _("Both parents away")

    student = models.OneToOneField(Student, models.CASCADE, related_name="background")
    family = EncryptedTextField(_("Family"), blank=True, validators=[MaxLengthValidator(2000)])
    id_type = models.CharField(_("Kind of identity document"), max_length=30, blank=True)
    id_no = EncryptedCharField(_("Number of the identity document"), max_length=30, blank=True)
    id_no_fingerprint = FingerprintField(source="id_no")
    national_no = EncryptedCharField(_("National student number"), max_length=19, blank=True)
    national_no_fingerprint = FingerprintField(source="national_no")
    address_now = EncryptedTextField(_("Present address"), blank=True)
    address_mail = EncryptedTextField(_("Postal address"), blank=True)
    address_home = EncryptedTextField(_("Home address"), blank=True)
    phone = EncryptedCharField(_("Phone"), max_length=30, blank=True)
    health_status = models.CharField(_("Health"), max_length=20, blank=True)
    left_behind = models.CharField(_("Left behind"), max_length=1, choices=LeftBehind, blank=True)
    needs_aid = models.BooleanField(_("Asks for aid"), null=True, blank=True)
    has_boarding_allowance = models.BooleanField(_("Has the boarders' living allowance"), null=True, blank=True)
    is_orphan = models.BooleanField(_("Orphan"), null=True, blank=True)
    is_martyr_child = models.BooleanField(_("Child of a martyr or of a family entitled to care"), null=True, blank=True)
    disability_type = models.CharField(_("Kind of disability"), max_length=20, blank=True)
    inclusion_type = models.CharField(_("Mainstreaming"), max_length=20, blank=True)
    is_migrant_child = models.BooleanField(_("Migrant worker's child"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class Guardian(OpaqueModel):
    """Level 3: a member of the family or a guardian, as the roster names them."""

    LEVEL = Level.SENSITIVE

    student = models.ForeignKey(Student, models.CASCADE, related_name="guardians")
    order = models.PositiveSmallIntegerField(_("Order"), default=1)
    name = EncryptedCharField(_("Name"), max_length=50)
    relation = models.CharField(_("Relation"), max_length=20, blank=True)
    relation_note = models.CharField(_("Note on the relation"), max_length=60, blank=True)
    is_guardian = models.BooleanField(_("Is a guardian"), null=True, blank=True)
    phone = EncryptedCharField(_("Phone"), max_length=30, blank=True)
    address = EncryptedTextField(_("Address"), blank=True)
    hukou_code = models.CharField(_("Code of the household registration"), max_length=12, blank=True)
    id_type = models.CharField(_("Kind of identity document"), max_length=30, blank=True)
    id_no = EncryptedCharField(_("Number of the identity document"), max_length=30, blank=True)
    ethnicity = models.CharField(_("Ethnicity"), max_length=20, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["student", "order"], name="one_guardian_per_place")]

    def __str__(self) -> str:
        return str(self.pk)
