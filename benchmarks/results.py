"""The figures as a page of Markdown. What stands below the mark in the file is written by hand and stays."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.pages import LIST, PAGES, Measured, Page

BY_HAND = "<!-- Below this line: written by hand, kept by the run. -->"
MOST_STATEMENTS = 12
GROWTH = {"student": 1.5, "class": 1.5, "school": 3.0}  # p50 at ten times the data, by what a page shows
PDF_RATIO, IMPORT_RATIO, IMPORT_SECONDS, LIST_A_SECOND = 1.5, 5.0, 60.0, 200.0
BESIDE = 1.2  # p95 beside a document that is too large, against p95 alone (T41)
# Half of what a mature PHP and PostgreSQL school system takes on two such cores, in milliseconds.
WANTED = {
    LIST: 9,
    "student's file": 11,
    "timeline, a page of its own": 14,
    "class grid, over its 500 notes": 40,
    "search in the top bar": 9,
    "saving a note": 8,
}


@dataclass
class Results:
    """What a run found; parts that were not asked for stay None."""

    command: str
    school: str
    when: datetime
    load: float
    times: dict[tuple[str, str], list[Measured]] = field(default_factory=dict)
    statements: dict[str, dict[str, int]] = field(default_factory=dict)
    at_once: dict[tuple[str, str], float] = field(default_factory=dict)
    beside: tuple[Measured, Measured] | None = None
    roster: dict[str, Any] | None = None
    document: dict[str, Any] | None = None
    memory: dict[str, dict[str, int]] | None = None
    missed: list[str] = field(default_factory=list)


def write(path: Path, found: Results) -> None:
    kept = path.read_text("utf-8").partition(BY_HAND)[2] if path.exists() else "\n"
    path.write_text(f"{report(found)}\n{BY_HAND}{kept}", "utf-8")


def report(found: Results) -> str:
    parts = [_pages(found), _beside(found), _roster(found), _document(found), _memory(found)]
    return "\n\n".join(filter(None, [_head(found), *parts, _bounds(found)])) + "\n"


def _head(found: Results) -> str:
    facts = [
        f"{found.when:%Y-%m-%d %H:%M}, `{found.command}`, commit {_commit()}",
        f"{os.cpu_count()} cores ({_cpu()}), load average {found.load:.1f} when it began, Python {platform.python_version()}",
        found.school,
        "PostgreSQL with its default memory and nothing forced to disk (fsync off); gunicorn with 2 processes of 8 threads; the client on the same cores",
    ]
    return "# Results\n\nWritten by the run; do not edit this part.\n\n" + "\n".join(f"- {fact}" for fact in facts)


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


# --- pages ------------------------------------------------------------------------------------------------------------


def _pages(found: Results) -> str:
    if not found.times:
        return ""
    head = ["page", "role", "statements", "p50 ms", "p95 ms", "bytes", "a second, 8 at once", "p50 ms, ten times", "growth", "wanted ms"]  # fmt: skip
    rows = [_row(found, role, page) for page in PAGES for role in found.statements if (role, page.name) in found.times]
    return "## Pages\n\n" + table(head, rows)


def _row(found: Results, role: str, page: Page) -> list[str]:
    base, large = found.times[role, page.name]
    statements, growth = found.statements[role][page.name], large.p50 / base.p50
    where = f"{page.name}, {role}"
    judge(found, f"{where}: statements", statements, MOST_STATEMENTS)
    judge(found, f"{where}: growth", growth, GROWTH[page.scope])
    if page.name in WANTED:
        judge(found, f"{where}: p50 ms", base.p50 * 1000, WANTED[page.name])
    a_second = found.at_once.get((role, page.name))
    if a_second and page.name == LIST:
        judge(found, f"{where}: requests a second", a_second, LIST_A_SECOND, least=True)
    return [
        page.name, role, str(statements), _ms(base.p50), _ms(base.p95), f"{base.size:,}",
        f"{a_second:.0f}" if a_second else "", _ms(large.p50), f"{growth:.2f}", str(WANTED.get(page.name, "")),
    ]  # fmt: skip


def judge(found: Results, what: str, value: float, bound: float, *, least: bool = False) -> None:
    if value < bound if least else value > bound:
        found.missed.append(f"{what} {value:.2f}".rstrip("0").rstrip(".") + f", wanted {bound:g}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _beside(found: Results) -> str:
    if found.beside is None:
        return ""
    alone, beside = found.beside
    judge(found, f"{LIST} beside a document that is too large: p95, times p95 alone", beside.p95 / alone.p95, BESIDE)
    rows = [[name, _ms(each.p50), _ms(each.p95)] for name, each in (("alone", alone), ("beside", beside))]
    return f"## {LIST}, while a document that is too large is laid out\n\n" + table(["", "p50 ms", "p95 ms"], rows)


# --- the rest ---------------------------------------------------------------------------------------------------------


def _roster(found: Results) -> str:
    if (part := found.roster) is None:
        return ""
    total, ratio = part["parsing and validation"] + part["writing"], part["writing"] / part["bare bulk_create"]
    judge(found, "import: seconds", total, IMPORT_SECONDS)
    judge(found, "import: times a bare bulk_create", ratio, IMPORT_RATIO)
    rows = [
        [name, f"{part[name]:.1f}", f"{part['rows'] / part[name]:,.0f}"]
        for name in ("parsing and validation", "writing", "bare bulk_create")
    ]
    title = f"## Roster import: {part['rows']:,} rows of a registry file, {part['written']:,} rows in the database"
    return (
        f"{title}\n\n"
        + table(["part", "seconds", "rows of the file a second"], rows)
        + f"\n\nTogether {total:.1f} s; writing takes {ratio:.1f} times the bare `bulk_create`."
    )


def _document(found: Results) -> str:
    if (part := found.document) is None:
        return ""
    ratio = part["layout"] / part["bare WeasyPrint"]
    judge(found, "document: times bare WeasyPrint", ratio, PDF_RATIO)
    names = ("reading and counting", "page and charts", "layout", "bare WeasyPrint")
    rows = [[name, f"{part[name]:.2f}", f"{part[name] / part['pages']:.2f}"] for name in names]
    title = (
        f"## Document: term summary of a class of {part['students']}, {part['pages']} pages, {part['bytes']:,} bytes"
    )
    return (
        f"{title}\n\n"
        + table(["part", "seconds", "seconds a page"], rows)
        + f"\n\nOur layout takes {ratio:.2f} times bare WeasyPrint."
    )


def _memory(found: Results) -> str:
    if found.memory is None:
        return ""
    rows = [
        [name, str(each["processes"]), f"{each['largest rss'] / 2**20:.0f}", f"{each['pss'] / 2**20:.0f}"]
        for name, each in found.memory.items()
    ]
    return "## Memory after the run\n\n" + table(["server", "processes", "largest, RSS MiB", "together, PSS MiB"], rows)


def _bounds(found: Results) -> str:
    if not found.missed:
        return "## Bounds\n\nAll kept."
    return "## Bounds\n\nMissed:\n\n" + "\n".join(f"- {each}" for each in found.missed)
