"""The only door to students and their records: who sees what, why, and until when (DESIGN §3).

One rule serves list, detail, search, count, history, export, PDF and task: every fetch of a student or of a record
about one goes through `visible_to`, which comes from here. Only grants that are live *now* and users who are active
count. django-guardian's own helpers know no dates and honour inactive users, so they are not used anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from guardian.backends import ObjectPermissionBackend

from accounts.models import Role, RoleMembership, User
from students.levels import CODENAMES, Level
from students.models.assessments import AnswerSheet
from students.models.classes import ClassAssignment, ClassGroup
from students.models.grants import AccessGrant
from students.models.identification import CareNeed, Category, Group
from students.models.records import OPEN_TO_AUTHOR, AttentionRequest
from students.models.student import Student

if TYPE_CHECKING:
    from students.models.signals import Signal
    from students.models.student import StudentQuerySet

NOBODY = Q(pk__in=[])

# What a school-wide role opens without a grant. Doctor and student-aid officer see their kinds of needs at level 3
# through those records; the system administrator and the auditor see no student at all.
SCHOOL_LEVEL = {
    Role.MORAL_EDUCATION: Level.SENSITIVE,
    Role.VICE_PRINCIPAL: Level.SENSITIVE,
    Role.PRINCIPAL: Level.SENSITIVE,
    Role.COUNSELLOR: Level.BASIC,
    Role.DOCTOR: Level.BASIC,
    Role.ACADEMIC: Level.BASIC,
    Role.AID_OFFICER: Level.BASIC,
}
# Whose duty it is to take up "needs attention", and so to read that note whatever its level.
ATTENTION_ROLES = (Role.COUNSELLOR, Role.MORAL_EDUCATION)


def school_level(user: User, now: datetime) -> int:
    """The level that this user's roles open for every student of the school; 0 for none."""
    return max((SCHOOL_LEVEL.get(role, 0) for role in user.roles(now)), default=0)


def live_grants(user: User, now: datetime, level: int) -> QuerySet:
    return AccessGrant.objects.live(now).opening(level).filter(user=user)


# --- students ---------------------------------------------------------------------------------------------------------


def visible_students(
    students: StudentQuerySet, user: User, level: int, *, now: datetime | None = None
) -> StudentQuerySet:
    """Those of `students` whose records of `level` this user may see now."""
    now = now or timezone.now()
    if not user.is_active:
        return students.none()
    students = students.filter(school=user.school_id)
    if school_level(user, now) >= level:
        return students
    return students.filter(Exists(live_grants(user, now, level).filter(content_object=OuterRef("pk"))))


@dataclass(frozen=True)
class Standing:
    """How a user stands to one student: the highest level that may be seen (0: none), and whether this is the head
    teacher or deputy of a student in counselling, who may know that one line of level 4."""

    student: Student
    level: int = 0
    told_of_counselling: bool = False


def standing(user: User, student: Student, *, now: datetime | None = None) -> Standing:
    """At most two statements: roles, and grants."""
    now = now or timezone.now()
    if not user.is_active or user.school_id != student.school_id:
        return Standing(student)
    Reason = AccessGrant.Reason  # noqa: N806 -- a class
    about = AccessGrant.objects.live(now).filter(Q(user=user) | Q(reason=Reason.COUNSELLING), content_object=student)
    grants = list(about.values_list("user", "permission__codename", "reason"))
    own = [(codename, reason) for holder, codename, reason in grants if holder == user.pk]
    codenames, reasons = {codename for codename, _reason in own}, {reason for _codename, reason in own}
    level = max([school_level(user, now), *(level for level, name in CODENAMES.items() if name in codenames)])
    teaches = not reasons.isdisjoint((Reason.HEAD_TEACHER, Reason.DEPUTY))
    return Standing(student, level, teaches and any(reason == Reason.COUNSELLING for _who, _name, reason in grants))


