"""What the running system needs: each line turns red for a fault of its own, and says what to do (T46, the page's side)."""

import base64
import json
import os
import socket
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from celery import Celery
from django.conf import settings as current
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from accounts.models import BackupRun, User
from reports import checks, health
from reports.models import Heartbeat
from students.models import Attachment, StudentBackground
from tests.conftest import _drop_triggers

WORKER, BEAT = Heartbeat.Kind.WORKER, Heartbeat.Kind.BEAT


@pytest.fixture
def alive(db, now):
    Heartbeat.objects.began(WORKER, "celery@one", now=now)
    Heartbeat.objects.began(BEAT, "beat@one", now=now)


@pytest.fixture
def roomy(settings):
    """Enough room on whatever machine runs this."""
    settings.LEAST_FREE_MB = 1


def red(now) -> list[str]:
    return [line.name for line in health.lines(now) if not line.ok]


def text(name: str, now) -> str:
    return next(line.text for line in health.lines(now) if line.name == name)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_system_in_order_has_no_red_line(alive, roomy, cast, now):
    assert red(now) == []


# --- the sign of life ---------------------------------------------------------------------------------------------------


def test_a_worker_is_silent_after_three_minutes(alive, roomy, now):
    """T46: the clock moves, nothing else."""
    Heartbeat.objects.seen(BEAT, "beat@one", now=now + timedelta(minutes=4))
    assert red(now + timedelta(minutes=2, seconds=59)) == []
    assert red(now + timedelta(minutes=3, seconds=1)) == ["worker"]
    assert "docker compose restart worker" in text("worker", now + timedelta(minutes=4))


def test_a_scheduler_is_silent_after_three_minutes(alive, roomy, now):
    Heartbeat.objects.seen(WORKER, "celery@one", now=now + timedelta(minutes=4))
    assert red(now + timedelta(minutes=4)) == ["scheduler"]


def test_a_worker_that_never_spoke_is_red_too(roomy, db, now):
    assert red(now) == ["worker", "scheduler"]


def test_one_worker_of_two_is_enough(alive, roomy, now):
    later = now + timedelta(minutes=10)
    Heartbeat.objects.seen(WORKER, "celery@two", now=later)
    Heartbeat.objects.seen(BEAT, "beat@one", now=later)
    assert red(later) == []


def test_a_worker_with_a_long_task_is_not_silent(alive, roomy, now):
    Heartbeat.objects.seen(WORKER, "celery@one", now=now, busy_until=now + timedelta(minutes=15))
    Heartbeat.objects.seen(BEAT, "beat@one", now=now + timedelta(minutes=20))
    assert red(now + timedelta(minutes=14)) == []
    assert red(now + timedelta(minutes=16)) == ["worker"]


def test_an_answer_is_owed_from_the_oldest_question_on(db, now):
    for minute in (0, 1, 2, 3):
        Heartbeat.objects.asked("celery@one", now=now + timedelta(minutes=minute))
    row = Heartbeat.objects.get()
    assert not row.owes(now + timedelta(minutes=3))
    assert row.owes(now + timedelta(minutes=3, seconds=1))
    Heartbeat.objects.seen(WORKER, "celery@one", now=now + timedelta(minutes=4))
    assert not Heartbeat.objects.get().owes(now + timedelta(hours=9))


def test_a_long_task_excuses_until_its_time_limit(db, now):
    Heartbeat.objects.seen(WORKER, "celery@one", now=now, busy_until=now + timedelta(minutes=15))
    Heartbeat.objects.asked("celery@one", now=now)
    row = Heartbeat.objects.get()
    assert not row.owes(now + timedelta(minutes=14))
    assert row.owes(now + timedelta(minutes=16))


def test_a_process_that_starts_forgets_what_was_owed_and_who_is_long_gone(db, now):
    Heartbeat.objects.asked("celery@gone", now=now - timedelta(days=2))
    Heartbeat.objects.asked("celery@one", now=now - timedelta(hours=1))
    Heartbeat.objects.began(WORKER, "celery@one", now=now)
    row = Heartbeat.objects.get()
    assert (row.name, row.asked_at) == ("celery@one", None)


# --- the rest of the machine ----------------------------------------------------------------------------------------------


def test_a_full_disk_is_red(alive, settings, now):
    settings.LEAST_FREE_MB = 10**9
    assert red(now) == ["disk"]


def test_a_missing_font_is_red_by_its_name_and_the_checks_say_the_same(alive, roomy, now, tmp_path, monkeypatch):
    """In a process that runs: what was found before counts no more."""
    assert (red(now), checks.printing_is_ready(None)) == ([], [])
    empty = tmp_path / "fonts.conf"
    empty.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(empty))
    assert red(now) == ["fonts"]
    (found,) = checks.printing_is_ready(None)
    assert found.id == "reports.W002"
    for words in (text("fonts", now), found.msg):
        assert "LXGW WenKai" in words
    assert "apt-get install" in found.hint


def test_without_fontconfig_every_font_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checks.missing_fonts() == [*checks.FONTS]


def test_a_missing_library_is_red_and_the_checks_say_the_same(alive, roomy, now, monkeypatch):
    assert (red(now), checks.printing_is_ready(None)) == ([], [])
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    assert red(now) == ["subsetting"]
    (found,) = checks.printing_is_ready(None)
    assert found.id == "reports.W001"
    for words in (text("subsetting", now), found.hint):
        assert "libharfbuzz-subset0" in words


