"""What the tests of screening share: an open round, a class's sheet, an answer."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from students import checklists
from students.actions import screening
from students.models import Checklist, ScreeningEntry, ScreeningRound, ScreeningSheet, Term

ITEMS = checklists.items_of("【情绪】\n近来闷闷不乐\n容易发火\n【学习】\n作业常常交不上来")
NOTHING = {"answer": "clear", "signs": [], "categories": [], "facts": "", "ways": [], "suggested_step": None}
SOMETHING = {
    "answer": "signs", "signs": ["s1", "s3"], "categories": [], "facts": "这两周课间多半一个人坐着。",
    "ways": ["talk"], "suggested_step": 2,
}  # fmt: skip


def a_checklist(school, name: str = "开学摸排", purpose: str = "screening", items=ITEMS) -> Checklist:
    row = Checklist(school=school, name=name, purpose=purpose)
    return screening.write_checklist(by=None, checklist=row, items=items, version=None)


def a_round(school, *, by=None, days: int = 14, checklist: Checklist | None = None, scope=()) -> ScreeningRound:
    now = timezone.now()
    term = Term.objects.filter(school=school).latest_begun(timezone.localdate(now))
    due_on = timezone.localdate(now) + timedelta(days=days)
    checklist = checklist or a_checklist(school)
    return screening.open_round(by=by, checklist=checklist, term=term, due_on=due_on, now=now, scope=scope)


def sheet_of(round: ScreeningRound, group) -> ScreeningSheet:
    return round.sheets.select_related("round__edition", "class_group").get(class_group=group)


def an_answer(sheet: ScreeningSheet, student, by, **fields) -> ScreeningEntry:
    return screening.answer_for(
        by=by, student=student, sheet=sheet, edition=sheet.round.edition, fields={**SOMETHING, **fields}, version=0,
        now=timezone.now(),
    )  # fmt: skip


def answer_url(sheet: ScreeningSheet, student) -> str:
    return reverse("students:screening_answer", args=[sheet.pk, student.pk])
