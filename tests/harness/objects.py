"""A world in which every sensitive text, number and name is a unique random string, a canary, and it is known who may see it.

Who may see what stands here by hand, from the role table of DESIGN §3: `LEVELS` and `sees_note`. Nothing in this file
asks students.access. Changes here will impact every test of the harness.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import Department, KnownDevice, Role, RoleMembership, SecurityEvent
from reports.models import ReportJob
from students.actions import notes
from students.marks.importing import options_of
from students.models import (
    AccessGrant,
    AccessRequest,
    AnswerSheet,
    Assessment,
    Attachment,
    AttentionRequest,
    CalendarDay,
    Category,
    ClassAssignment,
    Draft,
    EmergencyAccess,
    Exam,
    FileAccess,
    GradeAssignment,
    Guardian,
    HabitCheck,
    Handover,
    HandoverSummary,
    Instrument,
    LookRequest,
    Mark,
    Observation,
    ReadingNotice,
    Signal,
    SignalRule,
    Student,
    StudentBackground,
    StudentProfile,
    Term,
    school_year_of,
)
from students.roster import actions as imports
from students.roster import running
from students.scales.scoring import Band, Definition, Item, Option, Scale
from students.scales.sheet import Row
from tests.cast import Cast, build_cast
from tests.harness.needs import add_needs
from tests.harness.sweeps import add_screening

# DESIGN §3, by hand: who sees up to which level of whom, in this world. The head teacher of a class has its students, the
# leader of grade three both of its classes; 郭 (gone) has left the school, which leaves the school-wide roles. Beside the
# cast's duties: guo helps bei in a support team (level 3), xin has ding in counselling (level 4).
SCHOOL = ("an", "bei", "ding", "gao", "gone")
LEVELS: dict[str, dict[str, int]] = {
    "zhou": {"an": 3, "bei": 3},
    "he": {"an": 3, "bei": 3},
    "guo": {"an": 1, "bei": 3},
    "qin": {"an": 3, "bei": 3, "ding": 3},
    "lin": {"ding": 3},
    "xin": {**dict.fromkeys(SCHOOL, 1), "ding": 4},
    "ruan": dict.fromkeys(SCHOOL, 3),
    "fu": dict.fromkeys(SCHOOL, 3),
    "xiao": dict.fromkeys(SCHOOL, 3),
    "yi": dict.fromkeys(SCHOOL, 1),
    "jiao": dict.fromkeys(SCHOOL, 1),
    "zi": dict.fromkeys(SCHOOL, 1),
    "luo": {},
    "wang": {},
    "shen": {},
    "yuan": {"hang": 3},
}
PEOPLE = tuple(LEVELS)
# Walks that ask for everything begin with three people: of a class, of the school, of neither. The others follow in the
# second stage.
FIRST = ("zhou", "ruan", "luo")


def staged(people: Iterable[str]) -> list:
    return [name if name in FIRST else pytest.param(name, marks=pytest.mark.second) for name in people]


EACH = staged(PEOPLE)
OURS = tuple(name for name in PEOPLE if name != "yuan")  # of 示范小学
CLASS_OF = {"an": "own_class", "bei": "own_class", "ding": "next_class", "gao": "grade_four", "hang": "far_class"}
CLASS_TEACHERS = {"own_class": ("zhou", "he"), "next_class": ("lin",), "far_class": ("yuan",), "grade_four": ()}


def level(who: str, student: str) -> int:
    return LEVELS[who].get(student, 0)


def school_of(thing: str) -> str:
    """Students, classes and people by name: far away, or ours."""
    return "elsewhere" if thing in ("hang", "far_class", "yuan") else "school"


@dataclass(frozen=True)
class Note:
    """What the oracle knows about a note. `attention`: "", "waiting", or who took it up."""

    student: str
    level: int
    author: str
    age: int = 0  # days since it was written
    attention: str = ""
    void: bool = False


NOTES: dict[str, Note] = {
    "an2": Note("an", 2, "zhou"),
    "an3": Note("an", 3, "zhou"),
    "an4": Note("an", 4, "luo", attention="waiting"),
    "an_old": Note("an", 2, "guo", age=10),
    "an_old3": Note("an", 3, "guo", age=10),
    "an_void": Note("an", 2, "zhou", void=True),
    "bei2": Note("bei", 2, "he"),
    "bei3": Note("bei", 3, "ruan"),
    "bei_taken": Note("bei", 2, "zhou", attention="ruan"),
    "ding2": Note("ding", 2, "lin"),
    "ding3": Note("ding", 3, "lin"),
    "ding4": Note("ding", 4, "xin", attention="xin"),
    "ding_luo": Note("ding", 2, "luo", age=8),
    "gao2": Note("gao", 2, "luo", age=1),
    "gao3": Note("gao", 3, "ruan"),
    "gone2": Note("gone", 2, "zhou", age=40),
    "gone3": Note("gone", 3, "ruan", age=40),
    "hang2": Note("hang", 2, "yuan"),
    "hang3": Note("hang", 3, "yuan"),
    "hang4": Note("hang", 4, "yuan", attention="waiting"),
    # one incident, two students: made by the action, so that names stand in its texts as references
    "two_an": Note("an", 2, "zhou"),
    "two_ding": Note("ding", 2, "zhou"),
    # filed under gao by mistake and moved to an at once
    "moved": Note("an", 2, "zhou"),
}


@dataclass(frozen=True)
class Found:
    """What the oracle knows about a signal. `counts`: a note; `answer`: "", "noted", or "talk" of that day by the author."""

    student: str
    level: int
    counts: str
    answer: str = ""
    by: str = ""
    lapsed: bool = False


SIGNALS: dict[str, Found] = {
    "an2": Found("an", 2, "an2"),
    "an3": Found("an", 3, "an3", "noted", "zhou"),
    "an_lapsed": Found("an", 2, "an2", lapsed=True),
    "bei2": Found("bei", 2, "bei2", "talk", "zhou"),
    "bei3": Found("bei", 3, "bei3"),
    "ding3": Found("ding", 3, "ding3"),
    "ding4": Found("ding", 4, "ding4", "noted", "lin"),
    "gao2": Found("gao", 2, "gao2"),
    "hang2": Found("hang", 2, "hang2"),
}


def sees_signal(who: str, signal: Found) -> bool:
    """DESIGN §3: by level alone; what a rule no longer finds is for nobody."""
    return not signal.lapsed and level(who, signal.student) >= signal.level


def sees_note(who: str, note: Note) -> bool:
    """DESIGN §3: by level; the author for 7 days, and daily notes as long as the author sees the student; what needs
    attention is for 德育处 and, until a colleague took it up, for the counsellor. What was withdrawn is for nobody."""
    if note.void or school_of(who) != school_of(note.student):
        return False
    if level(who, note.student) >= note.level:
        return True
    if who == note.author and (note.age < 7 or (note.level == 2 and level(who, note.student) >= 1)):
        return True
    return bool(note.attention) and (who == "ruan" or (who == "xin" and note.attention in ("waiting", "xin")))


@dataclass(frozen=True)
class Canary:
    """`sees`: the people to whom this text may show. `picker`: also in the picker, whose results are name and class.
    `masked`: stands on pages only in part, or not at all."""

    text: str
    label: str
    sees: frozenset[str]
    picker: bool = False
    masked: bool = False


@dataclass
class World:
    cast: Cast
    things: dict[str, dict[str, Any]] = field(default_factory=dict)  # kind → label → object
    canaries: list[Canary] = field(default_factory=list)

    def mark(self, text: str, label: str, sees: Iterable[str], **flags: bool) -> str:
        self.canaries.append(Canary(text, label, frozenset(sees), **flags))
        return text

    def words(self, label: str, sees: Iterable[str], **flags: bool) -> str:
        """A new canary of letters."""
        return self.mark(f"kx{secrets.token_hex(5)}", label, sees, **flags)

    def digits(self, count: int, label: str, sees: Iterable[str], **flags: bool) -> str:
        return self.mark(f"9{secrets.randbelow(10 ** (count - 1)):0{count - 1}}", label, sees, **flags)

    def person(self, who: str):
        return self.cast.people[who]

    def add(self, kind: str, label: str, thing: Any) -> Any:
        self.things.setdefault(kind, {})[label] = thing
        return thing


def those_at(student: str, least: int) -> list[str]:
    return [who for who in PEOPLE if level(who, student) >= least]


def build_world() -> World:
    world = World(build_cast())
    world.things["student"] = dict(world.cast.students)
    world.things["class"] = {name: getattr(world.cast, name) for name in set(CLASS_OF.values())}
    world.things["staff"] = dict(world.cast.people)
    _grants(world)
    for name in world.cast.students:
        _fill(world, name)
    _write_notes(world)
    _write_incidents(world)
    _attach(world)
    _signals(world)
    _looks(world)
    _drafts(world)
    _readings(world)
    _asked(world)
    _handover(world)
    _jobs(world)
    _imports(world)
    _marks(world)
    _scales(world)
    _office(world)
    add_screening(world, lambda label: list(OURS) if label == "ours" else ["yuan"], those_at)
    add_needs(world)
    _name(world)
    return world


# --- the file ---------------------------------------------------------------------------------------------------------


def _grants(world: World) -> None:
    now = timezone.now()
    rows = [
        ("team", "guo", "bei", "view_sensitive", AccessGrant.Reason.SUPPORT_TEAM, -5, None),
        ("counselling", "xin", "ding", "view_confidential", AccessGrant.Reason.COUNSELLING, -5, 30),
        ("team_over", "lin", "an", "view_sensitive", AccessGrant.Reason.SUPPORT_TEAM, -30, -1),
        ("team_to_come", "lin", "bei", "view_sensitive", AccessGrant.Reason.SUPPORT_TEAM, 1, 30),
        ("counselling_over", "xin", "an", "view_confidential", AccessGrant.Reason.COUNSELLING, -30, -1),
    ]
    for label, who, student, codename, reason, starts, ends in rows:
        told = ["ruan"] if "counselling" in label else []
        grant = AccessGrant.objects.create(
            user=world.person(who),
            content_object=world.cast.students[student],
            permission=Permission.objects.get(codename=codename, content_type__app_label="students"),
            reason=reason,
            source=f"harness:{label}",
            note=world.words(f"grant {label}", told, masked=not told),
            starts_at=now + timedelta(days=starts),
            ends_at=None if ends is None else now + timedelta(days=ends),
            granted_by=world.cast.ruan,
        )
        world.add("grant", label, grant)


GROWTH = ("temperament", "pace", "interests", "strengths", "talent", "former_name", "native_place", "hukou_type")
UNSEEN = ("birthplace_code", "hukou_code")  # stand on no page


def _fill(world: World, name: str) -> None:
    student = world.cast.students[name]
    basic, daily, sensitive = (those_at(name, least) for least in (1, 2, 3))
    # Level 1, but the page that shows it is the panel of level 2, or the form of those who correct it.
    student.student_source = world.words(f"{name} source", basic, masked=True)
    student.student_no_aux = world.digits(12, f"{name} auxiliary number", basic, masked=True)
    student.save()
    profile = StudentProfile.objects.get(student=student)
    profile.interests = world.words(f"{name} interests, earlier", daily)
    profile.save()
    for each in GROWTH:
        setattr(profile, each, world.words(f"{name} {each}", daily))
    for each in UNSEEN:
        setattr(profile, each, world.digits(12, f"{name} {each}", daily, masked=True))
    profile.save()
    _background(world, name, student, sensitive)


def _background(world: World, name: str, student: Student, sensitive: list[str]) -> None:
    row = StudentBackground.objects.get(student=student)
    row.family = world.words(f"{name} family, earlier", sensitive)
    row.save()
    row.family = world.words(f"{name} family", sensitive)
    row.disability_type = world.words(f"{name} disability", sensitive)
    row.health_status = world.words(f"{name} health", sensitive)
    for each, count in (("id_no", 18), ("national_no", 19), ("phone", 11)):
        setattr(row, each, world.digits(count, f"{name} {each}", sensitive, masked=True))
    for each in ("address_now", "address_mail", "address_home"):
        setattr(row, each, "某省某市某区" + world.words(f"{name} {each}", sensitive, masked=True) + "号")
    row.left_behind = "2"
    row.save()
    Guardian.objects.create(
        student=student,
        name=world.words(f"{name} guardian", sensitive),
        relation="外祖母",
        phone=world.digits(11, f"{name} guardian's phone", sensitive, masked=True),
        address="某省某市某区" + world.words(f"{name} guardian's address", sensitive, masked=True),
        id_no=world.digits(18, f"{name} guardian's id", sensitive, masked=True),
    )


def _name(world: World) -> None:
    """Names and ids of students: level 1, the authors of notes, and, name and class only, the picker."""
    for name, student in world.cast.students.items():
        authors = {note.author for note in NOTES.values() if note.student == name and sees_note(note.author, note)}
        sees = {*those_at(name, 1), *authors}
        picked = name not in ("gone",)
        for text in (student.name, student.name[-2:], str(student.pk)):
            world.mark(text, f"{name} {'id' if '-' in text else 'name'}", sees, picker=picked)
    for who, user in world.cast.people.items():
        ours = OURS if who != "yuan" else ("yuan",)
        world.mark(user.display_name, f"{who} name", ours, masked=True)
        user.phone = world.digits(11, f"{who} phone", {who, *({"wang"} & {*ours})})
        user.save()


# --- notes ------------------------------------------------------------------------------------------------------------


def _write_notes(world: World) -> None:
    for key, note in NOTES.items():
        if key.startswith(("two_", "moved")):
            continue
        sees = [who for who in PEOPLE if sees_note(who, note)]
        row = Observation(
            student=world.cast.students[note.student],
            author=world.person(note.author),
            level=note.level,
            happened_on=timezone.localdate() - timedelta(days=note.age),
            facts=world.words(f"note {key}, before its correction", sees, masked=note.void),
            domains=["emotion"],
        )
        row.save()
        for name in Observation.TEXTS:
            setattr(row, name, world.words(f"note {key} {name}", sees, masked=note.void))
        row.follow_up_on = timezone.localdate() if note.age < 7 else None
        row._change_reason = world.words(f"note {key} reason", sees, masked=note.void)
        if note.void:
            row.voided_at, row.voided_by = timezone.now(), row.author
            row.void_reason = world.words(f"note {key} void", [], masked=True)
        row.save()
        written = timezone.now() - timedelta(days=note.age, minutes=5)
        Observation.objects.filter(pk=row.pk).update(created_at=written)
        row.created_at = written
        _note_is(world, key, row, sees)
        _attention(world, key, note, row)


def _note_is(world: World, key: str, row: Observation, sees: list[str]) -> None:
    world.add("note", key, row)
    world.mark(str(row.pk), f"note {key} id", sees, masked=NOTES[key].void)


def _attention(world: World, key: str, note: Note, row: Observation) -> None:
    if not note.attention:
        return
    taken = {} if note.attention == "waiting" else {"acknowledged_by": world.person(note.attention), "acknowledged_at": timezone.now()}  # fmt: skip
    asked = AttentionRequest.objects.create(
        student=row.student, author=row.author, observation=row, level=row.level, **taken
    )
    world.add("attention", key, asked)
    asked_of = ["xin", "ruan"] if school_of(note.student) == "school" else []
    world.mark(str(asked.pk), f"attention {key} id", [*asked_of, note.author], masked=True)


def _write_incidents(world: World) -> None:
    an, ding, gao, zhou = world.cast.an, world.cast.ding, world.cast.gao, world.cast.zhou
    sees = [who for who in PEOPLE if any(sees_note(who, NOTES[key]) for key in ("two_an", "two_ding"))]
    told = world.words("note two facts", sees)
    fields = {
        "facts": f"{an.name}把跳绳让给了{ding.name}，{ding.name[-2:]}笑了。{told}",
        "happened_on": timezone.localdate(),
        "level": 2,
    }
    rows = notes.record_observation(by=zhou, students=[an, ding], fields=fields, now=timezone.now())
    for key, row in zip(("two_an", "two_ding"), sorted(rows, key=lambda row: row.student_id != an.pk), strict=True):
        _note_is(world, key, row, [who for who in PEOPLE if sees_note(who, NOTES[key])])
    sees = [who for who in PEOPLE if sees_note(who, NOTES["moved"])]
    fields = {
        "facts": f"{gao.name}收好了全组的跳绳。{world.words('note moved facts', sees)}",
        "happened_on": timezone.localdate(),
        "level": 2,
    }
    row = notes.record_observation(by=zhou, students=[gao], fields=fields, now=timezone.now())[0]
    notes.move_observation(by=zhou, observation=row, to=an, now=timezone.now())
    row.refresh_from_db()
    _note_is(world, "moved", row, sees)


def _signals(world: World) -> None:
    """Each says a subject's name that is a canary, and so is the answer."""
    now, today = timezone.now(), timezone.localdate()
    for school in (world.cast.school, world.cast.elsewhere):
        label = "ours" if school == world.cast.school else "far"
        category = Category.objects.create(school=school, code="Z9", name="需要留意", group="S", order=99)
        world.add("signal_category", label, category)
        SignalRule.objects.create(school=school, code="concerns", amount=3, days=10)
    world.things["rule"] = {"concerns": {"code": "concerns"}}
    for key, found in SIGNALS.items():
        sees = [who for who in PEOPLE if sees_signal(who, found)]
        subject = world.words(f"signal {key} words", sees, masked=found.lapsed)
        row = Signal(
            student=world.cast.students[found.student],
            rule="drop",
            level=found.level,
            counted=[f"students.observation:{world.things['note'][found.counts].pk}"],
            numbers={"lines": [[subject, [["1", "期中", 85, 80, 10], ["1", "期末", 60, 80, 10]]]]},
            fingerprint=key,
            raised_on=today,
            lapsed_at=now if found.lapsed else None,
        )
        if found.answer:
            row.answer, row.answered_at, row.answered_by = found.answer, now, world.person(found.by)
            row.because = world.words(f"signal {key} because", sees)
        if found.answer == "talk":
            row.talk_on, row.talk_by = today, row.answered_by
        row.save()
        world.add("signal", key, row)
        world.mark(str(row.pk), f"signal {key} id", sees, masked=found.lapsed)


