"""`manage.py add_school CODE NAME`: a school with its departments, categories, services and checklists, the terms of the year and its holidays."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actions import add_department
from accounts.models import School
from students.actions.assessments import add_shipped
from students.actions.calendar import create_terms, seed_calendar, unknown_years_note
from students.actions.dictionary import start_categories
from students.actions.screening import start_checklists
from students.actions.services import start_services
from students.models import school_year_of

DEPARTMENTS = ("校长室", "德育处", "教务处", "总务处", "心理辅导室", "校医室", "资助中心", "信息中心", "年级组")


class Command(BaseCommand):
    help = "Make a school with its departments, categories, services, checklists, terms and holidays. Making it again adds only what is missing."

    def add_arguments(self, parser):
        parser.add_argument("code", help="the school's code of 10 digits")
        parser.add_argument("name")

    @transaction.atomic
    def handle(self, *, code: str, name: str, **options):
        school = School.objects.filter(code=code).first() or self._make(code, name)
        if school.name != name:
            raise CommandError(_("The code %(code)s belongs to %(name)s.") % {"code": code, "name": school.name})
        for department in DEPARTMENTS:
            if not school.departments.filter(name=department).exists():
                add_department(by=None, school=school, name=department)
        start_categories(by=None, school=school)
        start_services(by=None, school=school)
        start_checklists(by=None, school=school)
        add_shipped(by=None, school=school)
        now = timezone.now()
        year = school_year_of(timezone.localdate(now))
        for term in create_terms(by=None, school=school, school_year=year, now=now):
            self.stdout.write(f"{term}: {term.starts_on} – {term.ends_on}")
        if note := unknown_years_note(seed_calendar(by=None, school=school, years=[year])):
            self.stdout.write(note)
        self.stdout.write(_("%(name)s (%(code)s) is ready.") % {"name": school.name, "code": school.code})

    def _make(self, code: str, name: str) -> School:
        school = School(code=code, name=name)
        try:
            school.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        school.save()
        return school