def level_of(user: User, student: Student, *, now: datetime | None = None) -> int:
    """The highest level that this user may see of this student; 0 for none. At most two statements."""
    return standing(user, student, now=now).level


def pickable_students(user: User) -> QuerySet:
    """Any staff member may file a note on any student of the school: name and class only."""
    return Student.objects.in_school().filter(school=user.school_id) if user.is_active else Student.objects.none()


HEADS = (ClassAssignment.Duty.HEAD, ClassAssignment.Duty.DEPUTY)


def my_classes(user: User, *, day: date, duties: Iterable[str] = tuple(ClassAssignment.Duty)) -> QuerySet:
    """Classes that the user teaches or leads that day, in the school's order; `is_head`: as head teacher or deputy."""
    if not user.is_active:
        return ClassGroup.objects.none()
    held = ClassAssignment.objects.on(day).filter(user=user, class_group=OuterRef("pk"))
    taught = Exists(held.filter(duty__in=duties))
    led = NOBODY
    for stage, entry_year in user.grade_assignments.on(day).values_list("stage", "entry_year"):
        led |= Q(stage=stage, entry_year=entry_year)
    classes = ClassGroup.objects.filter(school=user.school_id).filter(taught | led)
    return classes.annotate(is_head=Exists(held.filter(duty__in=HEADS))).in_order()


def classes_in_care(user: User, *, now: datetime) -> QuerySet:
    """Classes for whose students this user answers, and sees level 3 of: one's own as head teacher or deputy, those of
    the grade one leads, and for those who see level 3 of the whole school all of it."""
    day = timezone.localdate(now)
    if answers_for_school(user, now=now):
        return ClassGroup.objects.filter(school=user.school_id).in_school_on(day)
    return my_classes(user, day=day, duties=HEADS)


def answers_for_school(user: User, *, now: datetime) -> bool:
    return user.is_active and school_level(user, now) >= Level.SENSITIVE


def visible_classes(user: User, *, now: datetime) -> QuerySet:
    """All classes of the school for a school-wide role, else one's own."""
    day = timezone.localdate(now)
    if school_level(user, now):
        return ClassGroup.objects.filter(school=user.school_id).in_school_on(day)
    return my_classes(user, day=day)


def is_class_teacher(user: User, class_group: ClassGroup, *, day: date) -> bool:
    """Head teacher or deputy that day: whoever may hold the class's own copy of a report."""
    held = class_group.assignments.on(day).filter(user=user, duty__in=HEADS)
    return user.is_active and user.school_id == class_group.school_id and held.exists()


def own_students(user: User, *, now: datetime) -> StudentQuerySet:
    """The students whose head teacher or deputy this user is now, as the grants say."""
    if not user.is_active:
        return Student.objects.none()
    duties = (AccessGrant.Reason.HEAD_TEACHER, AccessGrant.Reason.DEPUTY)
    held = live_grants(user, now, Level.SENSITIVE).filter(reason__in=duties, content_object=OuterRef("pk"))
    return Student.objects.in_school().filter(Exists(held), school=user.school_id)


def is_head_of(user: User, student: Student, *, now: datetime) -> bool:
    return own_students(user, now=now).filter(pk=student.pk).exists()


# --- records ----------------------------------------------------------------------------------------------------------


def record_condition(user: User, *, now: datetime | None = None) -> Q:
    """Rows of a StudentRecord whose level this user may see of their student."""
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    by_role = school_level(user, now)
    opened = Q(level__lte=by_role)
    for level in (each for each in Level if each > max(by_role, Level.BASIC)):
        granted = live_grants(user, now, level).filter(content_object=OuterRef("student_id"))
        opened |= Q(Exists(granted), level__lte=level)
    return Q(student__school=user.school_id) & opened