def test_a_reading_log_that_can_be_changed_is_red(alive, roomy, now):
    _drop_triggers(connection)
    assert red(now) == ["triggers"]


def test_another_key_under_the_same_name_is_red(alive, roomy, cast, settings, now):
    StudentBackground.objects.filter(student=cast.an).first().save()
    assert red(now) == []
    name = current.FIELD_KEYS.partition(":")[0]
    settings.FIELD_KEYS = f"{name}:{base64.b64encode(b'9' * 32).decode()}"
    assert red(now) == ["keys"]


def test_a_backup_that_failed_or_is_late_is_red(alive, roomy, now):
    assert red(now) == []  # a new installation
    BackupRun.objects.create(started_at=now, finished_at=now, code=BackupRun.Code.NO_SPACE)
    assert red(now) == ["backups"]
    BackupRun.objects.create(started_at=now + timedelta(minutes=1), finished_at=now, verified_at=now)
    assert red(now + timedelta(minutes=2)) == []
    assert "backups" in red(now + timedelta(hours=27))


def test_a_system_that_never_made_a_backup_is_red_after_its_first_night(alive, roomy, cast, now):
    assert red(now) == []
    User.objects.filter(pk=cast.wang.pk).update(date_joined=now - timedelta(hours=27))
    assert red(now) == ["backups"]


@pytest.mark.parametrize("gone", ["gone", "empty", "a new disk"])
def test_a_folder_of_files_that_is_lost_is_red(alive, roomy, cast, settings, now, tmp_path, gone):
    settings.PRIVATE_ROOT = tmp_path / "private"
    if gone != "gone":
        settings.PRIVATE_ROOT.mkdir()
    if gone == "a new disk":
        (settings.PRIVATE_ROOT / "lost+found").mkdir()
    assert red(now) == []  # no row names a file yet
    Attachment.objects.create(incident=uuid.uuid4(), author=cast.zhou, file="attachments/1", size=1)
    assert red(now) == ["disk"]
    (settings.PRIVATE_ROOT / "attachments").mkdir(parents=True)
    assert red(now) == []


def test_keys_of_a_wrong_length_are_red(alive, roomy, settings, now):
    settings.FIELD_KEYS = "k1:abcd"
    assert red(now) == ["keys"]


def test_a_broker_that_is_away_is_red(alive, roomy, now, monkeypatch):
    assert red(now) == []
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", f"redis://127.0.0.1:{closed_port()}/0")  # asked before the settings
    assert red(now) == ["broker"]


def test_a_folder_that_is_the_broker_and_is_gone_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "filesystem://localhost")
    folders = {"data_folder_in": str(tmp_path / "queue"), "data_folder_out": str(tmp_path / "queue")}
    app = Celery(set_as_current=False)  # or the tests after this one would see its settings
    app.conf.broker_transport_options = folders | {"control_folder": str(tmp_path / "control")}
    assert not health.broker_answers(app)
    (tmp_path / "queue").mkdir()
    assert health.broker_answers(app)


NEED_THEM = ("database", "broker", "worker", "scheduler", "triggers", "keys", "backups")
WITHOUT_DATABASE = """
import django; django.setup()
from django.core.management import call_command
from django.test import Client
answer = Client().get("/health/")
print(answer.status_code, answer.content.decode(), flush=True)
call_command("health", json=True)
"""


@pytest.mark.slow
def test_without_database_and_broker_both_are_told_and_the_public_page_says_down():
    nowhere = {
        "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{closed_port()}/none",
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{closed_port()}/0",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "-W", "error", "-c", WITHOUT_DATABASE]
    done = subprocess.run(
        command, env=os.environ | nowhere, cwd=current.BASE_DIR, capture_output=True, text=True, check=False
    )
    page, told = done.stdout.strip().split("\n")
    assert page == '503 {"status": "down"}'
    assert done.returncode == 1
    lines = {line["name"]: line["ok"] for line in json.loads(told)["lines"]}
    assert not any(lines[name] for name in NEED_THEM)
    assert lines["fonts"]


# --- where it is told -------------------------------------------------------------------------------------------------------


def test_the_public_page_tells_nothing_but_that_it_lives(client, db):
    answer = client.get(reverse("health"))
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_administrators_page_marks_what_is_red_and_says_what_to_do(alive, roomy, cast, sign_in, now, monkeypatch):
    client = sign_in(cast.wang)
    page = client.get(reverse("reports:system")).content.decode()
    assert page.count("yd-red") == 0
    assert "docker compose restart" not in page
    Heartbeat.objects.seen(WORKER, "celery@one", now=now - timedelta(minutes=5))
    page = client.get(reverse("reports:system")).content.decode()
    assert page.count("yd-red") == 1
    assert "docker compose restart worker" in page


def test_the_command_speaks_by_its_exit_code(alive, roomy, now, capsys):
    call_command("health")
    Heartbeat.objects.seen(BEAT, "beat@one", now=now - timedelta(minutes=5))
    with pytest.raises(SystemExit) as end:
        call_command("health", json=True)
    assert end.value.code == 1
    told = json.loads(capsys.readouterr().out.strip().split("\n")[-1])
    assert [line["name"] for line in told["lines"] if not line["ok"]] == ["scheduler"]
