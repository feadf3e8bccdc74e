"""T51: no lost update. Two people load a row, one saves, the other saves: the second gets 409 with both texts, and nothing
of either is lost. Generated from what is really sent to each URL, so a new model or page that is forgotten fails."""

from __future__ import annotations

from collections import Counter
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from accounts.versions import StaleVersion, save_version
from students.models import Student
from tests.harness.filled import form_to, otherwise
from tests.harness.objects import World, build_world
from tests.harness.sent import SENT, on
from tests.harness.snapshot import OURS, changes, tables
from tests.harness.table import TABLE, url_for
from tests.harness.visiting import client_for, listed, undone
from tests.parallel import at_once

VERSIONED = {
    model._meta.label: model
    for model in apps.get_models()
    if model._meta.app_label in OURS
    and not model.__name__.startswith("Historical")
    and any(field.name == "version" for field in model._meta.concrete_fields)
}
# Rows that a page changes and that have no version of their own, each with the reason why nothing is lost.
OTHERWISE_SAFE = {
    "students.Draft": "one writer's; `seq` orders the saves",
    "students.Enrolment": "a seat is saved under the version of its student",
    "students.AccessGrant": "only ever ended, and the first end stands",
    "students.RosterImport": "work in the background: each step refuses what comes at another phase",
    "students.RosterRow": "the rows of an import, written anew by its dry run",
    "students.AnswerSheet": "its uploader's alone; entered once, the second time does nothing",
    "students.ColumnMapping": "remembers the last choice",
    "reports.ReportJob": "work in the background: cancelled or not",
    "accounts.SentForm": "where a form led, written once",
    "students.ReadingNotice": "seen or not",
    "accounts.KnownDevice": "asks or not",
}
# Pages that change a row with a version and ask for none, each with the reason.
ASK_NOTHING = {
    "students:need_propose": "the same need once more is more evidence for the one that stands",
    "account_change_password": "one's own, with the old password",
    "accounts:me": "one's own switches, of which the last press counts",
    "accounts:staff_active": "a switch that says what it switches to",
    "accounts:staff_reset": "a new password each time, which is what is asked for",
    "students:calendar": "many days in one form: `seen` says up to which change the page showed them (test_terms)",
    "students:attention_acknowledge": "the first one counts, the second is told (test_attention)",
    "students:note_append": "marks a promised follow-up as kept; whoever is first keeps it",
    "students:note_new": "remembers the writer's last kind of note",
    "students:emergency": "the first verdict counts, the second is told",
    "students:emergency_approve": "the first one counts, the second is told",
    "students:emergency_end": "ended or not",
    "students:request_decide": "the first decision counts, the second sees it",
    "students:handover_acknowledge": "taken over or not; what the giver wrote meanwhile stands on the same page",
    "students:rollover": "asks for the plan, and running it again changes nothing",
}
NO_PAGE = {
    "students.FileVerification": "written once, never edited",
    "students.Guardian": "written by the roster alone",
    "students.AttentionRequest": "acknowledged, never edited",
    "students.LookRequest": "asked, never edited; a note answers it",
    "students.EmergencyAccess": "approved, ended and reviewed, never edited",
    "students.AccessRequest": "decided, never edited",
}
# Where the form stands on another page, or only after a search.
SHOWN_ON = {
    "accounts:department_delete": "accounts:department",
    "accounts:role_confirm": "accounts:waiting",
    "accounts:role_decline": "accounts:waiting",
    "students:calendar_remove": "students:calendar",
    "students:screening_due": "students:screening_round",
    "students:screening_close": "students:screening_round",
    "students:screening_finish": "students:screening_class",
    "students:category_delete": "students:category",
    "students:service_delete": "students:service",
}
SHOWN_ON["students:instrument_offer"] = "students:instrument"
SEARCHED = {"students:note_move": {"q": "贝宁"}}
# What the first person does meanwhile, where it is not the same: a delete, a move or an end meets an edit.
MEANWHILE: dict[str, tuple[str, dict[str, str]]] = {
    "accounts:department_delete": ("accounts:department", {}),
    "accounts:role_confirm": ("accounts:role_end", {"last_day": on(5)}),
    "accounts:role_decline": ("accounts:role_end", {"last_day": on(5)}),
    "students:instrument_offer": ("students:instrument_edit", {}),
    "students:assessment_void": ("students:assessment_edit", {}),
    "students:habit_void": ("students:habit_edit", {}),
    "students:note_void": ("students:note_edit", {}),
    "students:note_move": ("students:note_edit", {}),
    "students:leave": ("students:move", {}),
    "students:back": ("students:edit", {}),
    "students:calendar_remove": ("students:calendar", {}),
    "students:category_delete": ("students:category", {"code": "F2"}),
    "students:service_delete": ("students:service", {}),
}
# Every page whose form carries the number of the version that it was filled from.
EDITS = (
    "accounts:staff_detail", "accounts:role_end", "accounts:role_confirm", "accounts:role_decline", "accounts:department",
    "accounts:department_delete", "accounts:school", "students:term", "students:calendar_remove", "students:duty_end",
    "students:leader_end", "students:move", "students:leave", "students:back", "students:edit", "students:profile_edit",
    "students:family_edit", "students:note_edit", "students:note_move", "students:note_void",
    "students:handover_class", "students:handover_write",
    "students:screening_due", "students:screening_close", "students:screening_finish", "students:screening_answer",
    "students:screening_entry", "students:learning_check", "students:checklist",
    "students:instrument_edit", "students:instrument_offer", "students:assessment_edit", "students:assessment_void",
    "students:habit_edit", "students:habit_void",
    "students:need_detail", "students:level", "students:category", "students:category_delete", "students:clocks",
    "students:mark_edit", "students:need_services", "students:service", "students:service_delete",
    "students:signal", "students:signal_rule",
)  # fmt: skip
# Where the second person types the same, since another day would be refused for itself.
SAME = {"students:move": ("starts_on",), "students:leave": ("on",), "students:term": ("starts_on", "week1_monday")}


