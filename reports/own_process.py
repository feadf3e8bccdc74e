"""Work in a process of its own, a copy of this one, with limits of time and memory that really hold.

A signal or an exception does not do it: the libraries that lay out a page are written in C, answer no signal while they
work, and end their whole process when they get no memory. A copy starts within milliseconds and with everything loaded.
"""

from __future__ import annotations

import gc
import math
import os
import pickle
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

MEGABYTE = 1024 * 1024


PATIENCE = 2.5  # a busy machine gives a process a part of its time; the sweep takes up a job after 90 s without a sign


class Cut(Exception):
    """The work took more time or memory than it may."""


class Broken(Exception):
    """The work itself failed. The text says what kind of error it was and where, and quotes nothing."""


def in_own_process(work: Callable[[], Any], *, seconds: float, megabytes: int) -> Any:
    """What `work` returns, which must be picklable. Raises Cut, or Broken for what `work` raises.

    `seconds` of the processor; by the clock PATIENCE times as many. It stands back behind processes that answer people.
    `megabytes` come on top of what this process has. The copy must use no database connection of ours.
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_the_copy(work, theirs, seconds, megabytes)
    os.close(theirs)
    try:
        answer = _read(ours, time.monotonic() + seconds * PATIENCE)
    finally:
        os.close(ours)
        os.kill(pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
        os.waitpid(pid, 0)
    fine, result = _understood(answer)
    if not fine:
        raise Cut if result is None else Broken(result)
    return result


def _read(pipe: int, deadline: float) -> bytes:
    """All that comes until the copy has ended; nothing if it was not whole by then."""
    parts = []
    while True:
        ready, _write, _error = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return b""
        part = os.read(pipe, MEGABYTE)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _understood(answer: bytes) -> tuple[bool, Any]:
    """A copy that died said nothing, or, if it died while it was writing, half of something."""
    try:
        return pickle.loads(answer)  # noqa: S301  from our own copy
    except (EOFError, pickle.UnpicklingError):
        raise Cut from None


def _be_the_copy(work: Callable[[], Any], pipe: int, seconds: float, megabytes: int) -> NoReturn:
    """Never returns into the code of the original; ends by itself if the original is gone."""
    try:
        _limit(seconds, megabytes)
        with os.fdopen(pipe, "wb") as out:
            pickle.dump(_outcome(work), out)
    finally:
        os._exit(0)


def _outcome(work: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, work()
    except (MemoryError, RecursionError):
        return False, None
    except Exception as problem:
        return False, "".join([type(problem).__name__, "\n", *traceback.format_tb(problem.__traceback__)])


def _limit(seconds: float, megabytes: int) -> None:
    gc.disable()  # it would write into every page of memory that both share
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(each, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds * PATIENCE + 1)
    os.nice(10)
    processor = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    size = _data() + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _data() -> int:
    """Bytes of memory of its own that this process has (Linux); not what it shares, such as libraries and fonts."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * resource.getpagesize()
