"""T26: no change of a tracked row goes behind the history's back, whoever makes it; and what tasks, commands and imports change
names who asked for it, or that it was done at the server."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from accounts.models import School
from students.models import Student
from tests.test_architecture import ROOT, SOURCES

WRITES = {"update", "bulk_create", "bulk_update", "execute", "executemany", "raw", "extra", "_raw_delete"}
TRACKED = {model.__name__: hasattr(model, "history") for model in apps.get_models()}
# (file, receiver): places that were looked at. The receiver is no model's name, so the file says what it is.
LOOKED_AT = {
    "accounts/versions.py": {"rows"},  # the version check: a save with history follows in the same transaction
    "accounts/management/commands/rotate_field_keys.py": {"cursor"},  # the same text under another key, history too
    "students/roster/undoing.py": {"history", "gone"},  # rows that go, with their last history row written by hand
    # Rows without history: forms that were sent, work in the background, backups.
    "accounts/once.py": {"_mine"},
    "reports/models.py": {"self"},
    "reports/actions.py": {"mine", "found"},
    "reports/making.py": {"job", "_mine", "going_on"},
    "students/actions/sending.py": {"waiting"},
    "students/roster/actions.py": {"mine", "found"},
    "students/roster/running.py": {"mine", "going_on"},
    # SQL that asks, or that belongs to the database itself.
    "accounts/system_views.py": {"cursor"},
    "accounts/backup/postgresql.py": {"cursor", "self"},
    "accounts/backup/sqlite.py": {"database", "self", "copy"},
    "students/append_only.py": {"cursor"},
    "reports/health.py": {"cursor"},
    # Dictionaries.
    "accounts/fields.py": {"kwargs"},
    "config/settings.py": {"DATABASES"},
}


def suspicious(tree: ast.AST):
    """(line, receiver) of each call that may write rows without history.

    A queryset's update() takes names only, a dictionary's or a digest's takes a thing.
    """
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES):
            continue
        if node.func.attr == "update" and (node.args or not node.keywords):
            continue
        root = node.func.value
        while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
            root = root.func if isinstance(root, ast.Call) else root.value
        yield node.lineno, root.id if isinstance(root, ast.Name) else ast.unparse(root)


def refused(path: Path, source: str) -> list[str]:
    where = str(path.relative_to(ROOT))
    return [
        f"{where}:{line} {receiver}"
        for line, receiver in suspicious(ast.parse(source))
        if TRACKED.get(receiver, True) and receiver not in LOOKED_AT.get(where, ())
    ]


def test_no_source_writes_tracked_rows_behind_the_history():
    """T26: update(), bulk_*, raw SQL. A place of a new kind has to be looked at, and be named above."""
    assert [place for path in SOURCES for place in refused(path, path.read_text())] == []


def test_what_was_looked_at_still_stands():
    for where, receivers in LOOKED_AT.items():
        found = {receiver for _, receiver in suspicious(ast.parse((ROOT / where).read_text()))}
        assert receivers <= found, where


@pytest.mark.parametrize(
    "fault",
    [
        "Student.objects.filter(pk=1).update(name='x')",
        "Observation.objects.visible_to(user).update(**values)",
        "Guardian.objects.bulk_create(rows)",
        "rows.bulk_update(notes, ['facts'])",
        "connection.cursor().execute('UPDATE students_student SET name = 1')",
        "cursor.executemany(sql, rows)",
    ],
)
def test_the_check_sees_a_planted_fault(fault):
    assert len(refused(ROOT / "students/planted.py", fault)) == 1


@pytest.mark.parametrize("fine", ["values.update(more)", "digest.update(b'x')", "FileAccess.objects.update(level=2)"])
def test_the_check_lets_dictionaries_and_untracked_rows_alone(fine):
    assert refused(ROOT / "students/planted.py", fine) == []


@pytest.mark.django_db
def test_what_a_command_does_stands_in_the_history_as_done_at_the_server():
    """T26: nobody's name, and so the operator's own authority; an import's by whom it was confirmed: tests/students/roster."""
    call_command("add_school", "2199000123", "示范小学", verbosity=0)
    school = School.objects.get()
    assert [(row.history_type, row.history_user) for row in school.history.all()] == [("+", None)]
    assert all(department.history.count() == 1 for department in school.departments.all())


def test_every_row_of_a_student_has_a_history():
    """T26: there is nothing about a student for which the check above would look away."""
    about = [model for model in apps.get_models() if any(f.related_model is Student for f in model._meta.fields)]
    kept = {
        model.__name__ for model in about if not TRACKED[model.__name__] and not model.__name__.startswith("Historical")
    }
    assert kept <= {"RosterRow"}
