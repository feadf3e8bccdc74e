"""What the processes hold: resident, and proportional (memory that several share counts once)."""

from __future__ import annotations

from pathlib import Path

KIB = 1024


def processes(parent: int) -> list[int]:
    """The process and everything that descends from it."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *(each for child in children for each in processes(int(child)))]


def held(pid: int) -> tuple[int, int]:
    """(RSS, PSS) in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    values = {line.split(":")[0]: int(line.split()[1]) * KIB for line in lines}
    return values["Rss"], values["Pss"]


def of(parent: int) -> dict[str, int]:
    """All processes of one server."""
    pids = processes(parent)
    pairs = [held(pid) for pid in pids]
    return {
        "processes": len(pids),
        "largest rss": max(rss for rss, _pss in pairs),
        "pss": sum(pss for _rss, pss in pairs),
    }
