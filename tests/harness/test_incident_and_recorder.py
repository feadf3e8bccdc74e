"""T22: an incident with two students, read by somebody who sees one of them. T23: whoever may only file notes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from reports.collect import collect, pick_examples
from students.models import Observation
from tests.harness.objects import NOTES
from tests.harness.sent import SENT, a_note
from tests.harness.table import pages, url_for
from tests.harness.visiting import ask, client_for, listed, page_of

OTHER = "另一名同学"


# --- T22 --------------------------------------------------------------------------------------------------------------


def traces(world, student) -> list[str]:
    """Everything of a student that could betray them in an incident: both names, the id, the note's id."""
    note = world.things["note"]["two_ding"]
    return [student.name, student.name[-2:], str(student.pk), str(note.pk)]


@pytest.mark.slow
def test_who_sees_one_student_of_an_incident_learns_nothing_of_the_other(world):
    """T22: he is the deputy of an's class. On every page that he may open."""
    facts = next(each.text for each in world.canaries if each.label == "note two facts")
    client, seen, wrong = client_for(world.cast.he), [], []
    for name, label, url in pages(world, "he"):
        page = page_of(ask(client, "GET", url))
        if facts in page:
            seen.append(name)
            wrong += [f"{name} {label}: {trace}" for trace in traces(world, world.cast.ding) if trace in page]
            wrong += [f"{name} {label}: nobody else is named" for _ in [0] if OTHER not in page]
    assert {"students:note_detail", "students:timeline"} <= set(seen)  # it could leak
    assert not wrong, listed(wrong)


@pytest.mark.slow
def test_the_author_of_the_incident_sees_both(world):
    """T22: otherwise the test above would prove nothing."""
    page = page_of(ask(client_for(world.cast.qin), "GET", url_for(world, "students:note_detail", "two_an")))
    assert world.cast.ding.name in page and OTHER not in page


@pytest.mark.slow
def test_what_is_exported_of_ones_class_names_nobody_of_an_incident(world):
    """T22: the material of the class summary, from which paper and sheets are made."""
    term = world.things["job"]["own"].term
    now = timezone.now()
    material = collect(by=world.cast.he, class_group=world.cast.own_class, term=term, now=now)
    found = repr(material) + repr(pick_examples(material, by=world.cast.he, now=now))
    assert not [trace for trace in traces(world, world.cast.ding) if trace in found]


# --- T23 --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_who_only_files_notes_opens_no_note_of_others_and_no_file(world):
    """T23: luo, the keeper of the dormitory. By id, in lists, by search: nothing but the own notes; the picker gives name and class."""
    client, wrong = client_for(world.cast.luo), []
    for key, note in NOTES.items():
        own = note.author == "luo" and note.age < 7 and not note.void
        status = ask(client, "GET", url_for(world, "students:note_detail", key)).status_code
        if status != (200 if own else 404):
            wrong.append(f"{key}: {status}")
    for name in ("detail", "timeline", "profile", "background", "access", "history"):
        for label in world.cast.students:
            if ask(client, "GET", url_for(world, f"students:{name}", label)).status_code != 404:
                wrong.append(f"{name} {label}")
    shown = page_of(ask(client, "GET", reverse("students:list"))) + page_of(
        ask(client, "POST", reverse("students:search"), {"q": "安"}, htmx=True)
    )
    wrong += [f"list or search: {each.name}" for each in world.cast.students.values() if each.name in shown]
    assert not wrong, listed(wrong)
    picker = page_of(ask(client, "POST", reverse("students:note_picker"), {"q": "安"}, htmx=True))
    assert world.cast.an.name in picker and "三年级(2)班" in picker


@pytest.mark.slow
def test_a_filed_note_is_its_writers_for_seven_days(world):
    """T23: submitted, with a receipt; readable and correctable for seven days, then not."""
    client = client_for(world.cast.luo)
    data = {**a_note(world), "student": [str(world.cast.an.pk)]}
    assert client.post(reverse("students:note_new"), data).status_code == 302
    row = Observation.objects.get(incident=data["incident"])
    detail, edit = (reverse(f"students:note_{name}", args=[row.pk]) for name in ("detail", "edit"))
    assert data["facts"] in client.get(reverse("students:notes_mine")).content.decode()
    assert client.get(detail).status_code == client.get(edit).status_code == 200
    corrected = {**SENT["students:note_edit"].data(world), "facts": "改好的话。", "version": "1"}
    assert client.post(edit, corrected).status_code == 302
    Observation.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=7, minutes=1))
    assert client.get(detail).status_code == client.get(edit).status_code == 404
    assert client.post(edit, {**corrected, "version": "2"}).status_code == 404
    assert "改好的话。" not in client.get(reverse("students:notes_mine")).content.decode()
