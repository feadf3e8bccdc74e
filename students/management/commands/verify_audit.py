"""`manage.py verify_audit [--anchor 128-3fa9-…]`: is the log as it was sealed? Prints the newest anchor, to be written down."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from students import sealing


class Command(BaseCommand):
    help = "Check the chain over the read log and the log of security events."

    def add_arguments(self, parser):
        parser.add_argument("--anchor", default="", help="one that this command printed earlier, kept outside")

    def handle(self, *, anchor: str, **options):
        if found := sealing.verify(now=timezone.now(), anchor=anchor):
            raise CommandError("\n".join(found))
        newest = sealing.newest()
        self.stdout.write("Every sealed row is as it was." if newest else "Nothing has been sealed yet.")
        if newest:
            self.stdout.write(f"The newest anchor: {newest.anchor} ({newest.sealed_at:%Y-%m-%d %H:%M} UTC)")
