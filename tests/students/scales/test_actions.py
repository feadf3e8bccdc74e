"""Instruments are never changed under a result, and what is filled in is kept, corrected and withdrawn in the open."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.versions import StaleVersion
from students.actions import assessments as actions
from students.models import AnswerSheet, Assessment, HabitCheck, Instrument
from students.scales import own
from tests.factories import SchoolFactory
from tests.students.scales.making import definition, fields, fill, instrument


def change(cast, row, now, **more):
    return actions.change_instrument(
        by=cast.xin, instrument=row, version=more.pop("version", row.version), fields=fields(**more), definition=definition(3), now=now
    )  # fmt: skip


# --- instruments ------------------------------------------------------------------------------------------------------


def test_nobody_has_answered_it_so_the_row_itself_is_changed(cast, now):
    row = instrument(cast)
    changed = change(cast, row, now)
    assert changed.pk == row.pk and len(changed.defined.items) == 3
    assert row.history.count() == 2


def test_an_instrument_in_use_is_never_changed_a_next_edition_is_made(cast, now):
    row = instrument(cast)
    filled = fill(cast, row)
    following = change(cast, row, now, name="新名字")
    row.refresh_from_db()
    filled.refresh_from_db()
    assert (following.edition, following.series) == (2, row.series)
    assert row.name != "新名字" and len(row.defined.items) == 2 and row.retired_at is not None
    assert filled.instrument == row and [result.score for result in filled.results()] == [1]
    assert list(Instrument.objects.filter(series=row.series).offered()) == [following]


def test_a_withdrawn_result_counts_as_use_its_history_has_to_stay_readable(cast, now):
    row = instrument(cast)
    actions.void_filled(by=cast.xin, filled=fill(cast, row), version=1, reason="填错了人", now=now)
    assert change(cast, row, now).edition == 2


def test_the_next_edition_is_made_once(cast, now):
    row = instrument(cast)
    fill(cast, row)
    change(cast, row, now)
    with pytest.raises(StaleVersion):
        change(cast, row, now, version=1)
    assert Instrument.objects.filter(series=row.series).count() == 2


def test_two_instruments_of_one_name_are_refused_in_words(cast, now):
    instrument(cast)
    with pytest.raises(ValidationError):
        instrument(cast)
    put_away = Instrument.objects.get()
    actions.offer_instrument(by=cast.xin, instrument=put_away, offered=False, version=1, now=now)
    assert instrument(cast)
    with pytest.raises(ValidationError):
        actions.offer_instrument(by=cast.xin, instrument=put_away, offered=True, version=2, now=now)


def test_a_school_has_one_habits_checklist(cast):
    instrument(cast, kind="habits")
    with pytest.raises(ValidationError):
        instrument(cast, kind="habits", name="另一份")


def test_the_own_checklists_come_once_and_what_was_put_away_stays_away(cast, now):
    school = SchoolFactory()
    made = actions.add_shipped(by=None, school=school)
    assert {each.kind for each in made} == {"assessment", "habits"} and len(made) == len(own.shipped())
    actions.offer_instrument(by=cast.xin, instrument=made[0], offered=False, version=1, now=now)
    assert actions.add_shipped(by=None, school=school) == []


# --- filling in -------------------------------------------------------------------------------------------------------


def test_what_is_filled_in_has_the_level_of_its_kind(cast):
    assert fill(cast, instrument(cast)).level == 4
    habits = fill(cast, instrument(cast, kind="habits", name="习惯"))
    assert (type(habits), habits.level) == (HabitCheck, 2)


def test_the_database_holds_no_assessment_below_level_4(cast):
    row = fill(cast, instrument(cast))
    row.level = 2
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_the_answers_the_note_and_the_reason_are_encrypted_in_the_row_and_in_its_history(cast, now, today):
    """T58: a dump says nothing of what was answered."""
    row = fill(cast, instrument(cast), note="说到外婆时哭了")
    correct(cast, row, now, today, note="说到外婆时笑了", reason="听错了")
    with connection.cursor() as cursor:
        stored = ""
        for table in ("students_assessment", "students_historicalassessment"):
            cursor.execute(f"SELECT answers, note, change_reason FROM {table}")
            stored += repr(cursor.fetchall())
    assert Assessment.objects.get().note == "说到外婆时笑了"
    for words in ("外婆", "听错了", "[0, 1]", "[1, 1]"):
        assert words not in stored and words.encode("unicode_escape").decode() not in stored


def test_an_answer_to_an_edition_that_was_not_shown_is_refused(cast, now):
    row = instrument(cast)
    change(cast, row, now)
    with pytest.raises(actions.EditionChanged):
        fill(cast, row, seen=1)
    fill(cast, row, seen=2, answers=[0, 1, 1])
    change(cast, row, now)
    with pytest.raises(actions.EditionChanged):
        fill(cast, row, seen=2, answers=[0, 1, 1], days=3)


def test_one_result_a_day_and_a_withdrawn_one_makes_room(cast, now):
    row = instrument(cast)
    first = fill(cast, row)
    with pytest.raises(ValidationError):
        fill(cast, row)
    actions.void_filled(by=cast.xin, filled=first, version=1, reason="填错了", now=now)
    assert fill(cast, row)


def test_nothing_answered_is_not_filed(cast):
    with pytest.raises(ValidationError):
        fill(cast, instrument(cast), answers=[None, None])


# --- correcting -------------------------------------------------------------------------------------------------------


def correct(cast, row, now, today, by=None, **more):
    values = {"filled_on": today, "answers": [1, 1], "note": "", "reason": "看错了一行", "version": row.version} | more
    actions.correct_filled(by=by or cast.xin, filled=row, now=now, **values)


def test_a_correction_says_why_and_the_history_keeps_what_stood_there(cast, now, today):
    row = fill(cast, instrument(cast))
    correct(cast, row, now, today)
    row.refresh_from_db()
    assert (row.given, row.change_reason, row.version) == ([1, 1], "看错了一行", 2)
    first = row.history.order_by("history_id").first()
    assert first.answers == "[0, 1]" and row.history.latest().history_user == cast.xin


def test_only_its_author_corrects_and_only_for_seven_days(cast, now, today):
    row = fill(cast, instrument(cast))
    with pytest.raises(PermissionDenied):
        correct(cast, row, now, today, by=cast.ruan)
    with pytest.raises(PermissionDenied):
        correct(cast, row, now + timedelta(days=8), today)
    with pytest.raises(PermissionDenied):
        actions.void_filled(by=cast.ruan, filled=row, version=1, reason="填错了", now=now)


def test_what_is_withdrawn_leaves_the_file_and_stays_in_the_history(cast, now):
    row = fill(cast, instrument(cast, kind="habits", name="习惯"), by=cast.zhou)
    assert HabitCheck.objects.visible_to(cast.zhou, now=now).exists()
    actions.void_filled(by=cast.zhou, filled=row, version=1, reason="填错了人", now=now)
    assert not HabitCheck.objects.visible_to(cast.zhou, now=now).exists()
    assert row.history.latest().change_reason == "填错了人"


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_a_sheet_that_nobody_entered_is_gone_after_a_week(cast, now):
    from students.actions.answer_sheets import expire_sheets

    AnswerSheet.objects.create(instrument=instrument(cast), requested_by=cast.xin, body='{"rows": []}')
    assert expire_sheets(now=now + timedelta(days=6)) == 0
    assert expire_sheets(now=now + timedelta(days=8)) == 1
