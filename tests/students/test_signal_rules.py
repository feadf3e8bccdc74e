"""The rules of noticing at their edges: pure functions over what was read, in school days."""

from datetime import date, timedelta
from functools import cache
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from students.marks.trend import Point
from students.models import Observation, SchoolCalendar, Term
from students.signals import concerns, contact, family, marks, silence, tone
from students.signals.kinds import Material, Numbers, Seen, Sitting
from students.signals.rules import BY_CODE, RULES

CHILD = uuid4()
MONDAY = date(2026, 9, 7)  # a Monday; the term began the Tuesday before
HOLIDAYS = {date(2026, 10, 1) + timedelta(days=n) for n in range(7)}


def school_days() -> tuple[date, ...]:
    days = (date(2026, 9, 1) + timedelta(days=n) for n in range(140))
    return tuple(day for day in days if day.weekday() < 5 and day not in HOLIDAYS)


@cache
def calendar() -> SchoolCalendar:
    term = Term(
        school_year=2026,
        number=1,
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 1, 18),
        week1_monday=date(2026, 8, 31),
    )
    return SchoolCalendar((term,), school_days())


def note(day: date, tone: str = "concern", *domains: str, level: int = 2) -> Seen:
    return Seen(uuid4(), day, tone, domains, level)


def at(today: date, *notes: Seen, **more) -> Material:
    return Material(calendar(), today, {CHILD: Sitting(date(2024, 9, 1))}, {CHILD: list(notes)}, **more)


def found(rule, material: Material, **numbers) -> list:
    return list(rule.find(material, Numbers(**{**vars(rule.numbers), **numbers})))


def keys(*notes: Seen) -> set[str]:
    return {f"students.observation:{each.pk}" for each in notes}


# --- several concerns -------------------------------------------------------------------------------------------------


def test_three_concerns_within_ten_school_days_are_told_and_two_are_not():
    one, two, three = note(MONDAY), note(MONDAY + timedelta(days=2)), note(MONDAY + timedelta(days=3))
    today = MONDAY + timedelta(days=4)
    assert found(concerns.REPEATED, at(today, one, two)) == []
    (told,) = found(concerns.REPEATED, at(today, one, two, three))
    assert set(told.counted) == keys(one, two, three)
    assert told.numbers == {"count": 3, "days": 10}


def test_the_tenth_school_day_still_counts_and_the_eleventh_does_not():
    """Two weeks of five days: the Monday of the first is the tenth day on the Friday of the second."""
    notes = [note(MONDAY), note(MONDAY + timedelta(days=8)), note(MONDAY + timedelta(days=9))]
    friday, next_monday = MONDAY + timedelta(days=11), MONDAY + timedelta(days=14)
    assert len(found(concerns.REPEATED, at(friday, *notes))) == 1
    assert found(concerns.REPEATED, at(next_monday, *notes)) == []


def test_a_holiday_week_is_no_school_and_keeps_a_concern_in_the_window():
    before = note(date(2026, 9, 28))
    after = [note(date(2026, 10, 8)), note(date(2026, 10, 9))]
    assert calendar().days_between(date(2026, 9, 28), date(2026, 10, 12)) == 5
    assert len(found(concerns.REPEATED, at(date(2026, 10, 12), before, *after), days=6)) == 1
    assert found(concerns.REPEATED, at(date(2026, 10, 12), before, *after), days=5) == []


def test_only_concerns_are_counted_as_concerns():
    plain = [note(MONDAY, "plain"), note(MONDAY, "positive")]
    concern = [note(MONDAY), note(MONDAY), note(MONDAY)]
    (told,) = found(concerns.REPEATED, at(MONDAY, *plain, *concern))
    assert set(told.counted) == keys(*concern)


def test_a_signal_has_the_highest_level_of_what_it_counts():
    low, high = note(MONDAY), note(MONDAY, level=3)
    (told,) = found(concerns.REPEATED, at(MONDAY, low, low, high))
    assert told.level == 3
    (told,) = found(concerns.REPEATED, at(MONDAY, low, note(MONDAY), note(MONDAY)))
    assert told.level == 2


