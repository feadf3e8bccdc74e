"""What is made in the background, and who took a file out of the house."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.core.files.storage import storages
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import LogRow, Role, School, User
from students import access
from students.levels import Level
from students.models import ClassAssignment, ClassGroup, Enrolment, Job, JobQuerySet, Student, Term

KEPT = timedelta(days=7)  # a finished file can be fetched for so long


def askable_classes(user: User, *, now: datetime) -> QuerySet:
    """Classes whose term summary this user may ask for: those all of whose students' daily records the user may see.

    Head teacher, deputy and grade leader by their grants; 德育, vice-principal and principal for the whole school.
    """
    if access.school_level(user, now) >= Level.DAILY:
        return access.visible_classes(user, now=now)
    day = timezone.localdate(now)
    seated = Enrolment.objects.on(day).filter(class_group=OuterRef("pk"))
    hidden = seated.exclude(student__in=Student.objects.visible_to(user, Level.DAILY, now=now))
    return access.my_classes(user, day=day).filter(Exists(seated), ~Exists(hidden))


def private_storage():
    return storages["private"]


def report_path(job: ReportJob, filename: str) -> str:
    """A random name: neither class nor school."""
    return f"reports/{uuid.uuid4().hex}"


class ReportJobQuerySet(JobQuerySet):
    def visible_to(self, user: User, *, now: datetime) -> ReportJobQuerySet:
        """A person's own jobs, as long as that person may still ask for what they hold. Fetching is checking: job,
        status, link and file all come through here, and so does the worker."""
        if not user.is_active:
            return self.none()
        held = ClassAssignment.objects.on(timezone.localdate(now)).filter(
            user=user,
            class_group=OuterRef("class_group"),
            duty__in=(ClassAssignment.Duty.HEAD, ClassAssignment.Duty.DEPUTY),
        )
        classes = askable_classes(user, now=now).order_by().values("pk")
        opened = Q(Exists(held)) | Q(own_copy=False)
        opened &= Q(kind=ReportJob.Kind.CLASS_SUMMARY, class_group__in=classes)
        if Role.MORAL_EDUCATION in user.roles(now):
            opened |= Q(kind=ReportJob.Kind.ALL_CLASSES)
        return self.filter(opened, requested_by=user, school=user.school_id)

    def asked_for(self) -> ReportJobQuerySet:
        """Not the parts of a batch."""
        return self.filter(parent__isnull=True)


class ReportJob(Job):
    """A document being made. `scope` says of what: one unfinished job per kind, scope and requester."""

    class Kind(models.TextChoices):
        CLASS_SUMMARY = "class_summary", _("Class term summary")
        ALL_CLASSES = "all_classes", _("Term summaries of all classes")

    class Step(models.TextChoices):
        COLLECT = "collect", _("Collecting the notes")
        COUNT = "count", _("Counting")
        EXAMPLES = "examples", _("Choosing examples, leaving out names")
        CHARTS = "charts", _("Drawing the charts")
        LAYOUT = "layout", _("Laying out the pages")
        WRITE = "write", _("Filing the document")

    class BatchStep(models.TextChoices):
        CLASSES = "classes", _("Class by class")
        SHEET = "sheet", _("Coverage sheet")
        PACK = "pack", _("Packing")

    school = models.ForeignKey(School, models.CASCADE, related_name="report_jobs")
    kind = models.CharField(_("Kind"), max_length=20, choices=Kind)
    scope = models.CharField(max_length=90)
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, null=True, blank=True, related_name="report_jobs")
    term = models.ForeignKey(Term, models.PROTECT, related_name="report_jobs")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="parts")
    own_copy = models.BooleanField(_("With the list of students"), default=False)
    reason = models.CharField(_("What for"), max_length=200, blank=True)
    delivery = models.CharField(max_length=36, blank=True)  # the message on which a worker is working
    is_empty = models.BooleanField(default=False)  # done, but there was nothing to sum up
    file = models.FileField(storage=private_storage, upload_to=report_path, blank=True)
    sheet = models.FileField(storage=private_storage, upload_to=report_path, blank=True)
    size = models.PositiveIntegerField(_("Size in bytes"), default=0)
    student_ids = models.TextField(blank=True)  # whom the file is about, for the read log; cleared with the file
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ReportJobQuerySet.as_manager()

    class Meta(Job.Meta):
        indexes = [models.Index(fields=["requested_by", "-created_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scope", "requested_by"],
                condition=Q(state__in=["queued", "running"]),
                name="one_unfinished_report_per_scope",
                violation_error_message=_("This is being made already."),
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("reports:job", args=[self.pk])

    @property
    def is_batch(self) -> bool:
        return self.kind == self.Kind.ALL_CLASSES

    def class_name(self, today) -> str:
        """三年级(2)班 as it is called today, or 全校各班."""
        return self.class_group.name_on(today) if self.class_group else gettext("all classes")

    def can_be_fetched(self, now: datetime, what: str = "file") -> bool:
        """The file stands and has not expired: an hourly task deletes it, the clock alone closes it."""
        return bool(getattr(self, what)) and self.expires_at is not None and now < self.expires_at


class ExportLog(LogRow):
    """One row for each file that left the house. No foreign keys: it must outlive erasure, and holds no name of a
    student."""

    school_id = models.CharField(max_length=36)
    user_id = models.CharField(max_length=36)
    user_label = models.CharField(_("Who"), max_length=120)
    job_id = models.CharField(max_length=36)
    kind = models.CharField(_("Kind"), max_length=20)
    what = models.CharField(_("What"), max_length=120)
    reason = models.CharField(_("What for"), max_length=200, blank=True)
    students = models.PositiveIntegerField(_("Students"), default=0)
    size = models.PositiveIntegerField(_("Size in bytes"), default=0)

    class Meta(LogRow.Meta):
        indexes = [models.Index(fields=["school_id", "-at"])]


class HeartbeatQuerySet(models.QuerySet):
    def began(self, kind: str, name: str, *, now: datetime) -> None:
        """A process starts: what an earlier one owed or did is forgotten, and who has been gone for a day as well."""
        self.filter(at__lt=now - timedelta(days=1)).delete()
        self.seen(kind, name, now=now)
        self.filter(name=name).update(busy_until=None)

    def seen(self, kind: str, name: str, *, now: datetime, busy_until: datetime | None = None) -> None:
        """A sign of life; with `busy_until`, from a process of the pool that begins something. Others of the same pool may
        be at longer work, so the latest moment stays."""
        self.update_or_create(name=name, defaults={"kind": kind, "at": now, "asked_at": None})
        if busy_until is not None:
            earlier = Q(busy_until=None) | Q(busy_until__lt=busy_until)
            self.filter(earlier, name=name).update(busy_until=busy_until)

    def idle(self, name: str, *, now: datetime, until: datetime) -> None:
        """What might have taken until then has ended. The moment goes if it was its own: now a process of the pool is free
        to answer, and whoever begins next has a moment of its own."""
        self.seen(Heartbeat.Kind.WORKER, name, now=now)
        self.filter(name=name, busy_until=until).update(busy_until=None)

    def asked(self, name: str, *, now: datetime) -> None:
        """The oldest question without an answer is the one that counts."""
        self.get_or_create(name=name, defaults={"kind": Heartbeat.Kind.WORKER, "at": now})
        self.filter(name=name, asked_at=None).update(asked_at=now)

    def excused(self, name: str) -> None:
        """Nobody can answer while the broker is away: a question from before it went is put anew afterwards."""
        self.filter(name=name).update(asked_at=None)


class Heartbeat(models.Model):
    """The last sign of life of a process in the background, on any host. Written by itself (reports/heartbeat.py)."""

    SILENCE = timedelta(minutes=3)

    class Kind(models.TextChoices):
        WORKER = "worker", _("Worker")
        BEAT = "beat", _("Scheduler")

    name = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M}"

    def owes(self, now: datetime) -> bool:
        """Asked more than three minutes ago, and no answer; a long task excuses."""
        return self.asked_at is not None and now - self.asked_at > self.SILENCE and not self.is_busy(now)

    def is_silent(self, now: datetime) -> bool:
        return now - self.at > self.SILENCE and not self.is_busy(now)

    def is_busy(self, now: datetime) -> bool:
        return self.busy_until is not None and self.busy_until > now
