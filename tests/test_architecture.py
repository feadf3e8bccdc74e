"""The rules of the house that a linter does not know (DESIGN §1-3, STYLE)."""

import re
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

RANK = {"accounts": 0, "students": 1, "care_plans": 2, "referrals": 2, "family_contact": 2, "reports": 3}
ROOT = Path(settings.BASE_DIR)
SOURCES = [path for app in [*RANK, "config"] for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def points_upward(lower: str, upper: str) -> bool:
    return lower != upper and RANK[upper] >= RANK[lower]


def test_no_relation_points_to_an_upper_app():
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in RANK
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model is not None
        if field.related_model._meta.app_label in RANK
        if points_upward(model._meta.app_label, field.related_model._meta.app_label)
    ]
    assert upward == []


def test_no_migration_depends_on_an_upper_app():
    upward = [
        f"{app}.{name} → {other}"
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        for other, _ in migration.dependencies
        if app in RANK and other in RANK and points_upward(app, other)
    ]
    assert upward == []


def test_guardians_own_helpers_are_used_nowhere():
    """They know no dates and honour inactive users; students.access alone asks about grants."""
    shortcuts = re.compile(
        r"guardian\.(shortcuts|utils|core|decorators|mixins)|get_objects_for_user|ObjectPermissionChecker"
    )
    assert [path for path in SOURCES if shortcuts.search(path.read_text())] == []


def test_nothing_is_exempt_from_csrf_and_no_template_marks_text_safe():
    assert [path for path in SOURCES if "csrf_exempt" in path.read_text()] == []
    unsafe = re.compile(r"\|\s*safe\b|autoescape off|mark_safe|\sstyle=\"|\son[a-z]+=\"|hx-on")
    assert [path for path in TEMPLATES if "print" not in path.parts and unsafe.search(path.read_text())] == []


def test_pages_hold_no_inline_script_or_style():
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style\b")
    assert [path for path in TEMPLATES if "print" not in path.parts and inline.search(path.read_text())] == []


def test_source_files_stay_readable():
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 500}
    assert long == {}
