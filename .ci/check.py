#!/usr/bin/env python3
"""All static checks, side by side. Prints what failed, and how long each took; exit code 1 if any failed."""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]
SCRIPTS = [".ci/run", ".ci/lock"]

# The slow ones first, so that two cores end together.
CHECKS = {
    "types": [BIN / "mypy"],
    "django": [*MANAGE, "check", "--fail-level", "WARNING"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "templates": [BIN / "djlint", "templates", "--lint", "--quiet"],
    "imports": [BIN / "lint-imports"],
    "lint": [BIN / "ruff", "check", "--output-format", "concise", "."],
    "format": [BIN / "ruff", "format", "--check", "."],
    "scripts": ["bash", "-n", *SCRIPTS],
}


def check(name: str, var: str) -> bool:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT), "YIDANG_VAR": var}
    env.pop("DATABASE_URL", None)
    begin = time.monotonic()
    done = subprocess.run(
        [str(part) for part in CHECKS[name]], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    passed = done.returncode == 0
    mark, words = ("ok  ", "") if passed else ("FAIL", "\n" + done.stdout + done.stderr)
    print(f"{mark} {name:<11}{time.monotonic() - begin:5.1f} s{words}", flush=True)
    return passed


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as var, ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = list(pool.map(check, CHECKS, [var] * len(CHECKS)))
    sys.exit(not all(results))
