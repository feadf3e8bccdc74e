"""`make bench` runs, asks for pages that its people may open, and tells when a bound is missed. Its figures are no test."""

import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from benchmarks import growing, pages, results, roster, school, statements
from students.models import Observation, Student
from tests.students.reading import ALLOWED

ROOT = Path(__file__).resolve().parent.parent
LIST = "list of files, 50 rows"


@pytest.fixture
def people(db):
    return school.build(classes=6, per_class=2, notes=2)


@pytest.mark.slow
def test_every_page_opens_for_its_people_and_asks_at_most_twelve_statements(people):
    counted = statements.counted(people)
    wrong = [f"{role}, {page}: {n}" for role, each in counted.items() for page, n in each.items() if n > ALLOWED]
    assert [len(each) for each in counted.values()] == [len(pages.opened(role)) for role in people]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_the_larger_school_has_classes_of_the_same_size(people):
    if connection.vendor != "postgresql":
        pytest.skip("the database copies by itself, in PostgreSQL's words")
    growing.grow(3)
    assert (Student.objects.count(), Observation.objects.count()) == (36, 72)
    assert {group.enrolments.count() for group in roster.ClassGroup.objects.all()} == {2}
    assert Observation.objects.exclude(student__enrolments__class_group__assignments__duty="head").count() == 0


@pytest.mark.slow
def test_an_import_is_measured_against_every_row_that_it_writes(db):
    found = roster.measure(3)
    # A class; then student, profile, background, two guardians, seat for each; all of them once more as history; and
    # the stored difference. Nobody teaches there, so nobody is granted anything.
    assert found["written"] == 2 * (1 + 3 * 6) + 3
    assert Student.objects.filter(school__code="2199000009").count() == 3


def _results(p50: float, statements: int) -> results.Results:
    measured = pages.Measured(times=[p50] * 20, size=1000)
    found = results.Results("make bench", "a school", datetime(2026, 11, 27), 0.5)
    found.times = {("head teacher", LIST): [measured, replace(measured, times=[p50 * 4] * 20)]}
    found.statements = {"head teacher": {LIST: statements}}
    return found


def test_the_page_of_results_says_which_bounds_were_missed():
    quick = _results(0.005, 12)
    quick.times["head teacher", LIST][1] = quick.times["head teacher", LIST][0]
    assert "All kept." in results.report(quick)
    slow = results.report(_results(0.010, 13))
    assert f"{LIST}, head teacher: statements 13, wanted 12" in slow
    assert f"{LIST}, head teacher: growth 4, wanted 3" in slow
    assert f"{LIST}, head teacher: p50 ms 10, wanted 9" in slow


def test_what_was_written_by_hand_below_the_results_is_kept(tmp_path):
    path = tmp_path / "RESULTS.md"
    results.write(path, _results(0.005, 8))
    path.write_text(path.read_text() + "\nBy hand.\n")
    results.write(path, _results(0.006, 8))
    text = path.read_text()
    assert text.count(results.BY_HAND) == 1 and text.endswith("\nBy hand.\n") and "6.0" in text


@pytest.mark.fault
def test_the_small_run_goes_through_everything(tmp_path):
    """With a PostgreSQL, a Redis, a gunicorn and a worker of its own."""
    path = tmp_path / "small.md"
    command = [sys.executable, "-m", "benchmarks", "--small", "--into", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    for heading in ("## Pages", "## Roster import", "## Document", "## Memory", "## Bounds"):
        assert heading in text
