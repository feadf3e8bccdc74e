"""Who works here: schools, departments, staff and their roles."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
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
from accounts.models.opaque import OpaqueModel


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
