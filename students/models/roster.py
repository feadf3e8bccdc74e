"""An import of a roster or of marks: the file, its difference row by row, and what became of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.models import OpaqueModel, School, User
from students.models.jobs import Job, JobQuerySet
from students.models.records import private_storage
from students.models.student import Student


def roster_path(job: RosterImport, filename: str) -> str:
    return f"rosters/{uuid.uuid4().hex}"


class RosterImport(Job):
    """Upload → columns → dry run (the stored difference) → applied → perhaps undone."""

    class Kind(models.TextChoices):
        ROSTER = "roster", _("Roster")
        MARKS = "marks", _("Marks")

    class Phase(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        PREPARED = "prepared", _("Checked")
        APPLIED = "applied", _("Imported")
        UNDONE = "undone", _("Undone")

    # None: by the command at the server, the operator's own authority
    requested_by = models.ForeignKey(  # type: ignore[assignment]
        User, models.PROTECT, null=True, blank=True, related_name="rosterimports"
    )
    school = models.ForeignKey(School, models.PROTECT, related_name="imports")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ROSTER, db_default=Kind.ROSTER)
    # of marks: term (id), exam (Exam.Kind), classes_of (school year whose class names the file uses), full_mark
    options = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))
    phase = models.CharField(_("Phase"), max_length=10, choices=Phase, default=Phase.UPLOADED)
    file = models.FileField(storage=private_storage, upload_to=roster_path)
    asked_by = models.ForeignKey(  # for the present step: confirming and undoing may be a colleague's
        User, models.PROTECT, null=True, blank=True, related_name="+"
    )
    delivery = models.CharField(max_length=36, blank=True, default="", db_default="")  # on which a worker is working
    extension = models.CharField(max_length=5)
    file_sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(
        default=dict, blank=True
    )  # headers, header_row, titles above it, fields: column index → field key
    good_rows_only = models.BooleanField(_("Import the good rows"), default=False)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta(Job.Meta):
        pass


class RosterRow(models.Model):
    """One row of the sheet and what it would do. Names, values and sentences are encrypted: they are level 3."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        CHANGED = "changed", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        REFUSED = "refused", _("Refused")

    job = models.ForeignKey(RosterImport, models.CASCADE, related_name="rows")
    row = models.PositiveIntegerField()  # as numbered in the sheet
    status = models.CharField(max_length=10, choices=Status)
    student = models.ForeignKey(Student, models.SET_NULL, null=True, blank=True, related_name="+")
    body = EncryptedTextField()  # JSON: name, values, before, errors, warnings

    class Meta:
        default_permissions = ()
        ordering = ["row"]
        constraints = [models.UniqueConstraint(fields=["job", "row"], name="one_result_per_row")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.row} {self.status}"


class ColumnMapping(OpaqueModel):
    """How a school's own header row was mapped last time."""

    school = models.ForeignKey(School, models.CASCADE, related_name="column_mappings")
    header_fingerprint = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["school", "header_fingerprint"], name="one_mapping_per_header")]

    def __str__(self) -> str:
        return self.header_fingerprint[:8]
