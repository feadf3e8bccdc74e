"""A school with the students of tests/data, and a sheet of marks written by hand."""

import csv
import io
from pathlib import Path

import pytest
from django.utils import timezone

from students.marks.importing import options_of
from students.models import ClassGroup, Enrolment, RosterImport, Student, Term
from students.pinyin import search_keys
from students.roster import actions, running
from students.roster.classes import parse_class
from students.roster.reading import read_sheet
from tests.factories import LONG_AGO

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def full_school(school):
    """Everybody of registry_roster.xlsx on their seat: in bulk, since none of these tests asks how they came in."""
    rows = read_sheet(DATA / "registry_roster.xlsx").rows
    name, group, seat = (rows[0].index(header) for header in ("姓名", "班号", "班内学号"))
    groups: dict[str, ClassGroup] = {}
    students, seats = [], []
    for cells in rows[1:]:
        if cells[group] not in groups:
            place = parse_class(cells[group])
            groups[cells[group]] = ClassGroup(school=school, entry_year=place.entry_year, number=place.number)
        pinyin, initials = search_keys(cells[name])
        students.append(Student(school=school, name=cells[name], name_pinyin=pinyin, name_initials=initials))
        seats.append(
            Enrolment(
                student=students[-1], class_group=groups[cells[group]], seat_no=int(cells[seat]), starts_on=LONG_AGO
            )
        )
    for model, made in ((ClassGroup, groups.values()), (Student, students), (Enrolment, seats)):
        model.objects.bulk_create(made)
    return school


def sheet_of(*rows: dict) -> bytes:
    headers = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    csv.writer(out).writerows([headers, *([row.get(header, "") for header in headers] for row in rows)])
    return out.getvalue().encode()


def prepared(school, data, by=None, **about) -> RosterImport:
    data = data if isinstance(data, bytes) else (DATA / data).read_bytes()
    about.setdefault("term", Term.objects.get(school=school, school_year=2026, number=1))
    about.setdefault("exam", 2)
    job = actions.upload(
        by=by, school=school, data=data, filename="marks.xlsx", now=timezone.now(), in_background=False, kind="marks",
        options=options_of(**about),
    )  # fmt: skip
    return ran(job)


def imported(school, data, by=None, *, good_rows_only=False, **about) -> RosterImport:
    job = prepared(school, data, by, **about)
    assert job.phase == "prepared", job.error
    actions.confirm(by=by, job=job, good_rows_only=good_rows_only, now=timezone.now(), in_background=False)
    return ran(job)


def undone(job) -> RosterImport:
    actions.ask_undo(by=job.requested_by, job=job, now=timezone.now())
    return ran(job)


def ran(job) -> RosterImport:
    running.run(job_id=str(job.pk), clock=timezone.now)
    job.refresh_from_db()
    return job


def counts(job) -> tuple[int, ...]:
    return job.new, job.changed, job.unchanged, job.refused
