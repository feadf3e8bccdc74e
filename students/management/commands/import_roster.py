"""`manage.py import_roster FILE --school CODE [--dry-run] [--json] [--good-rows]`: a roster from the command line.

Like all commands at the server it is the operator's own authority: the history names nobody.
"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import School
from students.models import RosterImport, RosterRow
from students.roster import actions, running
from students.roster.difference import Difference
from students.roster.refusal import Refused


class Command(BaseCommand):
    help = "Import a roster (.xlsx, .xls, .csv). By default all rows or none."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--school", required=True, help="the school's code")
        parser.add_argument("--dry-run", action="store_true", help="show what would happen and write nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object per line and row")
        parser.add_argument("--good-rows", action="store_true", help="import the good rows and leave the refused ones")

    def handle(self, *, file: Path, school: str, dry_run: bool, good_rows: bool, **options):
        job = self._prepare(file, self._school(school), options)
        lines = [(row.row, row.status, Difference.of(row)) for row in job.rows.all()]
        if dry_run:
            actions.discard(job=job)
            return self._report(job, lines, as_json=options["json"])
        refusal = self._apply(job, good_rows)
        lines = [(row.row, row.status, Difference.of(row)) for row in job.rows.all()]
        self._report(job, lines, as_json=options["json"])
        if job.phase != job.Phase.APPLIED:  # nothing was written, so there is nothing to keep for an undo
            actions.discard(job=job)
        if refusal:
            raise CommandError(refusal)

    def about(self, school: School, options: dict[str, Any]) -> dict[str, Any]:
        """What the upload says beside the file."""
        return {}

    def _school(self, code: str) -> School:
        school = School.objects.filter(code=code).first()
        if school is None:
            raise CommandError(_("There is no school with the code %(code)s.") % {"code": code})
        return school

    def _prepare(self, file: Path, school: School, options: dict[str, Any]) -> RosterImport:
        try:
            job = actions.upload(
                by=None,
                school=school,
                data=file.read_bytes(),
                filename=file.name,
                now=timezone.now(),
                in_background=False,
                **self.about(school, options),
            )
        except (Refused, OSError) as error:
            raise CommandError(str(error)) from error
        running.run(job_id=str(job.pk), clock=timezone.now)
        job.refresh_from_db()
        if job.phase != job.Phase.PREPARED:
            actions.discard(job=job)
            raise CommandError(job.error)
        return job

    def _apply(self, job: RosterImport, good_rows: bool) -> str:
        """ "" or why nothing was written. A file that changes nothing is no failure."""
        if not job.new + job.changed and (good_rows or not job.refused):
            return ""
        try:
            actions.confirm(by=None, job=job, good_rows_only=good_rows, now=timezone.now(), in_background=False)
        except actions.NotNow as refusal:
            return str(refusal)
        running.run(job_id=str(job.pk), clock=timezone.now)
        job.refresh_from_db()
        return job.error

    def _report(self, job: RosterImport, lines: list[tuple[int, str, Difference]], *, as_json: bool) -> None:
        if as_json:
            for row, status, difference in lines:
                line = {"row": row, "status": status, "warnings": difference.warnings, "errors": difference.errors}
                self.stdout.write(json.dumps(line, ensure_ascii=False))
            return
        for row, status, difference in lines:
            if status == RosterRow.Status.REFUSED or difference.warnings:
                sentences = " ".join([*difference.errors, *difference.warnings])
                self.stdout.write(_("Row %(row)d: %(sentences)s") % {"row": row, "sentences": sentences})
        counts = {status: getattr(job, status) for status in RosterRow.Status.values}
        self.stdout.write(_("new %(new)d, changed %(changed)d, unchanged %(unchanged)d, refused %(refused)d") % counts)