# --- nothing but concerns ---------------------------------------------------------------------------------------------


def test_four_notes_that_are_all_concerns_are_told():
    notes = [note(MONDAY + timedelta(days=n)) for n in range(4)]
    (told,) = found(concerns.ONLY_NEGATIVE, at(MONDAY + timedelta(days=4), *notes))
    assert set(told.counted) == keys(*notes)
    assert found(concerns.ONLY_NEGATIVE, at(MONDAY + timedelta(days=4), *notes[1:])) == []


@pytest.mark.parametrize("other", ["plain", "positive"])
def test_one_other_note_among_them_is_enough(other):
    notes = [*(note(MONDAY + timedelta(days=n)) for n in range(4)), note(MONDAY + timedelta(days=4), other)]
    assert found(concerns.ONLY_NEGATIVE, at(MONDAY + timedelta(days=4), *notes)) == []


def test_praise_from_before_the_window_does_not_count():
    old = note(MONDAY, "positive")
    notes = [note(date(2026, 9, 21)) for _ in range(4)]
    assert len(found(concerns.ONLY_NEGATIVE, at(date(2026, 9, 21), old, *notes), days=10)) == 1
    assert found(concerns.ONLY_NEGATIVE, at(date(2026, 9, 21), old, *notes), days=11) == []


# --- the tone ---------------------------------------------------------------------------------------------------------


def before_and_after(*earlier: str) -> list[Seen]:
    calm = [note(MONDAY + timedelta(days=n), tone) for n, tone in enumerate(earlier)]
    return [*calm, note(date(2026, 9, 22)), note(date(2026, 9, 23))]


def test_two_concerns_after_three_notes_without_one_are_a_change():
    notes = before_and_after("plain", "positive", "plain")
    (told,) = found(tone.CHANGED, at(date(2026, 9, 23), *notes))
    assert set(told.counted) == keys(*notes)
    assert told.numbers == {"count": 2, "days": 5, "before": 3}


def test_a_concern_among_the_notes_before_means_that_nothing_changed():
    assert found(tone.CHANGED, at(date(2026, 9, 23), *before_and_after("plain", "concern", "plain"))) == []
    older = before_and_after("concern", "plain", "plain", "plain")  # one more back: only the last three are asked
    assert len(found(tone.CHANGED, at(date(2026, 9, 23), *older))) == 1


def test_of_a_child_about_whom_little_is_known_nothing_sudden_is_said():
    assert found(tone.CHANGED, at(date(2026, 9, 23), *before_and_after("plain", "plain"))) == []


def test_a_change_is_told_only_while_it_is_new():
    notes = before_and_after("plain", "positive", "plain")
    assert len(found(tone.CHANGED, at(date(2026, 9, 28), *notes))) == 1
    assert found(tone.CHANGED, at(date(2026, 9, 29), *notes)) == []


# --- family, then the mood (F8) ---------------------------------------------------------------------------------------


def test_a_concern_about_the_family_and_then_one_about_the_mood_are_told_together():
    """F8: the two notes are often of two people, who know nothing of each other."""
    event, mood = note(MONDAY, "concern", "family"), note(MONDAY + timedelta(days=3), "concern", "emotion", "study")
    (told,) = found(family.FOLLOWED, at(MONDAY + timedelta(days=4), event, mood))
    assert set(told.counted) == keys(event, mood)
    assert told.numbers == {"event": "2026-09-07", "mood": "2026-09-10", "days": 3}


def test_the_mood_first_and_the_family_afterwards_is_not_that():
    mood, event = note(MONDAY, "concern", "emotion"), note(MONDAY + timedelta(days=1), "concern", "family")
    assert found(family.FOLLOWED, at(MONDAY + timedelta(days=2), mood, event)) == []


