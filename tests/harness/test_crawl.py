"""The canary crawl (T14, T20): each person visits everything there is, gets what the table says (T11; test_matrix.py has the
refusals), and reads nothing that was not meant for them."""

import html
import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from students.access import GrantBackend  # noqa: F401 -- the suite must not start without the door that is tested here
from students.models import Observation
from students.models.records import ObservationQuerySet
from students.models.student import StudentQuerySet
from tests.harness.objects import EACH
from tests.harness.table import PICKER, TABLE, url_for, urls
from tests.harness.visiting import ask, client_for, listed, page_of

MOST = 700  # pages of one person; a crawl that reaches it does not end by itself
LOOKUPS = ("安", "an", "ar", "丁", "dym", "高飞", "郭", "远航", "三年级(2)班", "三2", "四1", "然然")
VARIATIONS = {
    "students:list": ("?state=left", "?page=2", "?boarding=1", "?sex=1", "?grade=primary-2024"),
    "students:class_grid": ("?sort=name&show=quiet", "?sort=seat&show=talk", "?show=birthday", "?sort=facts"),
    "students:timeline": ("?kind=observation", "?domain=emotion", "?page=2", "?kind=talk"),
    "students:history": ("?page=2",),
    "students:readers": ("?page=2",),
    "students:notes_mine": ("?page=2",),
    "students:signals": ("?page=2",),
    "students:placements": ("?gone=1", "?page=2"),
    "students:import_detail": ("?show=new", "?show=unchanged"),
    "students:assessment_new": ("",),
    "reports:radar": ("?what=talk", "?days=10", "?grade=primary-1999"),
    "reports:radar_left": ("?what=talk&days=30",),
    "reports:equity": ("?sex=1", "?need=none"),
    "accounts:staff": ("?q=yuan", "?inactive=on", "?page=2"),
    "students:note_new": ("?draft=00000000-0000-0000-0000-000000000007",),
}
SEARCHES = ("students:search", "students:list", "students:note_picker", "students:note_fellows")
ENDS_SESSION = ("/accounts/logout/",)


class Links(HTMLParser):
    """Addresses of a page: what a click or htmx would fetch."""

    NAMES = ("href", "hx-get", "src")

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag != "link" and tag != "script":
            self.found += [value for name, value in attrs if name in self.NAMES and value]


class Crawl:
    """One person's walk through the house. `found`: pages with a canary that was not meant for this person, or with another
    answer than the table's."""

    def __init__(self, world, who: str):
        self.world, self.who, self.client = world, who, client_for(world.person(who))
        hidden = [canary for canary in world.canaries if who not in canary.sees]
        self.hidden = {canary.text: canary for canary in hidden}
        self.pattern = re.compile("|".join(map(re.escape, sorted(self.hidden, key=len, reverse=True))))
        self.found: list[str] = []
        granted = ((name, label, url) for name, label, url in urls(world) if self._opens(name, label))
        self.expected = {url: TABLE[name].rule(who, label) for name, label, url in granted}
        self.shown: set[str] = set()
        self.pages: dict[str, str] = {}

    def visit(self, method: str, url: str, data: dict | None = None, *, htmx: bool = False) -> str:
        response = ask(self.client, method, url, data, htmx=htmx)
        if method == "GET" and response.status_code != self.expected.get(url, response.status_code):
            self.found.append(f"{url}: {response.status_code}, should be {self.expected[url]}")
        page = html.unescape(page_of(response))
        self._judge(f"{method} {url} {data or ''} {'fragment' if htmx else ''}", url, response, page, str(data or ""))
        return page if response["Content-Type"].startswith("text/html") else ""

    def _judge(self, what: str, url: str, response, page: str, typed: str) -> None:
        assert response.status_code < 500, what
        match = response.resolver_match if hasattr(response, "resolver_match") else None
        name = match.view_name if match else ""
        # What stands in the address was typed by the person: a redirect and a form may say it again.
        for text in set(self.pattern.findall(page)):
            canary = self.hidden[text]
            if (text in url and text.count("-") == 4) or text in typed:
                continue
            if canary.picker and name in PICKER and self.who != "yuan" and not canary.label.startswith("hang"):
                continue
            if canary.picker and name in PICKER and self.who == "yuan" and canary.label.startswith("hang"):
                continue
            self.found.append(f"{what}: {canary.label}")
        self.shown.update(c.text for c in self.world.canaries if self.who in c.sees and c.text in page)

    def run(self) -> "Crawl":
        todo = list(self.expected)
        for name, endings in VARIATIONS.items():
            labels = [
                label for label in self.world.things.get(TABLE[name].takes, {"": None}) if self._opens(name, label)
            ]
            todo += [url_for(self.world, name, label).split("?")[0] + end for label in labels for end in endings]
        while todo:
            url = todo.pop()
            if url in self.pages:
                continue
            assert len(self.pages) < MOST, "more and more pages: some link changes at every visit"
            page = self.pages[url] = self.visit("GET", url)
            todo += [address for link in Links(page).found if (address := self._inside(url, link))]
        self._search()
        self._fetch()
        return self

    def _opens(self, name: str, label: str) -> bool:
        """A 404 is always the same page: test_matrix.py compares each with that of an id that nothing has."""
        return "GET" in TABLE[name].methods and TABLE[name].rule(self.who, label) != 404

    def _fetch(self) -> None:
        """Documents: ask for the link, follow it."""
        for name, label, url in urls(self.world, ["reports:link"]):
            if TABLE[name].rule(self.who, label) == 200:
                response = ask(self.client, "POST", url, {"what": "file"})
                if response.status_code == 302:
                    self.visit("GET", response["Location"])

    def _inside(self, here: str, link: str) -> str:
        parts = urlsplit(urljoin(here, link))
        ours = not parts.netloc and not parts.path.startswith(("/static/", *ENDS_SESSION)) and parts.scheme == ""
        address = parts.path + (f"?{parts.query}" if parts.query else "")
        # The way back stands in many addresses; the page is the same.
        address = re.sub(r"[?&]next=[^&]*", "", address)
        return address if ours and parts.path and address not in self.pages else ""

    def _search(self) -> None:
        for name in SEARCHES:
            for typed in LOOKUPS:
                for htmx in (False, True):
                    self.visit("POST", url_for(self.world, name, "").split("?")[0], {"q": typed}, htmx=htmx)
        for key in self.world.things["note"]:
            if self._opens("students:note_move", key):
                self.visit("POST", url_for(self.world, "students:note_move", key), {"q": "安"})
        for name, label, url in urls(
            self.world, ("students:note_edit", "students:note_void", "students:background_show")
        ):
            if TABLE[name].rule(self.who, label) == 200:
                self.visit("POST", url, {"facts": "", "field": "id_no"})


