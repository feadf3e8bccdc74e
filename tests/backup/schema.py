"""The schema of a database as facts that can be compared: `python -m tests.backup.schema` migrates an empty one and tells."""

from __future__ import annotations

import json
import re
import sys

POSTGRESQL = {
    "columns": """SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
        is_nullable, column_default, is_identity FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}
SQLITE = {
    "columns": """SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
        FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'""",
    "indexes": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "triggers": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
}
OURS = ("accounts_", "students_", "care_plans_", "referrals_", "family_contact_", "reports_")


def facts(connection) -> dict[str, list[str]]:
    """kind → sorted facts. SQLite's constraints stand in each table's own text, so they are read out of it."""
    asked = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
    found = {kind: _rows(connection, query) for kind, query in asked.items()}
    if connection.vendor == "sqlite":
        texts = _rows(
            connection, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        found["constraints"] = [
            (table, part) for table, text in texts for part in re.findall(r'CONSTRAINT "\w+"', text)
        ]
    return {kind: sorted(repr(row) for row in rows if row[0].startswith(OURS)) for kind, rows in found.items()}


def _rows(connection, query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    sys.stdout.write(json.dumps(facts(connection)))


if __name__ == "__main__":
    main()
