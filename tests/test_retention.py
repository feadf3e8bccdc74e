"""Every field of every model has a retention class (DESIGN §2, T62)."""

import tomllib

from django.apps import apps
from django.conf import settings

OURS = {"accounts", "students", "care_plans", "referrals", "family_contact", "reports"}
POLICY = tomllib.loads((settings.BASE_DIR / "config" / "retention.toml").read_text())


def tracked(model):
    """A history table follows the model that it records."""
    return getattr(model, "instance_type", model)


def models_of_ours():
    return {tracked(model) for model in apps.get_models() if model._meta.app_label in OURS}


def test_every_model_has_a_class_and_no_other_stands_in_the_file():
    assert set(POLICY["models"]) == {model._meta.label for model in models_of_ours()}


def test_every_class_is_explained():
    assert set(POLICY["models"].values()) | set(POLICY["fields"].values()) == set(POLICY["classes"])


def test_field_exceptions_name_fields():
    fields = {f"{model._meta.label}.{field.name}" for model in models_of_ours() for field in model._meta.fields}
    assert set(POLICY["fields"]) <= fields


def test_every_domain_model_has_history():
    without = {
        "FileAccess",
        "AuditSeal",
        "SecurityEvent",
        "ReadingNotice",
        "Draft",
        "AnswerSheet",
        "SentForm",
        "KnownDevice",
        "RosterImport",
        "RosterRow",
        "ColumnMapping",
        "ReportJob",
        "ExportLog",
        "BackupRun",
        "Heartbeat",
    }
    untracked = {model.__name__ for model in models_of_ours() if not hasattr(model, "history")}
    assert untracked == without