def _looks(world: World) -> None:
    """Asked of the head teachers: about an yesterday, about gao a while ago and answered since; about ding and hang too."""
    now = timezone.now()
    for student, who, days in (("an", "ruan", 0), ("ding", "qin", 0), ("gao", "fu", 9), ("hang", "yuan", 0)):
        row = LookRequest(student=world.cast.students[student], author=world.person(who))
        row.asked_at = now + timedelta(minutes=1) - timedelta(days=days)
        row.line = world.words(f"look {student}, earlier", [], masked=True)
        row.save()
        row.line = world.words(f"look {student}", those_at(student, 2))
        row.save()
        world.add("look", student, row)


def _attach(world: World) -> None:
    for key in ("an2", "an4", "two_an", "gao3", "hang2"):
        note = world.things["note"][key]
        rows = [NOTES[key], NOTES["two_ding"]] if key == "two_an" else [NOTES[key]]
        sees = [who for who in PEOPLE if any(sees_note(who, each) for each in rows)]
        photo = Attachment(incident=note.incident, author=note.author, content_type="image/jpeg", size=14)
        photo.file.save("photo", ContentFile(world.words(f"photo {key}", sees).encode()))
        world.add("photo", key, photo)
        world.mark(str(photo.pk), f"photo {key} id", sees)


