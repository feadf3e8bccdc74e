"""Who works here: schools, departments, staff and their roles."""

import unicodedata
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.fields import EncryptedCharField


class OpaqueModel(models.Model):
    """A model whose key may stand in a URL: it says nothing and cannot be guessed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    _history_user: Any  # set before save where no request names the person; django-simple-history reads it

    class Meta:
        abstract = True


class School(OpaqueModel):
    """A school: the outer border of every row. A user of one school never sees another's."""

    code = models.CharField(
        _("school code"),
        max_length=10,
        unique=True,
        validators=[RegexValidator(r"\A[A-Za-z0-9]+\Z", _("A school code has letters and digits only."))],
    )
    name = models.CharField(_("name"), max_length=60)
    duty_phone = models.CharField(_("duty phone"), max_length=30, blank=True)
    version = models.IntegerField(default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        ordering = ["code"]
        verbose_name = _("school")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="school_has_name", violation_error_message=_("A school needs a name.")
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:school")


class DepartmentQuerySet(models.QuerySet):
    def with_people(self) -> "DepartmentQuerySet":
        """Each with `people`: the number of active staff in it. By name: counting drops the order that Meta names."""
        people = models.Count("users", filter=Q(users__is_active=True))
        return self.annotate(people=people).order_by("name")


class Department(OpaqueModel):
    school = models.ForeignKey(School, models.PROTECT, related_name="departments", verbose_name=_("school"))
    name = models.CharField(_("name"), max_length=40)
    version = models.IntegerField(default=1, editable=False)

    objects = DepartmentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        verbose_name = _("department")
        constraints = [
            models.UniqueConstraint(
                fields=["school", "name"],
                name="department_unique_name",
                violation_error_message=_("There is already a department with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What somebody does for the whole school (DESIGN.md §3). Head teachers, subject teachers and grade leaders follow
    from their assignments in `students`."""

    COUNSELLOR = "counsellor", _("Counsellor")
    MORAL_EDUCATION = "moral_education", _("Moral-education office")
    VICE_PRINCIPAL = "vice_principal", _("Vice-principal")
    PRINCIPAL = "principal", _("Principal")
    DOCTOR = "doctor", _("School doctor")
    ACADEMIC = "academic", _("Academic office")
    AID_OFFICER = "aid_officer", _("Student-aid officer")
    SYSTEM_ADMIN = "system_admin", _("System administrator")
    AUDITOR = "auditor", _("Auditor")
    STAFF = "staff", _("Staff")


# STAFF gives no rights, so nobody needs to confirm it.
SCHOOL_WIDE_ROLES = frozenset(Role) - {Role.STAFF}
# Who may be the second person that confirms a school-wide role.
CONFIRMING_ROLES = frozenset({Role.MORAL_EDUCATION, Role.PRINCIPAL})
# What a backup may take; the task of the night has the same limit.
BACKUP_LIMIT = timedelta(hours=2)


class UserQuerySet(models.QuerySet):
    def of_school(self, school: School) -> "UserQuerySet":
        return self.filter(school=school)

    def active(self) -> "UserQuerySet":
        return self.filter(is_active=True)

    def with_role(self, *roles: str, on: date) -> "UserQuerySet":
        """Active staff who hold one of `roles` on the day `on`. See also User.roles."""
        live = RoleMembership.objects.live(on).filter(role__in=roles)
        return self.active().filter(pk__in=live.values("user_id"))

    def search(self, text: str) -> "UserQuerySet":
        text = text.strip()
        return self.filter(Q(display_name__icontains=text) | Q(employee_no__icontains=text)) if text else self


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def create_user(
        self, *, school: School, employee_no: str, display_name: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Without a password nobody can sign in as this user."""
        user = self.model(school=school, employee_no=employee_no, display_name=display_name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin, OpaqueModel):
    """A member of staff. `is_superuser` opens nothing about students: only roles, assignments and grants do."""

    class Sex(models.TextChoices):
        FEMALE = "F", _("Female")
        MALE = "M", _("Male")

    # Saving only these leaves no history row: they change at every sign-in or note and say nothing about the person.
    UNTRACKED_FIELDS = frozenset({"last_login", "password", "last_note_kind"})

    school = models.ForeignKey(School, models.PROTECT, related_name="users", verbose_name=_("school"))
    employee_no = models.CharField(
        _("employee number"),
        max_length=20,
        validators=[
            RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9_.-]*\Z", _("An employee number has letters and digits only."))
        ],
    )
    username = models.CharField(_("user name"), max_length=40, unique=True, editable=False)
    display_name = models.CharField(_("full name"), max_length=40)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, blank=True)
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="users", verbose_name=_("department")
    )
    phone = EncryptedCharField(_("phone"), max_length=20, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    shortcuts_enabled = models.BooleanField(_("keyboard shortcuts"), default=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    last_note_kind = models.CharField(max_length=20, blank=True, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    version = models.IntegerField(default=1, editable=False)

    objects = UserManager()
    history = HistoricalRecords(excluded_fields=["password", "last_login", "last_note_kind"])

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        ordering = ["employee_no"]
        verbose_name = _("member of staff")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_unique_username",
                violation_error_message=_("There is already somebody with this employee number."),
            ),
            models.CheckConstraint(
                condition=~Q(display_name=""),
                name="user_has_name",
                violation_error_message=_("A member of staff needs a name."),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None or "employee_no" in update_fields:
            self.employee_no = unicodedata.normalize("NFKC", self.employee_no).strip()
            self.username = f"{self.school.code}-{self.employee_no}"
            update_fields = update_fields and {*update_fields, "username"}
        untracked = update_fields is not None and self.UNTRACKED_FIELDS.issuperset(update_fields)
        if untracked:
            self.skip_history_when_saving = True
        try:
            super().save(*args, update_fields=update_fields, **kwargs)
        finally:
            if untracked:
                del self.skip_history_when_saving

    def get_absolute_url(self) -> str:
        return reverse("accounts:staff_detail", args=[self.pk])

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        self.forget_roles()
        super().refresh_from_db(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name

    def roles(self, now: datetime) -> frozenset[Role]:
        """The roles that are live at the moment `now`, asked of the database once per instance and school day."""
        return self.roles_on(timezone.localdate(now))

    def roles_on(self, day: date) -> frozenset[Role]:
        if not self.is_active:
            return frozenset()
        cached_day, roles = self.__dict__.get("_roles", (None, frozenset()))
        if cached_day != day:
            rows = RoleMembership.objects.live(day).filter(user_id=self.pk)
            roles = frozenset(Role(role) for role in rows.values_list("role", flat=True))
            self._roles = (day, roles)
        return roles

    def has_role(self, *roles: str, on: date | None = None) -> bool:
        """Whether one of `roles` is live on the day `on` (today, if not given)."""
        return not self.roles_on(on or timezone.localdate()).isdisjoint(roles)

    def forget_roles(self) -> None:
        """After a change of roles: let the next question ask the database again."""
        self.__dict__.pop("_roles", None)


class RoleMembershipQuerySet(models.QuerySet):
    def live(self, on: date) -> "RoleMembershipQuerySet":
        """Roles that count on the day `on`: the person is active, a second person confirmed, the dates include it."""
        return self.filter(
            Q(confirmed_at__isnull=False) | ~Q(role__in=SCHOOL_WIDE_ROLES),
            Q(ends_on__isnull=True) | Q(ends_on__gte=on),
            starts_on__lte=on,
            user__is_active=True,
        )

    def waiting(self) -> "RoleMembershipQuerySet":
        """School-wide roles that nobody has confirmed or declined yet."""
        return self.filter(confirmed_at__isnull=True, role__in=SCHOOL_WIDE_ROLES)

    def not_over(self, on: date) -> "RoleMembershipQuerySet":
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))

    def of_school(self, school: School) -> "RoleMembershipQuerySet":
        return self.filter(user__school=school)


class RoleMembership(OpaqueModel):
    """A person's role from a day until a day, both inclusive; no end is open.

    Nobody gives themselves a role, and a school-wide one counts only once a second person has confirmed it. Without
    `granted_by` it was given by a command at the server, the operator's own authority, and is confirmed at once.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="role_memberships", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("proposed by"))
    granted_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by"))
    confirmed_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1, editable=False)

    objects = RoleMembershipQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["user", "starts_on", "role"]
        verbose_name = _("role of a person")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="role_ends_after_start",
                violation_error_message=_("The last day can't be before the first."),
            ),
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | ~Q(granted_by=F("user")),
                name="role_not_granted_by_self",
                violation_error_message=_("Nobody can give themselves a role."),
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True)
                | (Q(confirmed_at__isnull=False) & ~Q(confirmed_by=F("user")) & ~Q(confirmed_by=F("granted_by"))),
                name="role_confirmed_by_second_person",
                violation_error_message=_("A second person has to confirm this role."),
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(confirmed_by__isnull=False) | Q(granted_by__isnull=True),
                name="role_confirmed_at_by_pair",
                violation_error_message=_("A second person has to confirm this role."),
            ),
            models.UniqueConstraint(
                fields=["user", "role", "starts_on"],
                name="role_unique_start",
                violation_error_message=_("This person already has this role from that day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    @property
    def waits(self) -> bool:
        return self.confirmed_at is None and self.role in SCHOOL_WIDE_ROLES

    def state(self, on: date) -> str:
        """waits · future · over · live: what the day `on` makes of it."""
        if self.ends_on is not None and self.ends_on < on:
            return "over"
        if self.waits:
            return "waits"
        return "future" if on < self.starts_on else "live"

    def is_live(self, on: date) -> bool:
        """See also RoleMembershipQuerySet.live."""
        return (
            self.user.is_active
            and not self.waits
            and self.starts_on <= on
            and (self.ends_on is None or on <= self.ends_on)
        )


class SentForm(models.Model):
    """A form that was sent and saved, by the number that its page was given: sent once more it saves nothing (accounts.once)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    number = models.UUIDField()
    led_to = models.CharField(max_length=300, blank=True)  # the page that was shown next
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "number"], name="one_saving_per_form")]

    def __str__(self) -> str:
        return str(self.pk)


