"""What belongs to whose work: scales, signals, screening, asking for access, hand-overs, and the read log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Role, User
from students.access.classes import HEADS, is_head_of
from students.access.records import record_condition
from students.access.rule import NOBODY, live_grants, school_level
from students.levels import Level
from students.models.assessments import AnswerSheet
from students.models.classes import ClassAssignment
from students.models.grants import AccessGrant
from students.models.student import Student

if TYPE_CHECKING:
    from students.models.signals import Signal
    from students.models.student import StudentQuerySet
# Who leads the school's care, and sees how far the classes are with a screening.
LEADERS = (Role.MORAL_EDUCATION, Role.VICE_PRINCIPAL, Role.PRINCIPAL)
NEVER_ASK = (Role.SYSTEM_ADMIN, Role.AUDITOR)  # they see no student, whatever happens (ADR 0018)
OVERSEERS = (Role.MORAL_EDUCATION, Role.PRINCIPAL)  # told of emergencies; approve and review them, never their own
# Who answers for "who read this file" (N6, R3). The auditor reads the log and sees no student.
LOG_ROLES = (Role.MORAL_EDUCATION, Role.PRINCIPAL, Role.AUDITOR)


def fills_assessments(user: User, *, now: datetime) -> bool:
    """Scales are the counsellor's work. Of whom: whose confidential part is open to this counsellor, as the fetch says."""
    return user.is_active and Role.COUNSELLOR in user.roles(now)


def answer_sheets(user: User, *, now: datetime) -> QuerySet[AnswerSheet]:
    """Sheets of answers that this counsellor uploaded; nobody else's, 德育 included: they name students at level 4."""
    own = AnswerSheet.objects.filter(requested_by=user, instrument__school=user.school_id)
    return own if fills_assessments(user, now=now) else own.none()


def answers_for(user: User, student: Student, *, now: datetime) -> bool:
    """The student's head teacher and deputy answer the signals that they see, and 德育. Two statements at most."""
    if not user.is_active or user.school_id != student.school_id:
        return False
    return Role.MORAL_EDUCATION in user.roles(now) or is_head_of(user, student, now=now)


def may_answer(user: User, signal: Signal, *, now: datetime) -> bool:
    """Nobody answers what they may not see."""
    seen = type(signal).objects.visible_to(user, now=now).filter(pk=signal.pk)
    return answers_for(user, signal.student, now=now) and seen.exists()


def counselling_grants(user: User, student: Student, *, now: datetime) -> QuerySet:
    """The counselling grants of one student, for those who open and end them (德育)."""
    grants = AccessGrant.objects.filter(content_object=student, reason=AccessGrant.Reason.COUNSELLING)
    opens = user.is_active and user.school_id == student.school_id and Role.MORAL_EDUCATION in user.roles(now)
    return (grants if opens else grants.none()).select_related("user", "granted_by").order_by("-starts_at", "pk")


def kept_sheet_condition(user: User, *, day: date) -> Q:
    """Sheets of a screening round that are this user's to fill in: of a class whose head teacher or deputy one is that day."""
    held = ClassAssignment.objects.on(day).filter(user=user, duty__in=HEADS, class_group=OuterRef("class_group"))
    return Q(Exists(held), round__school=user.school_id) if user.is_active else NOBODY


def sheet_condition(user: User, *, now: datetime) -> Q:
    """Also those of the whole school, for whoever sees level 3 of it."""
    if user.is_active and school_level(user, now) >= Level.SENSITIVE:
        return Q(round__school=user.school_id)
    return kept_sheet_condition(user, day=timezone.localdate(now))


def may_ask(user: User, *, now: datetime) -> bool:
    """Everybody who works with children, the dormitory keeper included: at night nobody else may be there."""
    return user.is_active and user.roles(now).isdisjoint(NEVER_ASK)


def asked_condition(user: User, office: Iterable[Role], *, now: datetime | None = None) -> Q:
    """What one asked for oneself (emergency, request); and what others of the school did, for the office that decides."""
    of_office = NOBODY if user.roles(now or timezone.now()).isdisjoint(office) else Q(student__school=user.school_id)
    return Q(user=user) | of_office if user.is_active else NOBODY


def handover_condition(user: User, *, now: datetime | None = None) -> Q:
    """Who gives it, who takes it over, and 德育 for the school."""
    office = Role.MORAL_EDUCATION in user.roles(now or timezone.now())
    mine = Q(giver=user) | Q(taker=user) | (Q(class_group__school=user.school_id) if office else NOBODY)
    return mine if user.is_active else NOBODY


def summary_condition(user: User, *, now: datetime | None = None) -> Q:
    """By level; and for its writer, who sees the file no more, until the other teacher has taken over."""
    own = Q(author=user, handover__acknowledged_at__isnull=True)
    return record_condition(user, now=now) | own if user.is_active else NOBODY


def ids_of_own(user: User, *, now: datetime) -> set[str]:
    """The ids, as text, of the students of one's own classes and cases, not of what was asked for (T29). One statement."""
    asked_for = (AccessGrant.Reason.EMERGENCY, AccessGrant.Reason.REQUEST)
    own = live_grants(user, now, Level.DAILY).exclude(reason__in=asked_for)
    return {str(pk) for pk in own.values_list("content_object", flat=True)}


def reads_log(user: User, *, now: datetime) -> bool:
    """Whether this user reads by name who opened the files of the school."""
    return user.is_active and not user.roles(now).isdisjoint(LOG_ROLES)


def names_in_log(user: User, *, now: datetime) -> bool:
    """Whether this user, asking who read a file, learns whose it is: the auditor sees no student."""
    return Role.AUDITOR not in user.roles(now) or school_level(user, now) > 0


def students_in_log(user: User, *, now: datetime) -> StudentQuerySet:
    """Students about whose file this user may ask who read it: those of the school, or those one sees."""
    if reads_log(user, now=now):
        return Student.objects.filter(school=user.school_id)
    return Student.objects.visible_to(user, Level.BASIC, now=now)
