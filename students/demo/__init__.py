"""The demo school: 示范小学, invented from the texts in this folder with a fixed seed. Nobody in it exists."""

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
CODE = "2199000001"
NAME = "示范小学"
PASSWORD = "shifan-2199-xiaoxue"  # noqa: S105 -- known to all: nothing but invented people lies behind it
SEED = 2199000001
PER_CLASS = 45

# (what the table says, employee number): one account for each role of DESIGN §3.
ACCOUNTS = [
    ("班主任 三年级(2)班", "T0033"),
    ("副班主任 三年级(2)班", "T0038"),
    ("科任教师 数学", "T0036"),
    ("代班主任 四年级(3)班", "T0046"),
    ("年级组长 三年级", "T0032"),
    ("心理教师", "T0005"),
    ("德育主任", "T0003"),
    ("副校长", "T0002"),
    ("校长", "T0001"),
    ("教务主任", "T0007"),
    ("校医", "T0011"),
    ("资助专干", "T0013"),
    ("宿舍管理员", "T0009"),
    ("系统管理员", "T0012"),
    ("审计员", "T0008"),
]


@dataclass(frozen=True)
class Template:
    """One note of notes.txt, before it is about somebody."""

    kind: str
    domain: str
    tone: str
    setting: str
    by: str
    grades: range
    level: int
    special: str  # pair, attention, again, or nothing
    facts: str
    action: str
    analysis: str


@cache
def templates() -> list[Template]:
    found, head = [], []
    for line in (HERE / "notes.txt").read_text("utf-8").splitlines():
        if line.startswith("@"):
            head = [part.strip() for part in line[1:].split("|")]
        elif line and not line.startswith("#"):
            found.append(_template(head, line))
    return found


def _template(head: list[str], line: str) -> Template:
    kind, domain, tone, setting, by, grades, level, *special = head
    first, last = map(int, grades.split("-"))
    facts, action, analysis, *_ = [*line.split("||"), "", ""]
    return Template(
        kind, domain, tone, setting, by, range(first, last + 1), int(level), "".join(special), facts, action, analysis
    )


@cache
def names() -> dict:
    return json.loads((HERE / "names.json").read_text("utf-8"))


@cache
def growth() -> dict[str, list[str]]:
    return json.loads((HERE / "growth.json").read_text("utf-8"))


def staff_rows() -> list[dict[str, str]]:
    with (HERE / "staff.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class own_moments:  # noqa: N801 -- reads as a phrase: with own_moments(Observation)
    """Within it, rows of these models keep the created_at and updated_at that they bring along."""

    def __init__(self, *models):
        self.fields = [model._meta.get_field(name) for model in models for name in ("created_at", "updated_at")]

    def __enter__(self) -> None:
        self.before = [(field, field.auto_now, field.auto_now_add) for field in self.fields]
        for field in self.fields:
            field.auto_now = field.auto_now_add = False

    def __exit__(self, *_: object) -> None:
        for field, now, add in self.before:
            field.auto_now, field.auto_now_add = now, add


def at(day, clock) -> datetime:
    """That local time of that day, aware."""
    from django.utils import timezone

    return timezone.make_aware(datetime.combine(day, clock))
