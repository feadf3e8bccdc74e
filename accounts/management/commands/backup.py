"""Save the database and the private files as one sealed archive in BACKUP_ROOT (docs/operations.md)."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.backup import running


class Command(BaseCommand):
    help = "Make a backup of the database and the private files, sealed under BACKUP_KEY."
    requires_system_checks = []  # a backup is wanted most when something is wrong

    def add_arguments(self, parser):
        parser.add_argument("--verify", action="store_true", help="read the archive back and compare everything")
        parser.add_argument("--keep", type=int, default=0, help="afterwards keep only so many archives (0: all)")
        parser.add_argument(
            "--accept-missing", action="store_true", help="count it as good although files are gone: for good, that is"
        )

    def handle(self, *args, verify: bool, keep: int, accept_missing: bool, **options):
        try:
            row = running.run(clock=timezone.now, verify=verify, keep=keep, accept_missing=accept_missing)
        except Exception as error:
            raise CommandError(f"No good backup was made. {type(error).__name__}: {error}") from error
        self.stdout.write(str(settings.BACKUP_ROOT / row.archive))
        self.stdout.write(f"{row.size} bytes, {'read back and right' if verify else 'not read back'}")
        if row.missing_files:
            self.stderr.write(f"{row.missing_files} files that rows name are not on the disk; they are not in it.")
