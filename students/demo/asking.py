"""Access that follows from no duty, a class that has got another head teacher, and what the office asks a head teacher for."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from accounts.models import User
from students.actions import asking, handovers, placements
from students.actions.looks import ask_to_look
from students.demo.people import ClassOf
from students.levels import Level
from students.models import ClassAssignment, Handover


def write_all(users: dict[str, User], classes: list[ClassOf], today: date, now: datetime) -> None:
    _emergencies(users, classes, now)
    _requests(users, classes, today, now)
    _hand_over(users, next(each for each in classes if each.name == "四(4)班"), today, now)
    _looks(users["T0003"], next(each for each in classes if each.name == "三(2)班"), now)


def _looks(office: User, own: ClassOf, now: datetime) -> None:
    """The office has seen on the radar whom nobody turned to yet."""
    never = [student for student in own.students if not student.observations.exists()]
    for student, line in zip(never, ("开学到现在还没有记录，方便时聊聊。", ""), strict=False):
        ask_to_look(student=student, by=office, line=line, now=now - timedelta(days=2))


def _emergencies(users: dict[str, User], classes: list[ClassOf], now: datetime) -> None:
    """The dormitory keeper, at night; one is over and reviewed, one is still to be looked at."""
    boarders = [student for each in classes for student in each.students if student.boarding_type == "2"]
    keeper, office = users["T0009"], users["T0003"]
    was = now - timedelta(days=6, hours=3)
    row = asking.open_emergency(
        by=keeper,
        student=boarders[3],
        level=Level.SENSITIVE,
        reason="晚上十点高烧 39 度，要马上联系家长送医。",
        now=was,
    )
    asking.end_emergency(by=keeper, emergency=row, now=was + timedelta(hours=2))
    verdict = {"verdict": "justified", "note": "校医在场，家长半小时后到校。"}
    asking.review_emergency(by=office, emergency=row, now=was + timedelta(hours=10), **verdict)
    words = "夜里翻墙离校，宿舍里找不到，要问家长和平时的去处。"
    asking.open_emergency(
        by=keeper, student=boarders[8], level=Level.SENSITIVE, reason=words, now=now - timedelta(hours=26)
    )


def _requests(users: dict[str, User], classes: list[ClassOf], today: date, now: datetime) -> None:
    own = next(each for each in classes if each.name == "三(2)班")
    teacher, span = users["T0036"], {"starts_on": today, "ends_on": today + timedelta(days=14)}
    asking.ask_for_access(
        by=teacher,
        student=own.students[6],
        level=Level.DAILY,
        reason="数学课后辅导，想先看看最近的谈心。",
        now=now,
        **span,
    )
    row = asking.ask_for_access(
        by=teacher, student=own.students[11], level=Level.SENSITIVE, reason="想了解家里的情况。", now=now, **span
    )
    words = "家里的情况请直接问宋老师，课上怎么做看课堂提示卡。"
    asking.decide_request(by=users["T0003"], asked=row, grant=False, note=words, now=now)


def _hand_over(users: dict[str, User], group: ClassOf, today: date, now: datetime) -> None:
    placements.assign_to_class(
        by=None, user=users["T0046"], class_group=group.group, duty=ClassAssignment.Duty.HEAD,
        starts_on=today - timedelta(days=3), now=now,
    )  # fmt: skip
    row = Handover.objects.get(class_group=group.group)
    writes = {"by": group.head, "handover": row, "now": now}
    handovers.write_class_summary(
        text="早读由值日组长带，安静得很快。家长群里只发通知，个别的事打电话。", version=row.version, **writes
    )
    for student, text in zip(group.students[2:5], TEXTS, strict=True):
        handovers.write_summary(student=student, text=text, version=0, **writes)


TEXTS = (
    "慢热，先让他看别人做一遍再叫他。和妈妈约好每周五打电话。",
    "坐前排更专心；喜欢画画，黑板报可以交给她。",
    "课间容易和同桌争，提前分好工就没事。爸爸在外地，周末由爷爷接。",
)