def _drafts(world: World) -> None:
    for who, student in (("zhou", "bei"), ("luo", "gao"), ("yuan", "hang")):
        incident = uuid.uuid4()
        body = {"facts": [world.words(f"draft of {who}", [who])], "student": [str(world.cast.students[student].pk)]}
        row = Draft.objects.create(
            user=world.person(who), key=f"note:new:{incident}", body=json.dumps(body), seq=1, updated_at=timezone.now()
        )
        world.add("draft", who, row)
        world.mark(str(incident), f"draft of {who} id", [who])


def _readings(world: World) -> None:
    """Somebody has read an's file: by name for 德育, the principal and the auditor alone."""
    for name in ("an", "hang"):
        told = ["ruan", "xiao", "shen"] if name == "an" else []
        FileAccess.objects.create(
            at=timezone.now(),
            school_id=str(world.cast.students[name].school_id),
            user_id=str(uuid.uuid4()),
            user_label=world.words(f"reader of {name}", told, masked=not told),
            kind=FileAccess.Kind.VIEW,
            what="students:timeline",
            level=2,
            student_ids=str(world.cast.students[name].pk),
            page_view=uuid.uuid4().hex,
        )
    for row, (label, who) in enumerate((("ours", "zhou"), ("far", "yuan"))):
        person = world.person(who)
        notice = ReadingNotice.objects.create(
            school=person.school, about=person, kind="breadth", row=row, students=40, at=timezone.now()
        )
        world.add("notice", label, notice)
    _events(world)
    _devices(world)


