"""`manage.py health [--json]`: what the system needs, one line each; exit code 1 when one is red."""

import json
import sys

from django.core.management.base import BaseCommand
from django.utils import timezone

from reports import health


class Command(BaseCommand):
    help = "Ask for everything the running system needs. Exit code 1 when something is missing."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="one JSON object, for a monitoring program")

    def handle(self, *, json: bool, **options):
        found = health.lines(timezone.now())
        self.stdout.write(as_json(found) if json else as_text(found))
        if not all(line.ok for line in found):
            sys.exit(1)


def as_text(found: list[health.Line]) -> str:
    return "\n".join(f"{'ok ' if line.ok else '!! '} {line.title}: {line.text}" for line in found)


def as_json(found: list[health.Line]) -> str:
    told = [{"name": line.name, "ok": line.ok, "text": line.text} for line in found]
    return json.dumps({"ok": all(line.ok for line in found), "lines": told}, ensure_ascii=False)
