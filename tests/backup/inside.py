"""What tests ask of a host, in a process of that host: `python -m tests.backup.inside WHAT …` answers in JSON."""

from __future__ import annotations

import io
import json
import sys
import time
from hashlib import sha256
from pathlib import Path

import django

PHOTO = b"\xff\xd8 a photo: \xe5\xae\x89\xe7\x84\xb6 \xff\xd9" * 200
ID_NO = "650102201705201234"


def seed() -> dict:
    """The cast, with something of everything that a backup must bring back."""
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from students import audit
    from students.models import FileAccess, Guardian, StudentBackground
    from tests.cast import build_cast
    from tests.factories import PASSWORD

    call_command("createcachetable", verbosity=0)
    cast = build_cast()
    background = StudentBackground.objects.get(student=cast.an)
    background.id_no = ID_NO
    background.save()
    Guardian.objects.create(student=cast.an, order=1, name="安妈妈", phone="13800001234")
    audit.record_for(cast.zhou, FileAccess.Kind.VIEW, what="students:timeline", students=[cast.an])
    _note(cast.zhou, [cast.an, cast.bei], "备份之前写的", timezone.now())
    Client().post("/accounts/login/", {"login": cast.zhou.username, "password": PASSWORD})
    return {}


def write(stop: str) -> None:
    """What a busy school does: notes of two students with a photo, one transaction each, until the stop file is there."""
    from django.utils import timezone

    from accounts.models import User
    from students.models import Student

    zhou = User.objects.get(display_name="Zhou老师")
    two = list(Student.objects.filter(name__in=["安然然", "贝宁宁"]))
    counter = Path(f"{stop}.count")
    number = 0
    while not Path(stop).exists():
        number += 1
        _note(zhou, two, f"第{number}次", timezone.now())
        half = counter.with_suffix(".half")
        half.write_text(str(number))
        half.rename(counter)  # whoever reads it reads a number
        time.sleep(0.01)  # leaves the processor to the others


