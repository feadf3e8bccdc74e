"""`manage.py import_staff FILE --school CODE [--passwords FILE]`: accounts, roles and classes from the list of staff."""

import csv
import os
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import School
from students.roster.leaving import harmless
from students.roster.refusal import Refused
from students.roster.sandbox import read_in_child
from students.roster.staff import Hired, import_staff


class Command(BaseCommand):
    help = "Import the list of staff (.xlsx, .xls, .csv). New accounts get one-time passwords, to be printed and handed out."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--school", required=True, help="the school's code")
        parser.add_argument(
            "--passwords", type=Path, help="write the one-time passwords to this file instead of the screen"
        )

    def handle(self, *, file: Path, school: str, passwords: Path | None, **options):
        hired = self._import(file, school)
        if hired.errors:
            raise CommandError("\n".join([*hired.errors, _("Nothing was imported.")]))
        counts = {"new": len(hired.passwords), "unchanged": hired.unchanged, "assignments": hired.assignments}
        self.stdout.write(_("%(new)d new, %(unchanged)d known, %(assignments)d assignments") % counts)
        if passwords and hired.passwords:
            self._write(passwords, hired)
        else:
            for row in hired.passwords:
                self.stdout.write("\t".join(row))

    def _import(self, file: Path, code: str) -> Hired:
        school = School.objects.filter(code=code).first()
        if school is None:
            raise CommandError(_("There is no school with the code %(code)s.") % {"code": code})
        now = timezone.now()
        try:
            sheet = read_in_child(file.read_bytes(), file.name)
            return import_staff(by=None, school=school, sheet=sheet, today=timezone.localdate(now), now=now)
        except (Refused, OSError) as error:
            raise CommandError(str(error)) from error

    def _write(self, path: Path, hired: Hired) -> None:
        """Readable by the operator alone."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow([_("Employee number"), _("Name"), _("One-time password")])
            writer.writerows(map(harmless, row) for row in hired.passwords)
        self.stdout.write(_("The one-time passwords are in %(path)s. Delete the file after printing.") % {"path": path})
