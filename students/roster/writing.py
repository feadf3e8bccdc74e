"""Writes exactly a stored difference, in bulk and with history, and notes in each row what it takes to undo it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.encryption import fingerprint
from accounts.models import School, User
from students.actions.grants import sync_grants
from students.models import (
    CareNeed,
    ClassGroup,
    Enrolment,
    Guardian,
    Mark,
    RosterRow,
    Student,
    StudentBackground,
    StudentProfile,
    school_year_of,
)
from students.pinyin import search_keys
from students.roster.difference import Difference, plain
from students.roster.matching import Question, find
from students.roster.stored import ID_LABEL, NATIONAL_LABEL, Register, Stored, field_of, read_stored
from students.roster.suggesting import Suggestions

Status = RosterRow.Status
FINGERPRINTS = {"id_no": ID_LABEL, "national_no": NATIONAL_LABEL}
KINDS: dict[str, Any] = {
    "class": ClassGroup,
    "student": Student,
    "profile": StudentProfile,
    "background": StudentBackground,
    "guardian": Guardian,
    "enrolment": Enrolment,
    "mark": Mark,
    "need": CareNeed,
}
KIND_OF = {model: kind for kind, model in KINDS.items()}


def register_of(school: School, *, lock: bool = False) -> Register:
    """All students of the school, those who left too. ``lock`` keeps others from changing them meanwhile (PostgreSQL)."""
    students = Student.objects.filter(school=school)
    return Register(read_stored(students.select_for_update(of=("self",)) if lock else students))


def stale_rows(differences: Iterable[Difference], register: Register, *, school_year: int) -> dict[int, str]:
    """Row → sentence, for rows whose students are no longer as the dry run saw them."""
    by_pk = {each.student.pk: each for each in register.all}
    stale = {}
    for difference in differences:
        if difference.status == Status.CHANGED and not _as_before(difference, by_pk.get(difference.student)):
            stale[difference.row] = _(
                "Somebody changed this student since the file was checked. Please check the file again."
            )
        elif difference.status == Status.NEW and not _still_new(difference, register, school_year):
            stale[difference.row] = _(
                "Somebody added this student since the file was checked. Please check the file again."
            )
    return stale


def _as_before(difference: Difference, stored: Stored | None) -> bool:
    if stored is None or not stored.is_here:
        return False
    return all(plain(stored.value(key)) == value for key, value in difference.before.items())


def _still_new(difference: Difference, register: Register, school_year: int) -> bool:
    try:
        return find(typed(difference.after), register, school_year=school_year)[0] is None
    except Question:
        return False


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the checks gave them: dates and places were text and lists in the stored row."""
    values = dict(values)
    if born := values.get("birth_date"):
        values["birth_date"] = date.fromisoformat(born)
    if place := values.get("class"):
        values["class"] = tuple(place)
    return values


class Batch:
    """Rows to create and to change, saved in an order that keeps every reference valid."""

    def __init__(self, *, by: User | None, now: datetime, reason: str) -> None:
        self.by, self.now, self.reason = by, now, reason
        self.new: dict[type, list] = defaultdict(list)
        self.changed: dict[type, dict] = defaultdict(dict)
        self.fields: dict[type, set[str]] = defaultdict(set)

    def add(self, instance: Any, kept: dict[str, Any]) -> None:
        self.new[type(instance)].append(instance)
        kept.setdefault("made", []).append([KIND_OF[type(instance)], str(instance.pk)])

    def change(self, instance: Any, kept: dict[str, Any], **values: Any) -> None:
        """Set ``values``, one version up, and remember what was there."""
        values |= _followers(instance, values, self.now)
        kept.setdefault("was", []).append(
            [KIND_OF[type(instance)], str(instance.pk), {name: plain(getattr(instance, name)) for name in values}]
        )
        for name, value in values.items():
            setattr(instance, name, value)
        kept.setdefault("now", []).append(
            [KIND_OF[type(instance)], str(instance.pk), {name: plain(getattr(instance, name)) for name in values}]
        )
        self.changed[type(instance)][instance.pk] = instance
        self.fields[type(instance)] |= values.keys()

    def save(self) -> None:
        settings = {
            "default_user": self.by,
            "default_change_reason": self.reason,
            "default_date": self.now,
            "batch_size": 500,
        }
        bulk_create_with_history(self.new[ClassGroup], ClassGroup, **settings)
        for model, rows in self.changed.items():
            bulk_update_with_history(list(rows.values()), model, sorted(self.fields[model]), **settings)
        for model in (Student, StudentProfile, StudentBackground, Guardian, Enrolment, CareNeed, Mark):
            bulk_create_with_history(self.new[model], model, **settings)