def _asked(world: World) -> None:
    """Emergency access and requests, their reasons for those who decide. None of them opens a file in this world: one is
    over, one waits for a second person by somebody who has level 3 anyway, and nobody has granted a request."""
    now, office = timezone.now(), ["ruan", "xiao"]
    for label, who, student, level_asked, ended in (
        ("over", "luo", "gao", 3, True),
        ("waiting", "lin", "ding", 4, False),
        ("far", "yuan", "hang", 4, False),
    ):
        opened = now - timedelta(hours=30 if ended else 1)
        told = office if label != "far" else []
        row = EmergencyAccess.objects.create(
            student=world.cast.students[student],
            user=world.person(who),
            level=level_asked,
            reason=world.words(f"emergency {label} reason", told, masked=not told),
            opened_at=opened,
            ends_at=opened + timedelta(hours=24),
        )
        world.add("emergency", label, row)
        world.mark(str(row.pk), f"emergency {label} id", [who, *told], masked=True)
    for label, who, student in (("waiting", "guo", "an"), ("refused", "lin", "bei"), ("far", "yuan", "hang")):
        told = ["ruan"] if label != "far" else []
        answer = {}
        if label == "refused":
            note = world.words(f"request {label} answer", [who, *told])
            answer = {"is_granted": False, "decided_at": now, "decided_by": world.cast.ruan, "decision_note": note}
        row = AccessRequest.objects.create(
            student=world.cast.students[student],
            user=world.person(who),
            reason=world.words(f"request {label} reason", told, masked=not told),
            starts_on=now.date(),
            ends_on=now.date() + timedelta(days=9),
            asked_at=now,
            **answer,
        )
        world.add("request", label, row)
        world.mark(str(row.pk), f"request {label} id", [who, *told], masked=True)