def test_one_note_that_speaks_of_both_is_read_anyway():
    both = note(MONDAY, "concern", "family", "emotion")
    assert found(family.FOLLOWED, at(MONDAY, both)) == []


@pytest.mark.parametrize(("event", "mood"), [("plain", "concern"), ("concern", "plain"), ("positive", "positive")])
def test_both_have_to_be_concerns(event, mood):
    notes = note(MONDAY, event, "family"), note(MONDAY + timedelta(days=1), mood, "emotion")
    assert found(family.FOLLOWED, at(MONDAY + timedelta(days=1), *notes)) == []


def test_within_fifteen_school_days_and_not_on_the_sixteenth():
    event = note(MONDAY, "concern", "family")
    fifteenth, sixteenth = date(2026, 9, 28), date(2026, 9, 29)
    for day, many in ((fifteenth, 1), (sixteenth, 0)):
        assert len(found(family.FOLLOWED, at(day, event, note(day, "concern", "emotion")))) == many, day


def test_a_later_event_does_not_hide_the_one_that_was_followed():
    event, mood = note(MONDAY, "concern", "family"), note(MONDAY + timedelta(days=1), "concern", "emotion")
    later = note(MONDAY + timedelta(days=2), "concern", "family")
    (told,) = found(family.FOLLOWED, at(MONDAY + timedelta(days=2), event, mood, later))
    assert set(told.counted) == keys(event, mood)


# --- silence ----------------------------------------------------------------------------------------------------------


def test_silence_begins_on_the_day_that_the_school_has_set():
    last = {CHILD: MONDAY}
    assert found(silence.SILENT, at(date(2026, 9, 18), touched=last), days=10) == []
    (told,) = found(silence.SILENT, at(date(2026, 9, 21), touched=last), days=10)
    assert told.numbers == {"days": 10, "ever": True}
    assert told.level == 2


def test_the_holiday_week_adds_nothing_to_a_silence():
    last = {CHILD: date(2026, 9, 30)}
    assert found(silence.SILENT, at(date(2026, 10, 7), touched=last), days=1) == []
    assert len(found(silence.SILENT, at(date(2026, 10, 8), touched=last), days=1)) == 1


def test_who_was_never_noticed_is_counted_from_the_first_day_of_the_term_or_in_the_class():
    assert found(silence.SILENT, at(date(2026, 9, 14)), days=10) == []
    (told,) = found(silence.SILENT, at(date(2026, 9, 15)), days=10)
    assert told.numbers["ever"] is False
    newcomer = Material(calendar(), date(2026, 9, 15), {CHILD: Sitting(MONDAY)})
    assert found(silence.SILENT, newcomer, days=10) == []


def test_only_the_longest_silences_of_a_class_are_asked_about_at_once():
    one, other = uuid4(), uuid4()
    children = {uuid4(): Sitting(date(2024, 9, 1), one) for _ in range(5)} | {uuid4(): Sitting(date(2024, 9, 1), other)}
    days = {child: date(2026, 9, 1) + timedelta(days=n) for n, child in enumerate(children)}
    told = found(silence.SILENT, Material(calendar(), date(2026, 9, 30), children, touched=days), days=10)
    longest = sorted(list(children)[:5], key=days.__getitem__)[:3]
    assert {each.student for each in told} == {*longest, list(children)[5]}


def test_a_silence_that_was_answered_is_told_again_after_as_many_days_more():
    last = {CHILD: MONDAY}
    (first,) = found(silence.SILENT, at(date(2026, 9, 21), touched=last), days=10)
    (same,) = found(silence.SILENT, at(date(2026, 9, 24), touched=last), days=10)
    (second,) = found(silence.SILENT, at(date(2026, 10, 12), touched=last), days=10)
    assert first.counted == same.counted != second.counted


# --- contact ----------------------------------------------------------------------------------------------------------


def test_without_any_source_of_contacts_the_rule_says_nothing():
    notes = [note(MONDAY), note(MONDAY)]
    assert found(contact.UNREACHED, at(MONDAY, *notes, reached=None)) == []
    assert len(found(contact.UNREACHED, at(MONDAY, *notes, reached={}))) == 1