# --- which pages and models there are ---------------------------------------------------------------------------------


@pytest.fixture
def changed(sendings) -> dict[str, frozenset[str]]:
    """URL → the models of which it changed or deleted a row that stood."""
    return {name: sending.changed for name, sending in sendings.items()}


def test_every_form_that_sends_a_version_is_tried(world):
    assert {name for name, sent in SENT.items() if "version" in sent.data(world)} == set(EDITS)


@pytest.mark.slow
def test_every_row_that_a_page_changes_has_a_version(changed):
    found = {label for labels in changed.values() for label in labels}
    missing = found - set(VERSIONED) - set(OTHERWISE_SAFE)
    assert not missing, f"Give it a version, or say in OTHERWISE_SAFE why nothing is lost: {missing}"


@pytest.mark.slow
def test_every_page_that_changes_such_a_row_asks_for_its_version(changed):
    asks = {name for name in SENT if changed[name] & set(VERSIONED)}
    missing = asks - set(EDITS) - set(ASK_NOTHING)
    assert not missing, f"Send `version` in tests/harness/sent.py, or say in ASK_NOTHING why not: {missing}"


@pytest.mark.slow
def test_every_model_with_a_version_is_edited_by_a_page_here(changed):
    edited = {label for name in EDITS for label in changed[name]}
    assert set(VERSIONED) - edited == set(NO_PAGE), "A model gained a version and no case here, or the other way round."


# --- the second of two savers -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_second_saver_gets_both_texts_and_nothing_is_lost(world):
    wrong = []
    for name in EDITS:
        with undone():
            try:
                meet(world, name)
            except AssertionError as error:
                wrong.append(f"{name}: {error}")
    assert not wrong, listed(wrong)


def meet(world: World, name: str) -> None:
    """Two people at the page of `name`: both have loaded it, the first saves, then the second."""
    sent, (first, extra) = SENT[name], MEANWHILE.get(name, (name, {}))
    one, other = client_for(world.person(SENT[first].who)), client_for(world.person(sent.who))
    url, form = url_for(world, name, sent.label), the_form(world, other, name)
    version = form["version"][1]
    assert version == str(sent.data(world)["version"])
    theirs = {**SENT[first].data(world), **meanwhile(world, name), **extra, "version": version}
    before = tables()
    assert one.post(url_for(world, first, label_for(name, first)), theirs).status_code == 302
    stands = tables()
    assert_one_history_row_each(changes(before, stands))

    other_words = {
        field: text for field, text in otherwise(sent.data(world), form).items() if field not in SAME.get(name, ())
    }
    mine = {**sent.data(world), **other_words, "version": version}
    answer = other.post(url, mine)

    assert answer.status_code == 409
    assert changes(stands, tables()) == {}
    page = unescape(answer.content.decode())
    typed = words(mine) if first == name else {}
    assert {text for text in {**words(theirs), **typed}.values() if text not in page} == set()
    assert_kept(page, url, mine, form if "GET" in TABLE[name].methods and name not in SEARCHED else {})