def _followers(instance: Any, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What a single save() would set by itself: a bulk update does not."""
    follow: dict[str, Any] = {}
    if hasattr(instance, "version"):
        follow["version"] = instance.version + 1
    if hasattr(instance, "updated_at"):
        follow["updated_at"] = now
    if "name" in values and isinstance(instance, Student):
        follow["name_pinyin"], follow["name_initials"] = search_keys(values["name"])
    if isinstance(instance, StudentBackground):
        for name in FINGERPRINTS.keys() & values.keys():
            follow[name + "_fingerprint"] = fingerprint(FINGERPRINTS[name], values[name])
    return follow


def write(
    *,
    school: School,
    differences: list[Difference],
    register: Register,
    by: User | None,
    now: datetime,
    today: date,
    reason: str,
) -> None:
    """Create the new and change the changed, grants included; what the roster's flags suggest becomes proposals of needs.
    The caller's transaction makes it all or nothing."""
    batch = Batch(by=by, now=now, reason=reason)
    by_pk = {each.student.pk: each for each in register.all}
    places, suggestions = _Places(school, batch, today), Suggestions(school, today)
    moved: list[Student] = []
    for difference in differences:
        values = typed(difference.after)
        if difference.status == Status.NEW:
            student, has_moved = _create(school, values, difference, places, batch), True
        else:
            student = by_pk[difference.student].student
            has_moved = _change(by_pk[difference.student], values, difference, places, batch)
        moved += [student] if has_moved else []
        for need in suggestions.of(student, values):
            batch.add(need, difference.kept)
    batch.save()
    sync_grants(by=by, students=moved, now=now)


def _create(school: School, values: dict[str, Any], difference: Difference, places: _Places, batch: Batch) -> Student:
    student = Student(school=school, **_of_part(values, "student"))
    student.name_pinyin, student.name_initials = search_keys(student.name)
    difference.student = student.pk
    group = places.group(values["class"], difference.kept)
    for row in (
        student,
        StudentProfile(student=student, **_of_part(values, "profile")),
        StudentBackground(student=student, **_of_part(values, "background")),
        Enrolment(student=student, class_group=group, seat_no=values.get("seat_no"), starts_on=places.first_day(group)),
    ):
        batch.add(row, difference.kept)
    _add_guardians(student, values, {}, difference, batch)
    return student


def _of_part(values: dict[str, Any], part: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if "." not in key and field_of(key).part == part}


def _add_guardians(
    student: Student, values: dict[str, Any], stored: dict, difference: Difference, batch: Batch
) -> None:
    members: dict[int, dict[str, Any]] = defaultdict(dict)
    for key, value in values.items():
        if "." in key:
            members[int(key[len("guardian")])][key.partition(".")[2]] = value
    for order, fields in sorted(members.items()):
        if order in stored:
            batch.change(stored[order], difference.kept, **fields)
        else:
            batch.add(Guardian(student=student, order=order, **fields), difference.kept)


def _change(stored: Stored, values: dict[str, Any], difference: Difference, places: _Places, batch: Batch) -> bool:
    """Whether the class changed, and with it who may see the student."""
    for part in ("student", "profile", "background"):
        if fields := _of_part(values, part):
            row = stored.owner(next(iter(fields)))
            if row is None:  # a student made by hand may lack the row of a level
                batch.add(KINDS[part](student=stored.student, **fields), difference.kept)
            else:
                batch.change(row, difference.kept, **fields)
    _add_guardians(stored.student, values, stored.guardians, difference, batch)
    if not _of_part(values, "student") and {"class", "seat_no"} & values.keys():
        batch.change(stored.student, difference.kept)  # whose version stands for the seats too (move_student)
    if "class" in values:
        _move(stored, values, difference, places, batch)
    elif "seat_no" in values and stored.enrolment:
        batch.change(stored.enrolment, difference.kept, seat_no=values["seat_no"])
    return "class" in values


def _move(stored: Stored, values: dict[str, Any], difference: Difference, places: _Places, batch: Batch) -> None:
    """Another class from today: the old one ended yesterday, unless it had only begun today."""
    group = places.group(values["class"], difference.kept)
    seat_no = values.get("seat_no", stored.value("seat_no"))
    old = stored.enrolment
    if old is not None and old.starts_on >= places.today:
        batch.change(old, difference.kept, class_group_id=group.pk, seat_no=seat_no)
        return
    if old is not None:
        batch.change(old, difference.kept, ends_on=places.today - timedelta(days=1))
    batch.add(
        Enrolment(student=stored.student, class_group=group, seat_no=seat_no, starts_on=places.today), difference.kept
    )


class _Places:
    """The school's classes, made where the roster names one that does not exist yet."""

    def __init__(self, school: School, batch: Batch, today: date) -> None:
        self.school, self.batch, self.today = school, batch, today
        groups = ClassGroup.objects.filter(school=school)
        self.groups = {(group.stage, group.entry_year, group.number): group for group in groups}
        self.used = set(
            Enrolment.objects.filter(class_group__in=groups).values_list("class_group_id", flat=True).distinct()
        )

    def group(self, place: tuple[str, int, int], kept: dict[str, Any]) -> ClassGroup:
        if place not in self.groups:
            stage, entry_year, number = place
            self.groups[place] = ClassGroup(school=self.school, stage=stage, entry_year=entry_year, number=number)
            self.batch.add(self.groups[place], kept)
        return self.groups[place]

    def first_day(self, group: ClassGroup) -> date:
        """Whoever comes with a class that nobody sat in yet has been there since September; a newcomer comes today."""
        return self.today if group.pk in self.used else min(self.today, date(school_year_of(self.today), 9, 1))
