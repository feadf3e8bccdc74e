"""A small instrument, and what is filled in with it."""

from datetime import timedelta

from django.contrib.auth.models import Permission
from django.utils import timezone

from students.actions import assessments as actions
from students.models import AccessGrant
from students.scales.scoring import Band, Decimal, Definition, Item, Option, Scale


def definition(items: int = 2) -> Definition:
    numbers = tuple(range(1, items + 1))
    scale = Scale("总分", numbers, (Band(Decimal(0), "平稳"), Band(Decimal(2), "多聊聊", "一周内谈一次")))
    return Definition((Option("从不", 0), Option("常常", 1)), tuple(Item(f"第{n}句") for n in numbers), (scale,))


def fields(**more):
    return {"kind": "assessment", "name": "小清单", "purpose": "", "instruction": "", "age_from": 6, "age_to": 18,
            "source": "自编", "licence": "own"} | more  # fmt: skip


def instrument(cast, items: int = 2, **more):
    return actions.define_instrument(
        by=cast.xin, school=cast.school, fields=fields(**more), definition=definition(items)
    )


def fill(cast, row, *, student=None, by=None, seen=None, days=0, answers=(0, 1), note=""):
    return actions.fill_in(
        by=by or cast.xin,
        student=student or cast.an,
        instrument=row,
        seen=row.version if seen is None else seen,
        filled_on=timezone.localdate() - timedelta(days=days),
        answers=list(answers),
        note=note,
    )


def open_case(cast, student, who="xin", ends=None):
    """A live counselling grant."""
    now = timezone.now()
    return AccessGrant.objects.create(
        user=cast.people[who],
        content_object=student,
        permission=Permission.objects.get(codename="view_confidential", content_type__app_label="students"),
        reason=AccessGrant.Reason.COUNSELLING,
        source=f"test:{student.pk}",
        starts_at=now - timedelta(days=1),
        ends_at=ends,
    )
