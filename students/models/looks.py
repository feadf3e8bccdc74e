"""A leader asks a head teacher to turn to a child whom the radar shows (请班主任留意)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Case, DateTimeField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.models import User
from students.levels import Level
from students.models.records import Observation, StudentRecord, StudentRecordQuerySet
from students.models.student import Student

MAX_LINE = 200  # characters
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # stands for "not yet" where the database compares moments


class LookRequestQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> LookRequestQuerySet:
        """For whoever sees level 3 of the student: that it was answered tells that a sensitive note may have been written."""
        from students import access

        students = Student.objects.visible_to(user, Level.SENSITIVE, now=now)
        return self.filter(access.record_condition(user, now=now), student__in=students)

    def with_done(self) -> LookRequestQuerySet:
        """Each with `done_at`: when the first note about the student was written, or the family was reached, after the ask.

        It is read from the records and stored nowhere, so what is withdrawn or moved counts no more, and no click ends it.
        Confidential records leave no trace here.
        """
        never = Value(NEVER, DateTimeField())
        earliest = Least(*(Coalesce(_first(rows), never) for rows in answers()), never)
        when_done = Case(
            When(earliest_answer=NEVER, then=None), default="earliest_answer", output_field=DateTimeField()
        )
        return self.alias(earliest_answer=earliest).annotate(done_at=when_done)

    def waiting(self) -> LookRequestQuerySet:
        return self.with_done().filter(done_at__isnull=True)


class LookRequest(StudentRecord):
    """`author` asked; whoever is head teacher or deputy now is meant. At most one waits for each student."""

    level = models.PositiveSmallIntegerField(_("Level"), choices=Level, default=Level.DAILY, editable=False)
    line = EncryptedTextField(_("One line"), blank=True, validators=[MaxLengthValidator(MAX_LINE)])
    asked_at = models.DateTimeField(editable=False)

    objects = LookRequestQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        indexes = [models.Index(fields=["student", "-asked_at"])]
        constraints = [models.CheckConstraint(condition=Q(level=Level.DAILY), name="look_request_level")]


def answers() -> list[models.QuerySet]:
    """What ends an ask, of every kind of record: a note, a reached contact."""
    from students.touches import kinds_of_record

    found = [Observation.objects.touches(), *(kind._default_manager.all().contacts() for kind in kinds_of_record())]
    return [each.filter(level__lte=Level.SENSITIVE) for each in found if not each.query.is_empty()]


def _first(rows: models.QuerySet) -> Subquery:
    after = rows.filter(student=OuterRef("student_id"), created_at__gt=OuterRef("asked_at")).order_by("created_at")
    return Subquery(after.values("created_at")[:1], output_field=DateTimeField())