def _handover(world: World) -> None:
    """guo, who led the class for a time, hands it over to zhou."""
    seen_by = ["guo", "zhou", "ruan"]
    row = Handover.objects.create(
        giver=world.cast.guo,
        taker=world.cast.zhou,
        class_group=world.cast.own_class,
        to_class=world.cast.own_class,
        on=timezone.localdate() - timedelta(days=9),
        summary=world.words("handover class", seen_by),
    )
    world.add("handover", "own", row)
    world.mark(str(row.pk), "handover id", seen_by, masked=True)
    for name in ("an", "bei"):
        sees = {*those_at(name, 3), "guo"}
        world.add("summary", name, HandoverSummary.objects.create(
            handover=row, student=world.cast.students[name], author=world.cast.guo, level=3,
            text=world.words(f"handover {name}", sees),
        ))  # fmt: skip


def _devices(world: World) -> None:
    """Named to their person alone, at the page that asks whose they are."""
    now = timezone.now()
    for label, who in (("ours", "zhou"), ("far", "yuan")):
        seen = {"first_seen_at": now, "last_seen_at": now, "asks": True}
        device = KnownDevice(user=world.person(who), token_hash=secrets.token_hex(32), marks="Android Firefox", **seen)
        device.save()
        world.add("known_device", label, device)