def observation_condition(user: User, *, now: datetime | None = None, of: Standing | None = None) -> Q:
    """By level; one's own notes of the last 7 days, and daily ones as long as one sees the student; and those on which
    attention was asked of one's office.

    `of`: how the user stands to the one student whose notes are meant, so that no statement has to find it out again.
    """
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    if of is None:
        basic = visible_students(Student.objects.all(), user, Level.BASIC, now=now).filter(pk=OuterRef("student_id"))
        by_level, in_sight = record_condition(user, now=now), Q(Exists(basic))
    else:
        by_level, in_sight = Q(level__lte=of.level), Q() if of.level else NOBODY
    own = Q(author=user) & (Q(created_at__gt=now - OPEN_TO_AUTHOR) | (Q(level=Level.DAILY) & in_sight))
    condition = by_level | own
    roles = user.roles(now)
    if Role.MORAL_EDUCATION in roles:
        condition |= Q(attention__isnull=False)
    if Role.COUNSELLOR in roles:
        condition |= Q(attention__isnull=False) & (
            Q(attention__acknowledged_at__isnull=True) | Q(attention__acknowledged_by=user)
        )
    meant = Q() if of is None else Q(student=of.student)
    return meant & Q(student__school=user.school_id) & condition


def within_reach(user: User, *, now: datetime) -> Q:
    """Every observation that `observation_condition` could let through, told so that the database finds them by their
    indexes instead of asking each row of the school. It opens nothing: use it beside `visible_to`. Two statements at most.
    """
    if school_level(user, now) >= Level.DAILY:
        return Q()
    students = live_grants(user, now, Level.DAILY).values_list("content_object", flat=True)
    near = Q(author=user) | Q(student__in=list(students.distinct()))
    if Role.COUNSELLOR not in user.roles(now):
        return near
    open_or_own = Q(acknowledged_at__isnull=True) | Q(acknowledged_by=user)
    requests = AttentionRequest.objects.filter(open_or_own, student__school=user.school_id)
    return near | Q(pk__in=list(requests.values_list("observation", flat=True)))


def attention_condition(user: User, *, now: datetime | None = None) -> Q:
    """Counsellors and 德育 see every request of their school; whoever asked sees that it was received."""
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    mine = Q(author=user)
    if not user.roles(now).isdisjoint(ATTENTION_ROLES):
        mine |= Q(student__school=user.school_id)
    return mine


# Whose office it is to know one group of needs for the whole school, at level 3.
NEED_GROUPS = {Role.DOCTOR: Group.HEALTH, Role.AID_OFFICER: Group.HARDSHIP}


def need_groups(user: User, now: datetime) -> list[str]:
    """The groups of needs that this user's office knows of every student."""
    return [group for role, group in NEED_GROUPS.items() if role in user.roles(now)]


def need_condition(user: User, *, now: datetime | None = None) -> Q:
    """By level; by group for doctor and aid officer; all of the school for 德育, who confirm; and one's own proposals
    of the last 7 days. What was not confirmed is no fact about a child: only 德育 and its proposer see it (ADR 0012)."""
    now = now or timezone.now()
    if not user.is_active:
        return NOBODY
    roles = user.roles(now)
    if Role.MORAL_EDUCATION in roles:
        return Q(student__school=user.school_id)
    seen = record_condition(user, now=now)
    if groups := need_groups(user, now):
        seen |= Q(level=Level.SENSITIVE, category__group__in=groups)
    seen &= ~Q(state=CareNeed.State.REJECTED)
    own = Q(author=user, created_at__gt=now - OPEN_TO_AUTHOR)
    return Q(student__school=user.school_id) & (seen | own)


def opens_needs(user: User, of: Standing, *, now: datetime) -> bool:
    """Whether the part "needs" of that student's file opens: to level 3, and to the offices that see or propose some."""
    return of.level >= Level.SENSITIVE or (of.level >= Level.BASIC and proposes_by_office(user, now=now))


def proposes_by_office(user: User, *, now: datetime) -> bool:
    """Counsellor, doctor and aid officer propose for any student; so do head teacher and deputy for their own."""
    return user.is_active and not user.roles(now).isdisjoint((Role.COUNSELLOR, *NEED_GROUPS))


