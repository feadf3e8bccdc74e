"""`manage.py import_marks FILE --school CODE --term 2026-2027-1 [--classes-of 2026-2027] [--exam midterm] [--full-mark 100]`
and the switches of import_roster, whose way from the dry run to the report it shares."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import School
from students.actions.calendar import create_terms
from students.management.commands.import_roster import Command as ImportCommand
from students.marks.importing import options_of
from students.models import Exam, RosterImport, Term

EXAMS = {"midterm": Exam.Kind.MIDTERM, "final": Exam.Kind.FINAL}


class Command(ImportCommand):
    help = "Import marks (.xlsx, .xls, .csv): a column per subject, or a row per mark. By default all rows or none."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--term", required=True, help="the term of the exam: 2026-2027-1 for the autumn term")
        parser.add_argument("--exam", choices=EXAMS, default="final", help="final: at the end of term (the default)")
        parser.add_argument(
            "--classes-of",
            metavar="2026-2027",
            help="the school year in whose words the file names its classes; the term's own if not given",
        )
        parser.add_argument("--full-mark", default="100", help="where the sheet itself says none")

    def about(self, school: School, options: dict[str, Any]) -> dict[str, Any]:
        said = options_of(
            term=self._term(school, options["term"]),
            exam=EXAMS[options["exam"]],
            classes_of=_year(options["classes_of"]) if options["classes_of"] else None,
            full_mark=_full_mark(options["full_mark"]),
        )
        return {"kind": RosterImport.Kind.MARKS, "options": said}

    def _term(self, school: School, code: str) -> Term:
        """Marks of last year come before anybody has entered its terms: then they are made, with their usual days."""
        year, number = _term_code(code)
        known = Term.objects.filter(school=school, school_year=year, number=number).first()
        if known is not None:
            return known
        made = create_terms(by=None, school=school, school_year=year, now=timezone.now())
        term = made[number - 1]
        self.stdout.write(
            _("%(term)s was not there yet; it now runs from %(from)s to %(to)s. Please check the days under “Terms”.")
            % {"term": term, "from": term.starts_on, "to": term.ends_on}
        )
        return term


def _term_code(code: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{4}-\d{4})-([12])", code)
    if not found:
        raise CommandError(_("“%(code)s” is no term. Write it like 2026-2027-1.") % {"code": code})
    return _year(found[1]), int(found[2])


def _year(code: str) -> int:
    found = re.fullmatch(r"(20\d{2})-(20\d{2})", code)
    if not found or int(found[2]) != int(found[1]) + 1:
        raise CommandError(_("“%(code)s” is no school year. Write it like 2026-2027.") % {"code": code})
    return int(found[1])


def _full_mark(text: str) -> Decimal:
    try:
        full = Decimal(text)
    except InvalidOperation:
        full = Decimal(0)
    if not 0 < full <= 1000:
        raise CommandError(_("The full mark is a number from 1 to 1000."))
    return full