@pytest.mark.slow
@pytest.mark.parametrize("who", EACH)
def test_nobody_reads_what_was_not_meant_for_them(world, who):
    crawl = Crawl(world, who).run()
    assert not crawl.found, listed(crawl.found)
    # And it could have found it: whatever this person may see did show somewhere.
    missed = [c.label for c in world.canaries if not c.masked and who in c.sees and c.text not in crawl.shown]
    assert not missed, listed(missed)


def test_the_crawl_finds_an_answer_that_the_table_does_not_give(world, monkeypatch):
    """A planted fault: nobody sees a note."""
    monkeypatch.setattr(ObservationQuerySet, "visible_to", lambda notes, user, **how: notes.none())
    crawl = Crawl(world, "zhou")
    crawl.visit("GET", url_for(world, "students:note_detail", "an2"))
    assert any("404, should be 200" in each for each in crawl.found)


def test_the_crawl_finds_a_note_that_leaks(world, monkeypatch):
    """A planted fault: notes are fetched without asking whose they are."""
    monkeypatch.setattr(ObservationQuerySet, "visible_to", lambda notes, user, **how: notes)
    crawl = Crawl(world, "guo")
    for name, label in (("students:timeline", "an"), ("students:note_detail", "hang4")):
        crawl.visit("GET", url_for(world, name, label))
    found = "\n".join(crawl.found)
    assert all(label in found for label in ("note an4 facts", "note hang4 facts", "note an_void facts"))


def test_the_crawl_finds_a_student_who_leaks(world, monkeypatch):
    """A planted fault: the list of files knows no school and no class."""
    monkeypatch.setattr(StudentQuerySet, "visible_to", lambda students, user, level=1, now=None: students)
    crawl = Crawl(world, "lin")
    crawl.visit("GET", url_for(world, "students:list", ""))
    assert any("hang name" in each for each in crawl.found)


def test_the_crawl_finds_an_earlier_text_that_leaks(world):
    """A planted fault: a correction says what stood there before, in another student's file."""
    leak = next(c for c in world.canaries if c.label == "note gao3, before its correction")
    note = world.things["note"]["an2"]
    Observation.objects.filter(pk=note.pk).update(facts=leak.text)
    crawl = Crawl(world, "zhou")
    crawl.visit("GET", url_for(world, "students:note_detail", "an2"))
    assert any(leak.label in each for each in crawl.found)
