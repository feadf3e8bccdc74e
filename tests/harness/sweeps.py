"""Screening in the world of the harness: a round in each school, and what was seen of an, bei, ding and hang.

Who may see what stands here by hand: an answer is level 3; a class's sheet is for its head teacher and deputy, and for
德育, vice-principal and principal of the school.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from students import checklists
from students.actions import screening
from students.models import Checklist, Term

if TYPE_CHECKING:
    from tests.harness.objects import World

# label → (class, whose it is to fill in)
SHEETS = {"own": ("own_class", ("zhou", "he")), "next": ("next_class", ("lin",)), "far": ("far_class", ("yuan",))}
LEAD = ("ruan", "fu", "xiao")
# student → (sheet, author, whether 德育 has looked at it)
ANSWERS = {
    "an": ("own", "zhou", False),
    "bei": ("own", "he", True),
    "ding": ("next", "lin", False),
    "hang": ("far", "yuan", False),
}


def keeps(who: str, label: str) -> bool:
    return who in SHEETS[label][1]


def sees_sheet(who: str, label: str) -> bool:
    return keeps(who, label) or (label != "far" and who in LEAD)


def add_screening(world: World, members: Callable[[str], list[str]], those_at: Callable[[str, int], list[str]]) -> None:
    """`members(label)`: everybody of the school "ours" or "far"; a checklist is no secret in it."""
    for label, school, by in (("ours", world.cast.school, "ruan"), ("far", world.cast.elsewhere, "yuan")):
        _round(world, label, school, world.person(by), members(label))
    for name, (label, _keepers) in SHEETS.items():
        row = world.things["round"]["far" if name == "far" else "ours"]
        group = world.things["class"][label]
        world.add("sheet", name, row.sheets.select_related("round__edition", "class_group").get(class_group=group))
    for name, (sheet, author, reviewed) in ANSWERS.items():
        _answer(world, name, world.things["sheet"][sheet], world.person(author), those_at(name, 3), reviewed=reviewed)


def _checklist(world: World, label: str, school, purpose: str, members: list[str]) -> Checklist:
    signs = [world.words(f"sign {n} of {label} {purpose}", members, masked=True) for n in range(3)]
    name = world.words(f"checklist {label} {purpose}", members, masked=True)
    return screening.write_checklist(
        by=None,
        checklist=Checklist(school=school, purpose=purpose, name=name),
        items=checklists.items_of("\n".join(signs)),
        version=None,
    )


def _round(world: World, label: str, school, by, members: list[str]) -> None:
    now = timezone.now()
    checklist = _checklist(world, label, school, "screening", members)
    world.add("checklist", label, checklist)
    learning = _checklist(world, label, school, "learning", members)
    if label == "ours":
        world.add("checklist", "learning", learning)
    term = Term.objects.filter(school=school).latest_begun(timezone.localdate(now))
    due_on = timezone.localdate(now) + timedelta(days=14)
    row = screening.open_round(by=by, checklist=checklist, term=term, due_on=due_on, now=now)
    world.add("round", label, row)


def _answer(world: World, name: str, sheet, by, sees: list[str], *, reviewed: bool) -> None:
    student, now = world.cast.students[name], timezone.now()
    same = {"by": by, "student": student, "sheet": sheet, "edition": sheet.round.edition, "now": now}
    fields = {"answer": "signs", "signs": ["s1", "s2"], "categories": [], "ways": ["own", "talk"], "suggested_step": 2}
    earlier = world.words(f"{name} screening facts, earlier", sees)  # in its history
    screening.answer_for(fields={**fields, "facts": earlier}, version=0, **same)
    facts = world.words(f"{name} screening facts", sees)
    entry = screening.answer_for(fields={**fields, "facts": facts}, version=1, **same)
    if reviewed:
        screening.review_entry(
            by=world.cast.ruan, entry=entry, decision="watch", note=world.words(f"{name} review note", sees),
            categories=[], facts="", version=2, now=now,
        )  # fmt: skip
    world.add("screening", name, entry)
    world.add("answer", name, {"pk": sheet.pk, "student": student.pk})
    world.mark(str(entry.pk), f"{name} screening id", sees)
