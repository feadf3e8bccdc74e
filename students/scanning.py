"""A virus scanner, where the school has one: what it does not call clean is refused, and so is everything while it fails."""

from __future__ import annotations

import logging
import shlex
import subprocess

from django.conf import settings

logger = logging.getLogger(__name__)
SECONDS = 30


def is_clean(data: bytes) -> bool:
    """Ask the command in UPLOAD_SCANNER, which reads the file from its input and ends with 0 for a clean one.

    Without a command everything is clean.
    """
    if not settings.UPLOAD_SCANNER:
        return True
    try:
        command = shlex.split(settings.UPLOAD_SCANNER)
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired) as problem:
        logger.error("The scanner for uploads failed: %s", type(problem).__name__)
        return False
    if done.returncode > 1:  # 1 is a finding; more is a scanner that could not look
        logger.error("The scanner for uploads failed: it ended with %s", done.returncode)
    return done.returncode == 0