class BackupRunQuerySet(models.QuerySet["BackupRun"]):
    def recent(self, most: int = 20) -> "list[BackupRun]":
        """Newest first. Enough to judge by: one a day, and a verified one that is further back is late anyway."""
        return list(self.order_by("-started_at")[:most])

    def newest_verified(self) -> "BackupRun | None":
        return self.filter(verified_at__isnull=False).order_by("-started_at").first()


class BackupRun(OpaqueModel):
    """What became of one backup. Without the row of a success the silence itself is the alarm (`accounts.backup.state`)."""

    class Code(models.TextChoices):
        """Why it did not work. The label is the sentence that the system administrator reads."""

        NO_KEY = "no_key", _("BACKUP_KEY is missing, malformed or another one.")
        NO_SPACE = "no_space", _("The disk is full. Make room, or move older backups to another machine.")
        NO_PERMISSION = "no_permission", _("The folder of the backups, or a file to be saved, may not be opened.")
        NO_DATABASE = "no_database", _("The database refused: it does not answer, or the credential has expired.")
        OLD_CLIENT = "old_client", _("pg_dump is missing or older than the database server.")
        DUMP = "dump", _("The database could not be read out completely.")
        DAMAGED = "damaged", _("The archive was read back and is not what was saved.")
        FILES_GONE = (
            "files_gone",
            _("More files than before are not on the disk. Find them while older backups hold them."),
        )
        BROKEN_OFF = "broken_off", _("It was broken off: the process was ended, or the machine switched off.")
        OTHER = "other", _("Something else went wrong. The log of the background worker says what.")

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)  # the archive was read back to its end, and was right
    code = models.CharField(max_length=20, choices=Code, blank=True)
    archive = models.CharField(max_length=60, blank=True)  # the name of the file
    size = models.PositiveBigIntegerField(_("Size in bytes"), default=0)
    missing_files = models.PositiveIntegerField(default=0)  # rows named them, and the disk did not have them

    objects = BackupRunQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-started_at"]
        verbose_name = _("backup")
        constraints = [
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True) | (Q(finished_at__isnull=False) & Q(code="")),
                name="backup_verified_is_finished_and_good",
            )
        ]

    def __str__(self) -> str:
        return self.archive or str(self.pk)

    def failed(self, now: datetime) -> bool:
        """It ended badly, or did not end within the time that a backup may take."""
        return bool(self.code) or (self.finished_at is None and self.started_at + BACKUP_LIMIT <= now)

    @property
    def sentence(self) -> str:
        return str(self.Code(self.code or self.Code.BROKEN_OFF).label)


