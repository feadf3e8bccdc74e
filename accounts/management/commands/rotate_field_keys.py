"""Bring every encrypted column, history too, and every encrypted file under the current field key.

To rotate: put a new key first in FIELD_KEYS and keep the old ones behind it, restart every process, run this, and only
then take the old keys out. Each batch is a transaction of its own: stopped midway, it goes on where it was.
An encrypted file (an uploaded roster, as long as it can be undone) holds one token; photos and documents hold none.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction

from accounts import encryption
from accounts.backup.files import file_fields
from accounts.fields import EncryptedTextField

BATCH = 500


class Command(BaseCommand):
    help = "Re-encrypt all encrypted columns and files under the first key of FIELD_KEYS."

    def add_arguments(self, parser):
        parser.add_argument("--batch", type=int, default=BATCH, help="rows per transaction")

    def handle(self, *args, batch: int, **options):
        for field in encrypted_fields():
            done = 0
            while moved := self.move_batch(field, batch):
                done += moved
            self.stdout.write(f"{label_of(field)}: {done}")
        for field in file_fields():
            self.stdout.write(f"{label_of(field)}: {self.move_files(field)}")

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

    def move_files(self, field: models.FileField) -> int:
        moved = missing = 0
        for pk, name in rows_with_a_file(field):
            try:
                moved += is_old(Path(field.storage.path(name))) and move_file(field, pk)
            except FileNotFoundError:
                missing += 1
            except encryption.WrongKey as error:
                raise CommandError(f"{field.model._meta.label} {pk}: {error} Its file was left as it was.") from None
        if missing:
            self.stderr.write(
                f"{label_of(field)}: {missing} files that rows name are not on the disk. Is PRIVATE_ROOT mounted? "
                "Until they are here, or known to be gone for good, keep the old keys."
            )
        return moved


def label_of(field: models.Field) -> str:
    return f"{field.model._meta.label}.{field.name}"


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


# --- files ------------------------------------------------------------------------------------------------------------


def rows_with_a_file(field: models.FileField) -> list[tuple]:
    return list(field.model._base_manager.exclude(**{field.name: ""}).values_list("pk", field.name))


def is_old(path: Path) -> bool:
    """Encrypted, as its first bytes tell, and not under the current key."""
    current = encryption.current_prefix().encode()
    with path.open("rb") as file:
        begin = file.read(len(current))
    return begin.startswith(f"{encryption.VERSION}.".encode()) and begin != current


@transaction.atomic
def move_file(field: models.FileField, pk) -> bool:
    """Whoever reads it meanwhile has the old one or the new one, whole. False if it has gone.

    The row is held: what retention deletes at this moment does not come back.
    """
    row = field.model._base_manager.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None or not getattr(row, field.name):
        return False
    path = Path(getattr(row, field.name).path)
    _write_over(path, encryption.reencrypt(label_of(field), path.read_text("ascii")))
    return True


def _write_over(path: Path, token: str) -> None:
    beside = path.with_name(f"{path.name}.rotating")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
