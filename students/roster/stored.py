"""What the database knows about a school's students, in the words of a roster, and found by what a row can say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, QuerySet

from accounts.encryption import fingerprint
from students.models import Enrolment, Guardian, Student, StudentBackground, StudentProfile
from students.roster.fields import FIELDS, Field

ID_LABEL = "students.StudentBackground.id_no"
NATIONAL_LABEL = "students.StudentBackground.national_no"
MAX_GUARDIANS = 9
OPEN = "open_enrolments"


def field_of(key: str) -> Field:
    """The field of a key; members of the family beyond the template's are like the first."""
    if key in FIELDS:
        return FIELDS[key]
    return FIELDS["guardian1." + key.partition(".")[2]]


@dataclass
class Stored:
    """One student with the rows that a roster writes. ``enrolment`` is the open one, or None."""

    student: Student
    profile: StudentProfile | None = None
    background: StudentBackground | None = None
    guardians: dict[int, Guardian] = field(default_factory=dict)
    enrolment: Enrolment | None = None

    @classmethod
    def of(cls, student: Student) -> Stored:
        """From a student of ``read_stored``."""
        return cls(
            student=student,
            profile=getattr(student, "profile", None),
            background=getattr(student, "background", None),
            guardians={guardian.order: guardian for guardian in student.guardians.all()},
            enrolment=next(iter(getattr(student, OPEN)), None),
        )

    def owner(self, key: str) -> Any:
        """The row that keeps this key, or None."""
        if key in {"class", "seat_no"}:
            return self.enrolment
        if "." in key:
            return self.guardians.get(int(key.partition(".")[0].removeprefix("guardian")))
        return {"student": self.student, "profile": self.profile, "background": self.background}[FIELDS[key].part]

    def value(self, key: str) -> Any:
        """As the roster would say it; ``class`` is (stage, entry year, number)."""
        owner = self.owner(key)
        if owner is None:
            return None
        if key == "class":
            group = owner.class_group
            return (group.stage, group.entry_year, group.number)
        return getattr(owner, key.rpartition(".")[2])

    @property
    def is_here(self) -> bool:
        return self.student.status in Student.PRESENT


def read_stored(students: QuerySet[Student]) -> list[Stored]:
    """Three statements however many students there are."""
    open_ones = Prefetch(
        "enrolments",
        Enrolment.objects.filter(ends_on__isnull=True).select_related("class_group"),
        to_attr=OPEN,
    )
    rows = students.select_related("profile", "background").prefetch_related("guardians", open_ones)
    return [Stored.of(student) for student in rows]


class Register:
    """The students of one school by ID number, national number, and place."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self.all = list(stored)
        self.by_id: dict[str, Stored] = {}
        self.by_national: dict[str, Stored] = {}
        self.by_class: dict[tuple, list[Stored]] = defaultdict(list)
        self.by_name: dict[str, list[Stored]] = defaultdict(list)
        for each in self.all:
            self._add(each)

    def _add(self, each: Stored) -> None:
        if background := each.background:
            self.by_id[background.id_no_fingerprint or ""] = each
            self.by_national[background.national_no_fingerprint or ""] = each
        if each.is_here:
            self.by_name[each.student.name].append(each)
            self.by_class[each.student.name, each.value("class")].append(each)

    def with_id(self, number: str) -> Stored | None:
        return self.by_id.get(fingerprint(ID_LABEL, number)) if number else None

    def with_national(self, number: str) -> Stored | None:
        return self.by_national.get(fingerprint(NATIONAL_LABEL, number)) if number else None

    def confirms(self, each: Stored, values: dict[str, Any]) -> bool:
        """The row and the stored student agree in more than name and class: date of birth, or G + the ID number."""
        born = values.get("birth_date")
        if born and born == each.student.birth_date:
            return True
        national = values.get("national_no", "")
        return national[:1] == "G" and self.with_id(national[1:]) is each

    def knows_number(self, each: Stored | None, values: dict[str, Any]) -> bool:
        """The row gives a number that is this student's."""
        by_id, by_national = self.with_id(values.get("id_no", "")), self.with_national(values.get("national_no", ""))
        return each is not None and (each is by_id or each is by_national)
