"""What the school can offer where a need is confirmed (F33): its own list, and what was chosen for one need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, School, User
from students.models.identification import CareNeed, Category, Group, pair

MAX_LINE = 200  # characters


class ServiceQuerySet(models.QuerySet):
    def active(self) -> ServiceQuerySet:
        return self.filter(is_active=True)

    def with_use(self) -> ServiceQuerySet:
        """Each with `used`: whether it was ever chosen for a need."""
        return self.annotate(used=models.Exists(ChosenService.objects.filter(service=models.OuterRef("pk"))))


class Service(OpaqueModel):
    """A kind of support of this school, and by whom. What was chosen is never deleted, only no longer offered.

    `groups`: letters of `Group`, `categories`: ids of the school's categories; it is suggested where one of them is that
    of the need.
    """

    school = models.ForeignKey(School, models.PROTECT, related_name="services")
    name = models.CharField(_("Name of the service"), max_length=40)
    by_whom = models.CharField(_("Who carries it out"), max_length=40)
    groups = models.JSONField(_("Fits these groups"), default=list, blank=True)
    categories = models.JSONField(_("Fits these categories"), default=list, blank=True)
    order = models.PositiveSmallIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("Offered for needs"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    history = HistoricalRecords()

    objects = ServiceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "name"],
                name="one_service_per_name",
                violation_error_message=_("There is already a service with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def fits(self, category: Category) -> bool:
        return category.group in self.groups or str(category.pk) in self.categories

    def fits_in_words(self) -> list[str]:
        """The groups; of single categories their number alone, since their names ask for a statement each."""
        return [str(Group(group).label) for group in self.groups if group in Group.values]


class ChosenServiceQuerySet(models.QuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> ChosenServiceQuerySet:
        """With the need: it has no level of its own."""
        return self.filter(need__in=CareNeed.objects.visible_to(user, now=now))

    def standing(self) -> ChosenServiceQuerySet:
        return self.filter(ended_at__isnull=True)

    def of_needs(self, needs: Iterable[CareNeed]) -> ChosenServiceQuerySet:
        """Those that stand, of needs which the reader sees, in the school's order."""
        rows = self.standing().filter(need__in=[need.pk for need in needs])
        return rows.select_related("service").order_by("service__order", "service__name")


class ChosenService(OpaqueModel):
    """A service chosen for one need, with one line on why and how. Its level is that of the need.

    A plan cites it later. Taken back it keeps its row, with who and when, and choosing it again makes another.
    """

    need = models.ForeignKey(CareNeed, models.CASCADE, related_name="services")
    service = models.ForeignKey(Service, models.PROTECT, related_name="chosen")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    how = EncryptedTextField(_("Why and how"), validators=[MaxLengthValidator(MAX_LINE)])
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    history = HistoricalRecords()

    objects = ChosenServiceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["need", "service"],
                condition=Q(ended_at__isnull=True),
                name="one_choice_per_service",
                violation_error_message=_("This service is chosen already."),
            ),
            pair("ended_at", "ended_by", "choice_ended_at_and_by"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
