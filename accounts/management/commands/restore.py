"""Put an archive of `backup` into an empty database and an empty folder of private files (docs/operations.md)."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.backup import restoring
from accounts.backup.failures import Unfinished


class Command(BaseCommand):
    help = "Restore a backup into an empty place. --check only reads it, to the last byte."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("archive", type=Path)
        parser.add_argument("--check", action="store_true", help="read and compare everything, change nothing")

    def handle(self, *args, archive: Path, check: bool, **options):
        try:
            manifest = (restoring.inspect if check else restoring.restore)(archive)
        except Unfinished as error:
            raise CommandError(str(error)) from error
        except Exception as error:
            raise CommandError(f"Nothing was restored. {type(error).__name__}: {error}") from error
        rows = sum(table["rows"] for table in manifest["tables"].values())
        done = "Readable and right" if check else "Restored"
        self.stdout.write(f"{done}: {rows} rows in {len(manifest['tables'])} tables, {len(manifest['files'])} files,")
        self.stdout.write(f"as they stood at {manifest['made_at']}.")
        if missing := manifest["missing"]:
            self.stderr.write(f"{len(missing)} files that rows name were not on the disk when it was made.")
