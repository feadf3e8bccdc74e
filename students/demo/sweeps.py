"""Two screening rounds: one of the term's beginning that is done, and one that runs, with classes that are further than others."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from accounts.models import School, User
from students import demo
from students.actions.identification import propose_need
from students.actions.screening import open_round
from students.demo.people import ClassOf, filled, save
from students.levels import Level
from students.models import Basis, Category, Checklist, ScreeningEntry, ScreeningRound, ScreeningSheet, Term

OFFICE = "T0003"
DONE, HALF = 8, 16  # of 24 classes: so many are through the running round, and so many more have begun
HALF_WAY = 26  # students
WAYS = (["own"], ["talk"], ["own", "peers"], [], ["phone", "visit"])  # how it was found out, in turn
PROPOSED = 4  # of the first round's answers
# (signs, what it may be about, what was seen)
SEEN = (
    (("s1",), ("P1",), "近两周课间多半趴在桌上，问起来只说没事。"),
    (("s5", "s1"), ("P1",), "大课间连着三天一个人在花坛边走，叫{ta}一起玩就摇头。"),
    (("s8",), ("L1",), "这周数学作业有三次没交，说写了忘带。"),
    (("s9", "s12"), ("B3",), "上午第一节常打瞌睡，说周末打游戏到半夜。"),
    (("s11",), ("L3",), "这个月请了四次假，两次是早上说肚子痛。"),
    (("s15",), (), "连着几天穿同一件薄外套，说早饭没吃。"),
    (("s17",), ("F10",), "外公上个月去世，说起来掉了眼泪。"),
    (("s18",), ("F1",), "父母都在外地，平时跟爷爷奶奶，电话都是奶奶接。"),
    (("s19",), ("E4",), "活动费拖了两周，悄悄来问能不能分开交。"),
    (("s6",), ("B1",), "排队时和同桌推搡了两次，都说是对方先动手。"),
    (("s16",), ("H4",), "对花生过敏，家长口头说过，还没交医院的证明。"),
)
WATCH = "先看两周，和科任老师对一下，再定。"


def write(
    school: School, classes: list[ClassOf], users: dict[str, User], term: Term | None, *, today: date, now: datetime
) -> None:
    """Dice of their own, so that notes stay what they were."""
    if term is None:
        return
    rng, office = Random(demo.SEED + 1), users[OFFICE]
    checklist = Checklist.objects.get(school=school, purpose=Checklist.Purpose.SCREENING)
    first_day = term.starts_on + timedelta(days=6)
    if today > term.starts_on + timedelta(days=45):
        begun = demo.at(first_day, time(9, 0))
        row = open_round(by=office, checklist=checklist, term=term, due_on=first_day + timedelta(days=24), now=begun)
        entries = _go_through(row, classes, rng, today=first_day + timedelta(days=20), done=len(classes), half=0)
        _review(entries, office, demo.at(first_day + timedelta(days=26), time(15, 0)), now)
        row.closed_at, row.closed_by = demo.at(first_day + timedelta(days=27), time(16, 0)), office
        row.save()
    begun = demo.at(max(term.starts_on, today - timedelta(days=4)), time(8, 30))
    row = open_round(by=office, checklist=checklist, term=term, due_on=today + timedelta(days=7), now=begun)
    _go_through(row, classes, rng, today=today - timedelta(days=1), done=DONE, half=HALF)


def _go_through(
    row: ScreeningRound, classes: list[ClassOf], rng: Random, *, today: date, done: int, half: int
) -> list[ScreeningEntry]:
    """Those with something seen. The first `done` classes are finished, the head teacher's of the pictures is half-way."""
    sheets = {sheet.class_group_id: sheet for sheet in row.sheets.all()}
    entries: list[ScreeningEntry] = []
    for number, each in enumerate(classes):
        sheet, at = sheets.get(each.group.pk), demo.at(today, time(16, 5 + number))
        own = each.name == "三(2)班" and half
        size = HALF_WAY if own or done <= number < half else 45 if number < done else 0
        if sheet is None or not size:
            continue
        entries += _answers(sheet, row, each, size, at, rng)
        if size == 45:
            sheet.finished_at, sheet.finished_by = at, each.head
            sheet.save()
    with demo.own_moments(ScreeningEntry):
        save(entries)
    return [entry for entry in entries if entry.signs]


def _answers(
    sheet: ScreeningSheet, row: ScreeningRound, each: ClassOf, size: int, at: datetime, rng: Random
) -> list[ScreeningEntry]:
    students = each.students[:size]
    with_signs = {student.pk: seen for student, seen in zip(rng.sample(students, 3), rng.sample(SEEN, 3), strict=True)}
    return [_answer(sheet, row, each.head, student, with_signs.get(student.pk), at) for student in students]


def _answer(sheet, row, head, student, seen, at: datetime) -> ScreeningEntry:
    signs, categories, facts = seen or ((), (), "")
    turn = SEEN.index(seen) if seen else 0
    return ScreeningEntry(
        sheet=sheet, edition=row.edition, student=student, author=head, level=Level.SENSITIVE, created_at=at,
        updated_at=at, answer=ScreeningEntry.Answer.SIGNS if seen else ScreeningEntry.Answer.CLEAR,
        signs=list(signs), categories=list(categories), facts=filled(facts, student),
        ways=WAYS[turn % len(WAYS)] if seen else [],
        suggested_step=2 - turn % 2 if seen and categories and turn % 3 < 2 else None,
    )  # fmt: skip


def _review(entries: list[ScreeningEntry], office: User, at: datetime, now: datetime) -> None:
    """The first ones with a category become proposals, the others are kept an eye on."""
    offered = {each.code: each for each in Category.objects.filter(school=office.school)}
    named = [entry for entry in entries if entry.categories and entry.categories[0] in offered][:PROPOSED]
    for entry in entries:
        entry.reviewed_at, entry.reviewed_by = at, office
        proposed = entry in named
        entry.decision = ScreeningEntry.Decision.PROPOSED if proposed else ScreeningEntry.Decision.WATCH
        entry.review_note = "" if proposed else WATCH
        entry.save()
    for entry in named:
        propose_need(
            student=entry.student, category=offered[entry.categories[0]], basis=Basis.JUDGEMENT, facts=entry.facts,
            by=entry.author, now=now, origin=entry,
        )  # fmt: skip