def _events(world: World) -> None:
    """Where colleagues signed in from is for the auditor alone."""
    for name, who, told in (("ours", "zhou", ["shen"]), ("far", "yuan", [])):
        SecurityEvent.objects.create(
            at=timezone.now(),
            school_id=str(world.person(who).school_id),
            user_id=str(world.person(who).pk),
            user_label=f"T {name}",
            kind=SecurityEvent.Kind.SIGN_IN,
            address=world.mark(f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}", f"address {name}", told),
        )


# --- work in the background -------------------------------------------------------------------------------------------

JOBS = {  # label → (who asked, class or None for all of the school, state)
    "own": ("zhou", "own_class", "done"),
    "own_running": ("zhou", "own_class", "running"),
    "office": ("ruan", "next_class", "done"),
    "all": ("ruan", None, "done"),
    "far": ("yuan", "far_class", "done"),
}


def _jobs(world: World) -> None:
    now = timezone.now()
    for label, (who, where, state) in JOBS.items():
        user, group = world.person(who), world.things["class"].get(where)
        term = Term.objects.filter(school=user.school, starts_on__lte=now.date()).first()
        job = ReportJob(
            requested_by=user,
            school=user.school,
            kind="class_summary" if where else "all_classes",
            scope=f"harness:{label}",
            class_group=group,
            term=term,
            own_copy=label.startswith("own"),
            reason="" if where else world.words(f"job {label} reason", [who], masked=True),
            state=state,
            heartbeat_at=now,
            steps_total=6,
            steps_done=6 if state == "done" else 2,
        )
        if state == "done":
            job.finished_at, job.expires_at = now, now + timedelta(days=7)
            job.file.save("file", ContentFile(world.words(f"job {label} file", [who]).encode()), save=False)
        job.save()
        world.add("job", label, job)
        world.mark(str(job.pk), f"job {label} id", [who])


def _imports(world: World) -> None:
    """A roster as 教务 uploaded it and the dry run has read it: names and numbers that stand in no file yet."""
    now = timezone.now()
    for label, who in (("ours", "jiao"), ("far", "yuan")):
        sees = ["jiao"] if label == "ours" else []
        new, refused = (world.mark(_rare_name(), f"import {label} {what}", sees) for what in ("new", "refused"))
        sheet = f"姓名,性别,出生日期,班级\n{new},女,20170520,三年级(1)班\n{refused},女,20170520,幼儿园\n"
        user = world.person(who)
        job = imports.upload(
            by=user, school=user.school, data=sheet.encode(), filename="学生.csv", now=now, in_background=False
        )
        running.run(job_id=str(job.pk), clock=timezone.now)
        job.refresh_from_db()
        assert (job.phase, job.new, job.refused) == ("prepared", 1, 1), (job.error, [r.body for r in job.rows.all()])
        world.add("import", label, job)
        world.mark(str(job.pk), f"import {label} id", sees)
    _import_of_marks(world)


