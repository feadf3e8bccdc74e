"""T30: hostile spreadsheets. Each is refused in a plain sentence at every door, in its own process, at little cost, and
leaves nothing behind but the refused job."""

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from students.models import RosterImport, RosterRow, Student
from students.roster import container, reading, running, sandbox
from students.roster.refusal import Refused
from tests.hostile import files

OWN_SECONDS = 2  # of the processor
OWN_MEGABYTES = 100  # above what reading a good file takes
HAN = re.compile("[\u4e00-\u9fff]")
# One of each way to be refused: before the child is started, in words by the child, and by its death.
EACH_WAY = (
    "renamed_html",
    "nul_bytes",
    "merged_cells",
    "padded_bomb",
    "encrypted",
    "torn_xls",
    "far_xls",
    "one_long_line",
)
BY_DEATH = {"far_xls", "looping_xls", "looping_directory"}  # the library would take all memory for these
WORDS = {
    "inflating": container.TOO_BIG_INSIDE,
    "padded_bomb": container.TOO_BIG_INSIDE,
    "last_cell": container.TOO_MANY_CELLS,
    "last_cell_dimension": container.TOO_MANY_CELLS,
    "entities": container.HAS_DOCTYPE,
    "entity_file": container.HAS_DOCTYPE,
    "ten_thousand_sheets": container.TOO_MANY_SHEETS,
    "thousands_of_parts": container.TOO_MANY_SHEETS,
    "merged_cells": container.TOO_MANY_MERGED,
    "deep_xml": reading.NO_ROWS,
    "encrypted": reading.ENCRYPTED,
    "encrypted_xls": reading.ENCRYPTED,
    "with_macros": container.HAS_MACROS,
    "macros_xls": container.HAS_MACROS,
    "renamed_html": reading.WEB_PAGE,
    "nul_bytes": reading.UNKNOWN_ENCODING,
    "hundred_thousand_columns": container.TOO_MANY_CELLS,
    "million_rows": container.TOO_MANY_CELLS,
    **dict.fromkeys(BY_DEATH, sandbox.TOO_COSTLY),
}
REASONS = {name: WORDS.get(name, container.DAMAGED) for name in files.FILES}


@pytest.fixture(scope="module")
def hostile() -> dict[str, tuple[bytes, str]]:
    """name → (bytes, file name)."""
    return {name: (make(), f"名册.{extension}") for name, (make, extension) in files.FILES.items()}


# --- what it costs ----------------------------------------------------------------------------------------------------

# A start from this process would count its memory as the child's: the kernel keeps the peak across exec.
LAUNCHER = """
import os, sys
pid = os.fork()
if not pid:
    os.execv(sys.argv[1], sys.argv[1:])
used = os.wait4(pid, 0)[2]
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
"""


class Cost(NamedTuple):
    seconds: float  # of the processor
    megabytes: float  # the most that lay in memory


def cost_of(data: bytes, filename: str) -> Cost:
    """What the child takes that reads this file under the limits that its size gives it."""
    limits = {"seconds": sandbox.seconds_for(data), "megabytes": sandbox.megabytes_for(data)}
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, *sandbox.child_command(filename, **limits)]
    done = subprocess.run(command, cwd=sandbox.ROOT, input=data, capture_output=True, check=True)
    return Cost(*map(float, done.stderr.split()[-2:]))


@pytest.fixture(scope="module")
def idle() -> Cost:
    return cost_of(files.workbook(), "roster.xlsx")


@pytest.mark.slow
@pytest.mark.parametrize("name", files.FILES)
def test_a_hostile_file_costs_little_and_its_own_process_alone(hostile, idle, name):
    data, filename = hostile[name]
    assert len(data) <= files.LARGEST
    cost = cost_of(data, filename)
    assert cost.seconds <= OWN_SECONDS
    assert cost.megabytes <= idle.megabytes + OWN_MEGABYTES


@pytest.mark.slow
def test_the_measure_would_notice(idle):
    """Without the limit the chain without end takes what there is."""
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, *sandbox.child_command("a.xls", seconds=20, megabytes=400)]
    done = subprocess.run(command, cwd=sandbox.ROOT, input=files.looping_xls(), capture_output=True, check=True)
    assert float(done.stderr.split()[-1]) > idle.megabytes + OWN_MEGABYTES


@pytest.mark.parametrize("make", [files.workbook, files.good_xls])
def test_the_files_from_which_they_are_made_are_good(make):
    assert sandbox.read_in_child(make(), "roster.xlsx").rows == [list(row) for row in files.ROWS]


@pytest.mark.parametrize(("size", "megabytes"), [(1_000, 75), (1_000_000, 113), (10 * 1024 * 1024, 475)])
def test_what_a_file_may_take_grows_with_its_size(size, megabytes):
    assert sandbox.megabytes_for(b"x" * size) == megabytes


# --- every door -------------------------------------------------------------------------------------------------------


@pytest.fixture
def _nothing_is_parsed_here(monkeypatch):
    """This process is the web's and the worker's; their child is another, and not touched by this."""

    def fell(*arguments, **more):
        raise AssertionError("parsed outside the child")

    for name in ("read_sheet", "inspect_xlsx", "_read_workbook", "_csv_rows"):
        monkeypatch.setattr(reading, name, fell)


@pytest.fixture
def left_behind(settings):
    """Files of rosters that lie there and did not before."""
    folder = Path(settings.PRIVATE_ROOT) / "rosters"
    before = set(folder.glob("*"))
    return lambda: set(folder.glob("*")) - before


def sentence(name: str) -> str:
    words = {"sheets": container.MAX_SHEETS, "rows": f"{container.MAX_ROWS:,}", "columns": container.MAX_COLUMNS}
    return str(Refused(REASONS[name], **words))


@pytest.mark.parametrize("name", files.FILES)
def test_each_refusal_is_a_plain_sentence(name):
    text = sentence(name)
    assert HAN.search(text) and text.endswith("。") and "%" not in text


@pytest.mark.slow
@pytest.mark.parametrize("name", files.FILES)
@pytest.mark.usefixtures("_nothing_is_parsed_here")
def test_the_wizard_refuses_it_in_that_sentence_and_keeps_nothing(
    office, hostile, left_behind, django_capture_on_commit_callbacks, name
):
    data, filename = hostile[name]
    answer = office.post(reverse("students:imports"), {"file": SimpleUploadedFile(filename, data)})
    jobs = list(RosterImport.objects.all())
    if answer.status_code == 422:
        page = answer.content.decode()
        assert jobs == []
    else:
        with django_capture_on_commit_callbacks(execute=True):
            running.run(job_id=str(jobs[0].pk), clock=timezone.now)
        page = office.get(answer.url).content.decode()
        assert list(RosterImport.objects.values_list("state", "file", "phase")) == [("failed", "", "uploaded")]
    assert sentence(name) in page
    assert not left_behind() and not RosterRow.objects.exists() and not Student.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH_WAY)
@pytest.mark.parametrize("command", ["import_roster", "import_staff"])
@pytest.mark.usefixtures("_nothing_is_parsed_here")
def test_the_commands_refuse_it_in_that_sentence_and_keep_nothing(
    school, hostile, left_behind, tmp_path, django_capture_on_commit_callbacks, command, name
):
    data, filename = hostile[name]
    (tmp_path / filename).write_bytes(data)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(CommandError) as caught:
        call_command(command, str(tmp_path / filename), "--school", school.code, stdout=io.StringIO())
    assert str(caught.value) == sentence(name)
    assert not left_behind() and not RosterImport.objects.exists()
    assert not Student.objects.exists() and not User.objects.exists()
