"""Every URL × every person × every object × every method: what the table says (T10, T11)."""

import uuid

import pytest
from django.urls import reverse

from tests.harness.objects import EACH, OURS, PEOPLE, staged
from tests.harness.table import TABLE, passes_office, things_for, url_for
from tests.harness.visiting import ask, client_for, face, listed
from tests.test_url_policy import URLS

HELP = "{}: give it a row in tests/harness/table.py: what its id is an id of, and by which rule of DESIGN §3 somebody gets it"
# Enough of each kind for every rule; the crawl asks for all of them.
ENOUGH = {
    "note": ("an2", "an3", "an4", "an_old3", "an_void", "bei_taken", "ding4", "gao2", "hang2", "two_ding"),
    "staff": ("zhou", "wang", "yuan"),
}
SOME = staged(["zhou", "luo", "wang", "ruan", "jiao", "yuan"])  # for what follows from the view and not from the person
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
ELSEWHERE = uuid.UUID(int=7)  # of nothing
NOWHERE = {
    "cohort": {"stage": "primary", "entry_year": 1901},
    "answer": {"pk": ELSEWHERE, "student": ELSEWHERE},
    "rule": {"code": "nothing"},
}  # of what has more than an id, or another


def labels_of(world, name, who=None):
    """Objects to ask for. An office refuses whoever is not of it before it fetches anything: one object tells."""
    labels = [label for label in things_for(world, name) if label in ENOUGH.get(TABLE[name].takes, (label,))]
    return labels if who is None or passes_office(TABLE[name], who) else labels[:1]


def nowhere(name):
    """The same URL with an id that nothing has."""
    row = TABLE[name]
    missing = NOWHERE.get(row.takes, {"pk": ELSEWHERE})
    return reverse(name, kwargs={**missing, **(row.extra or {})})


def test_every_url_has_a_row_in_the_table():
    assert [HELP.format(name) for name in URLS if name not in TABLE] == []


def test_every_row_is_a_url():
    assert [name for name in TABLE if name not in URLS] == []


class Comparison:
    """Answers of one URL and method against those for an id that nothing has."""

    def __init__(self, client, method, name):
        self.client, self.method, self.name, self.missing = client, method, name, None

    def differs(self, response) -> bool:
        """Byte for byte, and header for header: hidden, withdrawn, of another school, never there."""
        if not TABLE[self.name].takes:
            return False
        if self.missing is None:
            self.missing = face(ask(self.client, self.method, nowhere(self.name)))
        return face(response) != self.missing


@pytest.mark.slow
@pytest.mark.parametrize("who", EACH)
def test_what_one_may_not_see_looks_like_what_does_not_exist(world, who):
    """GET of every URL with every object that the table refuses. The crawl asks for those that it grants."""
    client, wrong = client_for(world.person(who)), []
    for name, row in TABLE.items():
        nothing = Comparison(client, "GET", name)
        refused = [each for each in labels_of(world, name, who) if "GET" in row.methods and row.rule(who, each) == 404]
        for label in refused:
            response = ask(client, "GET", url_for(world, name, label))
            if response.status_code != 404:
                wrong.append(f"{name} {label}: GET {response.status_code}, should be 404")
            elif nothing.differs(response):
                wrong.append(f"{name} {label}: GET differs from the 404 of an id that nothing has")
    assert not wrong, listed(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("who", SOME)
def test_heads_and_fragments_are_refused_like_their_pages(world, who):
    """HEAD may be refused as a method, but then for whatever object."""
    client, wrong = client_for(world.person(who)), []
    for name, row in TABLE.items():
        for label in (labels_of(world, name)[::2])[:3] if "GET" in row.methods else ():
            url, expected = url_for(world, name, label), row.rule(who, label)
            if (head := ask(client, "HEAD", url).status_code) not in (expected, 405):
                wrong.append(f"{name} {label}: HEAD {head}, should be {expected}")
            response = ask(client, "GET", url, htmx=True)
            redirected = expected == 302 and response.status_code == 200 and "HX-Redirect" in response.headers
            if response.status_code != expected and not redirected:
                wrong.append(f"{name} {label}: fragment {response.status_code}, should be {expected}")
    assert not wrong, listed(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("who", EACH)
def test_writing_without_valid_data_is_answered_as_the_table_says(world, who):
    client, wrong = client_for(world.person(who)), []
    for name, row in TABLE.items():
        nothing = Comparison(client, "POST", name)
        for label in labels_of(world, name, who) if "POST" in row.methods else ():
            expected = row.post_statuses(who, label)
            response = ask(client, "POST", url_for(world, name, label))
            if response.status_code not in expected:
                wrong.append(f"{name} {label}: POST {response.status_code}, should be {sorted(expected)}")
            elif response.status_code == 404 and row.rule(who, label) == 404 and nothing.differs(response):
                wrong.append(f"{name} {label}: POST differs from the 404 of an id that nothing has")
    assert not wrong, listed(wrong)


def refused_method(row, who) -> int:
    """Of the office's pages nobody else learns that they exist."""
    return 405 if passes_office(row, who) else 404


@pytest.mark.slow
@pytest.mark.parametrize("who", SOME)
def test_other_methods_are_refused(world, who):
    client, wrong = client_for(world.person(who)), []
    for name, row in TABLE.items():
        label = labels_of(world, name)[0]
        for method in METHODS - {*row.methods.split(), "HEAD" if "GET" in row.methods else ""}:
            got = ask(client, method, url_for(world, name, label)).status_code
            if got != refused_method(row, who):
                wrong.append(f"{name}: {method} {got}, should be {refused_method(row, who)}")
    assert not wrong, listed(wrong)


def test_without_sign_in_nothing_answers(world):
    client, wrong = client_for(None), []
    for name, row in TABLE.items():
        url = url_for(world, name, labels_of(world, name)[0])
        page = ask(client, "GET", url)
        fragment = ask(client, "GET", url, htmx=True)
        sent = ask(client, "POST", url)
        if row.public:
            assert page.status_code in (200, 302), name
            continue
        autosave = name == "students:draft_save"
        if not autosave and (page.status_code, page.headers.get("Location", "").split("?")[0]) != (
            302,
            reverse("account_login"),
        ):
            wrong.append(f"{name}: {page.status_code}, not a redirect to sign in")
        if not autosave and not fragment.headers.get("HX-Redirect", "").startswith(reverse("account_login")):
            wrong.append(f"{name}: a fragment without HX-Redirect")
        if sent.status_code != 401:
            wrong.append(f"{name}: POST {sent.status_code}, should be 401")
    assert not wrong, listed(wrong)


def test_the_cast_of_the_table_is_the_cast(world):
    assert set(world.cast.people) == set(PEOPLE) == {*OURS, "yuan"}