def _import_of_marks(world: World) -> None:
    subject, refused = (
        world.words("import marks subject", ["jiao"]),
        world.mark(_rare_name(), "import marks refused", ["jiao"]),
    )
    rows = f"贝宁宁,三年级(2)班,{subject},66\n{refused},幼儿园,{subject},66\n"
    term = Term.objects.filter(school=world.cast.school).first()
    job = imports.upload(
        by=world.cast.jiao, school=world.cast.school, data=f"学生,班级,科目,成绩\n{rows}".encode(), filename="成绩.csv",
        now=timezone.now(), in_background=False, kind="marks", options=options_of(term=term, exam=1, classes_of=school_year_of(timezone.localdate())),
    )  # fmt: skip
    running.run(job_id=str(job.pk), clock=timezone.now)
    job.refresh_from_db()
    assert (job.phase, job.new, job.refused) == ("prepared", 1, 1), (job.error, [r.body for r in job.rows.all()])
    world.add("import", "marks", job)
    world.mark(str(job.pk), "import marks id", ["jiao"])


def _rare_name() -> str:
    """Four characters that no other text here holds together."""
    return "欧阳" + "".join(chr(0x5800 + secrets.randbelow(0x300)) for _ in range(2))


def sees_marks(who: str, student: str) -> bool:
    """Level 2; and the academic office, whose file they come from."""
    return level(who, student) >= 2 or (who == "jiao" and student in SCHOOL)


def _marks(world: World) -> None:
    """A subject of its own for each student: what tells whose marks a page shows."""
    exams = {}
    for name, student in world.cast.students.items():
        if student.school not in exams:
            exams[student.school] = Exam.objects.create(term=Term.objects.filter(school=student.school).first())
        sees = [who for who in PEOPLE if sees_marks(who, name)]
        row = Mark.objects.create(
            student=student,
            author=world.cast.jiao if school_of(name) == "school" else world.cast.yuan,
            exam=exams[student.school],
            class_group=student.enrolments.first().class_group,
            subject=world.words(f"{name} subject", sees),
            value=77,
        )
        world.add("mark", name, row)


# --- scales and habits ------------------------------------------------------------------------------------------------

SCALE_PK = uuid.UUID(int=96)
# label → (student, who filled it in). xin has ding in counselling; an's counselling is over, so nobody reads that one.
ASSESSMENTS = {
    "ding": ("ding", "xin"),
    "an_over": ("an", "xin"),
    "ding_void": ("ding", "xin"),
    "hang": ("hang", "yuan"),
}
HABITS = {"an": "zhou", "bei": "he", "ding": "lin", "gao": "ruan", "gone": "zhou", "hang": "yuan", "an_void": "zhou"}


def sees_assessment(who: str, label: str) -> bool:
    """Own cases of the counsellor, and nobody else; what was withdrawn is for nobody."""
    return who == "xin" and label == "ding"


def sees_habits(who: str, label: str) -> bool:
    return "void" not in label and level(who, label) >= 2


def _scales(world: World) -> None:
    makers, readers = ("xin", "ruan"), {"xin", "ruan", *(w for w in OURS if any(level(w, s) >= 2 for s in SCHOOL))}
    _instrument(world, "ours", "assessment", makers, pk=SCALE_PK)
    _instrument(world, "spare", "assessment", makers)
    _instrument(world, "away", "assessment", makers, retired_at=timezone.now())
    _instrument(world, "habits", "habits", readers)
    _instrument(world, "far", "assessment", ())
    _instrument(world, "far_habits", "habits", ("yuan",))
    world.things["instrument"].pop("far_habits")
    for label, (student, author) in ASSESSMENTS.items():
        sees = [who for who in PEOPLE if sees_assessment(who, label)]
        _filled(world, Assessment, "assessment", label, student, author, sees)
    for label, author in HABITS.items():
        sees = [who for who in PEOPLE if sees_habits(who, label)]
        _filled(world, HabitCheck, "habit", label, label.removesuffix("_void"), author, sees)
    _sheets(world)


