"""What a form takes: its own fields and nothing else (T16), ids in reach and no others (T12), never without its token (T19)."""

import uuid

import pytest
from django.apps import apps
from django.urls import reverse

from students.models import Observation
from tests.harness.objects import staged
from tests.harness.sent import SENT, WITHOUT, WRITE_NOTHING
from tests.harness.snapshot import OURS, changes, ids_in, readable, tables
from tests.harness.table import TABLE, pages, refusals, url_for, urls
from tests.harness.visiting import ask, client_for, listed, undone

POSTED = [name for name, row in TABLE.items() if "POST" in row.methods]
# Another school's, another student's, the highest: whatever would do harm if a view took it.
POISON = {
    "level": "4", "version": "77", "is_staff": "1", "is_superuser": "1", "is_active": "", "created_at": "2001-01-01 00:00",
    "status": "graduated", "role": "principal", "state": "done", "own_copy": "1", "must_change_password": "",
    "entry_year": "2001", "is_school_day": "1", "acknowledged_at": "2001-01-01 00:00", "confirmed_at": "2001-01-01 00:00",
    "voided_at": "2001-01-01 00:00", "starts_at": "2001-01-01 00:00", "ends_at": "2099-01-01 00:00", "expires_at": "2099-01-01 00:00",
}  # fmt: skip

# A draft keeps a form as it was typed, encrypted and for its writer; only the form's own fields are read back from it.
AS_TYPED = ("students:draft_save",)


def model_fields() -> set[str]:
    return {
        name
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.concrete_fields
        for name in (field.name, field.attname)
    }


def poison(world, name: str, sent) -> dict[str, str]:
    """Every field of every model that is not the form's own."""
    declared = {*sent.data(world), *sent.also, "version", "draft_key", "draft_seq", "next", "csrfmiddlewaretoken"}
    owners = {
        "student": world.cast.hang,
        "user": world.cast.yuan,
        "author": world.cast.yuan,
        "school": world.cast.elsewhere,
    }
    ids = {f"{key}{ending}": str(thing.pk) for key, thing in owners.items() for ending in ("", "_id")}
    extra = {field: POISON.get(field, ids.get(field, "1")) for field in sorted(model_fields() - declared)}
    return {**extra, "owner": str(world.cast.yuan.pk), "id": str(uuid.UUID(int=5)), "pk": str(uuid.UUID(int=5))}


def test_every_post_has_something_to_send():
    missing = [name for name in POSTED if name not in SENT and name not in WITHOUT]
    assert not missing, f"Say in tests/harness/sent.py what a person really sends to {missing}."


@pytest.mark.slow
def test_what_a_person_really_sends_is_taken(world):
    """Otherwise the two tests below would prove nothing."""
    wrong = []
    for name, sent in SENT.items():
        response = ask(client_for(world.person(sent.who)), "POST", url_for(world, name, sent.label), sent.data(world))
        if response.status_code not in (200, 204, 302) or b"invalid-feedback" in response.raw:
            wrong.append(f"{name}: {response.status_code}")
    assert not wrong, listed(wrong)


@pytest.mark.slow
def test_a_form_takes_no_field_but_its_own(world):
    """With every model's every field sent along, the same rows change in the same way as without."""
    before, wrong = tables(), []
    for name, sent in SENT.items():
        url, data = url_for(world, name, sent.label), sent.data(world)
        plain = written(world, sent, url, data, before)
        if bool(plain) == (name in WRITE_NOTHING):
            wrong.append(f"{name}: what is sent {'writes' if plain else 'does not write'}; see tests/harness/sent.py")
        if name in AS_TYPED:
            continue
        poisoned = written(world, sent, url, {**poison(world, name, sent), **data}, before)
        for label in {*plain, *poisoned}:
            if plain.get(label) != poisoned.get(label):
                wrong.append(f"{name}: {label}\n  {plain.get(label)}\n  {poisoned.get(label)}")
    assert not wrong, listed(wrong)


def written(world, sent, url, data, before) -> dict:
    client = client_for(world.person(sent.who))
    with undone():
        client.post(url, data)
        return readable(changes(before, tables()), ids_in(before))


@pytest.mark.slow
def test_the_comparison_sees_a_field_too_many(world):
    """A planted fault: a form that takes `level` where it should not."""
    before = tables()
    with undone():
        Observation.objects.filter(pk=world.things["note"]["an2"].pk).update(level=3)
        assert "students.Observation" in changes(before, tables())


