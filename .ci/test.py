#!/usr/bin/env python3
"""The whole suite on PostgreSQL and Redis, then once more on SQLite without what asks no database and the browser journeys.

Arguments go to pytest: `make test ARGS="tests/students -k access"`. `--faults` runs the second stage instead: what kills
processes, needs real time (marker `fault`) or takes too long for every run (marker `second`). `--cover` runs those tests
that reach the code that guards the data, counts its branches, and wants all of them; counting takes half as long again,
so it is no part of the suite. `--again` asks what failed once more, by itself: on a busy machine a browser or a kill may
meet its time limit, and a fault has to show twice. Both lists are printed.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from services import ServiceError, test_services

ROOT = Path(__file__).resolve().parent.parent
OURS = ("YIDANG_VAR", "DATABASE_URL", "CELERY_BROKER_URL", "REDIS_CACHE_URL", "DJANGO_SETTINGS_MODULE")
FIRST, SECOND = "not (fault or second)", "(fault or second)"
FAILED, NO_TESTS = 1, 5  # pytest's exit codes
FLAGS = {"--faults", "--cover", "--again"}
# Where the guarded code is covered by tests of its own.
COVERING = (
    "tests/accounts", "tests/audit", "tests/students", "tests/reports/test_jobs.py", "tests/reports/test_summary.py",
    "tests/reports/test_home.py", "tests/harness/test_forms.py", "tests/harness/test_lost_updates.py",
    "tests/harness/test_sent_twice.py",
)  # fmt: skip
ONCE_MORE = ("--last-failed-no-failures", "none", "-n", "0")
PATIENCE_SECONDS = 30  # for fixtures to stop their servers


def pytest(title: str, env: dict[str, str], *arguments: str) -> int:
    print(f"\n=== {title} ===", flush=True)
    env |= {name: value for name, value in os.environ.items() if name not in OURS}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "3",
        *arguments,
    ]  # on two cores: browsers and databases make one wait
    with tempfile.TemporaryDirectory(prefix="yidang-test-var-") as var:
        process = subprocess.Popen(command, cwd=ROOT, env=env | {"YIDANG_VAR": var})
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal has told pytest as well; it ends first, the services after it
            process.wait(PATIENCE_SECONDS)
            raise
        except SystemExit:  # TERM reached this process alone
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECONDS)
            raise
        finally:
            process.kill()  # does nothing to one that has ended


def stage(title: str, env: dict[str, str], marked: str, *arguments: str, again: bool) -> int:
    code = pytest(title, dict(env), "-m", marked, *arguments)
    if code == FAILED and again:
        code = pytest(f"{title}: once more what failed", dict(env), "-m", marked, "--last-failed", *ONCE_MORE)
    return code


def cover() -> int:
    """Of the files that pyproject.toml names under [tool.coverage.run]."""
    with test_services() as env:
        code = pytest("PostgreSQL and Redis, counting", dict(env), "-m", FIRST, "--cov", "--cov-report=", *COVERING)
    print("\n=== Branch coverage of access, encryption and actions: must be 100 % ===", flush=True)
    command = [sys.executable, "-m", "coverage", "report", "--fail-under=100"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode or code


def suite(flags: set[str], arguments: list[str]) -> int:
    faults, again = "--faults" in flags, "--again" in flags
    marked = SECOND if faults else FIRST
    on_sqlite = f"{marked} and not browser and not once"
    with test_services() as env:
        first = stage("PostgreSQL and Redis", env, marked, *arguments, again=again)
    second = stage("SQLite", {}, on_sqlite, *arguments, again=again)
    if (arguments or faults) and second == NO_TESTS:  # only browser journeys were asked for, or tests of the broker
        second = 0
    failed = [name for name, code in {"PostgreSQL and Redis": first, "SQLite": second}.items() if code]
    print("\n" + ("Failed: " + ", ".join(failed) if failed else "All tests passed on both databases."))
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits "ignore"
    flags = FLAGS.intersection(arguments)
    return cover() if "--cover" in flags else suite(flags, [each for each in arguments if each not in FLAGS])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServiceError as reason:
        sys.exit(f"\n{reason}")
    except KeyboardInterrupt:
        sys.exit(130)
