"""record, correct, move, void, acknowledge: what they write, and what they refuse."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from accounts.versions import StaleVersion
from students.actions import notes
from students.levels import Level
from students.mentions import for_reader
from students.models import AttentionRequest, Draft, Observation
from tests.factories import ObservationFactory


@pytest.fixture
def record(cast, now, today):
    def recorded(*students, by=None, **options):
        fields = {
            "kind": "observation",
            "facts": "看到了。",
            "level": 2,
            "happened_on": today,
            **options.pop("fields", {}),
        }
        students = students or (cast.an,)
        return notes.record_observation(by=by or cast.zhou, students=students, fields=fields, now=now, **options)

    return recorded


def test_a_note_is_recorded_with_who_did_it(cast, record):
    [note] = record()
    assert note.history.get().history_user == cast.zhou


def test_a_student_named_twice_gets_one_row(cast, record):
    assert len(record(cast.an, cast.an)) == 1


def test_the_same_form_again_returns_the_first_rows(cast, record):
    incident = uuid.uuid4()
    first, second = (record(cast.an, cast.bei, incident=incident) for _n in range(2))
    assert {row.pk for row in first} == {row.pk for row in second} and Observation.objects.count() == 2


@pytest.mark.parametrize("case", ["other words", "fewer students", "other student", "withdrawn", "another author"])
def test_the_same_form_that_says_something_else_is_refused(cast, record, now, case):
    incident = uuid.uuid4()
    [note, _other] = record(cast.an, cast.bei, incident=incident)
    if case == "withdrawn":
        notes.void_observation(by=cast.zhou, observation=note, reason="", now=now)
    count = Observation.history.count()
    again = {
        "other words": lambda: record(cast.an, cast.bei, incident=incident, fields={"facts": "另一句。"}),
        "fewer students": lambda: record(cast.an, incident=incident),
        "other student": lambda: record(cast.ding, incident=incident),
        "withdrawn": lambda: record(cast.an, cast.bei, incident=incident),
        "another author": lambda: record(cast.ding, by=cast.he, incident=incident),
    }[case]
    with pytest.raises(notes.AlreadyFiled):
        again()
    assert (Observation.objects.count(), Observation.history.count()) == (2, count)


def test_what_the_database_refuses_is_not_taken_for_a_form_sent_before(cast, record):
    """The writer would be told that the words are filed, and nothing is."""
    with pytest.raises(IntegrityError):
        record(fields={"level": 9})
    assert not Observation.objects.exists()


@pytest.mark.parametrize(("level", "asked", "made"), [(2, False, 0), (2, True, 2), (3, False, 0), (4, False, 2)])
def test_attention_is_asked_for_by_a_tap_or_by_level_four(cast, record, level, asked, made):
    record(cast.an, cast.bei, needs_attention=asked, fields={"level": level})
    assert [request.level for request in AttentionRequest.objects.all()] == [level] * made


def test_a_promised_follow_up_is_kept_once(cast, record, today, now):
    [note] = record(fields={"follow_up_on": today + timedelta(days=1)})
    record(follows=note)
    note.refresh_from_db()
    first = note.followed_at
    record(follows=note)
    note.refresh_from_db()
    assert first is not None and note.followed_at == first and note.version == 2


def test_adding_to_a_note_without_a_promise_leaves_it_untouched(cast, record):
    [note] = record()
    record(follows=note)
    note.refresh_from_db()
    assert (note.followed_at, note.version) == (None, 1)


def test_recording_closes_the_draft(cast, record, now):
    record(draft_key="note:new:x", draft_seq=4)
    assert Draft.objects.get().seq == 4


# --- correct ----------------------------------------------------------------------------------------------------------


def correct(note, by, now, version=1, **options):
    fields = {"facts": note.facts, "level": note.level, **options.pop("fields", {})}
    return notes.correct_observation(by=by, observation=note, version=version, fields=fields, now=now, **options)


def test_a_correction_changes_every_row_of_the_incident(cast, record, now):
    [note, other] = record(cast.an, cast.bei)
    correct(note, cast.zhou, now, fields={"facts": "贝宁宁也在。"})
    other.refresh_from_db()
    assert other.facts == f"⟦{cast.bei.pk}⟧也在。" and other.version == 2


def test_a_stale_correction_changes_no_row(cast, record, now):
    [note, other] = record(cast.an, cast.bei)
    correct(note, cast.zhou, now, fields={"facts": "先。"})
    with pytest.raises(StaleVersion):
        correct(Observation.objects.get(pk=other.pk), cast.zhou, now, version=1, fields={"facts": "后。"})
    assert {row.facts for row in Observation.objects.all()} == {"先。"}


@pytest.mark.parametrize(("who", "later"), [("he", timedelta(0)), ("zhou", timedelta(days=7, seconds=1))])
def test_only_the_author_corrects_and_only_for_seven_days(cast, record, now, who, later):
    [note] = record()
    with pytest.raises(PermissionDenied):
        correct(note, cast.people[who], note.created_at + later)


def test_lowering_the_level_takes_a_reason(cast, record, now):
    [note] = record(fields={"level": 3})
    with pytest.raises(notes.LevelNeedsReason):
        correct(note, cast.zhou, now, fields={"level": 2})
    correct(note, cast.zhou, now, fields={"level": 2}, reason="不敏感")
    assert note.history.first().history_change_reason == "不敏感"


def test_raising_to_level_four_asks_for_attention_once(cast, record, now):
    [note] = record()
    correct(note, cast.zhou, now, fields={"level": 4})
    correct(note, cast.zhou, now, version=2, fields={"level": 4}, needs_attention=True)
    assert AttentionRequest.objects.get().level == Level.CONFIDENTIAL


def test_a_request_follows_the_level_of_its_note(cast, record, now):
    [note] = record(needs_attention=True)
    correct(note, cast.zhou, now, fields={"level": 3})
    assert AttentionRequest.objects.get().level == Level.SENSITIVE


def test_correcting_closes_the_draft(cast, record, now):
    [note] = record()
    correct(note, cast.zhou, now, draft_key="note:edit:x", draft_seq=4)
    assert Draft.objects.get().seq == 4


# --- void and move ----------------------------------------------------------------------------------------------------


def test_withdrawing_takes_the_note_out_of_all_files(cast, record, now):
    [note, _other] = record(cast.an, cast.bei)
    notes.void_observation(by=cast.zhou, observation=note, reason="", now=now)
    assert not Observation.objects.valid().exists() and not Observation.objects.visible_to(cast.ruan).exists()


def test_half_an_hour_later_withdrawing_takes_a_reason(cast, record):
    [note] = record()
    later = note.created_at + timedelta(minutes=31)
    with pytest.raises(notes.VoidNeedsReason):
        notes.void_observation(by=cast.zhou, observation=note, reason="", now=later)
    notes.void_observation(by=cast.zhou, observation=note, reason="记错了", now=later)
    assert note.voided_by == cast.zhou


def test_nobody_withdraws_the_note_of_somebody_else(cast, record, now):
    with pytest.raises(PermissionDenied):
        notes.void_observation(by=cast.he, observation=record()[0], reason="x", now=now)


def test_a_moved_note_leaves_nothing_in_the_wrong_file(cast, record, now):
    [note, other] = record(
        cast.an, cast.bei, needs_attention=True, fields={"facts": "安然然和丁一鸣、贝宁宁在一起，然然哭了。"}
    )
    notes.move_observation(by=cast.zhou, observation=note, to=cast.ding, now=now)
    assert not Observation.objects.filter(student=cast.an).exists()
    assert not AttentionRequest.objects.filter(student=cast.an).exists()
    for row in Observation.objects.all():
        assert str(cast.an.pk) not in row.facts and "丁一鸣" not in row.facts
    [seen] = for_reader([Observation.objects.get(pk=other.pk)], cast.zhou, now=now)
    assert "丁一鸣" in seen.shown["facts"] and "安" not in seen.shown["facts"]


def test_a_note_does_not_move_to_where_it_stands(cast, record, now):
    [note, _other] = record(cast.an, cast.bei)
    with pytest.raises(notes.AlreadyThere):
        notes.move_observation(by=cast.zhou, observation=note, to=cast.bei, now=now)


@pytest.mark.parametrize(("who", "later"), [("he", timedelta(0)), ("zhou", timedelta(minutes=31))])
def test_only_the_author_moves_and_only_for_half_an_hour(cast, record, who, later):
    [note] = record()
    with pytest.raises(PermissionDenied):
        notes.move_observation(by=cast.people[who], observation=note, to=cast.bei, now=note.created_at + later)


# --- acknowledge ------------------------------------------------------------------------------------------------------


def test_the_first_to_take_it_up_counts(cast, record, now):
    record(needs_attention=True)
    one, two = AttentionRequest.objects.get(), AttentionRequest.objects.get()
    assert notes.acknowledge_attention(by=cast.xin, request=one, now=now)
    assert not notes.acknowledge_attention(by=cast.ruan, request=two, now=now)
    assert not notes.acknowledge_attention(by=cast.xin, request=one, now=now)
    assert AttentionRequest.objects.get().acknowledged_by == cast.xin


@pytest.mark.parametrize("who", ["zhou", "luo", "fu", "wang"])
def test_others_take_nothing_up(cast, record, now, who):
    record(needs_attention=True)
    with pytest.raises(PermissionDenied):
        notes.acknowledge_attention(by=cast.people[who], request=AttentionRequest.objects.get(), now=now)


def test_the_factory_makes_a_note_that_stands_alone(cast):
    assert notes.rows_of(ObservationFactory(student=cast.an, author=cast.zhou))[0].student == cast.an