def proposable_categories(user: User, student: Student, *, now: datetime) -> QuerySet[Category]:
    """Of which categories this user may propose a need: all for the head teacher, the deputy and the counsellor; of the
    office's group for doctor and aid officer. One statement, and two to know who the user is."""
    offered = Category.objects.active().filter(school=student.school_id)
    if not user.is_active or user.school_id != student.school_id:
        return offered.none()
    if Role.COUNSELLOR in user.roles(now) or is_head_of(user, student, now=now):
        return offered
    return offered.filter(group__in=need_groups(user, now))


def decides_on_needs(user: User, student: Student, *, now: datetime) -> bool:
    """德育 alone confirms, rejects and closes needs, and lowers or ends an attention level."""
    return user.is_active and user.school_id == student.school_id and Role.MORAL_EDUCATION in user.roles(now)


def mark_condition(user: User, *, now: datetime | None = None) -> Q:
    """By level, and all of the school to the academic office, which imports them. Not to subject teachers (DESIGN §3)."""
    now = now or timezone.now()
    condition = record_condition(user, now=now)
    if reads_all_marks(user, now=now):
        condition |= Q(student__school=user.school_id)
    return condition


def reads_all_marks(user: User, *, now: datetime) -> bool:
    return user.is_active and Role.ACADEMIC in user.roles(now)


def students_with_marks(user: User, *, now: datetime) -> StudentQuerySet:
    """Whose marks this user may open: `mark_condition`, asked of students."""
    level = Level.BASIC if reads_all_marks(user, now=now) else Level.DAILY
    return Student.objects.visible_to(user, level, now=now)


def fills_assessments(user: User, *, now: datetime) -> bool:
    """Scales are the counsellor's work. Of whom: whose confidential part is open to this counsellor, as the fetch says."""
    return user.is_active and Role.COUNSELLOR in user.roles(now)


def answer_sheets(user: User, *, now: datetime) -> QuerySet[AnswerSheet]:
    """Sheets of answers that this counsellor uploaded; nobody else's, 德育 included: they name students at level 4."""
    own = AnswerSheet.objects.filter(requested_by=user, instrument__school=user.school_id)
    return own if fills_assessments(user, now=now) else own.none()


def students_led(user: User, *, now: datetime) -> QuerySet:
    """Ids of the students whose head teacher or deputy this user is now."""
    duties = (AccessGrant.Reason.HEAD_TEACHER, AccessGrant.Reason.DEPUTY)
    return live_grants(user, now, Level.DAILY).filter(reason__in=duties).values("content_object")


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
    duties = (ClassAssignment.Duty.HEAD, ClassAssignment.Duty.DEPUTY)
    held = ClassAssignment.objects.on(day).filter(user=user, duty__in=duties, class_group=OuterRef("class_group"))
    return Q(Exists(held), round__school=user.school_id) if user.is_active else NOBODY


def sheet_condition(user: User, *, now: datetime) -> Q:
    """Also those of the whole school, for whoever sees level 3 of it."""
    if user.is_active and school_level(user, now) >= Level.SENSITIVE:
        return Q(round__school=user.school_id)
    return kept_sheet_condition(user, day=timezone.localdate(now))


# Who leads the school's care, and sees how far the classes are with a screening.
LEADERS = (Role.MORAL_EDUCATION, Role.VICE_PRINCIPAL, Role.PRINCIPAL)


NEVER_ASK = (Role.SYSTEM_ADMIN, Role.AUDITOR)  # they see no student, whatever happens (ADR 0018)
OVERSEERS = (Role.MORAL_EDUCATION, Role.PRINCIPAL)  # told of emergencies; approve and review them, never their own


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


# Who answers for "who read this file" (N6, R3). The auditor reads the log and sees no student.
LOG_ROLES = (Role.MORAL_EDUCATION, Role.PRINCIPAL, Role.AUDITOR)


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