class LogRow(models.Model):
    """A row of a log, newest first. It has no foreign keys: it must outlive what it speaks of, and whom."""

    user_id: str  # each log says itself whether somebody must be named, and what kinds there are
    kind: str

    at = models.DateTimeField(_("At"))

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user_id} {self.kind}"


class SecurityEvent(LogRow):
    """One sign-in, failure, sign-out, or change of what somebody may do. Append-only, like the read log.

    Who did it (nobody: a command at the server, or whoever failed to sign in), to whom, in which request, from where.
    `detail` is a code, such as a role's: never a name or a typed word.
    """

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Failed to sign in")
        SIGN_OUT = "sign_out", _("Signed out")
        PASSWORD_CHANGED = "password_changed", _("Changed the password")
        PASSWORD_RESET = "password_reset", _("Gave a one-time password")
        TRIES_CLEARED = "tries_cleared", _("Opened a slowed account")
        ACCOUNT_ADDED = "account_added", _("Added an account")
        DEACTIVATED = "deactivated", _("Deactivated an account")
        REACTIVATED = "reactivated", _("Reactivated an account")
        ROLE_PROPOSED = "role_proposed", _("Gave or proposed a role")
        ROLE_CONFIRMED = "role_confirmed", _("Confirmed a role")
        ROLE_DECLINED = "role_declined", _("Declined a role")
        ROLE_ENDED = "role_ended", _("Ended a role")
        DUTY_GIVEN = "duty_given", _("Gave a duty")
        DUTY_ENDED = "duty_ended", _("Ended a duty")
        ACCESS_GIVEN = "access_given", _("Opened a file to somebody")
        ACCESS_ENDED = "access_ended", _("Closed a file to somebody")
        REFUSED = "refused", _("Was refused a page")

    school_id = models.CharField(max_length=36, blank=True)
    user_id = models.CharField(max_length=36, blank=True)
    user_label = models.CharField(_("Who"), max_length=120, blank=True)
    kind = models.CharField(_("What"), max_length=20, choices=Kind)
    about_id = models.CharField(max_length=36, blank=True)
    about_label = models.CharField(_("Whom"), max_length=120, blank=True)
    student_id = models.CharField(max_length=36, blank=True)
    detail = models.CharField(max_length=40, blank=True)
    typed_hash = models.CharField(max_length=64, blank=True)  # of an employee number that means nobody
    what = models.CharField(_("Page"), max_length=60, blank=True)
    page_view = models.CharField(max_length=36, blank=True)
    address = models.CharField(max_length=45, blank=True)

    class Meta(LogRow.Meta):
        indexes = [models.Index(fields=["school_id", "-at"])]
