"""Measure and write RESULTS.md: `make bench`, or one part of it: `make bench ARGS="pages"` (pages, radar, roster, document).

`--small` shows within a minute that everything runs; its figures say nothing. `--into FILE` writes elsewhere. A part, or
`--small`, never overwrites RESULTS.md unless `--into` says so.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from benchmarks import memory, pages, results, serving

PARTS = ("pages", "radar", "roster", "document")
RESULTS = Path(__file__).parent / "RESULTS.md"
WIDE = 8


@dataclass(frozen=True)
class Size:
    classes: int
    per_class: int
    notes: int  # on each student
    touches: int  # on each student, for the radar
    times: int  # the larger school
    rounds: int
    seconds: float  # of asking at once, for each page and role
    rows: int
    documents: int


WHOLE = Size(classes=60, per_class=50, notes=10, touches=20, times=10, rounds=40, seconds=2, rows=3000, documents=5)
SMALL = Size(classes=6, per_class=5, notes=2, touches=3, times=2, rounds=2, seconds=0.1, rows=60, documents=1)


def main(arguments: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers end with us
    asked = _parser().parse_args(arguments)
    size, parts = SMALL if asked.small else WHOLE, asked.parts or PARTS
    command = " ".join(["python -m benchmarks", *arguments])
    found = results.Results(command, _school(size), datetime.now().astimezone(), os.getloadavg()[0])
    with serving.house() as house:
        if set(parts) != {"radar"}:
            people = prepare(house, size)
        if "pages" in parts:
            measure_pages(house, people, size, found)
        if "radar" in parts:
            measure_radar(house, replace(size, notes=size.touches), found)
        if "document" in parts:
            say("a class's document")
            found.document = house.inside("base", "documents", house.folder / "base.json", size.documents)
        if "roster" in parts:
            say("a roster's import")
            found.roster = house.inside("base", "roster", size.rows)
    report = results.report(found)
    print("\n" + report)
    into = asked.into or (RESULTS if size is WHOLE and set(parts) == set(PARTS) else None)
    if into:
        found.missed.clear()
        results.write(into, found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all if none is named")
    parser.add_argument("--small", action="store_true", help="a tiny school, to see that everything runs")
    parser.add_argument("--into", type=Path, help="the file to write")
    return parser


def _school(size: Size) -> str:
    students = size.classes * size.per_class
    return (
        f"{students:,} students in {size.classes} classes, {students * size.notes:,} notes;"
        f" and {size.times} times as many students, classes and notes. For the radar {students * size.touches:,} notes, and as many times more"
    )


def say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def prepare(house: serving.House, size: Size, base: str = "base", large: str = "large") -> dict:
    """Both schools in databases of their own, and the static files. Who asks for what."""
    say("tables and static files")
    house.sql(f"CREATE DATABASE {base}")
    house.python(base, "manage.py", "migrate", "--noinput", "--verbosity=0")
    house.python(base, "manage.py", "collectstatic", "--noinput", "--verbosity=0")
    say("a school, and the same ten times as large")
    people = house.inside(base, "school", size.classes, size.per_class, size.notes)
    (house.folder / f"{base}.json").write_text(json.dumps(people))
    house.sql(f"CREATE DATABASE {large} TEMPLATE {base}")
    house.python(large, "-m", "benchmarks.growing", str(size.times))
    for database in (base, large):
        house.sql("VACUUM ANALYZE", database=database)
    return people


def measure_pages(house: serving.House, people: dict, size: Size, found: results.Results) -> None:
    say("statements")
    found.statements = house.inside("base", "statements", house.folder / "base.json", "pages")
    with ExitStack() as stack:
        ports = [stack.enter_context(serving.web(house, name)) for name in ("base", "large")]
        worker, beat = stack.enter_context(serving.background(house, "base"))
        say("pages, one at a time")
        found.times = pages.in_turn([port for port, _process in ports], people, size.rounds, "pages")
        for role, known in people.items():
            say(f"pages, {WIDE} at once: {role}")
            for page in pages.opened(role, "pages"):
                found.at_once[role, page.name] = pages.at_once(ports[0][0], known[:WIDE], page, size.seconds)
        measure_beside(house, people, size, found, ports[0][0])
        servers = {"web": ports[0][1], "worker": worker, "scheduler": beat}
        found.memory = {name: memory.of(process.pid) for name, process in servers.items()}


def measure_beside(house: serving.House, people: dict, size: Size, found: results.Results, port: int) -> None:
    """T41: what people wait for a page while the worker lays out a document that is too large."""
    say("beside a document that is too large")
    page = next(page for page in pages.PAGES if page.name == pages.LIST)
    known, rounds = people["head teacher"][0], 3 * size.rounds
    alone = pages.one_by_one(port, known, page, rounds)
    with serving.heavy_document(house, "base"):
        found.beside = (alone, pages.one_by_one(port, known, page, rounds))


def measure_radar(house: serving.House, size: Size, found: results.Results) -> None:
    """In schools of their own with more notes. One at a time only."""
    people = prepare(house, size, "noticed", "noticed_large")
    counted = house.inside("noticed", "statements", house.folder / "noticed.json", "radar")
    for role, each in counted.items():
        found.statements.setdefault(role, {}).update(each)
    with serving.web(house, "noticed") as (base, _), serving.web(house, "noticed_large") as (large, _):
        say("the radar, one page at a time")
        found.times |= pages.in_turn([base, large], people, size.rounds, "radar")


if __name__ == "__main__":
    main(sys.argv[1:])
