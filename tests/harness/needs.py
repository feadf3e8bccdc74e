"""Needs, attention levels and categories of the world. Who may see what stands here by hand (DESIGN §3, ADR 0012)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from students.models import (
    AttentionLevel,
    CareNeed,
    Category,
    ChosenService,
    Clock,
    FileVerification,
    NeedEvidence,
    Service,
)

if TYPE_CHECKING:
    from tests.harness.objects import World


@dataclass(frozen=True)
class Need:
    """What the oracle knows about a need. `author` "": the roster. `age`: days since it was proposed."""

    student: str
    level: int
    category: str
    state: str
    author: str
    age: int = 20


NEEDS: dict[str, Need] = {
    "an_f": Need("an", 3, "F", "confirmed", "zhou"),
    "an_h": Need("an", 3, "H", "proposed", "he", 1),
    "an_p": Need("an", 4, "P", "confirmed", "xin"),
    "an_p_own": Need("an", 4, "P", "proposed", "zhou", 1),
    "an_no": Need("an", 3, "E", "rejected", "zhou", 1),
    "bei_f": Need("bei", 3, "F", "proposed", "", 1),
    "bei_no": Need("bei", 3, "E", "rejected", "zi", 30),
    "ding_p": Need("ding", 4, "P", "confirmed", "lin"),
    "ding_e": Need("ding", 3, "E", "closed", "lin", 40),
    "gao_h": Need("gao", 3, "H", "confirmed", "yi"),
    "gao_e": Need("gao", 3, "E", "proposed", "zi", 1),
    "gone_h": Need("gone", 3, "H", "confirmed", "zhou", 60),
    "hang_f": Need("hang", 3, "F", "proposed", "yuan", 1),
}
OFFICE_GROUP = {"yi": "H", "zi": "E"}
TEACHERS = {"an": ("zhou", "he"), "bei": ("zhou", "he"), "ding": ("lin",), "hang": ("yuan",)}


def sees_need(who: str, need: Need) -> bool:
    """By level; 德育 all, since they confirm; the doctor health and the aid officer hardship, at level 3; one's own
    proposal for 7 days. What was not confirmed is for 德育 and, for 7 days, whoever proposed it."""
    from tests.harness.objects import level, school_of

    if school_of(who) != school_of(need.student):
        return False
    own = who == need.author and need.age < 7
    if need.state == "rejected":
        return own or who == "ruan"
    by_office = need.level == 3 and OFFICE_GROUP.get(who) == need.category
    return own or who == "ruan" or by_office or level(who, need.student) >= need.level


def add_needs(world: World) -> None:
    _categories(world)
    for key, need in NEEDS.items():
        _need(world, key, need)
    _services(world)
    _levels(world)
    for label, school in (("ours", world.cast.school), ("far", world.cast.elsewhere)):
        world.add("clock", label, Clock.objects.create(school=school, code="silence", amount=15))
    # One file that nobody has verified this term.
    FileVerification.objects.filter(student=world.cast.an).update(
        verified_on=timezone.localdate() - timedelta(days=400)
    )


def _categories(world: World) -> None:
    from tests.harness.objects import OURS

    rows = [
        ("F", "F1", "F", 3),
        ("H", "H1", "H", 3),
        ("E", "E1", "E", 3),
        ("P", "P2", "P", 4),
        ("unused", "F2", "F", 3),
    ]
    for label, code, group, level in rows:
        name = world.words(f"category {label}", OURS, masked=True)  # the school's list says nothing about a child
        row = Category.objects.create(school=world.cast.school, code=code, name=name, group=group, level=level)
        world.add("category", label, row)
    name = world.words("category far", ["yuan"], masked=True)
    far = Category.objects.create(school=world.cast.elsewhere, code="F1", name=name, group="F")
    world.add("category", "far", far)


def _need(world: World, key: str, need: Need) -> None:
    from tests.harness.objects import PEOPLE

    sees = [who for who in PEOPLE if sees_need(who, need)]
    category = world.things["category"]["far" if need.student == "hang" else need.category]
    now = timezone.now()
    row = CareNeed(
        student=world.cast.students[need.student],
        author=world.person(need.author) if need.author else None,
        source="" if need.author else "roster",
        category=category,
        level=need.level,
        basis="judgement",
        facts=world.words(f"need {key}, earlier", sees),  # in its history
        starts_on=timezone.localdate() - timedelta(days=need.age),
        state=need.state,
    )
    if need.state != "proposed":
        row.decided_at, row.decided_by = now, world.cast.ruan
    if need.state == "closed":
        row.closed_at, row.closed_by, row.ends_on = now, world.cast.ruan, timezone.localdate()
    if need.state == "confirmed":
        row.verified_on, row.next_review_on = timezone.localdate(), timezone.localdate() + timedelta(days=60)
    row.save()
    row.facts = world.words(f"need {key} facts", sees)
    if need.state in ("closed", "rejected"):
        row.reason = world.words(f"need {key} reason", sees)
    row.save()
    CareNeed.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=need.age, minutes=5))
    world.add("need", key, row)
    world.mark(str(row.pk), f"need {key} id", sees)
    _evidence(world, key, need, row, sees)


def _evidence(world: World, key: str, need: Need, row: CareNeed, sees: list[str]) -> None:
    """Words; and a note of level 4, whose existence is for those who see it: its id is a canary of its own."""
    author = world.person(need.author) if need.author else None
    NeedEvidence.objects.create(need=row, author=author, text=world.words(f"need {key} evidence", sees))
    cited = {"an": "an4", "ding": "ding4"}.get(need.student)
    if cited:
        NeedEvidence.objects.create(need=row, author=author, target=world.things["note"][cited])


def _services(world: World) -> None:
    """The school's list says nothing about a child; that a service was chosen, and its line, stand with the need."""
    from tests.harness.objects import OURS, PEOPLE

    rows = (
        ("F", ["F"], []),
        ("P", [], [str(world.things["category"]["P"].pk)]),
        ("H", ["H"], []),
        ("unused", ["S"], []),
    )
    for label, groups, categories in rows:
        name, whom = (world.words(f"service {label} {part}", OURS, masked=True) for part in ("name", "by whom"))
        fields = {"school": world.cast.school, "name": name, "by_whom": whom}
        world.add("service", label, Service.objects.create(groups=groups, categories=categories, **fields))
    name, whom = (world.words(f"service far {part}", ["yuan"], masked=True) for part in ("name", "by whom"))
    far = Service.objects.create(school=world.cast.elsewhere, name=name, by_whom=whom, groups=["F"])
    world.add("service", "far", far)
    for key, service in (("an_f", "F"), ("an_p", "P"), ("ding_p", "P"), ("gao_h", "H"), ("gone_h", "H")):
        sees = [who for who in PEOPLE if sees_need(who, NEEDS[key])]
        row = ChosenService(need=world.things["need"][key], service=world.things["service"][service])
        row.author, row.how = world.cast.ruan, world.words(f"service of {key}, earlier", [], masked=True)
        row.save()
        row.how = world.words(f"service of {key}", sees)
        row.save()


def _levels(world: World) -> None:
    from tests.harness.objects import those_at

    now = timezone.now()
    rows = [
        ("an", 1, "zhou", 30),
        ("an", 2, "zhou", 0),
        ("bei", 1, "he", 0),
        ("ding", 3, "lin", 0),
        ("hang", 1, "yuan", 0),
    ]
    for student, step, who, ended in rows:
        sees = those_at(student, 3)
        row = AttentionLevel(
            student=world.cast.students[student],
            author=world.person(who),
            step=step,
            reason=world.words(f"level {student} {step} reason", sees),
            started_at=now - timedelta(days=40 if ended else 20),
            next_review_on=timezone.localdate() + timedelta(days=10),
        )
        if ended:
            row.ended_at, row.ended_by = now - timedelta(days=20), world.person(who)
            row.end_reason = world.words(f"level {student} {step} end", sees)
        row.save()
        world.add("attention_level", f"{student}{step}", row)
