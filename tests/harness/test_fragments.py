"""What htmx fetches is a piece of the page that one would get without it (STYLE §8)."""

import re

import pytest
from django.test.html import Element, parse_html

from tests.harness.objects import staged
from tests.harness.table import pages, urls
from tests.harness.visiting import ask, body, client_for, listed

MASKED = re.compile(
    r'(csrfmiddlewaretoken" value=")[^"]+|(X-CSRFToken": ?")[^"]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}'
)

FILES = (b"PK", b"%PDF")


def elements(node: Element, found: list) -> list:
    found.append(node)
    for child in node.children:
        if isinstance(child, Element):
            elements(child, found)
    return found


def id_of(node: Element) -> str:
    return dict(node.attributes).get("id", "")


def parsed(response) -> Element:
    return parse_html(MASKED.sub("", body(response)))


def pieces(fragment: Element) -> list[Element]:
    """The outermost elements."""
    outer = fragment.children if fragment.name == "root" or not fragment.name else [fragment]
    return [node for node in outer if isinstance(node, Element)]


@pytest.mark.slow
@pytest.mark.parametrize("who", staged(["zhou", "ruan", "jiao", "luo"]))
def test_a_fragment_is_a_piece_of_its_page(world, who):
    """For every URL that answers htmx with less than the page: each of its outer elements stands in the page."""
    client, wrong, seen = client_for(world.person(who)), [], 0
    for name, label, url in pages(world, who, 2):
        page, part = ask(client, "GET", url), ask(client, "GET", url, htmx=True)
        if page.status_code != 200 or part.status_code != 200 or part.raw == page.raw or "<html" in body(part):
            continue
        if page.raw.startswith(FILES):  # made anew at each request, with the time in it
            continue
        whole = [str(node) for node in elements(parsed(page), [])]
        seen += 1
        for node in pieces(parsed(part)):
            if str(node) not in whole:
                wrong.append(f"{name} {label}: {id_of(node) or node.name} differs from the page")
    assert not wrong, listed(wrong)
    assert seen > (3 if who == "zhou" else 0)


def test_the_results_of_a_search_are_those_of_its_page(world):
    client = client_for(world.cast.zhou)
    for name in ("students:search", "students:note_picker"):
        url = next(address for each, _, address in urls(world, [name]) if each == name)
        page, part = (parsed(ask(client, "POST", url, {"q": "安"}, htmx=htmx)) for htmx in (False, True))
        whole = [str(node) for node in elements(page, [])]
        assert [node for node in pieces(part) if str(node) not in whole] == [], name