# --- why, and who -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Why:
    """One live reason: in words, up to which level, since when, until when (moments; None: open)."""

    reason: str
    level: int
    since: datetime | date | None
    until: datetime | date | None
    user: User | None = None
    code: str = ""  # an AccessGrant.Reason or a Role


def why_visible(user: User, student: Student, *, now: datetime | None = None) -> list[Why]:
    """Every live reason why this user sees this student; empty when there is none."""
    return who_can_see(student, now=now, only=user)


def who_can_see(
    student: Student, *, now: datetime | None = None, level: int = Level.BASIC, only: User | None = None
) -> list[Why]:
    """Everybody who sees this student's records of `level`, with the reason: what opens most first. Two statements."""
    now = now or timezone.now()
    staff = {"user__school": student.school_id, "user__is_active": True}
    grants = AccessGrant.objects.live(now).opening(level).filter(content_object=student, **staff)
    roles = [role for role, opens in SCHOOL_LEVEL.items() if opens >= level]
    memberships = RoleMembership.objects.live(timezone.localdate(now)).filter(
        user__school=student.school_id, role__in=roles
    )
    if only is not None:
        grants, memberships = grants.filter(user=only), memberships.filter(user=only)
    levels = {codename: level for level, codename in CODENAMES.items()}
    by_grant = [
        Why(
            reason=grant.get_reason_display(),
            level=levels[grant.permission.codename],
            since=grant.starts_at,
            until=grant.ends_at,
            user=grant.user,
            code=grant.reason,
        )
        for grant in grants.select_related("user", "permission").order_by("starts_at", "pk")
    ]
    by_role = [
        Why(
            reason=each.get_role_display(),
            level=SCHOOL_LEVEL[Role(each.role)],
            since=each.starts_on,
            until=each.ends_on,
            user=each.user,
            code=each.role,
        )
        for each in memberships.select_related("user").order_by("role", "starts_on")
    ]
    return sorted(by_grant + by_role, key=lambda why: -why.level)


def audience(students: Iterable[Student], level: int, *, attention: bool, now: datetime) -> list[Why]:
    """Everybody who will see a note of `level` filed under these students: grants first, then roles. Two statements.

    With `attention` also those whose duty it is to take it up, whatever the level.
    """
    students = list(students)
    schools = {student.school_id for student in students}
    staff = {"user__school__in": schools, "user__is_active": True}
    grants = AccessGrant.objects.live(now).opening(level).filter(content_object__in=students, **staff)
    roles = [r for r, opens in SCHOOL_LEVEL.items() if opens >= level or (attention and r in ATTENTION_ROLES)]
    memberships = RoleMembership.objects.live(timezone.localdate(now)).filter(user__school__in=schools, role__in=roles)
    by_grant = [
        Why(reason=each.get_reason_display(), level=level, since=None, until=None, user=each.user, code=each.reason)
        for each in grants.select_related("user").order_by("reason", "user__employee_no")
    ]
    by_role = [
        Why(reason=each.get_role_display(), level=level, since=None, until=None, user=each.user, code=each.role)
        for each in memberships.select_related("user").order_by("role", "user__employee_no")
    ]
    return by_grant + by_role


# --- Django's own question --------------------------------------------------------------------------------------------


class GrantBackend(ObjectPermissionBackend):
    """Answers `user.has_perm("students.view_daily", student)` by the rule above; knows no other permission."""

    def has_perm(self, user_obj, perm: str, obj=None) -> bool:
        levels = {f"students.{codename}": level for level, codename in CODENAMES.items()}
        if not isinstance(obj, Student) or perm not in levels:
            return False
        return level_of(user_obj, obj) >= levels[perm]

    def get_all_permissions(self, user_obj, obj=None) -> set[str]:
        if not isinstance(obj, Student):
            return set()
        held = level_of(user_obj, obj)
        return {f"students.{codename}" for level, codename in CODENAMES.items() if level <= held}
