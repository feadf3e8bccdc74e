"""The log says where something went wrong, and holds no word about a student (DESIGN §2, TRUST T65)."""

import logging
import sys

from django.conf import settings
from django.utils.module_loading import import_string


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
