"""`manage.py raise_signals --school CODE`: ask the rules of noticing now instead of tomorrow morning."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import School
from students.actions.signals import raise_signals


class Command(BaseCommand):
    help = "Ask every rule of a school about all its students. Asking again makes nothing new."

    def add_arguments(self, parser):
        parser.add_argument("--school", required=True, help="the school's code of 10 digits")

    def handle(self, *, school: str, **options):
        found = School.objects.filter(code=school).first()
        if found is None:
            raise CommandError(_("There is no school with the code %(code)s.") % {"code": school})
        look = raise_signals(school=found, today=timezone.localdate(), now=timezone.now())
        told = {"new": len(look.new), "renewed": len(look.renewed), "lapsed": len(look.lapsed)}
        self.stdout.write(_("%(new)d new signals, %(renewed)d with something new, %(lapsed)d no longer there.") % told)