def test_a_contact_after_the_first_concern_is_enough_and_one_before_it_is_not():
    notes = [note(MONDAY), note(MONDAY + timedelta(days=2))]
    today = MONDAY + timedelta(days=3)
    assert found(contact.UNREACHED, at(today, *notes, reached={CHILD: MONDAY})) == []
    assert len(found(contact.UNREACHED, at(today, *notes, reached={CHILD: MONDAY - timedelta(days=1)}))) == 1


# --- marks ------------------------------------------------------------------------------------------------------------


def line(*values: float) -> dict:
    """Exams of a class with an average of 80 and a standard deviation of 10."""
    terms = ["2025-2026-1", "2025-2026-2", "2026-2027-1"]
    return {"数学": [Point(terms[n], f"第{n + 1}次", value, 80, 10, uuid4()) for n, value in enumerate(values)]}


def test_a_drop_is_told_beyond_the_schools_number_and_an_ordinary_fluctuation_is_not():
    drop, ordinary = {CHILD: line(85, 85, 72)}, {CHILD: line(85, 80, 76)}
    (told,) = found(marks.DROPPED, at(MONDAY, marks=drop))
    assert len(told.counted) == 3 and all(each.startswith("students.mark:") for each in told.counted)
    assert found(marks.DROPPED, at(MONDAY, marks=drop), amount=150) == []
    assert found(marks.DROPPED, at(MONDAY, marks=ordinary)) == []


def test_three_terms_one_below_the_other_are_a_decline():
    (told,) = found(marks.DECLINING, at(MONDAY, marks={CHILD: line(88, 83, 78)}))
    assert "数学" in marks.DECLINING.words(told.numbers, MONDAY)
    assert found(marks.DECLINING, at(MONDAY, marks={CHILD: line(88, 89, 78)})) == []


def test_several_subjects_are_one_signal():
    lines = {**line(85, 85, 72), "语文": line(90, 90, 70)["数学"]}
    (told,) = found(marks.DROPPED, at(MONDAY, marks={CHILD: lines}))
    words = marks.DROPPED.words(told.numbers, MONDAY)
    assert "数学" in words and "语文" in words


# --- all of them ------------------------------------------------------------------------------------------------------

DAYS = st.sampled_from([day for day in school_days() if day <= date(2026, 10, 30)])
NOTES = st.lists(
    st.builds(
        Seen,
        pk=st.uuids(version=4),
        day=DAYS,
        tone=st.sampled_from(Observation.Tone.values),
        domains=st.lists(st.sampled_from(Observation.Domain.values), max_size=2).map(tuple),
        level=st.sampled_from([2, 3]),
    ),
    max_size=12,
    unique_by=lambda seen: seen.pk,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(notes=NOTES, today=DAYS)
def test_a_finding_counts_only_what_was_read_up_to_that_day_at_its_highest_level(notes, today):
    """Whatever the notes: each is one of this child, none lies in the future, and nobody needs more than its level."""
    notes = sorted(notes, key=lambda each: each.day)
    of = {f"students.observation:{each.pk}": each for each in notes}
    material = at(today, *notes, reached={})
    for rule in RULES:
        for told in rule.find(material, rule.numbers):
            counted = [of[each] for each in told.counted if not each.startswith("silence:")]
            assert all(each.day <= today for each in counted)
            assert told.level == max([2, *(each.level for each in counted)])
            assert len(set(told.counted)) == len(told.counted)
            assert rule.words(told.numbers, today)


def test_every_rule_says_its_numbers_in_its_sentence():
    for code, rule in BY_CODE.items():
        assert set(rule.labels) == set(rule.bounds), code
        for name, (least, most) in rule.bounds.items():
            assert f"%({name})d" in rule.says._args[0], code
            assert least <= getattr(rule.numbers, name) <= most, code
