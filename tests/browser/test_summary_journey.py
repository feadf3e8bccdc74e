"""The class term summary in a real browser, made by a real worker: asked for, watched, broken off, fetched, and refused."""

import io
import re
import shutil
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from pypdf import PdfReader

from reports import tasks
from reports.models import ReportJob, private_storage
from students.actions.grants import sync_grants
from students.models import Enrolment, Observation, Student, StudentBackground, StudentProfile
from students.models.jobs import LOST_AFTER
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import LONG_AGO, ObservationFactory

pytestmark = pytest.mark.browser

Kind, Tone, Step = Observation.Kind, Observation.Tone, ReportJob.Step
RARE = ("林䶮", "沈㛃", "方𬱖")
# What is noted: of the 45, every third is observed, every fifth is talked with, the first seven are praised.
NOTED = {Kind.OBSERVATION: range(0, 45, 3), Kind.TALK: range(0, 45, 5), Kind.RECOGNITION: range(7)}
MADE_WITHIN = 60_000  # ms, on a busy machine


@pytest.fixture
def class_of_45(cast):
    """三年级(2)班 with 45 students, three of them with rare characters, and the notes of NOTED."""
    names = [*RARE, *(f"学生{number:02}" for number in range(4, 44))]
    born = cast.an.birth_date
    newcomers = [Student(school=cast.school, name=name, sex="1", birth_date=born) for name in names]
    Student.objects.bulk_create(newcomers)
    StudentProfile.objects.bulk_create(StudentProfile(student=each) for each in newcomers)
    StudentBackground.objects.bulk_create(StudentBackground(student=each) for each in newcomers)
    Enrolment.objects.bulk_create(
        Enrolment(student=each, class_group=cast.own_class, seat_no=number, starts_on=LONG_AGO)
        for number, each in enumerate(newcomers, 4)
    )
    sync_grants(by=None, students=newcomers, now=timezone.now())
    everybody = [cast.an, cast.bei, *newcomers]
    for kind, seats in NOTED.items():
        for seat in seats:
            tone = Tone.POSITIVE if kind == Kind.RECOGNITION else Tone.PLAIN
            ObservationFactory(student=everybody[seat], author=cast.zhou, kind=kind, tone=tone, domains=["study"])
    return cast.own_class


@pytest.fixture(autouse=True)
def _empty_shelf():
    """Rows go after a test, files do not."""
    shutil.rmtree(shelf(), ignore_errors=True)


def shelf() -> Path:
    return Path(private_storage().location) / "reports"


def ask(page, class_group) -> ReportJob:
    page.goto(reverse("reports:index"))
    page.locator("select[name=class_group]").select_option(str(class_group.pk))
    page.get_by_role("button", name=_("Begin")).click()
    page.locator("#progress").wait_for()
    return ReportJob.objects.latest("created_at")


def fetch(page) -> tuple[str, bytes]:
    """The link from which it came, and the PDF."""
    button = page.get_by_role("button", name=_("Download the PDF"))
    button.wait_for(timeout=MADE_WITHIN)
    with page.expect_download() as coming:
        button.click()
    return coming.value.url, Path(coming.value.path()).read_bytes()


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- what it says -----------------------------------------------------------------------------------------------------


def test_the_head_teacher_fetches_her_class_summary_with_the_right_numbers(cast, class_of_45, open_page, worker):
    worker.start()
    page = open_page(cast.zhou, PHONE)
    ask(page, class_of_45)
    text = text_of(fetch(page)[1])

    said, notes = squeezed(text), Counter({kind: len(seats) for kind, seats in NOTED.items()})
    reached = len(set().union(*NOTED.values()))
    assert f"{reached}45{reached / 45:.1%}{45 - reached}" in said
    assert f"{notes[Kind.TALK]}45{notes[Kind.TALK] / 45:.1%}{45 - notes[Kind.TALK]}" in said
    for kind, number in notes.items():
        assert f"{kind.label}{number}{number}" in said, kind
    assert f"{sum(notes.values())}{sum(notes.values())}" in said
    for name in RARE:
        assert name in said
    assert page.complaints == []


def test_the_office_fetches_it_without_a_single_name(cast, class_of_45, open_page, worker):
    worker.start()
    page = open_page(cast.ruan, DESKTOP)
    ask(page, class_of_45)
    said = squeezed(text_of(fetch(page)[1]))

    assert f"{Kind.TALK.label}{len(NOTED[Kind.TALK])}" in said
    assert not [name for name in (*RARE, cast.an.name, "学生17") if name in said]


def test_another_class_s_head_teacher_finds_neither_job_nor_status_nor_file(cast, class_of_45, open_page, worker):
    worker.start()
    page, stranger = open_page(cast.zhou, DESKTOP), open_page(cast.lin, DESKTOP)
    job = ask(page, class_of_45)
    link, _pdf = fetch(page)
    theirs = [reverse("reports:job", args=[job.pk]), reverse("reports:job_status", args=[job.pk]), link]

    assert [stranger.goto(url).status for url in theirs] == [404, 404, 404]
    stranger.goto(reverse("reports:index"))
    assert str(class_of_45.pk) not in stranger.content()
    assert str(job.pk) not in stranger.content()


# --- a worker that dies -----------------------------------------------------------------------------------------------

LOCK = 20_450


@contextmanager
def stuck_after(step_number: int):
    """The database lets no job get past this many steps: whoever tries waits, as long as the block lasts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute(
            f"CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
            f"IF NEW.steps_done > {step_number:d} THEN PERFORM pg_advisory_xact_lock({LOCK}); END IF; RETURN NEW; END'"
        )
        cursor.execute(
            "CREATE TRIGGER wait_here BEFORE UPDATE ON reports_reportjob FOR EACH ROW EXECUTE FUNCTION wait_here()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            # Whoever still waits belongs to the dead worker.
            waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS dead")
            cursor.execute("DROP FUNCTION wait_here CASCADE")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def test_a_worker_killed_at_step_three_is_seen_and_its_job_ends_in_one_pdf(cast, class_of_45, open_page, worker):
    page = open_page(cast.zhou, PHONE)
    at_step = _("%(done)s of %(total)s steps done") % {"done": 3, "total": len(Step)}
    with stuck_after(3):
        worker.start()
        job = ask(page, class_of_45)
        page.get_by_text(at_step).wait_for(timeout=MADE_WITHIN)
        assert page.locator("#progress progress").get_attribute("value") == "50"
        worker.kill()
    page.reload()
    assert page.get_by_text(at_step).is_visible()
    assert page.locator("li.now").inner_text() == str(Step.CHARTS.label)

    worker.start()
    a_while_ago = timezone.now() - 2 * LOST_AFTER
    ReportJob.objects.filter(pk=job.pk).update(heartbeat_at=a_while_ago)
    tasks.sweep.delay()  # as beat does twice a minute
    _link, pdf = fetch(page)
    job.refresh_from_db()
    assert (job.state, job.attempts, ReportJob.objects.count()) == ("done", 2, 1)
    assert [each.read_bytes() for each in shelf().iterdir()] == [pdf]