def _instrument(world: World, label: str, kind: str, sees: Iterable[str], **fields: Any) -> None:
    elsewhere = label.startswith("far")
    text = world.words(f"instrument {label} item", sees)
    definition = Definition(
        options=(Option("no", 0), Option("yes", 1)),
        items=(Item(text), Item("2", reverse=True)),
        scales=(Scale("sum", (1, 2), (Band(Decimal(2), "talk"),)),),
    )
    row = Instrument.objects.create(
        school=world.cast.elsewhere if elsewhere else world.cast.school,
        kind=kind,
        name=world.words(f"instrument {label}", sees, masked=kind == "habits"),
        source=world.words(f"instrument {label} source", () if elsewhere else ("xin", "ruan")),
        licence="own",
        definition=definition.as_json(),
        **fields,
    )
    world.add("instrument", label, row)
    if kind == "habits":
        world.add("habits", label, row)


def _filled(world: World, model: type, kind: str, label: str, student: str, author: str, sees: list[str]) -> None:
    scale = {"assessment": "ours", "habit": "habits"}[kind]
    far = school_of(student) == "elsewhere"
    instrument = world.things["habits" if kind == "habit" else "instrument"][f"far{'_habits' * (kind == 'habit')}" if far else scale]  # fmt: skip
    row = model(student=world.cast.students[student], author=world.person(author), instrument=instrument)
    row.filled_on = timezone.localdate() - timedelta(days=1 + ("void" in label))
    row.given = [1, 0]
    row.note = world.words(f"{kind} {label} note, before its correction", sees, masked=True)
    row.save()
    row.note = world.words(f"{kind} {label} note", sees)
    row.change_reason = world.words(f"{kind} {label} reason", sees)
    if "void" in label:
        row.voided_at, row.voided_by = timezone.now(), row.author
    row.save()
    world.add(kind, label, row)
    world.mark(str(row.pk), f"{kind} {label} id", sees, masked=kind == "habit")


def _sheets(world: World) -> None:
    """A sheet that xin uploaded and has not entered: one good row, one refused."""
    for label, who in (("ours", "xin"), ("far", "yuan")):
        refused = world.words(f"sheet {label} refused", ["xin"] if label == "ours" else [])
        day = f"{timezone.localdate()}"
        rows = [
            Row(2, "", "", student=str(world.cast.ding.pk), day=day, answers=[1, 1]),
            Row(3, refused, "", errors=["refused"]),
        ]
        body = {"seen": 1, "rows": [row.as_json() for row in rows]}
        sheet = AnswerSheet.objects.create(
            instrument=world.things["instrument"][label], requested_by=world.person(who), body=json.dumps(body)
        )
        world.add("answer_sheet", label, sheet)


# --- the school -------------------------------------------------------------------------------------------------------


def _office(world: World) -> None:
    now, today = timezone.now(), timezone.localdate()
    for label, school in (("ours", world.cast.school), ("far", world.cast.elsewhere)):
        members = OURS if label == "ours" else ("yuan",)
        world.add("department", label, Department.objects.create(school=school, name=world.words(f"department {label}", members, masked=True)))  # fmt: skip
        name = world.words(f"calendar {label}", members, masked=True)
        world.add(
            "day", label, CalendarDay.objects.create(school=school, day=_a_monday(), is_school_day=False, name=name)
        )
        world.add("term", label, Term.objects.filter(school=school).first())
    for label, who in (("waiting", "guo"), ("far", "yuan")):
        given = world.cast.wang if label == "waiting" else None
        role, confirmed = (Role.DOCTOR, None) if given else (Role.STAFF, now)
        row = RoleMembership.objects.create(
            user=world.person(who), role=role, starts_on=today, granted_by=given, confirmed_at=confirmed
        )
        world.add("membership", label, row)
    world.add("membership", "xin", RoleMembership.objects.get(user=world.cast.xin))
    world.things["duty"] = {
        "zhou": ClassAssignment.objects.get(user=world.cast.zhou),
        "yuan": ClassAssignment.objects.get(user=world.cast.yuan),
    }
    # A year of entry is no row: the page of the own school's grade three, whoever asks.
    world.things["cohort"] = {"three": _cohort(world.cast.own_class)}
    far_leader = GradeAssignment.objects.create(
        user=world.cast.yuan, stage="primary", entry_year=1999, starts_on=date(1999, 9, 1), ends_on=date(2000, 8, 31)
    )
    world.things["leader"] = {"qin": GradeAssignment.objects.get(user=world.cast.qin), "yuan": far_leader}


def _cohort(group) -> dict[str, Any]:
    return {"stage": group.stage, "entry_year": group.entry_year}


def _a_monday() -> date:
    today = timezone.localdate()
    return today + timedelta(days=7 - today.weekday())