@pytest.mark.slow
def test_an_id_out_of_reach_is_refused_and_nothing_is_written(world):
    """T12: every choice field, with an id of another school, class or person."""
    before, wrong = tables(), []
    for name, sent in SENT.items():
        for field, foreign in sent.foreign.items():
            client, url = client_for(world.person(sent.who)), url_for(world, name, sent.label)
            data = {**sent.data(world), field: foreign(world)}
            with undone():
                response = client.post(url, data)
                changed = changes(before, tables())
            if response.status_code not in (404, 422, 200) or changed:
                wrong.append(f"{name} {field}: {response.status_code}, changed {sorted(changed)}")
    assert not wrong, listed(wrong)


def test_every_choice_of_a_row_is_tried_with_an_id_out_of_reach():
    """T12: a ModelChoiceField without a foreign id in tests/harness/sent.py."""
    from django import forms

    import accounts.forms
    import reports.forms
    import students.forms.imports
    import students.forms.notes
    import students.forms.placements
    import students.forms.profile
    import students.forms.school
    import students.forms.screening
    import students.forms.student

    del accounts, reports, students
    choices = {
        name
        for form in _all(forms.BaseForm)
        for name, each in form.base_fields.items()
        if isinstance(each, forms.ModelChoiceField)
    }
    tried = {field for sent in SENT.values() for field in sent.foreign}
    assert choices - tried == set(), "Give it a foreign id in tests/harness/sent.py."


def _all(base):
    for each in base.__subclasses__():
        if hasattr(each, "base_fields") and each.__module__.split(".")[0] in OURS:
            yield each
        yield from _all(each)


def test_a_child_under_anothers_url_does_not_exist(world):
    """T12, two ids in one request: a grant of ding's under bei, a file of one job under another's token."""
    from reports import links

    ruan, zhou = client_for(world.cast.ruan), client_for(world.cast.zhou)
    grant = {"grant": world.things["grant"]["counselling"].pk}
    assert ask(ruan, "POST", url_for(world, "students:counselling_end", "bei"), grant).status_code == 404
    own, far = world.things["job"]["own"], world.things["job"]["far"]
    for job, person in ((far, world.cast.yuan), (own, world.cast.yuan), (far, world.cast.zhou)):
        url = reverse("reports:download", args=[own.pk, links.sign(job, "file", person)])
        assert ask(zhou, "GET", url).status_code == 404
    good = reverse("reports:download", args=[own.pk, links.sign(own, "file", world.cast.zhou)])
    assert ask(zhou, "GET", good).status_code == 200
    assert ask(client_for(world.cast.ruan), "GET", good).status_code == 404
    guardian = world.cast.ding.guardians.get()
    field = {"field": f"{guardian.pk}.phone"}
    assert ask(zhou, "POST", url_for(world, "students:background_show", "an"), field).status_code == 404


def test_a_photo_or_a_correction_of_a_hidden_note_cannot_be_reached_through_ones_own(world):
    """An incident's id in the form of a new note neither joins nor shows the note that has it."""
    hidden = world.things["note"]["gao3"]
    data = {**SENT["students:note_new"].data(world), "incident": str(hidden.incident)}
    before = tables()
    with undone():
        client_for(world.cast.zhou).post(reverse("students:note_new"), data)
        assert "students.Observation" not in changes(before, tables())


# --- T19 --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_unsafe_request_without_its_token(world):
    """With and without htmx, by whatever method; autosave too. Nothing is written."""
    before, wrong = tables(), []
    people = {who: client_for(world.person(who), enforce_csrf_checks=True) for who in ("wang", "jiao", "ruan", "zhou")}
    for name in POSTED:
        sent = SENT.get(name)
        client = people.get(sent.who if sent else "zhou") or client_for(
            world.person(sent.who), enforce_csrf_checks=True
        )
        url = url_for(world, name, sent.label) if sent else urls(world, [name])[0][2]
        for htmx in (False, True):
            status = client.post(
                url, sent.data(world) if sent else {}, headers={"HX-Request": "true"} if htmx else {}
            ).status_code
            if status != 403:
                wrong.append(f"{name}{' (htmx)' if htmx else ''}: {status}")
    assert not wrong, listed(wrong)
    assert changes(before, tables()) == {}


@pytest.mark.slow
@pytest.mark.parametrize("who", staged(["zhou", "ruan", "jiao", "wang"]))
def test_reading_writes_nothing(world, who):
    """GET and HEAD of every URL, the read log and sessions excepted; among the objects those one may not see."""
    client, before = client_for(world.person(who)), tables()
    for _, _, url in [*pages(world, who, 1), *refusals(world, who)]:
        for method in ("GET", "HEAD"):
            ask(client, method, url)
    assert readable(changes(before, tables()), ids_in(before)) == {}
