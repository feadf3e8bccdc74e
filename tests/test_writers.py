"""T55: the embedded default takes many writers: SQLite with WAL, IMMEDIATE and a busy timeout. The same holds on PostgreSQL."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from students.models import FileAccess, Observation
from tests.cast import build_cast

PROCESSES, THREADS, ROWS = 4, 5, 50
# Processes of their own, as those of the embedded default are: web, worker, scheduler. Each files notes as a page does.
WRITER = """
import sys, threading
import django; django.setup()
from django.db import connection
from django.utils import timezone
from accounts.models import User
from students import audit
from students.actions.notes import record_observation
from students.models import FileAccess, Student

def write():
    for number in range(int(sys.argv[4])):
        now = timezone.now()
        fields = {"facts": f"第{number}条", "happened_on": timezone.localdate(now)}
        record_observation(by=by, students=students, fields=fields, now=now)
        audit.record_for(by, FileAccess.Kind.VIEW, what="writers", students=students)
    connection.close()

by, students = User.objects.get(pk=sys.argv[1]), list(Student.objects.filter(pk=sys.argv[2]))
threads = [threading.Thread(target=write) for _ in range(int(sys.argv[3]))]
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_sqlite_is_opened_for_many_writers(real_database):
    if connection.vendor != "sqlite":
        assert "transaction_mode" not in settings.DATABASES["default"].get("OPTIONS", {})
        return
    with connection.cursor() as cursor:
        answers = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        }
    assert answers == {"journal_mode": "wal", "busy_timeout": 60_000, "foreign_keys": 1}
    assert connection.transaction_mode == "IMMEDIATE"


@pytest.mark.fault
def test_twenty_writers_make_a_thousand_notes_and_none_is_locked_out(real_database):
    """Each note with its history and its row in the read log, all at once: twenty connections in four processes."""
    cast = build_cast()
    env = os.environ | {"DATABASE_URL": real_database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", WRITER, str(cast.zhou.pk), str(cast.an.pk), str(THREADS), str(ROWS)]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, **pipes) for _ in range(PROCESSES)]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [writer.communicate(timeout=300)[1] for writer in writers]

    assert told == [""] * PROCESSES  # no "database is locked", no traceback
    assert [writer.returncode for writer in writers] == [0] * PROCESSES
    everything = PROCESSES * THREADS * ROWS
    assert everything == 1000
    assert Observation.objects.count() == Observation.history.count() == FileAccess.objects.count() == everything