def the_form(world: World, client, name: str) -> dict[str, tuple]:
    url, shown = url_for(world, name, SENT[name].label), SHOWN_ON.get(name, name)
    label = SENT[name].label if TABLE[shown].takes else ""
    page = url_for(world, shown, label)
    answer = client.post(page, SEARCHED[name]) if name in SEARCHED else client.get(page)
    return form_to(answer.content.decode(), page, url, "version")


def label_for(name: str, first: str) -> str:
    """The first person's page is about the same row."""
    return SENT[name].label if TABLE[first].takes else ""


def meanwhile(world: World, name: str) -> dict[str, str]:
    if name == "students:calendar_remove":
        past = world.things["day"]["ours"].history.model.objects.order_by("-history_id").first()
        return {"day": f"{world.things['day']['ours'].day}", "seen": str(past.history_id)}
    return {}


def words(data: dict[str, Any]) -> dict[str, str]:
    """What a person typed in Chinese."""
    return {name: text for name, text in data.items() if isinstance(text, str) and not text.isascii()}


def assert_kept(page: str, url: str, mine: dict[str, Any], form: dict[str, tuple]) -> None:
    """Every field holds what was typed, and the next save starts from what stands."""
    if not form:
        return
    again = form_to(page, url, url, "version")
    lost = {
        name: (again[name][1], mine[name])
        for name in {*again} & {*mine} - {"version"}
        if name in form and form[name][0] != "hidden" and name != "facts" and again[name][1] != str(mine[name])
    }
    assert lost == {}
    assert int(again["version"][1]) > int(mine["version"])


def assert_one_history_row_each(pairs: dict[str, tuple[Counter, Counter]]) -> None:
    for label in {*pairs} & {*VERSIONED}:
        app, model = label.split(".")
        assert pairs[f"{app}.Historical{model}"][1].total() == pairs[label][1].total(), label


# --- twenty at one moment ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_of_twenty_savers_one_wins_and_nineteen_are_told(real_database):
    """Every model with a version; real threads with connections of their own; SQLite has no select_for_update."""
    build_world()
    wrong = []
    for label, model in VERSIONED.items():
        row = model._base_manager.first()
        history, version = row.history.count(), row.version
        copies = [model._base_manager.get(pk=row.pk) for _ in range(20)]
        results = at_once([partial(save_version, copy, [], version) for copy in copies])
        told = sum(isinstance(result, StaleVersion) for result in results)
        row.refresh_from_db()
        got = (results.count(None), told, row.version - version, row.history.count() - history)
        if got != (1, 19, 1, 1):
            wrong.append(f"{label}: saved {got[0]}, told {got[1]}, version +{got[2]}, history +{got[3]}: {results}")
    assert not wrong, listed(wrong)


@pytest.mark.slow
def test_of_twenty_people_at_one_page_one_saves_and_nineteen_see_the_conflict(real_database):
    world = build_world()
    sent, url = SENT["students:note_edit"], url_for(world, "students:note_edit", "an2")
    data, cookies = sent.data(world), client_for(world.cast.zhou).cookies

    def save(number: int) -> int:
        client = client_for(None)
        client.cookies = cookies.copy()
        return client.post(url, {**data, "facts": f"第{number}个人写的话。"}).status_code

    answers = Counter(at_once([partial(save, number) for number in range(20)]))
    assert answers == {302: 1, 409: 19}


def test_a_seat_is_saved_under_the_version_of_its_student(cast, sign_in, today):
    """What OTHERWISE_SAFE says of Enrolment."""
    url = reverse("students:move", args=[cast.an.pk])
    data = {"class_group": cast.next_class.pk, "seat_no": 8, "starts_on": f"{today}", "version": cast.an.version}
    client = sign_in(cast.jiao)
    assert client.post(url, data).status_code == 302
    assert client.post(url, {**data, "class_group": cast.own_class.pk}).status_code == 409
    assert Student.objects.get(pk=cast.an.pk).version == cast.an.version + 1
