"""Names in a note's text stand as references, so that each reader sees only the names that reader may see (N11).

In the column: ⟦<student id>⟧ for a full name, ⟦<student id>:g⟧ for a given name alone. A text that is printed without
`show` therefore holds no name of another student at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils.translation import gettext

from accounts.models import User
from students.levels import Level
from students.models.records import Observation
from students.models.student import Student

REFERENCE = re.compile(r"⟦([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(:g)?⟧")


def given_name(name: str) -> str:
    """The part by which a teacher calls a child, where it is long enough not to be any other word: two characters."""
    return name[-2:] if len(name) in (3, 4) else ""


def refer(text: str, students: Iterable[Student]) -> str:
    """Put references in place of the names of these students."""
    students = list(students)
    for student in sorted(students, key=lambda s: -len(s.name)):
        text = text.replace(student.name, f"⟦{student.pk}⟧")
    for student in students:
        if given := given_name(student.name):
            text = text.replace(given, f"⟦{student.pk}:g⟧")
    return text


def replace(text: str, student: Student, by: Student) -> str:
    """Let another student stand where this one stood: the note was filed under the wrong child."""
    return text.replace(f"⟦{student.pk}", f"⟦{by.pk}")


def show(text: str, names: Mapping[str, str]) -> str:
    """Put names in place of references: `names` is id → name of those whom the reader may see."""

    def name_of(match: re.Match) -> str:
        name = names.get(match[1])
        if name is None:
            return gettext("another student")
        return given_name(name) if match[2] else name

    return REFERENCE.sub(name_of, text)


def for_reader(observations: Iterable[Observation], user: User, *, now: datetime) -> list[Observation]:
    """The observations with `shown` (field → text for this reader), `names` (for `show`: earlier texts), `others` (fellow students of the incident whom the
    reader may see) and `more` (whether there are fellows whom the reader may not see). Two statements for any number.
    """
    observations = list(observations)
    fellows = _fellows({o.incident for o in observations})
    ids = {student.pk for students in fellows.values() for student in students}
    visible = set(
        Student.objects.filter(pk__in=ids).visible_to(user, Level.BASIC, now=now).values_list("pk", flat=True)
    )
    for each in observations:
        known = [s for s in fellows[each.incident] if s.pk in visible or each.author_id == user.pk]
        names = {str(s.pk): s.name for s in known}
        each.names = names
        each.shown = {field: show(getattr(each, field), names) for field in Observation.TEXTS}
        each.others = [s for s in known if s.pk != each.student_id]
        each.more = len(known) < len(fellows[each.incident])
    return observations


def _fellows(incidents: set) -> dict:
    """incident → its students; a withdrawn row no longer names its student."""
    rows = (
        Observation.objects.valid()
        .filter(incident__in=incidents)
        .select_related("student")
        .only("incident", "student__name")
    )
    fellows: dict = {incident: [] for incident in incidents}
    for row in rows:
        fellows[row.incident].append(row.student)
    return fellows
