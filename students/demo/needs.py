"""Needs, attention levels and verified files: a few in each class, as a school has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from accounts.models import School, User
from students import demo
from students.demo.notes import POORLY_COVERED, WELL_COVERED
from students.demo.people import ClassOf, save
from students.models import (
    AttentionLevel,
    CareNeed,
    Category,
    ChosenService,
    FileVerification,
    Service,
    Student,
    StudentProfile,
)

# category, basis, what it rests on
TEXTS = (
    ("F1", "roster", "父母在外省务工，平日由外婆照顾，每周视频一次。"),
    ("F8", "judgement", "和爷爷奶奶住在一起，作业由爷爷签字。9月家访时了解到。"),
    ("F5", "judgement", "妈妈独自带大，下午五点半以后才能来接。"),
    ("E2", "document", "低保证在有效期内，复印件在资助中心。"),
    ("E4", "roster", "名册登记需要申请资助，家长已交申请表。"),
    ("H4", "document", "对花生和芒果过敏，医院诊断书 9 月交校医室。"),
    ("H3", "document", "哮喘，换季容易发作，书包侧袋里有喷雾。"),
    ("L1", "judgement", "口算和识字都慢半拍，愿意一遍遍练。三次作业辅导记录可作依据。"),
    ("P4", "judgement", "9月从外校转来，课间常一个人，最近开始和同桌一起走。"),
    ("B3", "judgement", "家长说周末玩手机到半夜，周一上午常犯困。"),
)
REASONS = (
    (1, "刚转来，先看看适应得怎么样。"),
    (1, "最近话变少了，每天留意一下。"),
    (2, "外婆住院，情绪起伏大，每周谈一次。"),
    (2, "连着两周没交作业，和妈妈约好每月通一次电话。"),
)
# services that were chosen, by category, each with its line
CHOSEN = {
    "F1": (("班主任谈心", "每两周谈一次，问问视频时聊了什么"), ("同伴互助", "和同桌一起整理书包、写作业")),
    "F5": (("家校联系", "每周五和妈妈通个电话，放学晚接时留在教室"),),
    "E2": (("资助申请", "本学期材料已交，下月公示后再核对"),),
    "H4": (("校医随访", "每月看一次，食堂和春游前先说"),),
    "H3": (("校医随访", "换季前看一次，体育课前提醒带喷雾"),),
    "L1": (("学业帮扶（一对一或小组）", "周二、周四课后口算和识字各二十分钟"),),
    "P4": (("同伴互助", "请同桌带着一起去图书角"), ("班主任谈心", "每周聊十分钟")),
}
STRENGTHS = (
    "爱画画，黑板报总是抢着做",
    "跑得快，肯带着同学一起练",
    "记性好，背课文全班第一个会",
    "心细，常帮老师收本子",
    "会逗人笑，同桌都喜欢他",
)


def write_needs(school: School, classes: list[ClassOf], users: dict[str, User], today: date, now: datetime) -> None:
    """With dice of their own, so that the rest of the school stays as it was."""
    rng, rows = Random(f"{demo.SEED} needs"), _Rows({row.code: row for row in Category.objects.filter(school=school)})
    decider = users["T0003"]
    for each in classes:
        chosen = rng.sample(each.students, 7)
        for number, student in enumerate(chosen[:5]):
            rows.need(each, student, rng, decider, today, now, waiting=number == 0 and each.grade % 2 == 1)
        for student in chosen[:2]:
            rows.level(each, student, rng, today)
        rows.verify(each, rng, today)
    own = next(each for each in classes if each.name == WELL_COVERED)
    rows.from_the_roster(own, today, now)
    rows.save()


class _Rows:
    def __init__(self, categories: dict[str, Category]) -> None:
        self.categories = categories
        self.needs: list[CareNeed] = []
        self.levels: list[AttentionLevel] = []
        self.verified: list[FileVerification] = []
        self.strong: dict = {}

    def need(self, each: ClassOf, student: Student, rng: Random, decider: User, today, now, *, waiting: bool) -> None:
        code, basis, facts = rng.choice(TEXTS)
        ago = rng.randint(2, 8) if waiting else rng.randint(20, 70)
        proposed = demo.at(today - timedelta(days=ago), time(16, 20))
        row = CareNeed(
            student=student, author=each.head, category=self.categories[code], basis=basis, facts=facts,
            starts_on=proposed.date(), created_at=proposed, updated_at=proposed,
        )  # fmt: skip
        if not waiting:
            row.state, row.decided_by = CareNeed.State.CONFIRMED, decider
            row.decided_at = min(now, proposed + timedelta(days=rng.randint(1, 6)))
            row.verified_on = row.decided_at.date()
            row.next_review_on = row.verified_on + timedelta(days=90)
        self.needs.append(row)
        self.strong[student.pk] = rng.choice(STRENGTHS)

    def from_the_roster(self, each: ClassOf, today: date, now: datetime) -> None:
        """What the last import suggested in this class, still to be looked into."""
        held = {need.student.pk for need in self.needs}
        for student in [student for student in each.students if student.pk not in held][10:13]:
            self.needs.append(
                CareNeed(
                    student=student,
                    source=CareNeed.Source.ROSTER,
                    category=self.categories["F1"],
                    basis="roster",
                    facts="是否留守儿童：单亲留守",
                    starts_on=today,
                    created_at=now,
                    updated_at=now,
                )
            )

    def level(self, each: ClassOf, student: Student, rng: Random, today: date) -> None:
        step, reason = rng.choice(REASONS)
        since = demo.at(today - timedelta(days=rng.randint(3, 24)), time(17, 5))
        self.levels.append(
            AttentionLevel(
                student=student,
                author=each.head,
                step=step,
                reason=reason,
                started_at=since,
                next_review_on=since.date() + timedelta(days=30 if step == 1 else 21),
                created_at=since,
                updated_at=since,
            )
        )

    def verify(self, each: ClassOf, rng: Random, today: date) -> None:
        """Most files were looked through in September and October; of the class that was little noticed, few."""
        share = 0.3 if each.name == POORLY_COVERED else 0.92
        for student in each.students:
            if rng.random() < share:
                day = today - timedelta(days=rng.randint(8, 60))
                self.verified.append(FileVerification(student=student, author=each.head, verified_on=day))

    def chosen(self) -> Iterator[ChosenService]:
        """For two of three confirmed needs, by the head teacher."""
        services = {row.name: row for row in Service.objects.filter(school=next(iter(self.categories.values())).school)}
        confirmed = [need for need in self.needs if need.state == CareNeed.State.CONFIRMED]
        for number, need in enumerate(confirmed):
            for name, how in CHOSEN.get(need.category.code, ()) if number % 3 else ():
                yield ChosenService(need=need, service=services[name], author=need.author, how=how)

    def save(self) -> None:
        with demo.own_moments(CareNeed, AttentionLevel):
            save(self.needs)
            save(self.levels)
        save(list(self.chosen()))
        save(self.verified)
        for profile in StudentProfile.objects.filter(student__in=self.strong):
            if not profile.strengths:
                profile.strengths = self.strong[profile.student_id]
                profile.save(update_fields=["strengths"])
