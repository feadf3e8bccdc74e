"""How long a registry file of N rows takes to import into an empty school, against a bare `bulk_create` of the same rows.

`python -m benchmarks.roster ROWS`, on PostgreSQL. Bare: every row that the import wrote (classes, students, profiles,
backgrounds, guardians, enrolments, grants, the history of all of them, and the stored differences), made in memory
beforehand and written with `bulk_create` in one transaction that is undone.
"""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import django

if __name__ == "__main__":
    django.setup()

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import School
from students import demo
from students.actions import calendar
from students.demo.people import identity_number
from students.models import (
    AccessGrant,
    ClassGroup,
    Enrolment,
    Guardian,
    RosterImport,
    RosterRow,
    Student,
    StudentBackground,
    StudentProfile,
    school_year_of,
)
from students.roster import actions, running

PER_CLASS = 50
GRADES = 6
WRITTEN = {
    ClassGroup: "school", Student: "school", StudentProfile: "student__school", StudentBackground: "student__school",
    Guardian: "student__school", Enrolment: "student__school", AccessGrant: "content_object__school",
}  # fmt: skip
HEADER = (
    "姓名,性别,出生日期,籍贯,民族,国籍/地区,身份证件类型,健康状况,政治面貌,身份证件号,户口性质,班号,入学年月,入学方式,就读方式,"
    "现住址,家庭地址,联系电话,是否独生子女,是否留守儿童,是否需要申请资助,上下学距离,上下学方式,学籍辅号,班内学号,学生来源,"
    "成员1姓名,成员1关系,成员1现住址,成员1联系电话,成员1是否监护人,成员2姓名,成员2关系,成员2现住址,成员2联系电话,成员2是否监护人"
)


def measure(rows: int) -> dict:
    """Seconds of each part."""
    now = timezone.now()
    school = School(code="2199000009", name="导入小学")
    school.save()
    calendar.create_terms(by=None, school=school, school_year=school_year_of(timezone.localdate(now)), now=now)
    data = registry_file(rows, timezone.localdate(now))
    job = actions.upload(by=None, school=school, data=data, filename="roster.xlsx", now=now, in_background=False)
    checking = timed(lambda: running.run(job_id=str(job.pk), clock=timezone.now))
    job.refresh_from_db()
    if job.new != rows:
        raise SystemExit(f"{job.new} of {rows} rows are new, {job.refused} refused.")
    actions.confirm(by=None, job=job, good_rows_only=False, now=now, in_background=False)
    writing = timed(lambda: running.run(job_id=str(job.pk), clock=timezone.now))
    job.refresh_from_db()
    if job.phase != RosterImport.Phase.APPLIED:
        raise SystemExit(f"The import was not written: {job.error}")
    made = copies(school, job)
    bare = timed(lambda: write_bare(made))
    return {
        "rows": rows,
        "written": sum(map(len, made.values())),
        "parsing and validation": checking,
        "writing": writing,
        "bare bulk_create": bare,
    }


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def copies(school: School, job: RosterImport) -> dict[type[models.Model], list]:
    """Every row of the import once more, under ids of its own."""
    found: dict[type[models.Model], list] = {}
    for model, where in WRITTEN.items():
        found[model] = list(model.objects.filter(**{where: school}))
        history = apps.get_model(model._meta.app_label, f"Historical{model.__name__}")
        found[history] = list(history.objects.filter(id__in=[row.pk for row in found[model]]))
    found[RosterRow] = list(job.rows.all())
    new = {row.pk: uuid.uuid4() for rows in found.values() for row in rows if isinstance(row.pk, uuid.UUID)}
    for model, rows in found.items():
        for row in rows:
            _rename(model, row, new)
    return found


def _rename(model: type[models.Model], row: models.Model, new: dict) -> None:
    for field in model._meta.concrete_fields:
        if isinstance(value := getattr(row, field.attname), uuid.UUID):
            setattr(row, field.attname, new.get(value, value))
    if isinstance(model._meta.pk, models.AutoField):
        row.pk = None
    if isinstance(row, ClassGroup):
        row.number += 500
    if isinstance(row, RosterRow):
        row.row += 100_000
    row._state.adding = True


def write_bare(made: dict[type[models.Model], list]) -> None:
    with transaction.atomic():
        for model, rows in made.items():
            model._base_manager.bulk_create(rows, batch_size=500)
        transaction.set_rollback(True)


def registry_file(rows: int, today: date) -> bytes:
    """The national registry's layout: classes written 2024级2班, two members of the family."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADER.split(","))
    rng, numbers = Random(demo.SEED), {}
    for place in range(rows):
        sheet.append(_row(place, rng, numbers, school_year_of(today)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _row(place: int, rng: Random, numbers: dict, year: int) -> list[str]:
    group, seat = divmod(place, PER_CLASS)
    entry, number = year - group % GRADES, group // GRADES + 1
    sex, born = rng.choice("12"), date(entry - 7, 9, 1) + timedelta(days=rng.randrange(365))
    given = demo.names()["boys" if sex == "1" else "girls"].split()
    name = rng.choice(demo.names()["surnames"]) + rng.choice(given)
    home, phone = f"示范区滨河街{rng.randrange(1, 99)}号", f"129{rng.randrange(10**8):08d}"
    mother = rng.choice(demo.names()["surnames"]) + rng.choice(demo.names()["girls"].split())
    father = name[0] + rng.choice(demo.names()["boys"].split())
    child = [
        name, "男" if sex == "1" else "女", f"{born:%Y%m%d}", "北京市", "汉族", "中国", "居民身份证", "健康或良好", "群众",
        identity_number(born, sex, numbers), "非农业户口", f"{entry}级{number}班", f"{entry}09", "就近入学", "走读",
        home, home, phone, "否", "非留守儿童", "否", "3", "步行", f"{entry}{number:02d}{seat + 1:03d}", str(seat + 1), "正常入学",
    ]  # fmt: skip
    return [*child, father, "父亲", home, phone, "是", mother, "母亲", home, phone, "是"]


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
