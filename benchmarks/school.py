"""An invented school of a given size, written in bulk: what the pages are measured on. Run with an empty database.

`python -m benchmarks.school CLASSES PER_CLASS NOTES` prints as JSON who signs in and whose pages are asked for. The same
size gives the same school, but for its ids.
"""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from random import Random

import django

if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from accounts.middleware import ACTIVE_AT, SIGNED_IN_AT
from accounts.models import Role, RoleMembership, School, User
from students import demo
from students.actions import calendar
from students.actions.grants import sync_grants
from students.demo.notes import of_template
from students.demo.people import ClassOf, enrol, save
from students.models import (
    AttentionRequest,
    ClassAssignment,
    ClassGroup,
    GradeAssignment,
    Observation,
    SchoolCalendar,
    school_year_of,
)

GRADES = 6
SUBJECTS = ("数学", "英语", "科学", "体育")
CLASSES_EACH = {"数学": 3, "英语": 3, "科学": 4, "体育": 4}  # how many classes one teacher of the subject has
OFFICES = (
    Role.PRINCIPAL, Role.VICE_PRINCIPAL, Role.MORAL_EDUCATION, Role.MORAL_EDUCATION, Role.COUNSELLOR, Role.COUNSELLOR,
    Role.ACADEMIC, Role.DOCTOR, Role.AID_OFFICER, Role.SYSTEM_ADMIN, Role.AUDITOR,
)  # fmt: skip
WAITING = 5  # calls for attention that nobody has taken up
LONG_AGO = 3  # years since the staff came
MOST_SESSIONS = 8  # as many as ask at once


@dataclass
class Staff:
    school: School
    offices: list[User] = field(default_factory=list)
    leaders: list[User] = field(default_factory=list)
    heads: list[User] = field(default_factory=list)
    subjects: dict[str, list[User]] = field(default_factory=dict)


@transaction.atomic
def build(*, classes: int, per_class: int, notes: int) -> dict:
    """One school with `classes` classes of `per_class` students and `notes` notes on each student."""
    rng, now = Random(demo.SEED), timezone.now()
    today = timezone.localdate(now)
    year = school_year_of(today)
    school = School(code=demo.CODE, name=demo.NAME)
    school.save()
    for each in (year - 1, year):
        calendar.create_terms(by=None, school=school, school_year=each, now=now)
    calendar.seed_calendar(by=None, school=school, years=[year - 1, year])
    staff = hire(school, classes, today)
    groups = open_classes(staff, classes, year)
    enrol(groups, rng, now, per_class)
    sync_grants(by=None, students=[student for each in groups for student in each.students], now=now)
    write_notes(groups, notes, rng, today)
    return who_asks(staff, groups)


