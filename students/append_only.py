"""Triggers that make the read log append-only. In production a separate PostgreSQL role owns the table besides."""

from django.core.checks import Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections

TABLES = ("students_fileaccess",)

SQLITE = """CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'the read log is append-only'); END"""

POSTGRES = [
    """CREATE OR REPLACE FUNCTION yidang_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the read log is append-only'; END $$""",
    """CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION yidang_append_only()""",
    """CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION yidang_append_only()""",
]


def install(using: str = DEFAULT_DB_ALIAS, sender=None, **kwargs) -> None:
    """After every migration: SQLite drops triggers silently when AlterField rebuilds a table (measured)."""
    if sender is not None and sender.label != "students":
        return
    connection = connections[using]
    existing = connection.introspection.table_names()
    with connection.cursor() as cursor:
        for table in (table for table in TABLES if table in existing):
            for statement in statements(connection.vendor, table):
                cursor.execute(statement)


def statements(vendor: str, table: str) -> list[str]:
    if vendor == "sqlite":
        return [SQLITE.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE")]
    return [statement.format(table=table) for statement in POSTGRES]


def installed(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    """The tables whose triggers stand."""
    connection = connections[using]
    query = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {row[0] for row in cursor.fetchall()} & set(TABLES)


@register(Tags.database)
def check_triggers(app_configs, databases, **kwargs):
    """Run by `manage.py check --database default` and at start-up."""
    errors = []
    for using in databases or ():
        existing = set(connections[using].introspection.table_names())
        if missing := (set(TABLES) & existing) - installed(using):
            errors.append(
                Error(
                    f"The read log can be changed: no trigger on {', '.join(sorted(missing))}.",
                    hint="Run `manage.py migrate`, which installs it again.",
                    id="students.E001",
                )
            )
    return errors
