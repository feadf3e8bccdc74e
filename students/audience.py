"""Who will see this? In words, before a note is saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.models import Role, User
from students import access
from students.levels import Level
from students.models import AccessGrant, Student

Reason = AccessGrant.Reason
OFFICES = {
    Reason.HEAD_TEACHER: pgettext_lazy("office", "head teachers"),
    Reason.DEPUTY: pgettext_lazy("office", "head teachers"),
    Reason.GRADE_LEADER: pgettext_lazy("office", "grade leader"),
    Role.COUNSELLOR: pgettext_lazy("office", "counsellors"),
    Role.MORAL_EDUCATION: pgettext_lazy("office", "moral-education office"),
    Role.VICE_PRINCIPAL: pgettext_lazy("office", "principals"),
    Role.PRINCIPAL: pgettext_lazy("office", "principals"),
}
# Who sees a file because something happens to the student; only those who know the file may know of them.
HELPERS = gettext_lazy("those who help")


@dataclass(frozen=True)
class Audience:
    """`people`: names with their office, for those who know the files; `summary`: offices and number of people."""

    people: list[str]
    summary: str
    note: str


def audience_for(user: User, students: Iterable[Student], level: int, *, attention: bool, now: datetime) -> Audience:
    """Who will see a note of this level, told to `user`. Three statements, whatever the number of students.

    To somebody who doesn't know these files it names offices and a number, and nobody who is there because of a case.
    """
    students = list(students)
    attention = attention or level == Level.CONFIDENTIAL
    known = Student.objects.filter(pk__in=[s.pk for s in students]).visible_to(user, Level.SENSITIVE, now=now).count()
    insider = known == len(students)
    whys = access.audience(students, level, attention=attention, now=now)
    if not _told_of_counselling(user, students, whys):
        whys = [why for why in whys if why.code != Reason.COUNSELLING]
    people = _by_office(whys, insider)
    names = [_("%(name)s, %(office)s") % {"name": who.display_name, "office": people[who]} for who in people]
    return Audience(names if insider else [], _summary(people), _note(user, students, people))


def _told_of_counselling(user: User, students: list[Student], whys: list[access.Why]) -> bool:
    """Head teachers and deputies of all of them, and 德育, who opened it; to anybody else that a counsellor is among the
    readers would say that a student is in counselling."""
    codes = [why.code for why in whys if why.user == user]
    return Role.MORAL_EDUCATION in codes or sum(code in (Reason.HEAD_TEACHER, Reason.DEPUTY) for code in codes) >= len(
        students
    )


def _by_office(whys: Iterable[access.Why], insider: bool) -> dict[User, str]:
    """Each person once, under the first standing office."""
    found: dict[User, str] = {}
    whys = list(whys)
    for why in whys:
        if why.user and (office := OFFICES.get(why.code)):
            found.setdefault(why.user, str(office))
    for why in whys if insider else ():
        if why.user:
            found.setdefault(why.user, str(HELPERS))
    return found


def _summary(people: dict[User, str]) -> str:
    if not people:
        return _("nobody but you")
    offices = pgettext("between names", ", ").join(dict.fromkeys(people.values()))
    return _("%(offices)s: %(count)d people") % {"offices": offices, "count": len(people)}


def _note(user: User, students: list[Student], people: dict[User, str]) -> str:
    notes = []
    if user not in people:
        notes.append(_("You see your own note for 7 days and can correct it."))
    if len(students) > 1:
        notes.append(
            _("In each other's files the other students stand as another student, unless the reader may see them.")
        )
    return " ".join(notes)
