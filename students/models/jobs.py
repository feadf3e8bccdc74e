"""Job: long work whose row is the outbox. Each step is a committed row, so a dead broker loses nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OpaqueModel, User

LOST_AFTER = timedelta(seconds=60)  # no heartbeat for so long: the worker is gone; were it alive, the row would stop it
MAX_ATTEMPTS = 3


class JobQuerySet(models.QuerySet):
    def unfinished(self) -> JobQuerySet:
        return self.filter(state__in=Job.State.unfinished())

    def lost(self, now: datetime) -> JobQuerySet:
        """Queued or running, but nobody has touched them for a while."""
        return self.unfinished().filter(heartbeat_at__lt=now - LOST_AFTER)

    def parked(self, *, since: datetime) -> JobQuerySet:
        """Given up after MAX_ATTEMPTS: either they kill their worker, or what they need is missing."""
        return self.filter(state=Job.State.FAILED, attempts__gte=MAX_ATTEMPTS, finished_at__gte=since)


class Job(OpaqueModel):
    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

        @classmethod
        def unfinished(cls) -> list[str]:
            return [cls.QUEUED, cls.RUNNING]

    requested_by = models.ForeignKey(User, models.PROTECT, related_name="%(class)ss")
    state = models.CharField(_("State"), max_length=10, choices=State, default=State.QUEUED)
    steps_done = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=1)
    step = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def percent(self) -> int:
        return 100 * self.steps_done // max(self.steps_total, 1)

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.State.unfinished()
