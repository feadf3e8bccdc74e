"""The log says where something went wrong, and holds no word about a student (DESIGN §2, TRUST T65)."""

import io
import json
import logging
import os
import runpy
import sys
from contextlib import contextmanager

import pytest
from celery import Celery
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from config.logging import Json, Quiet
from students.models import FileAccess


def fall_over():
    try:
        raise ValueError("Key (name) already exists: " + "安然" * 2)
    except ValueError as error:
        raise RuntimeError("Failing row contains " + "安然" * 2) from error


def written() -> str:
    """A fault as the console handler of the settings writes it."""
    config = settings.LOGGING["formatters"][settings.LOGGING["handlers"]["console"]["formatter"]]
    try:
        fall_over()
    except RuntimeError:
        fault = sys.exc_info()
    record = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "Internal Server Error", (), fault)
    return import_string(config["()"])(config["format"]).format(record)


def test_a_fault_is_logged_by_kind_and_place_and_without_its_words():
    text = written()
    assert "RuntimeError" in text
    assert "ValueError" in text
    assert "in fall_over" in text
    assert "安然安然" not in text


@contextmanager
def listening(name: str, formatter: logging.Formatter):
    """What that logger writes meanwhile."""
    stream, logger = io.StringIO(), logging.getLogger(name)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    yield stream.getvalue
    logger.removeHandler(handler)


def record(message: str, *args, **more) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "x", "levelname": "WARNING", "msg": message, "args": args, **more})


def test_json_is_one_object_on_one_line_with_time_level_logger_and_event():
    line = Json().format(record("told %s", "安\nERROR forged\x1b[31m\u2028\u202e"))
    told = json.loads(line)
    assert "\n" not in line
    assert told["event"] == r"told 安\nERROR forged\x1b[31m\u2028\u202e"
    assert (told["level"], told["logger"]) == ("WARNING", "x")
    assert told["time"].endswith("+00:00")


def test_lines_for_people_cannot_be_forged_either():
    line = Quiet("%(levelname)s %(message)s").format(record("Not Found: %s", "/x\nERROR all is lost\x9b31m"))
    assert line == r"WARNING Not Found: /x\nERROR all is lost\x9b31m"


def test_json_holds_an_errors_kind_and_place_and_not_its_words():
    try:
        fall_over()
    except RuntimeError:
        told = json.loads(Json().format(record("Internal Server Error", exc_info=sys.exc_info())))
    assert told["error"] == "RuntimeError"
    assert "in fall_over" in told["place"]
    assert "安然安然" not in str(told)


def test_what_another_formatter_wrote_down_in_full_is_not_taken_over():
    """`exc_text` is kept on the record by whichever formatter came first."""
    line = Quiet("%(message)s").format(record("failed", exc_text="ValueError: 安然"))
    assert line == "failed"


def test_an_error_that_stands_in_the_message_gives_its_kind():
    assert json.loads(Json().format(record("lost: %r", ValueError("安然"))))["event"] == "lost: 'ValueError'"


@pytest.mark.parametrize("formatter", [Json(), Quiet("%(message)s")])
def test_celery_names_the_task_and_the_kind_of_its_error_and_quotes_nothing(formatter):
    app = Celery("quoting", set_as_current=False, broker="memory://")

    @app.task(name="quoting", shared=False)
    def quoting(words: str) -> None:
        raise ValueError(f"Key (name)=({words}) already exists")

    with listening("celery.app.trace", formatter) as text:
        quoting.apply(args=["安然"])
    assert "quoting" in text()
    assert "ValueError" in text()
    assert "安然" not in text()


def test_a_line_carries_the_page_view_of_the_read_log_and_the_person(cast, sign_in):
    client = sign_in(cast.zhou)
    client.get(cast.an.get_absolute_url() + "timeline/", headers={"X-Page-View": "view-0001"})
    assert FileAccess.objects.get().page_view == "view-0001"
    with listening("django.request", Json()) as text:
        client.get(reverse("students:detail", args=[cast.hang.pk]), headers={"X-Page-View": "view-0001"})
    told = json.loads(text())
    assert (told["request"], told["user"]) == ("view-0001", str(cast.zhou.pk))
    assert "Zhou" not in text()


def test_a_line_in_the_midst_of_a_request_carries_it_too(cast, sign_in):
    """By the context, for loggers that know of no request; outside of one there is none."""
    from accounts import tracing

    request = HttpRequest()
    request.page_view = "view-0002"
    with tracing.within(request):
        assert json.loads(Json().format(record("midst")))["request"] == "view-0002"
    assert "request" not in json.loads(Json().format(record("midst")))


@pytest.mark.parametrize(("embedded", "formatter"), [("0", Json), ("1", Quiet)])
def test_gunicorn_writes_as_the_application_does(monkeypatch, embedded, formatter):
    monkeypatch.setenv("YIDANG_EMBEDDED", embedded)
    monkeypatch.setattr(sys, "path", list(sys.path))
    config = runpy.run_path(os.path.join(settings.BASE_DIR, ".ci", "gunicorn.py"))["logconfig_dict"]
    assert config["formatters"]["generic"]["()"] is formatter
    assert config["loggers"]["gunicorn.error"]["propagate"] is False
