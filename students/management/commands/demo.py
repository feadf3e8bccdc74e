"""manage.py demo: 示范小学, an invented school to look around in."""

import unicodedata

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import School, User
from students import demo
from students.demo.build import build
from students.models import Observation, Student


class Command(BaseCommand):
    help = "Builds the demo school: 1,080 invented students, 67 staff, two terms of notes."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="Do nothing when there is a school already.")
        parser.add_argument("--accounts", action="store_true", help="Only print the accounts of the demo school.")

    def handle(self, *args, if_empty: bool = False, accounts: bool = False, **options) -> None:
        if not (settings.EMBEDDED or settings.DEBUG):
            raise CommandError(_("The demo school has a known password: it is not built in production."))
        if accounts:
            return self.print_accounts()
        if School.objects.exists():
            return self.stand_back(if_empty)
        self.stdout.write(_("Building the demo school; this takes about half a minute."))
        build(today=timezone.localdate(), now=timezone.now())
        self.stdout.write(
            _("%(students)d students, %(staff)d staff, %(notes)d notes.")
            % {
                "students": Student.objects.count(),
                "staff": User.objects.count(),
                "notes": Observation.objects.count(),
            }
        )
        if not if_empty:
            self.print_accounts()

    def stand_back(self, if_empty: bool) -> None:
        """A school is there already: never touched."""
        if if_empty:
            return
        if School.objects.exclude(code=demo.CODE).exists() or not School.objects.filter(name=demo.NAME).exists():
            raise CommandError(_("There is a school with other data in this database. Nothing was changed."))
        self.stdout.write(_("The demo school exists already. Nothing was changed."))
        self.print_accounts()

    def print_accounts(self) -> None:
        numbers = [number for _post, number in demo.ACCOUNTS]
        users = User.objects.filter(school__code=demo.CODE, is_active=True, employee_no__in=numbers)
        known: dict[str, bool] = {}  # all share one hash as long as nobody changed theirs: one slow check, not fifteen
        people = {
            user.employee_no: user.display_name
            for user in users
            if known.setdefault(user.password, user.password in known or user.check_password(demo.PASSWORD))
        }
        rows = [(post, people[number], number, demo.PASSWORD) for post, number in demo.ACCOUNTS if number in people]
        for row in [("职务", "姓名", "工号", "密码"), *rows] if rows else []:
            self.stdout.write("".join(padded(cell, width) for cell, width in zip(row, (24, 12, 10, 0), strict=True)))


def padded(text: str, width: int) -> str:
    """Chinese characters are two columns wide."""
    columns = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
    return text + " " * (width - columns)
