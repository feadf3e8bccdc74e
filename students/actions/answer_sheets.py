"""A sheet of answers: read and checked, then entered or dropped. Nothing is entered before its uploader saw every row."""

from __future__ import annotations

import json
from datetime import date, datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from students import access
from students.actions.assessments import fill_in
from students.levels import Level
from students.models import AnswerSheet, Assessment, Instrument, Student, school_year_of
from students.models.assessments import SHEET_KEPT
from students.roster.reading import look_at
from students.roster.sandbox import read_in_child
from students.scales import sheet as reading
from students.scales.sheet import Register, Row

NOT_ANY_MORE = gettext_noop("Filled in meanwhile, or the confidential part is no longer open to you.")


def read_sheet(*, by: User, instrument: Instrument, data: bytes, filename: str, now: datetime) -> AnswerSheet:
    """The sheet with an answer to each of its rows, not saved yet. Raises Refused for a file that can't be read."""
    look_at(data)
    sheet = read_in_child(data, filename)
    rows = reading.check(
        sheet, instrument, register_of(by, now=now), today=timezone.localdate(now), taken=_taken(by, instrument, now)
    )
    body = {"seen": instrument.version, "rows": [row.as_json() for row in rows]}
    return AnswerSheet(instrument=instrument, requested_by=by, body=json.dumps(body))


def register_of(by: User, *, now: datetime) -> Register:
    """The own cases, and the names of the others, whom any member of staff can pick: three statements."""
    today = timezone.localdate(now)
    mine = own_cases(by, now=now)
    ids = [student.pk for student in mine]
    others = access.pickable_students(by).placed_on(today).exclude(pk__in=ids)
    names = {(student.name, reading.place_of(student)) for student in others}
    return Register(mine, names, school_year=school_year_of(today))


def own_cases(by: User, *, now: datetime) -> list[Student]:
    """Those at school whose confidential part is open to this user."""
    students = Student.objects.visible_to(by, Level.CONFIDENTIAL, now=now).in_school()
    placed = students.placed_on(timezone.localdate(now)).select_related("place__class_group", "background")
    return list(placed.order_by("name", "pk"))


def _taken(by: User, instrument: Instrument, now: datetime) -> set[tuple[str, str]]:
    rows = Assessment.objects.visible_to(by, now=now).filter(instrument=instrument)
    return {(str(student), day.isoformat()) for student, day in rows.values_list("student", "filled_on")}


def rows_of(sheet: AnswerSheet) -> list[Row]:
    return [Row(**each) for each in json.loads(sheet.body)["rows"]]


@transaction.atomic
def enter_sheet(*, by: User, sheet: AnswerSheet, now: datetime) -> int:
    """File the good rows; how many. Rows whose student is no longer open to `by` stay out. The second time does nothing.

    Raises EditionChanged when the instrument is no longer the one that the rows were checked against.
    """
    if sheet.requested_by_id != by.pk or not access.fills_assessments(by, now=now):
        raise PermissionDenied
    sheet = AnswerSheet.objects.select_for_update().select_related("instrument").get(pk=sheet.pk)
    if sheet.entered_at is not None:
        return sheet.entered
    open_now = {str(student.pk): student for student in own_cases(by, now=now)}
    seen, left = json.loads(sheet.body)["seen"], []
    for row in rows_of(sheet):
        if not row.errors and row.student in open_now and _file(by, sheet, seen, open_now[row.student], row):
            sheet.entered += 1
        else:
            left.append(Row(row.row, row.name, row.place, errors=row.errors or [_(NOT_ANY_MORE)]))
    sheet.entered_at = now
    sheet.body = json.dumps({"seen": seen, "rows": [row.as_json() for row in left]})
    sheet.save()
    return sheet.entered


def _file(by: User, sheet: AnswerSheet, seen: int, student: Student, row: Row) -> bool:
    """Not where somebody entered that day by hand meanwhile."""
    day = date.fromisoformat(row.day)
    try:
        with transaction.atomic():
            fill_in(by=by, student=student, instrument=sheet.instrument, seen=seen, filled_on=day, answers=row.answers)
    except ValidationError:
        return False
    return True


def drop_sheet(*, by: User, sheet: AnswerSheet) -> None:
    if sheet.requested_by_id != by.pk:
        raise PermissionDenied
    sheet.delete()


def expire_sheets(*, now: datetime) -> int:
    """Nobody waits 7 days to enter a sheet; how many went."""
    return AnswerSheet.objects.filter(created_at__lte=now - SHEET_KEPT).delete()[0]
