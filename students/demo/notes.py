"""Two terms of notes: who was noticed, by whom, and what was promised."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from accounts.models import User
from students import demo, mentions
from students.demo import Template
from students.demo.people import ClassOf, filled, save
from students.models import AttentionRequest, Boarding, Observation, SchoolCalendar, Student, Term

CLOCKS = {"lesson": (8, 16), "break": (9, 16), "noon": (12, 14), "after": (16, 18), "dormitory": (19, 22)}
POSTS = {"dorm": "T0009", "canteen": "T0010", "doctor": "T0011"}
WELL_COVERED, POORLY_COVERED = "三(2)班", "五(4)班"
# How many of 45 have been noticed this term.
COVERED = {WELL_COVERED: 38, POORLY_COVERED: 14}
RECENT = 20  # school days, the four weeks of the class page


@dataclass
class Book:
    """What is being written: all notes and requests, with the dice."""

    rng: Random
    users: dict[str, User]
    calendar: SchoolCalendar
    now: datetime
    today: date
    notes: list[Observation] = field(default_factory=list)
    requests: list[AttentionRequest] = field(default_factory=list)


def write_all(classes: list[ClassOf], book: Book) -> None:
    terms = [term for term in book.calendar.terms if term.starts_on <= book.today][-2:]
    for each in classes:
        never = set(book.rng.sample(each.students, book.rng.randint(3, 5)))
        deck = [template for template in demo.templates() if each.grade in template.grades and not template.special]
        book.rng.shuffle(deck)
        for term in terms:
            if each.group.entry_year <= term.school_year:
                _write_term(each, term, never, deck, book, running=term == terms[-1])
    _promise(classes, book)
    _ask_for_attention(classes, book)
    with demo.own_moments(Observation, AttentionRequest):
        save(book.notes)
        save(book.requests)


def _write_term(each: ClassOf, term: Term, never: set, deck: list, book: Book, *, running: bool) -> None:
    days = [day for day in book.calendar.days if term.starts_on <= day <= min(term.ends_on, book.today)]
    if not days:
        return
    rng = book.rng
    open_to_notice = [student for student in each.students if student not in never]
    size = COVERED.get(each.name, rng.randint(26, 36)) if running else rng.randint(30, 38)
    noticed = rng.sample(open_to_notice, min(size, len(open_to_notice)))
    recent = days[-RECENT:] if running and each.name == WELL_COVERED else days
    for student in noticed:
        _write(each, student, rng.choice(recent), deck, book)
    share = 1 if each.name == POORLY_COVERED and running else len(days) // 2 + 30
    favoured = [rng.random() ** 3 + 0.05 for _ in noticed]
    for student in rng.choices(noticed, favoured, k=share):
        _write(each, student, rng.choice(days), deck, book)
    for _ in range(0 if each.name == POORLY_COVERED else 4):
        _write_pair(each, rng.sample(noticed, 2), rng.choice(days), book)


def _write(each: ClassOf, student: Student, day: date, deck: list[Template], book: Book) -> None:
    """The next card of the class's deck that fits this child; it goes to the bottom."""
    boards = student.boarding_type == Boarding.BOARDER
    position = next(n for n, card in enumerate(deck) if card.by != "dorm" or boards)
    template = deck.pop(position)
    deck.append(template)
    book.notes.append(_note(template, student, _author(template.by, each, book), day, book))


def _write_pair(each: ClassOf, pair: list[Student], day: date, book: Book) -> None:
    template = book.rng.choice([card for card in demo.templates() if card.special == "pair"])
    author, incident = _author(template.by, each, book), uuid.uuid4()
    for student in pair:
        note = _note(template, student, author, day, book, incident=incident)
        for name in Observation.TEXTS:
            text = getattr(note, name).replace("{甲}", pair[0].name).replace("{乙}", pair[1].name)
            setattr(note, name, mentions.refer(text, pair))
        if student is pair[1]:
            note.created_at = note.updated_at = note._history_date = book.notes[-1].created_at
            note.happened_at_time = book.notes[-1].happened_at_time
        book.notes.append(note)


def _author(by: str, each: ClassOf, book: Book) -> User:
    if by in POSTS:
        return book.users[POSTS[by]]
    if by == "head":
        return each.deputy if each.deputy and book.rng.random() < 0.15 else each.head
    if by == "any":
        return book.rng.choice([each.head, each.head, *each.subjects.values()])
    return each.subjects[by]


