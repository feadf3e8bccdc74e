"""Every promise of docs/trust.md is held by a test that names its number."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

NUMBER = re.compile(r"\bT\d{1,2}\b")
TESTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def promised() -> set[str]:
    page = (settings.BASE_DIR / "docs" / "trust.md").read_text("utf-8")
    return set(re.findall(r"^\| (T\d{1,2}) \|", page, re.MULTILINE))


def docstrings(tests: Path) -> Iterator[str]:
    for path in tests.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, TESTED):
                yield ast.get_docstring(node) or ""


def test_every_promise_is_held_by_a_test():
    named = {number for text in docstrings(settings.BASE_DIR / "tests") for number in NUMBER.findall(text)}
    assert promised() - named == set()


def test_a_promise_without_a_test_would_be_seen():
    assert "T99" not in promised()
    assert len(promised()) > 40