def hire(school: School, classes: int, today: date) -> Staff:
    """A head teacher for each class, teachers of four subjects, a leader for each grade, and the offices."""
    staff = Staff(school)
    numbers = iter(range(1, 10_000))

    def people(count: int) -> list[User]:
        return [_user(school, next(numbers)) for _each in range(count)]

    staff.offices, staff.leaders, staff.heads = people(len(OFFICES)), people(GRADES), people(classes)
    staff.subjects = {subject: people(-(-classes // each)) for subject, each in CLASSES_EACH.items()}
    save([*staff.offices, *staff.leaders, *staff.heads, *(user for each in staff.subjects.values() for user in each)])
    since, now = date(today.year - LONG_AGO, 9, 1), timezone.now()
    save([
        RoleMembership(user=user, role=role, starts_on=since, confirmed_at=now)
        for user, role in zip(staff.offices, OFFICES, strict=True)
    ])  # fmt: skip
    return staff


def _user(school: School, number: int) -> User:
    name = demo.names()["surnames"][number % 60] + "老师"
    no = f"T{number:04d}"
    user = User(school=school, employee_no=no, username=f"{school.code}-{no}", display_name=name)
    user.set_unusable_password()
    return user


def open_classes(staff: Staff, count: int, year: int) -> list[ClassOf]:
    """Spread evenly over six grades, each with a head teacher, a deputy and four subject teachers."""
    groups = [
        ClassGroup(school=staff.school, entry_year=year - place % GRADES, number=place // GRADES + 1)
        for place in range(count)
    ]
    save(groups)
    found, duties = [], []
    for place, group in enumerate(groups):
        teachers = {subject: staff.subjects[subject][place // CLASSES_EACH[subject]] for subject in SUBJECTS}
        each = ClassOf(group, year + 1 - group.entry_year, staff.heads[place], teachers, teachers["英语"])
        found.append(each)
        duties += [(each.head, group, "head", ""), (each.deputy, group, "deputy", "")]
        duties += [(user, group, "subject", subject) for subject, user in teachers.items()]
    save([
        ClassAssignment(
            user=user, class_group=group, duty=duty, subject=subject, starts_on=date(group.entry_year, 9, 1)
        )
        for user, group, duty, subject in duties
    ])  # fmt: skip
    save([
        GradeAssignment(user=user, entry_year=year - place, starts_on=date(year - place, 9, 1))
        for place, user in enumerate(staff.leaders)
    ])  # fmt: skip
    return found


def write_notes(classes: list[ClassOf], notes: int, rng: Random, today: date) -> None:
    """`notes` on each student, over two terms, most of them the head teacher's."""
    days = [day for day in SchoolCalendar.of(classes[0].group.school_id).days if day < today]
    cards = [card for card in demo.templates() if not card.special]
    rows = []
    for each in classes:
        for student in each.students:
            for _number in range(notes):
                author = each.head if rng.random() < 0.6 else rng.choice([*each.subjects.values()])
                rows.append(_note(rng.choice(cards), student, author, rng.choice(days)))
    calls = [_call(note) for note in rng.sample(rows, min(WAITING, len(rows)))]
    with demo.own_moments(Observation, AttentionRequest):
        save(rows)
        save(calls)


def _note(card: demo.Template, student, author: User, day: date) -> Observation:
    written = demo.at(day, time(16, 30)) + timedelta(seconds=student.pk.int % 3600)
    promised = day + timedelta(days=7) if author.pk.int % 10 == 0 and card.action else None
    return Observation(
        student=student,
        author=author,
        happened_on=day,
        **of_template(card, student),
        follow_up_on=promised,
        followed_at=written + timedelta(days=7) if promised else None,
        created_at=written,
        updated_at=written,
    )


def _call(note: Observation) -> AttentionRequest:
    return AttentionRequest(
        student=note.student,
        author=note.author,
        level=note.level,
        observation=note,
        created_at=note.created_at,
        updated_at=note.created_at,
    )


# --- who asks ---------------------------------------------------------------------------------------------------------


def who_asks(staff: Staff, classes: list[ClassOf]) -> dict:
    """For each role the sessions that are open, each with the class and the students whose pages it asks for."""
    middle = len(classes) // 2
    own = [*classes[middle:], *classes[:middle]][:MOST_SESSIONS]
    offices = dict(zip(OFFICES, staff.offices, strict=True))
    return {
        "head teacher": [_session(each.head, each) for each in own],
        "counsellor": [_session(offices[Role.COUNSELLOR], each) for each in own],
        "moral-education office": [_session(offices[Role.MORAL_EDUCATION], each) for each in own],
    }


def _session(user: User, each: ClassOf) -> dict:
    """A session as signing in leaves it."""
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[1]
    session[SIGNED_IN_AT] = session[ACTIVE_AT] = timezone.now().timestamp()
    session.create()
    return {
        "session": session.session_key,
        "class": str(each.group.pk),
        "students": [str(student.pk) for student in each.students],
        "name": each.students[0].name,
        "incidents": str(uuid.uuid4()),
    }


if __name__ == "__main__":
    asked = map(int, sys.argv[1:4])
    print(json.dumps(build(**dict(zip(("classes", "per_class", "notes"), asked, strict=True)))))
