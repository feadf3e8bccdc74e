"""T42, T43: an import whose message comes again is taken over, and given up in the end. With real workers: tests/faults.

The worker that had it may live on: a lost connection to the broker brings the message again as well. Two runs of one job
are interleaved in earnest here, the second within the first, at each moment at which the first looks at the clock.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from students.models import RosterImport, Student
from students.models.jobs import MAX_ATTEMPTS
from students.roster import actions, running
from students.roster.attempts import Overtaken
from tests.students.roster.test_import import line, sheet_of

State = RosterImport.State


@pytest.fixture
def job(cast, now):
    """A dry run that waits for a worker."""
    return actions.upload(by=cast.jiao, school=cast.school, data=sheet_of([line(1)]), filename="a.csv", now=now)


@pytest.fixture
def taken(job):
    """A dry run that a worker had begun on message m1."""
    RosterImport.objects.filter(pk=job.pk).update(state=State.RUNNING, attempts=1, delivery="m1")
    return job


def run(job, delivery: str, clock=timezone.now) -> tuple:
    running.run(job_id=str(job.pk), clock=clock, delivery=delivery)
    job.refresh_from_db()
    return job.state, job.attempts


@pytest.mark.slow
def test_the_same_message_takes_the_import_over_and_another_one_does_not(taken):
    assert run(taken, "m2") == (State.RUNNING, 1)
    assert run(taken, "") == (State.RUNNING, 1)
    assert run(taken, "m1") == (State.DONE, 2)
    assert run(taken, "m1") == (State.DONE, 2)


def test_an_import_that_kills_its_worker_is_parked_where_an_administrator_sees_it(taken, now, caplog):
    RosterImport.objects.filter(pk=taken.pk).update(attempts=MAX_ATTEMPTS)
    assert run(taken, "m1") == (State.FAILED, MAX_ATTEMPTS)
    assert taken.error == actions.gave_up()
    assert str(taken.pk) in caplog.text and "prepare" in caplog.text
    assert list(RosterImport.objects.parked(since=now)) == [taken]


# --- the first worker lives -------------------------------------------------------------------------------------------


class At:
    """A clock. When it is looked at for the nth time, something else happens first. A dry run looks when it is taken,
    begins, has read, has stored and is done; writing looks when it is taken, begins and is done."""

    def __init__(self, moment: int, event: Callable[[], object]):
        self.moment, self.event, self.looks = moment, event, 0

    def __call__(self):
        self.looks += 1
        if self.looks == self.moment:
            self.event()
        return timezone.now()

    @property
    def happened(self) -> bool:
        return self.looks >= self.moment


def confirm(job, by) -> None:
    actions.confirm(by=by, job=RosterImport.objects.get(pk=job.pk), good_rows_only=False, now=timezone.now())


def as_it_stands(job) -> tuple:
    """The row, and what it holds of each student."""
    job = RosterImport.objects.get(pk=job.pk)
    rows = [(row.pk, row.status, row.student_id, row.body) for row in job.rows.all()]
    fields = [getattr(job, field.attname) for field in job._meta.concrete_fields]
    return fields, rows, Student.objects.filter(name__startswith="学生").count()


def overtaken(job, delivery: str, moment: int, event: Callable[[], object]) -> tuple:
    """What stands after the event, in the midst of a first run; then the first run has gone on to its end."""
    seen = []
    clock = At(moment, lambda: (event(), seen.append(as_it_stands(job))))
    run(job, delivery, clock)
    assert clock.happened
    return seen[0]


@pytest.mark.slow
@pytest.mark.parametrize("then", ["confirmed", "being written", "written"])
@pytest.mark.parametrize("moment", ["begins", "reads", "is done"])
def test_a_first_dry_run_that_lives_changes_nothing_of_what_came_after_it(job, cast, moment, then):
    """Its rows would have replaced those of an import that was confirmed meanwhile, and undo would have been lost."""

    def second() -> None:
        assert run(job, "m1") == (State.DONE, 2)
        confirm(job, cast.jiao)
        if then == "being written":
            RosterImport.objects.filter(pk=job.pk).update(state=State.RUNNING, attempts=1, delivery="m2")
        if then == "written":
            assert run(job, "m2") == (State.DONE, 1)
            assert job.phase == job.Phase.APPLIED

    stands = overtaken(job, "m1", {"begins": 2, "reads": 3, "is done": 5}[moment], second)
    assert as_it_stands(job) == stands


def test_a_first_dry_run_that_lives_stores_no_rows(job, cast):
    """Overtaken between its last look at the job and the writing of the rows."""
    seen = []

    def second(done: int, total: int) -> None:
        if not seen:
            assert run(job, "m1") == (State.DONE, 2)
            confirm(job, cast.jiao)
            assert run(job, "m2") == (State.DONE, 1)
            seen.append(as_it_stands(job))

    first = running._claim(str(job.pk), "m1", timezone.now())
    with pytest.raises(Overtaken):
        actions.prepare(job=first, today=timezone.localdate(), progress=second)
    assert as_it_stands(job) == seen[0]


@pytest.mark.parametrize("moment", ["begins", "is done"])
def test_a_first_writing_that_lives_does_not_end_the_undo_that_was_asked_for(job, cast, moment):
    run(job, "m1")
    confirm(job, cast.jiao)

    def second() -> None:
        assert run(job, "m2") == (State.DONE, 2)
        actions.ask_undo(by=cast.jiao, job=RosterImport.objects.get(pk=job.pk), now=timezone.now())

    stands = overtaken(job, "m2", {"begins": 2, "is done": 3}[moment], second)
    assert as_it_stands(job) == stands
    assert run(job, "m3") == (State.DONE, 1)
    assert job.phase == job.Phase.UNDONE
    assert as_it_stands(job)[2] == 0


def test_a_first_dry_run_that_lives_does_not_answer_for_other_columns(job, cast):
    """The same step under the same number of attempts; the message is another one."""

    def second() -> None:
        assert run(job, "m1") == (State.DONE, 2)
        fields = {int(index): key for index, key in job.mapping["fields"].items()}
        actions.remap(by=cast.jiao, job=job, fields=fields, now=timezone.now())
        assert running._claim(str(job.pk), "m2", timezone.now())

    stands = overtaken(job, "m1", 2, second)
    assert as_it_stands(job) == stands


def test_a_first_dry_run_without_a_message_does_not_answer_for_the_writing(job, cast):
    """The same number of attempts and, of the command at the server, no message; the step is another one."""

    def second() -> None:
        RosterImport.objects.filter(pk=job.pk).update(state=State.QUEUED)
        assert run(job, "") == (State.DONE, 2)
        confirm(job, cast.jiao)
        assert running._claim(str(job.pk), "", timezone.now())

    stands = overtaken(job, "", 2, second)
    assert as_it_stands(job) == stands


def test_a_first_writing_that_was_given_up_writes_nothing(job, cast):
    """The sweep took it for dead, and people read that nothing was imported."""
    run(job, "m1")
    confirm(job, cast.jiao)
    RosterImport.objects.filter(pk=job.pk).update(attempts=MAX_ATTEMPTS - 1)

    def given_up() -> None:
        assert actions.sweep(now=timezone.now() + timedelta(hours=1)) == 1
        assert RosterImport.objects.get(pk=job.pk).error == actions.gave_up()

    stands = overtaken(job, "m2", 2, given_up)
    assert as_it_stands(job) == stands
    assert stands[2] == 0


def test_a_first_run_that_fails_takes_no_file_from_the_second(taken, cast):
    """What it read was no roster in its eyes; the job is another's, and so is the file."""
    RosterImport.objects.filter(pk=taken.pk).update(state=State.QUEUED, attempts=0, file_sha256="0" * 64)

    def second() -> None:
        RosterImport.objects.filter(pk=taken.pk).update(attempts=2)

    overtaken(taken, "m1", 3, second)  # the look at the clock with which it would say how it failed
    assert (taken.state, taken.attempts) == (State.RUNNING, 2)
    assert taken.file and taken.file.storage.exists(taken.file.name)
