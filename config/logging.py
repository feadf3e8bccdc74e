"""How the log is written: where something went wrong, never the words that it went wrong with.

Production writes one JSON object a line: time, level, logger, event, then, where there are any, request (the page view,
as in the read log; for a task the task's id), user (opaque), task, error (its kind) and place. `make run` writes lines for people.
Web, worker and scheduler share these formatters (Celery gets them in config/celery.py, gunicorn in .ci/gunicorn.py).
"""

import copy
import json
import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from celery import current_task

from accounts import tracing

# What Celery says of a task that failed: the error's words, and what the task was given.
QUOTED = ("exc", "traceback", "args", "kwargs")


class Quiet(logging.Formatter):
    """An error's place and kind. Its message stays away: a database quotes the row that it refuses, and so a name."""

    def format(self, record: logging.LogRecord) -> str:
        quiet = copy.copy(record)
        quiet.msg, quiet.args, quiet.exc_text = event(record), None, None  # exc_text: another formatter's, in full
        return super().format(quiet)

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- the name is logging's
        return "\n".join(_told(error) for error in _chain(ei[1]))


class Json(Quiet):
    """The same as one JSON object a line, for whatever collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": event(record),
        }
        told |= _task() | tracing.ids(getattr(record, "request", None))
        if record.exc_info and record.exc_info[1]:
            told |= {"error": type(record.exc_info[1]).__qualname__, "place": self.formatException(record.exc_info)}
        return json.dumps(told, ensure_ascii=False)


def event(record: logging.LogRecord) -> str:
    """The message on one line, without the words of an error. No sign in it can begin another line or colour it."""
    plain = copy.copy(record)
    plain.args = _without_words(record.args)
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in plain.getMessage())


def _without_words(args: Any) -> Any:
    if isinstance(args, dict):
        return {name: _kind(value) if name in QUOTED else _quiet(value) for name, value in args.items()}
    return tuple(map(_quiet, args)) if isinstance(args, tuple) else args


def _quiet(value: Any) -> Any:
    return type(value).__qualname__ if isinstance(value, BaseException) else value


def _kind(words: Any) -> str:
    """`ValueError` of `ValueError('Key (name)=… already exists')`; nothing of anything else."""
    if isinstance(words, BaseException):
        return type(words).__qualname__
    match = re.match(r"[A-Za-z_.]+(?=\()", str(words))
    return match[0] if match else "…"


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


def _task() -> dict[str, str]:
    request = getattr(current_task, "request", None)
    return {"task": current_task.name, "request": request.id} if request and request.id else {}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it arose from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _told(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__
