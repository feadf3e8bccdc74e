"""A few notes that the rules will find in the class of the first account, the look of this morning, and two answers."""

from __future__ import annotations

from datetime import date, datetime, time

from accounts.models import School
from students import demo
from students.actions import answers
from students.actions.signals import raise_signals
from students.demo.notes import WELL_COVERED, Book
from students.demo.people import ClassOf, save
from students.models import Observation, Signal, Student

# (school days ago, by whom, domain, level, words) of one child each
FAMILY = [
    (9, "head", "family", 3, "外婆摔伤住院，这两周由爸爸一个人接送，早上常晚到几分钟。"),
    (3, "语文", "emotion", 2, "叫到名字没有反应，眼睛红红的，说昨晚没睡好。"),
]
SEVERAL = [
    (6, "数学", "study", 2, "作业本没有带，问起来低着头不说话。"),
    (4, "head", "peers", 2, "课间和同桌争橡皮，推了一下，事后主动去道歉。"),
    (1, "语文", "study", 2, "听写空了一半，说这几天回家很晚。"),
]


def notice(school: School, classes: list[ClassOf], book: Book, today: date, now: datetime) -> None:
    own = next(each for each in classes if each.name == WELL_COVERED)
    known = {note.student_id for note in book.notes}
    children = [student for student in own.students if student.pk in known]
    rows = [
        _note(own, child, *told, book)
        for child, story in zip(children[5:7], (FAMILY, SEVERAL), strict=False)
        for told in story
    ]
    with demo.own_moments(Observation):
        save(rows)
    raise_signals(school=school, today=today, now=now)
    _answer(own, book, today, now)


def _note(
    own: ClassOf, child: Student, ago: int, by: str, domain: str, level: int, facts: str, book: Book
) -> Observation:
    days = [day for day in book.calendar.days if day <= book.today]
    day = days[-1 - ago] if len(days) > ago else book.today
    author = own.head if by == "head" else own.subjects.get(by, own.head)
    written = min(demo.at(day, time(16, 10)), book.now)
    note = Observation(
        student=child, author=author, happened_on=day, facts=facts, domains=[domain], tone="concern", level=level,
        created_at=written, updated_at=written,
    )  # fmt: skip
    note._history_date, note._history_user = written, author
    return note


def _answer(own: ClassOf, book: Book, today: date, now: datetime) -> None:
    """The head teacher has answered two of those that wait in the own class, and the first ones still wait."""
    mine = Signal.objects.unanswered().filter(student__in=own.students).select_related("student")
    waiting = list(mine.order_by("rule", "student__name"))[2:4]
    if waiting:
        on = book.calendar.next_day(today)
        answers.plan_talk(by=own.head, signal=waiting[0], on=on, now=now, today=today, version=waiting[0].version)
    for signal in waiting[1:]:
        because = "和妈妈通过电话，搬家之后睡得晚，已经约好九点前关灯。"
        answers.note_signal(by=own.head, signal=signal, because=because, now=now, version=signal.version)
