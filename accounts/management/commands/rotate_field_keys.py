"""Bring every encrypted column, history too, under the current field key.

To rotate: put a new key first in FIELD_KEYS and keep the old ones behind it, restart every process, run this, and only
then take the old keys out. Each batch is a transaction of its own: stopped midway, it goes on where it was.
"""

from collections.abc import Iterator

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction

from accounts import encryption
from accounts.fields import EncryptedTextField

BATCH = 500


class Command(BaseCommand):
    help = "Re-encrypt all encrypted columns under the first key of FIELD_KEYS."

    def add_arguments(self, parser):
        parser.add_argument("--batch", type=int, default=BATCH, help="rows per transaction")

    def handle(self, *args, batch: int, **options):
        for field in encrypted_fields():
            done = 0
            while moved := self.move_batch(field, batch):
                done += moved
            self.stdout.write(f"{field.model._meta.label}.{field.name}: {done}")

    def move_batch(self, field: EncryptedTextField, size: int) -> int:
        with transaction.atomic():
            rows = old_rows(field, size)
            for pk, token in rows:
                try:
                    replace(field, pk, token, encryption.reencrypt(field.label, token))
                except encryption.WrongKey as error:
                    raise CommandError(
                        f"{field.model._meta.label} {pk}: {error} This batch was left as it was."
                    ) from None
        return len(rows)


def encrypted_fields() -> Iterator[EncryptedTextField]:
    """Those of every table, the historical ones included."""
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            yield from (field for field in model._meta.local_fields if isinstance(field, EncryptedTextField))


def old_rows(field: EncryptedTextField, size: int) -> list[tuple]:
    table, column, pk = _names(field)
    prefix = encryption.current_prefix()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 -- names, quoted; no input
            f" AND substr({column}, 1, %s) <> %s ORDER BY {pk} LIMIT %s",
            [len(prefix), prefix, size],
        )
        return cursor.fetchall()


def replace(field: EncryptedTextField, pk, old: str, new: str) -> None:
    # Compared with the old token: what a colleague saves at this moment is not overwritten.
    table, column, key = _names(field)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s",  # noqa: S608 -- names, quoted
            [new, pk, old],
        )


def _names(field: models.Field) -> tuple[str, str, str]:
    quote, meta = connection.ops.quote_name, field.model._meta
    return quote(meta.db_table), quote(field.column), quote(meta.pk.column)
