"""Triggers that make the read log, its seals and the log of security events append-only. In production a separate PostgreSQL role owns the table besides,
and the application's own role (settings.APP_ROLE) holds no right to change or empty it."""

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections

TABLES = ("students_fileaccess", "students_auditseal", "accounts_securityevent")

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
            revoke(connection, table)


def statements(vendor: str, table: str) -> list[str]:
    if vendor == "sqlite":
        return [SQLITE.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE")]
    return [statement.format(table=table) for statement in POSTGRES]


def revoke(connection, table: str) -> None:
    """Take UPDATE, DELETE and TRUNCATE from the application's role. An owner's own rights can't be taken for good."""
    if not other_role(connection):
        return
    table, role = connection.ops.quote_name(table), connection.ops.quote_name(settings.APP_ROLE)
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}")


def other_role(connection) -> str:
    """The application's role, if the tables belong to another one; else nothing."""
    is_other = connection.vendor == "postgresql" and connection.settings_dict["USER"] != settings.APP_ROLE
    return settings.APP_ROLE if is_other else ""


def changeable(using: str, tables: set[str]) -> list[str]:
    """Those of the tables that the application's role may change or empty, whoever gave it that right."""
    connection = connections[using]
    role = settings.APP_ROLE
    if connection.vendor != "postgresql" or not role:
        return []
    query = "SELECT has_table_privilege(%s, %s, 'UPDATE, DELETE, TRUNCATE')"
    with connection.cursor() as cursor:
        return [table for table in sorted(tables) if _first(cursor, query, role, table)]


def _first(cursor, query: str, *values: str):
    cursor.execute(query, values)
    return cursor.fetchone()[0]


def installed(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    """The tables whose triggers all stand: two each."""
    connection = connections[using]
    query = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"{query} GROUP BY 1 HAVING count(*) >= 2")
        return {row[0] for row in cursor.fetchall()} & set(TABLES)


@register(Tags.database)
def check_triggers(app_configs, databases, **kwargs):
    """Run by `manage.py check --database default` and at start-up."""
    errors = []
    for using in databases or ():
        existing = set(TABLES) & set(connections[using].introspection.table_names())
        if missing := existing - installed(using):
            errors.append(
                Error(
                    f"The read log can be changed: no trigger on {', '.join(sorted(missing))}.",
                    hint="Run `manage.py migrate`, which installs it again.",
                    id="students.E001",
                )
            )
        if tables := changeable(using, existing):
            errors.append(
                Error(
                    f"The role {settings.APP_ROLE} can change the read log: {', '.join(tables)}.",
                    hint="Run `manage.py migrate` as the owner of the tables, which is another role.",
                    id="students.E002",
                )
            )
    return errors
