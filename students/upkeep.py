"""Which files are to be looked through again: not verified for too long or in this term, or with a day that has come."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import BooleanField, DateField, Exists, ExpressionWrapper, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Role, User
from students import access
from students.models import AttentionLevel, CareNeed, Clock, FileVerification, Student, Term
from students.models.clocks import DEFAULTS


class _DaysBefore(Func):
    """The day that lies so many days before another; the number comes from the database."""

    output_field = DateField()

    def as_postgresql(self, compiler, connection):
        return super().as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" - ")

    def as_sqlite(self, compiler, connection):
        template, joiner = "date(%(expressions)s || ' days')", ", '-' || "
        return super().as_sql(compiler, connection, template=template, arg_joiner=joiner)


def _oldest(school, today: date) -> _DaysBefore:
    amount = Clock.objects.filter(school=school, code="file_verified").values("amount")[:1]
    return _DaysBefore(Value(today, DateField()), Coalesce(Subquery(amount), DEFAULTS["file_verified"]))


def _still_true(school, today: date, term: Term | None):
    """Verifications that count: within so many days, and in this term (DOMAIN §3.4)."""
    rows = FileVerification.objects.since(term.starts_on) if term else FileVerification.objects.all()
    return rows.filter(verified_on__gte=_oldest(school, today))


def last_verification(student: Student, today: date) -> tuple[FileVerification | None, bool]:
    """The newest one, and whether it still counts. Two statements. See also _still_true."""
    rows = FileVerification.objects.filter(student=student).select_related("author").order_by("-verified_on")
    row = rows.annotate(oldest=_oldest(student.school_id, today)).first()
    term = Term.objects.filter(school=student.school_id).latest_begun(today)
    if row is None:
        return None, False
    return row, row.verified_on >= max(row.oldest, term.starts_on if term else row.oldest)


def to_look_through(user: User, term: Term | None, *, now: datetime):
    """Students of one's own class whose file is not verified, or where a level or a need is to be looked at again; for
    德育 the latter of the whole school. Each with `stale`, `level_due` and `need_due`. One statement.
    """
    today = timezone.localdate(now)
    verified = _still_true(user.school_id, today, term)
    levels = AttentionLevel.objects.visible_to(user, now=now).due(today)
    needs = CareNeed.objects.visible_to(user, now=now).due(today)
    students = own = access.own_students(user, now=now)
    stale = Q(~Exists(verified.filter(student=OuterRef("pk"))))
    if Role.MORAL_EDUCATION in user.roles(now):
        students = Student.objects.in_school().filter(school=user.school_id)
        stale &= Q(pk__in=own.values("pk"))
    students = students.annotate(
        stale=ExpressionWrapper(stale, BooleanField()),
        level_due=Exists(levels.filter(student=OuterRef("pk"))),
        need_due=Exists(needs.filter(student=OuterRef("pk"))),
    )
    return students.filter(Q(stale=True) | Q(level_due=True) | Q(need_due=True))
