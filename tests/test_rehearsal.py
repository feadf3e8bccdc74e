"""`make rehearse` reads Dockerfile and docker-compose.yml: that it understands them as they stand is seen here, in a moment."""

import sys

import pytest
from django.conf import settings

sys.path.append(str(settings.BASE_DIR / ".ci"))
from image import Failed, Image, command_of, filled, stages

SECRET = (
    "DB_APP_PASSWORD", "DB_OWNER_PASSWORD", "REDIS_PASSWORD", "DJANGO_SECRET_KEY", "FIELD_KEYS", "FINGERPRINT_KEY", "BACKUP_KEY",
)  # fmt: skip
GIVEN = dict.fromkeys(SECRET, "secret") | {"YIDANG_HOST": "yidang.test"}
GIVEN |= {"db:5432": "127.0.0.1:1", "redis:6379": "127.0.0.1:2"}


@pytest.fixture
def image(tmp_path):
    return Image(tmp_path, GIVEN)


def test_each_process_of_the_image_has_its_command(image, tmp_path):
    assert image.command("web") == ["gunicorn", "config.wsgi", "--config", ".ci/gunicorn.py"]
    assert image.command("worker")[:7] == ["celery", "--quiet", "-A", "config", "worker", "-Q", "celery"]
    assert image.command("beat")[4:7] == ["beat", "-s", f"{tmp_path}/data/beat-schedule"]
    assert "manage.py migrate" in image.command("migrate")[-1]
    assert "check --deploy --fail-level WARNING" in image.command("migrate")[-1]


def test_each_health_check_goes_the_whole_way(image, tmp_path):
    assert f"127.0.0.1:{image.port}/health/" in image.check("web")[-1]
    assert image.check("worker") == ["python", "manage.py", "watch", "worker", f"{tmp_path}/tmp/worker.pid"]
    assert image.check("beat") == ["python", "manage.py", "watch", "beat", f"{tmp_path}/tmp/beat.pid"]


def test_the_processes_write_their_pid_where_the_health_check_looks(image):
    for service in ("worker", "beat"):
        assert image.check(service)[-1] in image.command(service)
        assert image.compose[service]["init"] is True  # or nothing in the container could end process 1


def test_the_environment_is_that_of_compose_and_only_migrate_is_the_owner(image, tmp_path):
    env = {service: image.env(service) for service in ("web", "worker", "beat", "migrate")}
    assert env["web"]["DATABASE_URL"] == "postgresql://yidang_app:secret@127.0.0.1:1/yidang"
    owners = [service for service, each in env.items() if "yidang_owner" in each["DATABASE_URL"]]
    assert owners == ["migrate"]
    assert env["web"]["YIDANG_VAR"] == f"{tmp_path}/data"
    assert env["web"]["YIDANG_EMBEDDED"] == "0"
    assert env["worker"]["BACKUP_KEEP"] == "14"
    assert env["web"]["PATH"].startswith(f"{tmp_path}/app/.venv/bin:")


def test_the_image_runs_as_somebody_who_owns_nothing_in_it(image):
    assert ("USER", "10001:10001") in image.runtime
    assert all(image.compose[service]["read_only"] for service in ("web", "worker", "beat", "migrate"))


def test_the_build_stage_installs_collects_and_leaves_no_node(image):
    commands = " ".join(rest for instruction, rest in image.build if instruction == "RUN")
    for part in ("--only system,python", "--only assets", "--only messages", "collectstatic", "rm -rf node_modules"):
        assert part in commands


def test_compose_s_marks_are_filled_in():
    assert filled("${A:-3} $$HOME ${B:?set B}", {"B": "b"}) == "3 $HOME b"
    assert filled("${A:-3}", {"A": ""}) == "3"
    for given in ({}, {"B": ""}):
        with pytest.raises(Failed, match="set B"):
            filled("${B:?set B}", given)
    assert command_of(["CMD-SHELL", "a | b"], {}) == ["sh", "-c", "a | b"]
    assert stages("# c\nFROM a AS b\nRUN x \\\n && y\nFROM c\n") == [
        [("FROM", "a AS b"), ("RUN", "x   && y")],
        [("FROM", "c")],
    ]