def of_template(template: Template, student: Student) -> dict:
    """The fields of a note about this student that the card gives."""
    same = {name: getattr(template, name) for name in ("kind", "tone", "setting", "level")}
    texts = {name: filled(getattr(template, name), student) for name in ("facts", "action", "analysis")}
    return {**same, **texts, "domains": [template.domain]}


def _note(template: Template, student: Student, author: User, day: date, book: Book, **fields) -> Observation:
    clock = _clock(template.setting, day, book)
    written = demo.at(day, clock) + timedelta(minutes=book.rng.randint(3, 90))
    written = min(written, book.now - timedelta(minutes=1))
    note = Observation(
        student=student,
        author=author,
        happened_on=day,
        happened_at_time=clock if book.rng.random() < 0.6 else None,
        **of_template(template, student),
        created_at=written,
        updated_at=written,
        **fields,
    )
    note._history_date, note._history_user = written, author
    return note


def _clock(setting: str, day: date, book: Book) -> time:
    """A time of that setting; today never later than now."""
    first, last = CLOCKS[setting]
    clock = time(book.rng.randrange(first, last), book.rng.randrange(0, 60, 5))
    latest = (book.now - timedelta(minutes=5)).time().replace(second=0, microsecond=0)
    return min(clock, latest) if day == book.today else clock


# --- promises ---------------------------------------------------------------------------------------------------------


def _promise(classes: list[ClassOf], book: Book) -> None:
    """Some notes say when to look again; most have been, every head teacher has some that are due."""
    heads = {each.head.pk: each for each in classes}
    latest: dict[object, int] = {}
    for note in sorted(book.notes, key=lambda note: note.created_at, reverse=True):
        if note.tone == "positive" or not note.action:
            continue
        place = latest[note.author_id] = latest.get(note.author_id, 0) + 1
        if place <= 3 and note.author_id in heads:
            note.follow_up_on = _due(place, note, book)
        elif book.rng.random() < 0.3:
            note.follow_up_on = book.calendar.next_day(note.happened_on + timedelta(days=book.rng.randint(4, 9)))
            if note.follow_up_on <= book.today and note.author_id in heads:
                _look_again(heads[note.author_id], note, book)
            elif note.follow_up_on <= book.today:
                note.followed_at = demo.at(note.follow_up_on, time(16, 30))


def _due(place: int, note: Observation, book: Book) -> date:
    """The latest is due soon, the one before today, the one before that two days ago."""
    soon = book.calendar.next_day(book.today + timedelta(days=2))
    late = max(note.happened_on, book.today - timedelta(days=2))
    return {1: soon, 2: max(note.happened_on, book.today), 3: late}[place]


def _look_again(each: ClassOf, note: Observation, book: Book) -> None:
    template = book.rng.choice([card for card in demo.templates() if card.special == "again"])
    again = _note(template, note.student, each.head, note.follow_up_on, book, follows=note)
    again.author_id, again.level = note.author_id, note.level
    note.followed_at = again.created_at
    book.notes.append(again)


def _ask_for_attention(classes: list[ClassOf], book: Book) -> None:
    """Five requests, the last of them by the dormitory keeper, still waiting for somebody to take it up."""
    counsellor = book.users["T0005"]
    cards = [card for card in demo.templates() if card.special == "attention"]
    upper = [each for each in classes if each.grade >= 4 and each.name != POORLY_COVERED]
    for number, each in enumerate(upper[1:10:2]):
        waiting = number == 4
        card = book.rng.choice([card for card in cards if (card.by == "dorm") == waiting])
        cards.remove(card)
        day = book.today - timedelta(days=1) if waiting else book.calendar.days_ago(6 + 7 * number, book.today)
        note = _note(card, _child(each, waiting, book), _author(card.by, each, book), day, book)
        request = AttentionRequest(
            student=note.student,
            author=note.author,
            level=note.level,
            observation=note,
            created_at=note.created_at,
            updated_at=note.created_at,
        )
        if not waiting:
            request.acknowledged_at = note.created_at + timedelta(minutes=40)
            request.acknowledged_by = counsellor
        request._history_date, request._history_user = note.created_at, note.author
        book.notes.append(note)
        book.requests.append(request)


def _child(each: ClassOf, boards: bool, book: Book) -> Student:
    """Somebody who has been noticed already, so that the class's coverage stays what it is."""
    noticed = {note.student_id for note in book.notes}
    known = [student for student in each.students if student.pk in noticed]
    return (
        next((s for s in known if s.boarding_type == Boarding.BOARDER), known[0]) if boards else book.rng.choice(known)
    )
