"""Ten times the school: every class, its people and their notes copied by the database itself.

`python -m benchmarks.growing TIMES`. Classes stay as large as they are, so the page of a class or a student has as much
to show as before. Ids of copies follow from the ids they copy; teachers of classes are copied, grade leaders and
offices are not. PostgreSQL only.
"""

from __future__ import annotations

import sys

import django

if __name__ == "__main__":
    django.setup()

from django.apps import apps
from django.db import connection, transaction

from accounts.models import User
from students.models import (
    AccessGrant,
    AttentionRequest,
    ClassAssignment,
    ClassGroup,
    Enrolment,
    Guardian,
    Observation,
    Student,
    StudentBackground,
    StudentProfile,
)

COPIED = (
    User, ClassGroup, ClassAssignment, Student, StudentProfile, StudentBackground, Guardian, Enrolment, AccessGrant,
    Observation, AttentionRequest,
)  # fmt: skip
# Columns that name a row which is copied too.
FOLLOWS = {"id", "student_id", "class_group_id", "author_id", "observation_id", "content_object_id", "incident"}
PEOPLE = {"user_id"}  # a teacher's copy, but the same grade leader
CHANGED = {
    "username": "username || '-' || n",
    "employee_no": "employee_no || '-' || n",
    "number": "number + n * (SELECT max(number) FROM students_classgroup)",
}
TEACHERS = "CREATE TEMP TABLE teacher AS SELECT DISTINCT user_id AS id FROM students_classassignment"


@transaction.atomic
def grow(times: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # copies of good rows: no foreign key to check
        cursor.execute(TEACHERS)
        for model in COPIED:
            history = apps.get_model(model._meta.app_label, f"Historical{model.__name__}")
            for table in (model._meta.db_table, history._meta.db_table):
                cursor.execute(_copy(cursor, table), [times - 1])


def _copy(cursor, table: str) -> str:
    """INSERT … SELECT of every row, `n` being 1, 2, …"""
    cursor.execute(
        "SELECT column_name, data_type, is_identity FROM information_schema.columns WHERE table_name = %s", [table]
    )
    columns = {name: kind for name, kind, identity in cursor.fetchall() if identity == "NO"}
    values = [_value(name, kind) for name, kind in columns.items()]
    names = [f'"{name}"' for name in columns]
    only = " WHERE id IN (SELECT id FROM teacher)" if table.endswith("user") else ""
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "  # noqa: S608 -- names of columns
        f"FROM {table} CROSS JOIN generate_series(1, %s) AS n{only}"
    )


def _value(name: str, kind: str) -> str:
    copy = f"md5({name}::text || n)::uuid"
    if kind == "uuid" and name in FOLLOWS:
        return copy
    if kind == "uuid" and name in PEOPLE:
        return f"CASE WHEN {name} IN (SELECT id FROM teacher) THEN {copy} ELSE {name} END"  # noqa: S608
    return CHANGED.get(name, f'"{name}"')


if __name__ == "__main__":
    grow(int(sys.argv[1]))
