#!/usr/bin/env python3
"""Pictures of every page, on an own PostgreSQL and Redis: several panels ask at once, which SQLite in memory cannot serve.

ONLY=docs takes those of docs/screenshots, ONLY=counsellor (or another role) that role's; arguments go to pytest.
"""

import signal
import sys

from services import ServiceError, test_services
from test import pytest

SCRIPT = "tests/browser/screenshots.py"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with test_services() as env:
            sys.exit(pytest("Pictures into var/screenshots", env, "-n", "0", SCRIPT, *sys.argv[1:]))
    except ServiceError as reason:
        sys.exit(f"\n{reason}")
