"""The browsers that somebody has signed in with."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models.opaque import OpaqueModel
from accounts.models.people import User

FORGOTTEN_AFTER = timedelta(days=365)


class KnownDeviceQuerySet(models.QuerySet["KnownDevice"]):
    def of(self, user: User) -> "KnownDeviceQuerySet":
        return self.filter(user=user)

    def asking(self) -> "KnownDeviceQuerySet":
        """Of which the person has not said yet whose it is."""
        return self.filter(asks=True)

    def long_unused(self, now: datetime) -> "KnownDeviceQuerySet":
        """For a year; the newest of each person stays: an account that slept is the last whose sign-in should be no news."""
        newer: QuerySet = KnownDevice.objects.filter(user=OuterRef("user"), last_seen_at__gt=OuterRef("last_seen_at"))
        return self.filter(Exists(newer), last_seen_at__lte=now - FORGOTTEN_AFTER)


class KnownDevice(OpaqueModel):
    """A browser that somebody has signed in with, known by a cookie of which only a fingerprint stands here, another one for
    each person: two people at the computer of the lectern can't be told from it (T29).

    It `asks` until its person has said "that was me". `marks` are the few words of the user agent that name it.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="devices")
    token_hash = models.CharField(max_length=64)
    marks = models.CharField(max_length=40, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    asks = models.BooleanField(default=False)

    objects = KnownDeviceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-first_seen_at"]
        constraints = [models.UniqueConstraint(fields=["user", "token_hash"], name="one_row_per_device")]

    def __str__(self) -> str:
        return str(self.pk)
