"""Migrate a seeded database from the ground floor to today while the old code's statements go on:
`python -m tests.backup.moving STUDENTS` answers in JSON. Runs on a host with an empty database."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from datetime import date
from hashlib import sha256
from pathlib import Path

import django

# The schema of the first version that schools may have run. Where today's leads is asked of the migrations themselves.
GROUND_FLOOR = {"accounts": "0001_initial", "students": "0001_initial", "reports": "0002_initial"}
NOTES = 2  # per student


def move(students: int) -> dict:
    from django.conf import settings
    from django.core.management import call_command

    apps = to_the_ground_floor()
    seed(apps, students)
    columns = {model._meta.db_table: columns_of(model) for model in apps.get_models() if model._meta.managed}
    before = rows(columns)
    stop = settings.VAR_DIR / "stop"
    traffic = start_traffic(columns, stop)
    wall, work = time.monotonic(), time.process_time()
    call_command("migrate", verbosity=0, interactive=False)
    wall, work = time.monotonic() - wall, time.process_time() - work
    stop.touch()
    said = json.loads(traffic.communicate(timeout=120)[0])
    after = rows(columns)
    call_command("migrate", verbosity=0, interactive=False)
    return said | {
        "crowding": max(1.0, wall / work),  # how much longer it took than its own work
        "rows": sum(len(table) for table in before.values()),
        "changed": sorted(table for table in before if not before[table].items() <= after[table].items()),
        "grew": sorted(table for table in before if len(after[table]) > len(before[table])),
        "second_run_changed": sorted(table for table, found in rows(columns).items() if found != after[table]),
        "left_to_do": len(plan()),
    }


def to_the_ground_floor():
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from students import append_only

    executor = MigrationExecutor(connection)
    others = [node for node in executor.loader.graph.leaf_nodes() if node[0] not in GROUND_FLOOR]
    state = executor.migrate([*GROUND_FLOOR.items(), *others])
    append_only.install()
    return state.apps


def plan() -> list:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def seed(apps, students: int) -> None:
    from django.utils import timezone

    now, day = timezone.now(), date(2026, 9, 1)
    model = apps.get_model
    school = model("accounts", "School").objects.create(code="2199000001", name="示范小学")
    author = model("accounts", "User").objects.create(
        school=school, employee_no="T1", username="x-T1", password="!", display_name="教师"
    )
    group = model("students", "ClassGroup").objects.create(school=school, entry_year=2024, number=1)
    children = [
        model("students", "Student")(school=school, name=f"学生{n}", sex="1", birth_date=day) for n in range(students)
    ]
    model("students", "Student").objects.bulk_create(children, 2000)
    for name, more in (("StudentProfile", {}), ("Enrolment", {"class_group": group, "starts_on": day})):
        made = model("students", name)
        made.objects.bulk_create([made(student=child, **more) for child in children], 2000)
    note, history = model("students", "Observation"), model("students", "HistoricalObservation")
    notes = [
        note(student=child, author=author, incident=uuid.uuid4(), facts=f"第{n}次", happened_on=day, level=2)
        for child in children
        for n in range(NOTES)
    ]
    note.objects.bulk_create(notes, 2000)
    shared = [
        field.attname for field in note._meta.fields if field.attname in {f.attname for f in history._meta.fields}
    ]
    history.objects.bulk_create(
        [
            history(history_date=now, history_type="+", **{name: getattr(each, name) for name in shared})
            for each in notes
        ],
        2000,
    )
    log = model("students", "FileAccess")
    log.objects.bulk_create([log(at=now, school_id="s", user_id="u", level=2) for _child in children], 2000)


def columns_of(model) -> list[str]:
    """The key first."""
    key = model._meta.pk.column
    return [key, *(field.column for field in model._meta.local_fields if field.column and field.column != key)]


def rows(columns: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """table → key → hash of the columns that the ground floor had."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table, names in columns.items():
            cursor.execute(f"SELECT {', '.join(map(connection.ops.quote_name, names))} FROM {table}")
            found[table] = {str(row[0]): sha256(repr(row).encode()).hexdigest() for row in cursor.fetchall()}
    return found


def start_traffic(columns: dict[str, list[str]], stop: Path) -> subprocess.Popen:
    """A note with its history and its line in the read log, then a page of notes, with the columns of the ground floor."""
    from django.db import connection

    tables = {"students_observation": True, "students_historicalobservation": False, "students_fileaccess": False}
    given = {"stop": str(stop), "inserts": [], "read": ""}
    with connection.cursor() as cursor:
        for table, own_key in tables.items():
            key, *rest = columns[table]
            names = [key, *rest] if own_key else rest
            as_text = ", ".join(f'CAST("{name}" AS text)' for name in names)
            if connection.vendor == "sqlite":
                as_text = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f"SELECT {as_text} FROM {table} LIMIT 1")
            given["inserts"].append({"table": table, "names": names, "values": cursor.fetchone()})
    given["read"] = f"SELECT {', '.join(columns['students_observation'])} FROM students_observation LIMIT 20"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.backup.traffic"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdin.write(json.dumps(given, default=str) + "\n")  # dates as both databases write them
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(move(int(sys.argv[1]))))
