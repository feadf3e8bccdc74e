"""Put the demo school together."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from accounts.models import School, User
from students import demo
from students.actions import calendar, placements
from students.actions.assessments import add_shipped
from students.actions.dictionary import start_categories
from students.actions.drafts import save_draft
from students.actions.grants import sync_grants
from students.actions.screening import start_checklists
from students.actions.services import start_services
from students.demo import asking, marks, notes, scales, signals, sweeps
from students.demo.needs import write_needs
from students.demo.people import ClassOf, enrol, hire, open_classes
from students.models import ClassAssignment, SchoolCalendar, Student, school_year_of


@transaction.atomic
def build(*, today: date, now: datetime) -> School:
    """The whole school, or nothing. Twice on the same day gives the same school, but for its ids."""
    rng = Random(demo.SEED)
    school = School(code=demo.CODE, name=demo.NAME, duty_phone="0990-1234567")
    school.save()
    start_categories(by=None, school=school)
    start_services(by=None, school=school)
    start_checklists(by=None, school=school)
    add_shipped(by=None, school=school)
    year = school_year_of(today)
    for each in (year - 1, year):
        calendar.create_terms(by=None, school=school, school_year=each, now=now)
    calendar.seed_calendar(by=None, school=school, years=[year - 1, year])
    users = hire(school, now)
    classes = open_classes(school, users, year)
    enrol(classes, rng, now)
    sync_grants(by=None, students=[student for each in classes for student in each.students], now=now)
    book = notes.Book(rng, users, SchoolCalendar.of(school.pk), timezone.localtime(now), today)
    notes.write_all(classes, book)
    marks.give(school, classes, by=users["T0007"], today=today)
    write_needs(school, classes, users, today, now)
    _substitute(users, classes, today, now)
    counselled = _counselling(users, book, today, now)
    own = next(each for each in classes if each.name == notes.WELL_COVERED)
    scales.fill_in(users, counselled, own, book.calendar, today)
    sweeps.write(school, classes, users, book.calendar.term_on(today), today=today, now=now)
    _drafts(users, classes, now)
    asking.write_all(users, classes, today, now)
    signals.notice(school, classes, book, today, now)
    return school


def _substitute(users: dict[str, User], classes: list[ClassOf], today: date, now: datetime) -> None:
    """The mathematics teacher stands in for a head teacher, for two weeks."""
    placements.assign_to_class(
        by=None,
        user=users["T0046"],
        class_group=next(each.group for each in classes if each.name == "四(3)班"),
        duty=ClassAssignment.Duty.HEAD,
        starts_on=today - timedelta(days=4),
        ends_on=today + timedelta(days=9),
        now=now,
    )


def _counselling(users: dict[str, User], book: notes.Book, today: date, now: datetime) -> Student:
    taken_up = next(request for request in book.requests if request.acknowledged_at)
    placements.open_counselling(
        by=users["T0003"],
        counsellor=users["T0005"],
        student=taken_up.student,
        starts_on=min(today, timezone.localdate(taken_up.acknowledged_at)),
        ends_on=today + timedelta(days=60),
        note="班主任反映近来情绪低落，家长同意辅导",
        now=now,
    )
    return taken_up.student


def _drafts(users: dict[str, User], classes: list[ClassOf], now: datetime) -> None:
    own = next(each for each in classes if each.name == notes.WELL_COVERED)
    boarder = next(s for each in classes for s in each.students if s.boarding_type == "2")
    for user, student, words, kind in (
        (own.head, own.students[4], "今天的值日提前做完了，还帮", "recognition"),
        (users["T0009"], boarder, "晚自习后一个人在走廊打电话，声音很小，", "observation"),
    ):
        _draft(user, student, words, kind, now)


def _draft(user: User, student: Student, words: str, kind: str, now: datetime) -> None:
    incident = str(uuid.uuid4())
    body = {"incident": [incident], "student": [str(student.pk)], "kind": [kind], "facts": [words], "tone": ["plain"]}
    save_draft(by=user, key=f"note:new:{incident}", body=body, seq=1, now=now - timedelta(minutes=25))
