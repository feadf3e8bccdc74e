"""The pages that are measured, and how: over HTTP from outside, each size and page in turn, so that noise hits all alike."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from urllib.parse import urlencode

CSRF = "c" * 32
HEADERS = {"Host": "localhost", "X-Forwarded-Proto": "https", "Origin": "https://localhost", "X-CSRFToken": CSRF}
IDLE_SECONDS = 1.0  # gunicorn closes a connection that was silent for two
NAMED = {"{student}", "{class}"}


@dataclass(frozen=True)
class Page:
    """`scope`: whether it shows a student, a class, or what the person may see of the whole school. `part`: of the run."""

    name: str
    path: str
    scope: str
    form: dict[str, str] | None = None
    htmx: bool = False
    expected: int = 200
    part: str = "pages"


NOTE = {"kind": "observation", "tone": "plain", "level": "2", "follow_up": "none", "facts": "课间把跳绳让给了同学。"}
RADAR = "silence radar of the school"
PAGES = (
    Page("home", "/", "school"),
    Page("home: my classes (panel)", "/classes/mine/", "school", htmx=True),
    Page("home: recent notes (panel)", "/notes/recent/", "school", htmx=True),
    Page("class grid, over its 500 notes", "/classes/{class}/", "class"),
    Page("list of files, 50 rows", "/students/", "school"),
    Page("student's file", "/students/{student}/", "student"),
    Page("student's file: timeline (panel)", "/students/{student}/timeline/", "student", htmx=True),
    Page("student's file: growth (panel)", "/students/{student}/profile/", "student", htmx=True),
    Page("student's file: care needs (panel)", "/students/{student}/background/", "student", htmx=True),
    Page("timeline, a page of its own", "/students/{student}/timeline/", "student"),
    Page("search in the top bar", "/students/search/", "school", {"q": "{name}"}, htmx=True),
    Page("note sheet", "/notes/new/?student={student}", "student", htmx=True),
    Page("saving a note", "/notes/new/", "student", NOTE | {"student": "{student}", "next": "/"}, expected=302),
    Page("documents asked for", "/reports/", "school"),
    Page(RADAR, "/radar/", "school", part="radar"),
    Page("silence radar of a class", "/radar/classes/{class}/", "class", part="radar"),
)
CLOSED = {
    ("counsellor", "student's file: growth (panel)"),
    ("counsellor", "student's file: care needs (panel)"),
    ("counsellor", RADAR),
    ("counsellor", "silence radar of a class"),
    ("head teacher", RADAR),  # with one class it goes straight there
}
LIST = "list of files, 50 rows"


@dataclass
class Person:
    """One signed-in browser with one connection, which goes through the students of its class."""

    port: int
    known: dict
    turn: Iterator[int] = field(default_factory=count)
    connection: http.client.HTTPConnection | None = None
    used: float = 0.0

    def ask(self, page: Page) -> tuple[float, int]:
        """(seconds until the last byte, bytes of the body)."""
        path, body, headers = self.request(page)
        self._connect()
        begun = time.perf_counter()
        self.connection.request("GET" if body is None else "POST", path, body, headers)
        response = self.connection.getresponse()
        size = len(response.read())
        self.used = time.perf_counter()
        if response.status != page.expected:
            raise SystemExit(f"{page.name}: {response.status} instead of {page.expected}")
        return self.used - begun, size

    def request(self, page: Page) -> tuple[str, str | None, dict[str, str]]:
        students = self.known["students"]
        values = {"student": students[next(self.turn) % len(students)], "class": self.known["class"]}
        headers = HEADERS | {"Cookie": f"__Host-sessionid={self.known['session']}; __Host-csrftoken={CSRF}"}
        if page.htmx:
            headers |= {"HX-Request": "true", "HX-Current-URL": "https://localhost/"}
        if page.form is None:
            return page.path.format(**values), None, headers
        values |= {"name": self.known["name"]}
        form = {name: value.format(**values) for name, value in page.form.items()}
        form |= {"incident": str(uuid.uuid4()), "happened_on": date.today().isoformat()}
        return page.path, urlencode(form), headers | {"Content-Type": "application/x-www-form-urlencoded"}

    def _connect(self) -> None:
        """A fresh connection where the server may have closed the old one; outside the measured time."""
        if self.connection is not None and time.perf_counter() - self.used < IDLE_SECONDS:
            return
        if self.connection is not None:
            self.connection.close()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.connection.connect()


@dataclass
class Measured:
    """Seconds of each request, for one page, role and size."""

    times: list[float] = field(default_factory=list)
    size: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.times, n=20)[-1]


def opened(role: str, part: str = "") -> list[Page]:
    """The pages that the role may open, or those of one part of the run."""
    return [page for page in PAGES if (role, page.name) not in CLOSED and part in ("", page.part)]


def in_turn(ports: list[int], people: dict, rounds: int, part: str) -> dict[tuple[str, str], list[Measured]]:
    """(role, page) → one result for each port. Round by round every page once on every port."""
    asking = {role: [Person(port, known[0]) for port in ports] for role, known in people.items()}
    found: dict[tuple[str, str], list[Measured]] = {
        (role, page.name): [Measured() for _port in ports] for role in people for page in opened(role, part)
    }
    for number in range(rounds + 2):  # the first two warm up each process
        for role, persons in asking.items():
            for page in opened(role, part):
                for person, measured in zip(persons, found[role, page.name], strict=True):
                    seconds, measured.size = person.ask(page)
                    if number >= 2:
                        measured.times.append(seconds)
    return found


def one_by_one(port: int, known: dict, page: Page, rounds: int) -> Measured:
    """One person asks `rounds` times."""
    person, measured = Person(port, known), Measured()
    for _round in range(rounds):
        seconds, measured.size = person.ask(page)
        measured.times.append(seconds)
    return measured


def at_once(port: int, known: list[dict], page: Page, seconds: float) -> float:
    """Requests a second while all of `known` ask for the page again and again."""
    end = time.perf_counter() + seconds
    done, failed = [], []

    def go(person: Person) -> None:
        try:
            number = 0
            while time.perf_counter() < end:
                person.ask(page)
                number += 1
            done.append(number)
        except BaseException as error:
            failed.append(error)

    begun = time.perf_counter()
    threads = [threading.Thread(target=go, args=[Person(port, each)]) for each in known]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sum(done) / (time.perf_counter() - begun)
