"""Who sits where and who teaches whom. Each of these keeps the grants in step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Role, School, User
from accounts.security import Kind, record
from accounts.versions import delete_version, save_version
from students.actions import end_of, stamp, start_of
from students.actions.grants import sync_grants
from students.models import (
    AccessGrant,
    ClassAssignment,
    ClassGroup,
    Enrolment,
    GradeAssignment,
    Student,
    StudentBackground,
    StudentProfile,
)

ONE_DAY = timedelta(days=1)


# --- students ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_student(
    *,
    by: User | None,
    school: School,
    fields: Mapping,
    class_group: ClassGroup,
    seat_no: int | None,
    on: date,
    now: datetime,
) -> Student:
    """A new file, with its rows of level 2 and 3, and a seat from that day."""
    student = Student(school=school, **fields)
    rows = [student, StudentProfile(student=student), StudentBackground(student=student)]
    rows.append(Enrolment(student=student, class_group=class_group, seat_no=seat_no, starts_on=on))
    for row in rows:
        stamp(by, row)
        row.save()
    sync_grants(by=by, students=[student], now=now)
    return student


@transaction.atomic
def correct_student(*, by: User, student: Student, fields: Mapping, version: int) -> None:
    """Raises StaleVersion when somebody saved it meanwhile."""
    for name, value in fields.items():
        setattr(student, name, value)
    stamp(by, student)
    save_version(student, list(fields), version)


@transaction.atomic
def move_student(
    *, by: User | None, student: Student, class_group: ClassGroup, seat_no: int | None, on: date, now: datetime
) -> None:
    """To another class, or only to another seat, from that day. The old teachers' access ends with the day before.

    The student's version stands for the seats too. Raises StaleVersion when somebody saved the student meanwhile.
    """
    stamp(by, student)
    save_version(student, [], student.version)
    _sit(by, student, class_group, seat_no, on)
    sync_grants(by=by, students=[student], now=now)


def _sit(by: User | None, student: Student, class_group: ClassGroup, seat_no: int | None, on: date) -> None:
    _leave_class(by, student, on)
    enrolment = Enrolment(student=student, class_group=class_group, seat_no=seat_no, starts_on=on)
    stamp(by, enrolment)
    enrolment.save()


def _leave_class(by: User | None, student: Student, on: date) -> None:
    """The last day in the class is the one before; a seat taken on the same day was never sat on."""
    for enrolment in student.enrolments.filter(ends_on__isnull=True) | student.enrolments.filter(ends_on__gte=on):
        stamp(by, enrolment)
        if enrolment.starts_on >= on:
            enrolment.delete()
        else:
            enrolment.ends_on = on - ONE_DAY
            enrolment.save(update_fields=["ends_on"])


@transaction.atomic
def leave_school(*, by: User | None, student: Student, status: str, on: date, now: datetime) -> None:
    """Transferred, graduated or left: `on` is the first day on which the student is no longer here."""
    end_schooling(by, student, status, on)
    sync_grants(by=by, students=[student], now=now)


def end_schooling(by: User | None, student: Student, status: str, on: date) -> None:
    """Without the grants: whoever calls this for a whole year keeps them in step once, at the end."""
    _leave_class(by, student, on)
    student.status, student.left_on = status, on
    stamp(by, student)
    save_version(student, ["status", "left_on"], student.version)


@transaction.atomic
def suspend_student(*, by: User, student: Student) -> None:
    """On leave (休学): the seat is kept, and so is what the teachers see."""
    student.status = Student.Status.SUSPENDED
    stamp(by, student)
    save_version(student, ["status"], student.version)


@transaction.atomic
def return_to_school(
    *, by: User | None, student: Student, class_group: ClassGroup, seat_no: int | None, on: date, now: datetime
) -> None:
    """Back after a leave, or after a transfer that came to nothing: the old file goes on."""
    student.status, student.left_on = Student.Status.PRESENT, None
    stamp(by, student)
    save_version(student, ["status", "left_on"], student.version)
    _sit(by, student, class_group, seat_no, on)
    sync_grants(by=by, students=[student], now=now)


# --- classes ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_class(*, by: User | None, school: School, stage: str, entry_year: int, number: int) -> ClassGroup:
    """Raises ValidationError when the school has this class."""
    group = ClassGroup(school=school, stage=stage, entry_year=entry_year, number=number)
    group.full_clean()
    stamp(by, group)
    group.save()
    return group


# --- teachers ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign_to_class(
    *, by: User | None, user: User, class_group: ClassGroup, duty: str, subject: str = "", starts_on: date,
    ends_on: date | None = None, now: datetime
) -> ClassAssignment:  # fmt: skip
    """Head teacher, deputy or subject teacher from a day until a last day; a substitute is one with an end. A head teacher
    without an end takes over: the former one's duty ends with the day before.

    Raises ValidationError: another school, oneself, the same duty twice at one time, a last day before the first.
    """
    if user.school_id != class_group.school_id:
        raise ValidationError(_("This teacher belongs to another school."))
    _refuse_oneself(by, user)
    assignment = ClassAssignment(
        user=user, class_group=class_group, duty=duty, subject=subject, starts_on=starts_on, ends_on=ends_on
    )
    assignment.full_clean()
    _refuse_twice(assignment, user=user, class_group=class_group, duty=duty, subject=subject)
    stamp(by, assignment)
    assignment.save()
    record(Kind.DUTY_GIVEN, by=by, about=user, detail=duty)
    end_former_heads(by, assignment)
    sync_grants(by=by, students=_ever_in(class_group), now=now)
    return assignment


def end_former_heads(by: User | None, assignment: ClassAssignment) -> None:
    """A class has one head teacher without an end. Without the grants; see end_schooling."""
    if assignment.duty != ClassAssignment.Duty.HEAD or assignment.ends_on is not None:
        return
    same = ClassAssignment.objects.filter(class_group=assignment.class_group_id, duty=assignment.duty)
    former = same.filter(ends_on__isnull=True, starts_on__lt=assignment.starts_on).exclude(pk=assignment.pk)
    for row in former.select_related("user"):
        _end(by, row, assignment.starts_on - ONE_DAY, None)


@transaction.atomic
def end_class_assignment(
    *, by: User | None, assignment: ClassAssignment, on: date, now: datetime, version: int | None = None
) -> None:
    """`on` is the last day; an assignment that has not begun is taken back. Raises StaleVersion when it is no longer
    the one that was shown (`version`)."""
    _end(by, assignment, on, version)
    sync_grants(by=by, students=_ever_in(assignment.class_group), now=now)


@transaction.atomic
def assign_to_grade(
    *,
    by: User | None,
    user: User,
    stage: str,
    entry_year: int,
    starts_on: date,
    ends_on: date | None = None,
    now: datetime,
) -> GradeAssignment:
    """A grade leader. Raises ValidationError: oneself, the same grade twice at one time, a last day before the first."""
    _refuse_oneself(by, user)
    assignment = GradeAssignment(user=user, stage=stage, entry_year=entry_year, starts_on=starts_on, ends_on=ends_on)
    assignment.full_clean()
    _refuse_twice(assignment, user=user, stage=stage, entry_year=entry_year)
    stamp(by, assignment)
    assignment.save()
    record(Kind.DUTY_GIVEN, by=by, about=user, detail="grade")
    sync_grants(by=by, students=_ever_in_cohort(assignment), now=now)
    return assignment


@transaction.atomic
def end_grade_assignment(
    *, by: User | None, assignment: GradeAssignment, on: date, now: datetime, version: int | None = None
) -> None:
    _end(by, assignment, on, version)
    sync_grants(by=by, students=_ever_in_cohort(assignment), now=now)


def _refuse_oneself(by: User | None, user: User) -> None:
    """Nobody changes what they themselves may see (DESIGN §3)."""
    if by is not None and by.pk == user.pk:
        raise ValidationError(_("Nobody can change their own duties."))


def _refuse_twice(assignment: ClassAssignment | GradeAssignment, **same: object) -> None:
    """One row for one duty at one time; two people may share it, as a head teacher and the substitute do."""
    others = type(assignment)._default_manager.filter(**same)
    if assignment.ends_on is not None:
        others = others.filter(starts_on__lte=assignment.ends_on)
    if others.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=assignment.starts_on)).exists():
        raise ValidationError(_("This teacher has this duty at that time already."))


def _end(by: User | None, assignment: ClassAssignment | GradeAssignment, on: date, version: int | None) -> None:
    _refuse_oneself(by, assignment.user)
    end_duty(by, assignment, on, version)


def end_duty(
    by: User | None, assignment: ClassAssignment | GradeAssignment, on: date, version: int | None = None
) -> None:
    """Without the grants; see end_schooling."""
    stamp(by, assignment)
    record(Kind.DUTY_ENDED, by=by, about=assignment.user, detail=getattr(assignment, "duty", "grade"))
    shown = assignment.version if version is None else version
    if assignment.starts_on > on:
        delete_version(assignment, shown)
    else:
        assignment.ends_on = on
        save_version(assignment, ["ends_on"], shown)


def _ever_in(class_group: ClassGroup):
    return Student.objects.filter(enrolments__class_group=class_group).distinct()


def _ever_in_cohort(assignment: GradeAssignment):
    return Student.objects.filter(
        enrolments__class_group__school=assignment.user.school_id,
        enrolments__class_group__stage=assignment.stage,
        enrolments__class_group__entry_year=assignment.entry_year,
    ).distinct()


# --- counselling ------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_counselling(
    *, by: User, counsellor: User, student: Student, starts_on: date, ends_on: date, note: str, now: datetime
) -> AccessGrant:
    """德育 opens the confidential part of one student's file to one counsellor for a time (DESIGN §3)."""
    if Role.MORAL_EDUCATION not in by.roles(now) or by.pk == counsellor.pk:
        raise PermissionDenied
    if Role.COUNSELLOR not in counsellor.roles(now) or counsellor.school_id != student.school_id:
        raise ValidationError(_("Only a counsellor of this school can be given this access."))
    grant = AccessGrant(
        user=counsellor,
        permission=_confidential(),
        content_object=student,
        reason=AccessGrant.Reason.COUNSELLING,
        source=f"counselling:{start_of(starts_on):%Y%m%d}:{now:%Y%m%d%H%M%S%f}",
        note=note,
        starts_at=start_of(starts_on),
        ends_at=end_of(ends_on),
        granted_by=by,
    )
    stamp(by, grant, reason=note)
    grant.save()
    record(Kind.ACCESS_GIVEN, by=by, about=counsellor, student=student, detail=grant.reason)
    return grant


def _confidential():
    return Permission.objects.get(content_type__app_label="students", codename="view_confidential")


@transaction.atomic
def end_counselling(*, by: User, grant: AccessGrant, now: datetime) -> None:
    if Role.MORAL_EDUCATION not in by.roles(now):
        raise PermissionDenied
    grant.ends_at = max(now, grant.starts_at)
    stamp(by, grant)
    grant.save(update_fields=["ends_at"])
    record(Kind.ACCESS_ENDED, by=by, about=grant.user, student=grant.content_object, detail=grant.reason)
