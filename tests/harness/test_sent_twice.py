"""T54: double click, retry after a time-out, Back and send again, twenty at one moment: one record. Generated from what is
really sent to each URL, so a new form that makes two of something fails."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts import once
from accounts.models import Department, SentForm
from students.models import Observation, RosterImport
from tests.harness.filled import forms_of
from tests.harness.objects import World, build_world
from tests.harness.sent import ONCE, SENT
from tests.harness.snapshot import counts, tables
from tests.harness.table import url_for
from tests.harness.visiting import client_for, listed
from tests.parallel import at_once

NUMBERED = r'name="(version|seen)"|{% once %}'
# The page that has the form, where it is not the one that it goes to.
SHOWN_ON = {"accounts:role_propose": "accounts:staff_detail", "students:calendar_seed": "students:calendar"}


def send(world: World, name: str, client=None) -> int:
    sent = SENT[name]
    client = client or client_for(world.person(sent.who))
    return client.post(url_for(world, name, sent.label), sent.data(world)).status_code


@pytest.mark.slow
def test_what_is_sent_twice_is_made_once(sendings):
    twice = [f"{name}: {dict(sending.second)}" for name, sending in sendings.items() if sending.second]
    assert not twice, listed(twice)


@pytest.mark.slow
def test_every_form_that_makes_something_is_tried(sendings):
    """The harness sees that rows are made; and each of these forms has a number: its own, or the incident of a note."""
    making = {name for name, sending in sendings.items() if sending.first}
    assert {
        "students:note_new",
        "students:add",
        "students:counselling",
        "reports:index",
        "accounts:staff_add",
    } <= making
    numbered = {name for name in making if sendings[name].first["accounts.SentForm"] or "note" in name}
    by_key = {"students:draft_save", "students:import_columns", "students:file_verify"}
    by_state = {"students:answer_sheet_enter", "students:emergency_approve"}
    by_version = {
        "students:move",
        "students:back",
        "students:learning_check",
        "students:checklist",
        "students:level",
        "students:clocks",
    }
    assert making - numbered - by_key - by_version - by_state == set(), (
        "Give the form {% once %}, and its view @once and saving()."
    )


@pytest.mark.slow
def test_the_page_gives_the_number_that_is_sent(world):
    missing = []
    for name, sent in SENT.items():
        if ONCE.items() <= sent.data(world).items():
            page = url_for(world, SHOWN_ON.get(name, name), sent.label)
            html = client_for(world.person(sent.who)).get(page).content.decode()
            to = url_for(world, name, sent.label).split("?")[0]
            if not any(path == to and "once" in fields for path, fields in forms_of(html, page)):
                missing.append(name)
    assert not missing, listed(missing)


# --- at one moment ----------------------------------------------------------------------------------------------------


def twenty(world: World, name: str) -> tuple[Counter, Counter]:
    """(statuses, rows made) of twenty identical requests of one browser."""
    sent = SENT[name]
    cookies, before = client_for(world.person(sent.who)).cookies, counts(tables())

    def once_more() -> int:
        client = client_for(None)
        client.cookies = cookies.copy()
        return send(world, name, client)

    statuses = Counter(at_once([once_more] * 20))
    return statuses, counts(tables()) - before


@pytest.mark.slow
def test_twenty_identical_notes_at_one_moment_are_one(real_database):
    statuses, made = twenty(build_world(), "students:note_new")
    assert (statuses, made["students.Observation"]) == ({302: 20}, 1)


@pytest.mark.fault
def test_twenty_identical_forms_at_one_moment_make_one_of_each(real_database, sendings):
    """The forms follow each other in one school, so a later one may find its seat or number taken; never twice of anything."""
    world, wrong = build_world(), []
    for name, sending in sendings.items():
        statuses, made = twenty(world, name) if sending.first else (Counter(), Counter())
        allowed = Counter({**sending.first, "students.AccessGrant": 99})  # one for each teacher of the class by then
        once_only = made["accounts.SentForm"] == sending.first["accounts.SentForm"]
        if made - allowed or not once_only or set(statuses) - {200, 204, 302, 404, 409, 422}:
            wrong.append(f"{name}: {dict(statuses)} made {dict(made)} and not {dict(sending.first)}")
    assert not wrong, listed(wrong)


# --- what a form that arrives again is told ---------------------------------------------------------------------------


def test_the_second_time_leads_where_the_first_time_led(cast, sign_in):
    client, url = sign_in(cast.wang), reverse("accounts:staff_add")
    data = {"employee_no": "T7777", "display_name": "新老师", **ONCE}
    first, second = client.post(url, data), client.post(url, data)
    assert first.status_code == second.status_code == 302 and first.url == second.url


def test_back_and_other_words_mean_something_else(cast, sign_in):
    client, url = sign_in(cast.wang), reverse("accounts:departments")
    for name in ("德育处", "教务处", "德育处"):
        assert client.post(url, {"name": name, **ONCE}).status_code == 302
    assert Department.objects.filter(school=cast.school).count() == 2


def test_a_form_that_was_refused_has_not_used_its_number(cast, sign_in):
    client, url = sign_in(cast.wang), reverse("accounts:departments")
    assert client.post(url, {"name": "", **ONCE}).status_code == 200
    assert not SentForm.objects.exists()
    assert client.post(url, {"name": "德育处", **ONCE}).status_code == 302


def test_the_number_is_each_persons_own(cast, sign_in):
    data = {"name": "德育处", **ONCE}
    sign_in(cast.wang).post(reverse("accounts:departments"), data)
    assert SentForm.objects.get().user == cast.wang
    assert not once.forget(now=SentForm.objects.get().at + once.KEPT / 2)
    assert once.forget(now=SentForm.objects.get().at + once.KEPT) == 1


def test_a_roster_that_is_uploaded_twice_is_read_once_and_a_corrected_one_anew(cast, sign_in):
    client, url = sign_in(cast.jiao), reverse("students:imports")

    def upload(born: str):
        sheet = f"姓名,性别,出生日期,班级\n周小满,女,{born},三年级(1)班\n"
        return client.post(url, {"file": SimpleUploadedFile("学生.csv", sheet.encode()), **ONCE})

    first, second, corrected = upload("20170520"), upload("20170520"), upload("20170521")
    assert first.url == second.url != corrected.url
    assert RosterImport.objects.filter(requested_by=cast.jiao).count() == 2


def test_a_note_sent_again_is_the_same_note_and_says_so(world):
    assert send(world, "students:note_new") == send(world, "students:note_new") == 302
    incident = SENT["students:note_new"].data(world)["incident"]
    assert Observation.objects.filter(incident=incident).count() == 1


def test_the_browser_refills_no_form_that_has_a_number_or_a_version():
    """After Back the page is loaded anew: old words under a new number would be filed twice, under a new version
    overwrite what somebody else saved."""
    wrong, found = [], 0
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        text = path.read_text()
        forms = [each for each in re.findall(r"<form\b.*?</form>", text, re.DOTALL) if re.search(NUMBERED, each)]
        forms += re.findall(r"block sheet_form_attrs.*?endblock", text) if "data-draft-url" in text else []
        found += len(forms)
        wrong += [
            f"{path.name}: {form[:90]}" for form in forms if 'autocomplete="off"' not in form.split("csrf_token")[0]
        ]
    assert found > 20
    assert not wrong, listed(wrong)
