"""Scales of the one student in counselling, and the habits checklist of one class."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from accounts.models import User
from students import demo
from students.actions import assessments as actions
from students.demo.people import ClassOf
from students.models import Instrument, SchoolCalendar, Student
from students.scales.own import series_of

# The adaptation checklist three times, as the student filled it in: from hard weeks to easier ones. 9 was left open once.
COUNSELLED = (
    (42, [1, 1, 2, 1, 1, 2, 1, 0, 1, 3, 2, 2, 1, 2, 2, 1], "自己填的，说到同桌换人时停了很久。"),
    (21, [1, 2, 1, 2, 1, 1, 1, 1, None, 2, 2, 1, 1, 1, 2, 2], "第 9 题不想答，没有勉强。"),
    (4, [2, 2, 1, 2, 2, 1, 0, 2, 2, 1, 1, 1, 2, 1, 1, 2], "填得快了，说最近课间有人一起下棋。"),
)
LOOKED_AT = 8  # students of one class, twice
NOTES = ("开学收心还没完成，先抓按时交作业。", "早晨备书本比上个月好，当面表扬过。", "")


def fill_in(users: dict[str, User], counselled: Student, of: ClassOf, calendar: SchoolCalendar, today: date) -> None:
    adaptation, habits = (_own(counselled.school_id, code) for code in ("adaptation", "habits"))
    for ago, answers, note in COUNSELLED:
        _file(users["T0005"], counselled, adaptation, _school_day(calendar, today, ago), answers, note)
    rng = Random(demo.SEED)  # an own one: the notes of the school stay the same
    for student in of.students[:LOOKED_AT]:
        earlier = [rng.choice((0, 1, 1, 2, 2, 3)) for _ in habits.defined.items]
        later = [min(3, points + rng.choice((0, 0, 1))) for points in earlier]
        for ago, answers, note in ((50, earlier, NOTES[0]), (8, later, rng.choice(NOTES[1:]))):
            _file(of.head, student, habits, _school_day(calendar, today, ago), answers, note)


def _own(school_id, code: str) -> Instrument:
    return Instrument.objects.get(school=school_id, series=series_of(school_id, code))


def _school_day(calendar: SchoolCalendar, today: date, ago: int) -> date:
    return max(
        (day for day in calendar.days if day <= today - timedelta(days=ago)), default=today - timedelta(days=ago)
    )


def _file(by: User, student: Student, instrument: Instrument, day: date, answers: list[int | None], note: str) -> None:
    actions.fill_in(
        by=by,
        student=student,
        instrument=instrument,
        seen=instrument.version,
        filled_on=day,
        answers=answers,
        note=note,
    )