def look() -> dict:
    """All that must be the same on the new host."""
    from allauth.usersessions.models import UserSession
    from django.conf import settings
    from django.contrib.sessions.models import Session

    from accounts.models import User
    from students.models import AccessGrant, Attachment, Guardian, Observation, Student, StudentBackground

    files = {path for path in settings.PRIVATE_ROOT.rglob("*") if path.is_file()}
    named = {settings.PRIVATE_ROOT / name for name in Attachment.objects.values_list("file", flat=True)}
    notes: dict[str, int] = {}
    for incident in Observation.objects.values_list("incident", flat=True):
        notes[str(incident)] = notes.get(str(incident), 0) + 1
    photos = {str(incident) for incident in Attachment.objects.values_list("incident", flat=True)}
    return {
        "sessions": [Session.objects.count(), UserSession.objects.count()],
        "files": {
            path.relative_to(settings.PRIVATE_ROOT).as_posix(): {
                "size": path.stat().st_size,
                "sha256": sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        },
        "notes": len(notes),
        "halves": [key for key, rows in notes.items() if rows != 2 or key not in photos],
        "without_file": len(named - files),
        "photo_is_whole": all(path.read_bytes() == PHOTO for path in named),
        "id_no": StudentBackground.objects.get(student__name="安然然").id_no,
        "phone": Guardian.objects.get().phone,
        "grants": AccessGrant.objects.count(),
        "sees": {
            user.display_name: sorted(Student.objects.visible_to(user).values_list("name", flat=True))
            for user in User.objects.all()
        },
    }


def sums() -> dict:
    """Of every table, as the manifest has them."""
    from django.db import connection

    from accounts.backup import postgresql, running

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            return postgresql.table_sums(cursor)
    return running.vendor().sums_of_file(Path(connection.settings_dict["NAME"]))


def look_and_use() -> dict:
    return {"sums": sums()} | look() | use()


def manifest(path: str) -> dict:
    from accounts.backup import running

    return running.check(Path(path), running.backup_key())


def use() -> dict:
    """Sign in with the old password, write into tables with counted keys, and try to change the read log."""
    from django.db import DatabaseError, connection, transaction
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from students import append_only, audit
    from students.models import FileAccess, Student
    from tests.factories import PASSWORD

    zhou = User.objects.get(display_name="Zhou老师")
    client = Client()
    signed_in = client.post("/accounts/login/", {"login": zhou.username, "password": PASSWORD})
    page = client.get("/")
    an = Student.objects.get(name="安然然")
    before = FileAccess.objects.count()
    audit.record_for(zhou, FileAccess.Kind.VIEW, what="students:timeline", students=[an])
    _note(zhou, [an], "恢复之后写的", timezone.now())
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE students_fileaccess SET user_id = 'x'")
        log = "changed"
    except DatabaseError as error:
        log = str(error).strip()
    return {
        "signed_in": [signed_in.status_code, page.status_code],
        "log_grew": FileAccess.objects.count() - before,
        "log": log,
        "guards": sorted(append_only.TABLES) == sorted(append_only.installed()),
    }


def runs() -> dict:
    from django.utils import timezone

    from accounts.backup.state import backup_state
    from accounts.models import BackupRun

    state = backup_state(timezone.now())
    rows = [
        {"code": run.code, "ended": run.finished_at is not None} for run in BackupRun.objects.order_by("started_at")
    ]
    return {"rows": rows, "failed": state.failed and state.failed.code, "verified": state.verified is not None}


def refusals(path: str) -> dict:
    """What restore says to archives that it must not take, and to a host that has not the right keys."""
    from django.conf import settings
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder
    from django.test import override_settings

    from accounts.backup import running
    from accounts.tasks import backup

    folder, whole = Path(path).parent, Path(path).read_bytes()
    (folder / "cut").write_bytes(whole[:-1])
    (folder / "nothing").write_bytes(b"")
    found = {"cut off": _refused(folder / "cut"), "of 0 bytes": _refused(folder / "nothing")}
    found["that is not there"] = _refused(folder / "nowhere")
    with override_settings(FIELD_KEYS=settings.FIELD_KEYS.partition(",")[0]):
        found["without an old key of the columns"] = _refused(Path(path))
    MigrationRecorder(connection).record_applied("reports", "9999_of_tomorrow")
    backup()  # the task of the night
    MigrationRecorder(connection).record_unapplied("reports", "9999_of_tomorrow")
    found["of a newer version"] = _refused(running.archives()[0])
    return found


def late_failure() -> dict:
    """The archive has been read back, and something lies where it should get its name."""
    from django.conf import settings
    from django.utils import timezone

    from accounts.backup import running
    from accounts.models import BackupRun

    now = timezone.now()
    (settings.BACKUP_ROOT / f"yidang-{now:%Y%m%dT%H%M%SZ}{running.SUFFIX}" / "in the way").mkdir(parents=True)
    try:
        running.run(clock=lambda: now, verify=True, keep=0)
    except OSError as error:
        words = type(error).__name__
    row = BackupRun.objects.get(started_at=now)
    return {"words": words, "code": row.code, "ended": row.finished_at == now, "verified": row.verified_at is not None}


def as_of_an_older_version() -> dict:
    """A backup with a history that no `migrate` can continue."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("accounts", "0001_initial")
    call_command("backup", stdout=io.StringIO())
    recorder.record_applied("accounts", "0001_initial")
    return {}


def held_back(path: str) -> dict:
    """On PostgreSQL: everything was handed over, and the files are not in their place yet."""
    import contextlib

    from django.db import connection

    from accounts.backup import running
    from accounts.backup.archive import read_archive

    with contextlib.suppress(InterruptedError), contextlib.ExitStack() as stack:
        sink = running.vendor().Restore(stack)
        read_archive(Path(path), running.backup_key(), database=sink.write)
        deadline = time.monotonic() + 3
        while not connection.introspection.table_names() and time.monotonic() < deadline:
            time.sleep(0.05)
        raise InterruptedError
    return {"tables": connection.introspection.table_names()}


def _refused(path: Path) -> str:
    from accounts.backup.restoring import restore

    try:
        restore(path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "restored"


def _note(by, students, facts, now) -> None:
    from students.actions import notes

    fields = {"facts": facts, "happened_on": now.date(), "level": 2, "kind": "observation", "domains": []}
    notes.record_observation(by=by, students=students, fields=fields, now=now, photos=[PHOTO])


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
