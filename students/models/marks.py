"""Marks, as the academic office's sheets bring them. Absent is absent and never 0, and nobody is ranked by them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from simple_history.models import HistoricalRecords

from accounts.addresses import address
from accounts.models import OpaqueModel, User
from students.levels import Level
from students.models.calendar import Term
from students.models.classes import ClassGroup
from students.models.records import StudentRecord, StudentRecordQuerySet


class ExamQuerySet(models.QuerySet["Exam"]):
    def in_order(self) -> ExamQuerySet:
        """As they were sat."""
        return self.order_by("term__school_year", "term__number", "kind")


class Exam(OpaqueModel):
    """The marks of one round of a term. The last one of a term stands for the term."""

    class Kind(models.IntegerChoices):
        MIDTERM = 1, _("Mid-term")
        FINAL = 2, _("End of term")

    term = models.ForeignKey(Term, models.PROTECT, related_name="exams")
    kind = models.PositiveSmallIntegerField(_("Exam"), choices=Kind, default=Kind.FINAL)
    history = HistoricalRecords()

    objects = ExamQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["term", "kind"],
                name="one_exam_of_a_kind_per_term",
                violation_error_message=_("This exam exists already."),
            )
        ]

    def __str__(self) -> str:
        return pgettext("term and exam", "%(term)s, %(exam)s") % {"term": self.term, "exam": self.get_kind_display()}


class MarkQuerySet(StudentRecordQuerySet):
    def visible_to(self, user: User, *, now: datetime | None = None) -> MarkQuerySet:
        """By level 2, and those of the school to the academic office, whose file they come from."""
        from students import access

        return self.filter(access.mark_condition(user, now=now))

    def in_order(self) -> MarkQuerySet:
        """As they were got. There is no order by value, here or anywhere."""
        return self.order_by("subject", "exam__term__school_year", "exam__term__number", "exam__kind")


class Mark(StudentRecord):
    """What one student got in one subject at one exam: a number out of the full mark, or absent."""

    # None: by the command at the server, the operator's own authority
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="marks")  # type: ignore[assignment]
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="marks")
    class_group = models.ForeignKey(ClassGroup, models.PROTECT, related_name="marks")  # the class at that exam
    subject = models.CharField(_("Subject"), max_length=20)
    value = models.DecimalField(_("Mark"), max_digits=5, decimal_places=1, null=True, blank=True)
    is_absent = models.BooleanField(_("Absent"), default=False)
    full_mark = models.DecimalField(_("Full mark"), max_digits=5, decimal_places=1, default=Decimal(100))

    objects = MarkQuerySet.as_manager()

    class Meta(StudentRecord.Meta):
        indexes = [models.Index(fields=["exam", "class_group", "subject"])]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "exam", "subject"],
                name="one_mark_per_subject_and_exam",
                violation_error_message=_("This student has a mark in this subject already."),
            ),
            models.CheckConstraint(
                condition=Q(is_absent=True, value__isnull=True) | Q(is_absent=False, value__isnull=False),
                name="mark_or_absent",
                violation_error_message=_("Either a mark or absent."),
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gte=0, value__lte=F("full_mark")),
                name="mark_within_full_mark",
                violation_error_message=_("A mark lies between 0 and the full mark."),
            ),
            models.CheckConstraint(condition=Q(full_mark__gt=0), name="full_mark_is_something"),
            models.CheckConstraint(condition=Q(level=Level.DAILY), name="mark_level"),
        ]

    def get_absolute_url(self) -> str:
        return address("reports:marks", self.student_id)
