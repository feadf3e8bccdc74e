"""T53: whoever is no longer signed in gets no page inside a fragment: htmx is sent to the door, a draft that saves itself is
told 401, and a form comes back with what was typed. Every URL, by every method that it takes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.harness.sent import SENT
from tests.harness.table import TABLE, url_for, urls
from tests.harness.visiting import ask, body, listed

CLOSED = {name: row for name, row in TABLE.items() if not row.public}
AUTOSAVE = ("students:draft_save",)


def addresses(world) -> list[tuple[str, str]]:
    """One of each URL."""
    return [(name, urls(world, [name])[0][2]) for name in CLOSED]


@pytest.mark.slow
def test_a_fragment_leads_to_the_door_and_holds_nothing(world):
    client, door, wrong = Client(), reverse("account_login"), []
    for name, url in addresses(world):
        for method in CLOSED[name].methods.split():
            answer = ask(client, method, url, htmx=True)
            told = answer.headers.get("HX-Redirect", "").startswith(door) and answer.status_code == 200
            if not (answer.status_code == 401 if name in AUTOSAVE else told) or body(answer):
                wrong.append(f"{method} {name}: {answer.status_code} {dict(answer.headers)} {body(answer)[:80]}")
    assert not wrong, listed(wrong)


@pytest.mark.slow
def test_a_form_sent_while_signed_out_comes_back_with_every_word(world):
    """Except passwords. From the site itself: what another site makes a browser send is not repeated."""
    client, wrong = Client(headers={"Origin": "http://testserver"}), []
    for name, sent in SENT.items():
        if name not in CLOSED or name in AUTOSAVE:
            continue
        data = sent.data(world)
        answer = ask(client, "POST", url_for(world, name, sent.label), data)
        typed = [text for text in map(str, data.values()) if not text.isascii()]
        if answer.status_code != 401 or any(text not in body(answer) for text in typed):
            wrong.append(f"{name}: {answer.status_code} without {[text for text in typed if text not in body(answer)]}")
    assert not wrong, listed(wrong)


def test_htmx_keeps_no_copy_of_a_page(cast, sign_in):
    """In the browser: tests/browser/test_no_word_lost.py."""
    assert '"historyCacheSize":0' in sign_in(cast.zhou).get(reverse("reports:home")).content.decode()
