"""T41: what cannot be interrupted runs in a copy of the process, whose time and memory really end."""

import hashlib
import os
import time

import pytest

from reports.own_process import Broken, Cut, in_own_process

LIMITS = {"seconds": 20, "megabytes": 300}


def deaf() -> None:
    """Work in C that no signal handler of Python interrupts, as the layout of a page is."""
    hashlib.pbkdf2_hmac("sha512", b"x", b"y", 10**9)


def test_the_result_comes_back():
    assert in_own_process(lambda: {"pid": os.getpid()}, **LIMITS)["pid"] != os.getpid()


def test_a_large_result_comes_back_whole():
    assert len(in_own_process(lambda: b"x" * 5_000_000, **LIMITS)) == 5_000_000


@pytest.mark.slow
@pytest.mark.parametrize("work", [deaf, lambda: time.sleep(600)], ids=["processor", "clock"])
def test_work_that_takes_too_long_is_cut_off(work):
    started = time.monotonic()
    with pytest.raises(Cut):
        in_own_process(work, seconds=0.2, megabytes=300)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("take", [lambda: len(bytearray(2 * 1024**3)), lambda: os.kill(os.getpid(), 9)], ids=["raise", "die"])  # fmt: skip
def test_work_that_takes_too_much_memory_is_cut_off(take):
    """Python raises; a library in C ends its process."""
    with pytest.raises(Cut):
        in_own_process(take, **LIMITS)


class LastWords:
    """Kills its process at the moment when it is to be written down; what came before it is written already."""

    def __reduce__(self):
        os.kill(os.getpid(), 9)


@pytest.mark.parametrize("before", [b"x" * 3_000_000, list(range(200_000))], ids=["one piece", "many pieces"])
def test_a_copy_that_dies_while_it_writes_its_answer_is_cut_off(before):
    """It is no error of the work's: half an answer is none."""
    with pytest.raises(Cut):
        in_own_process(lambda: [before, LastWords()], **LIMITS)


def test_without_the_limit_it_would_have_the_memory():
    assert in_own_process(lambda: len(bytearray(600 * 1024**2)), seconds=20, megabytes=4000) == 600 * 1024**2


def test_work_without_end_downwards_is_cut_off():
    def deeper():
        return deeper()

    with pytest.raises(Cut):
        in_own_process(deeper, **LIMITS)


def test_an_error_tells_where_and_quotes_nothing():
    with pytest.raises(Broken) as caught:
        in_own_process(lambda: int("words of a note"), **LIMITS)
    assert "ValueError" in str(caught.value) and "test_own_process" in str(caught.value)
    assert "invalid literal" not in str(caught.value)


def test_nothing_is_left_running():
    pid = in_own_process(os.getpid, **LIMITS)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
