"""T32: a worker is killed while it writes an import; all or nothing stands there, and in the end all of it, once.

T42 for imports, too. That a bad row changes nothing, that the preview is the result, that twice is once and that undo
leaves no trace stands in tests/students/roster/test_import.py.
"""

import sqlite3
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from students import tasks
from students.models import Enrolment, RosterImport, RosterRow, Student, StudentProfile
from students.models.jobs import LOST_AFTER
from students.roster import actions
from tests.faults.waiting import fresh, is_over, wait_until
from tests.students.roster.test_import import line, sheet_of

pytestmark = pytest.mark.fault

ROWS = 400
CHILD_WITHIN = 60  # seconds, T42
WRITING = """SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = relation
             WHERE relname = 'students_student' AND mode = 'RowExclusiveLock'"""


@pytest.fixture
def job(worker, cast):
    """An import whose rows a worker is writing."""
    data = sheet_of([line(n, 身份证件号="", 身份证件类型="其他") for n in range(ROWS)])
    job = actions.upload(by=cast.jiao, school=cast.school, data=data, filename="a.csv", now=timezone.now())
    worker.start()
    wait_until(is_over(job))
    assert (job.phase, job.new) == ("prepared", ROWS)
    actions.confirm(by=cast.jiao, job=job, good_rows_only=False, now=timezone.now())
    wait_until(somebody_writes)
    return job


def somebody_writes() -> bool:
    """Students are being written, and not committed."""
    if connection.vendor == "sqlite":
        return RosterImport.objects.filter(state="running").exists() and is_locked()
    with connection.cursor() as cursor:
        cursor.execute(WRITING)
        return cursor.fetchone() is not None


def is_locked() -> bool:
    """Longer than the moment in which a row is taken."""
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0.1, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    finally:
        other.close()
    return False


def written() -> list[int]:
    """Of each table of the import, what it has brought."""
    mine = Student.objects.filter(name__startswith="学生")
    return [
        mine.count(),
        StudentProfile.objects.filter(student__in=mine).count(),
        Enrolment.objects.filter(student__in=mine).count(),
        Student.history.filter(name__startswith="学生").count(),
        RosterRow.objects.filter(student__isnull=False).count(),
    ]


def assert_nothing_was_written(job) -> None:
    """Could it be seen half? PostgreSQL needs a moment until it notices that the writer is gone."""
    if connection.vendor == "postgresql":
        wait_until(lambda: not somebody_writes())
    assert fresh(job).phase == "prepared"
    assert written() == [0] * 5


def assert_written_once(job) -> None:
    assert (fresh(job).state, job.phase, job.attempts) == ("done", "applied", 2)
    assert written() == [ROWS] * 5


def test_the_pool_s_child_is_killed_while_it_writes(job, worker, broker):
    worker.kill_child()
    assert wait_until(is_over(job)) <= CHILD_WITHIN
    assert_written_once(job)
    wait_until(lambda: not broker.messages())


def test_the_whole_worker_is_killed_while_it_writes(job, worker, broker):
    worker.kill()
    assert_nothing_was_written(job)
    RosterImport.objects.filter(pk=job.pk).update(heartbeat_at=job.heartbeat_at - LOST_AFTER - timedelta(minutes=1))
    worker.start()
    tasks.sweep_imports.delay()  # as beat does twice a minute
    wait_until(is_over(job))
    assert_written_once(job)
    wait_until(lambda: not broker.waiting())
    assert written() == [ROWS] * 5
