"""From notes to a signal, and from a signal to what comes of it."""

from collections import defaultdict
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from simple_history.utils import bulk_create_with_history

from accounts.versions import StaleVersion
from reports.waiting import waiting_for
from students import tasks
from students.actions import answers, notes, placements
from students.actions.signals import raise_signals, set_rule
from students.models import (
    AccessGrant,
    CareNeed,
    Category,
    Observation,
    SchoolCalendar,
    Signal,
    SignalRule,
    Student,
    StudentRecordQuerySet,
)
from students.signals.evidence import shown_records
from students.signals.reading import material
from students.signals.rules import RULES, settings_of, unchanged
from tests.factories import ObservationFactory, StudentFactory, seat
from tests.students.reading import NOT_COUNTED, log

BECAUSE = "外婆住院，周末接回来后会好些"


def look(cast, now, today):
    return raise_signals(school=cast.school, today=today, now=now)


def concern(student, author, day, **fields) -> Observation:
    return ObservationFactory(student=student, author=author, tone="concern", happened_on=day, **fields)


@pytest.fixture(autouse=True)
def _no_silence(cast):
    """Nobody in the cast has been noticed yet, which has tests of its own."""
    for school in (cast.school, cast.elsewhere):
        SignalRule.objects.create(school=school, code="silence", is_on=False, days=40)


@pytest.fixture
def three(cast, today):
    """Three concerns about an, today."""
    return [concern(cast.an, who, today, facts=f"一个人坐着{who.pk}") for who in (cast.zhou, cast.guo, cast.luo)]


@pytest.fixture
def signal(cast, now, today, three) -> Signal:
    look(cast, now, today)
    return Signal.objects.get(rule="concerns")


def note_it(signal, by, now, because=BECAUSE):
    answers.note_signal(by=by, signal=signal, because=because, now=now, version=signal.version)


# --- looking ----------------------------------------------------------------------------------------------------------


def test_a_signal_names_the_records_that_it_counts_and_nobody_as_its_author(cast, three, signal, today):
    assert (signal.student, signal.level, signal.raised_on, signal.author) == (cast.an, 2, today, None)
    assert set(signal.counted) == {f"students.observation:{note.pk}" for note in three}
    assert signal.history.count() == 1


def test_looking_again_makes_nothing_new(cast, signal, now, today):
    assert not look(cast, now, today).new
    assert Signal.objects.count() == 1


def test_one_more_concern_renews_the_signal_that_waits(cast, signal, now, today):
    more = concern(cast.an, cast.he, today)
    assert len(look(cast, now, today).renewed) == 1
    signal.refresh_from_db()
    assert (f"students.observation:{more.pk}" in signal.counted, signal.numbers["count"]) == (True, 4)
    assert signal.version == 2 and Signal.objects.count() == 1


def test_an_answered_signal_does_not_come_again_for_the_same_records(cast, signal, now, today):
    note_it(signal, cast.zhou, now)
    assert not look(cast, now, today).new


def test_an_answered_signal_does_not_come_again_when_an_old_record_falls_out(cast, signal, now, today):
    concern(cast.an, cast.he, today)
    look(cast, now, today)
    signal.refresh_from_db()
    note_it(signal, cast.zhou, now)
    Observation.objects.filter(pk=signal.counted[0].split(":")[1]).update(happened_on=today - timedelta(days=60))
    assert not look(cast, now, today).new  # three of the four remain, and each was answered for


def test_an_answered_signal_comes_again_with_something_new(cast, signal, now, today):
    note_it(signal, cast.zhou, now)
    concern(cast.an, cast.he, today)
    (new,) = look(cast, now, today).new
    assert new.pk != signal.pk and new.is_open


def test_what_has_become_old_waits_for_its_answer(cast, signal, now, today):
    later = SchoolCalendar.of(cast.school.pk).days
    after = next(day for day in later if day > today + timedelta(days=30))
    assert not look(cast, now, after).lapsed
    signal.refresh_from_db()
    assert signal.is_open


def test_what_was_missing_and_has_come_ends_by_itself(cast, now, today):
    days = [day for day in SchoolCalendar.of(cast.school.pk).days if day <= today]
    for day in (days[-25], days[-20], days[-12], days[-11]):
        concern(cast.an, cast.zhou, day)
    look(cast, now, today)
    assert Signal.objects.unanswered().get().rule == "negative"
    ObservationFactory(student=cast.an, author=cast.guo, tone="positive")
    look(cast, now, today)
    assert not Signal.objects.standing().exists()


def test_two_rules_do_not_ask_the_same_about_the_same_records(cast, three, signal, now, today):
    """Nothing but concerns, where several concerns are asked about or were answered already."""
    concern(cast.an, cast.he, today)
    look(cast, now, today)
    signal.refresh_from_db()
    assert Signal.objects.get() == signal
    note_it(signal, cast.zhou, now)
    later = [day for day in SchoolCalendar.of(cast.school.pk).days if day > today][14]
    assert not look(cast, now, later).new


def test_a_note_of_level_four_counts_for_no_rule(cast, now, today):
    """Its existence is content, and it has asked for attention by itself."""
    for level in (2, 3, 4):
        concern(cast.an, cast.zhou, today, level=level)
    look(cast, now, today)
    assert not Signal.objects.filter(rule="concerns").exists()


def test_a_withdrawn_note_counts_for_no_rule(cast, three, now, today):
    notes.void_observation(by=cast.zhou, observation=three[0], reason="", now=now)
    look(cast, now, today)
    assert not Signal.objects.filter(rule="concerns").exists()


def test_a_rule_that_the_school_does_not_use_finds_nothing_and_takes_back_what_waits(cast, signal, now, today):
    rule = next(each for each in RULES if each.code == "concerns")
    row = unchanged(cast.school, rule)
    row.save()
    row.is_on = False
    set_rule(by=cast.ruan, row=row, version=1)
    look(cast, now, today)
    assert not Signal.objects.standing().exists()


def test_the_school_sets_the_numbers(cast, three, now, today):
    SignalRule.objects.create(school=cast.school, code="concerns", amount=4, days=10)
    look(cast, now, today)
    assert not Signal.objects.filter(rule="concerns").exists()
    SignalRule.objects.filter(code="concerns").update(amount=3)
    look(cast, now, today)
    assert Signal.objects.filter(rule="concerns").exists()


def test_a_school_without_terms_has_no_school_days_and_so_no_signals(cast, three, now, today):
    cast.school.terms.all().delete()
    assert not look(cast, now, today).new


def test_who_has_left_school_is_asked_about_no_more(cast, now, today):
    for _ in range(3):
        concern(cast.gone, cast.zhou, today)
    look(cast, now, today)
    assert not Signal.objects.exists()


def test_another_schools_notes_are_another_schools(cast, now, today):
    for _ in range(3):
        concern(cast.hang, cast.yuan, today)
    look(cast, now, today)
    assert not Signal.objects.exists()
    raise_signals(school=cast.elsewhere, today=today, now=now)
    assert Signal.objects.get().student == cast.hang


def test_silence_is_told_of_who_was_never_noticed(cast, now):
    SignalRule.objects.update(is_on=True)
    calendar = SchoolCalendar.of(cast.school.pk)
    term = calendar.terms[0]
    begun = [day for day in calendar.days if day > term.starts_on]
    concern(cast.an, cast.zhou, begun[30], level=4)  # of level 4: for the rule it is not there
    ObservationFactory(student=cast.bei, author=cast.zhou, happened_on=begun[30])
    look(cast, now, begun[40])
    silent = {each.student for each in Signal.objects.filter(rule="silence")}
    assert silent == {cast.an, cast.ding, cast.gao}


def test_the_rule_of_contacts_speaks_as_soon_as_a_source_answers(cast, three, now, today, monkeypatch):
    """A source registers by one method of its QuerySet. Without any the rule is silent, also where it is used."""
    SignalRule.objects.create(school=cast.school, code="contact", amount=2, days=20)
    look(cast, now, today)
    assert not Signal.objects.filter(rule="contact").exists()
    from django.db.models import F

    def contacts(self):
        return self.filter(kind="talk").annotate(reached_on=F("happened_on"))

    monkeypatch.setattr(type(Observation.objects.all()), "contacts", contacts)
    assert type(Observation.objects.all()).contacts is not StudentRecordQuerySet.contacts
    look(cast, now, today)
    assert Signal.objects.unanswered().filter(rule="contact").exists()
    ObservationFactory(student=cast.an, author=cast.zhou, kind="talk")
    look(cast, now, today)
    assert not Signal.objects.standing().filter(rule="contact").exists()


def statements(act) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return sum(not each["sql"].startswith(NOT_COUNTED) for each in queries)


def test_a_school_takes_as_many_statements_as_a_student(cast, now, today):
    """In bulk: signals to make, to renew and to let lapse among them."""
    many = []

    def write(number: int) -> None:
        for n in range(number):
            student = seat(StudentFactory(school=cast.school, name=f"新来{n}"), cast.own_class, seat_no=None)
            rows = [
                Observation(student=student, author=cast.zhou, tone="concern", facts="。", happened_on=today)
                for _ in range(4)
            ]
            bulk_create_with_history(rows, Observation)
            many.append(student)

    write(1)
    one = statements(lambda: look(cast, now, today))
    write(5)
    assert statements(lambda: look(cast, now, today)) == one
    assert Signal.objects.filter(rule="concerns").count() == 6
    for student in many:
        concern(student, cast.guo, today)
    assert statements(lambda: look(cast, now, today)) <= one
    assert one <= 20


def test_the_database_holds_one_open_signal_for_a_rule_and_one_for_the_same_records(cast, signal, now):
    twin = {"student": cast.an, "rule": "concerns", "raised_on": signal.raised_on}
    with pytest.raises(IntegrityError), transaction.atomic():
        Signal.objects.create(**twin, fingerprint="another")
    note_it(signal, cast.zhou, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Signal.objects.create(**twin, fingerprint=signal.fingerprint)
    Signal.objects.create(**twin, fingerprint="another")


def test_two_workers_that_look_at_the_same_moment_leave_one_signal(cast, three, signal, monkeypatch):
    """T48: the second has read before the first wrote; it finds the rows in its way, and that is no error."""
    from students.actions import signals as looking

    monkeypatch.setattr(looking, "_known", lambda school, now: ({}, defaultdict(set)))
    tasks.raise_signals(str(cast.school.pk))
    assert Signal.objects.get(rule="concerns") == signal


def test_the_task_takes_an_id_and_knows_a_school_that_is_gone(cast, three):
    tasks.raise_signals("00000000-0000-0000-0000-000000000000")
    assert not Signal.objects.exists()
    tasks.raise_signals(str(cast.school.pk))
    assert Signal.objects.filter(rule="concerns").exists()


def test_every_morning_each_school_is_a_task_of_its_own(cast, monkeypatch):
    """T47, T49: ids only."""
    sent = []
    monkeypatch.setattr(tasks.raise_signals, "delay", sent.append)
    tasks.raise_all_signals()
    assert sorted(sent) == sorted([str(cast.school.pk), str(cast.elsewhere.pk)])


# --- when a note changes ----------------------------------------------------------------------------------------------


def correct(note, by, now, **fields):
    notes.correct_observation(by=by, observation=note, version=note.version, fields=fields, now=now, reason="改")
    note.refresh_from_db()


def test_a_withdrawn_note_takes_its_signal_with_it_at_once(cast, three, signal, now):
    notes.void_observation(by=cast.zhou, observation=three[0], reason="", now=now)
    assert not Signal.objects.visible_to(cast.zhou, now=now).exists()


def test_a_withdrawn_note_leaves_a_signal_that_others_still_bear(cast, three, signal, now, today):
    concern(cast.an, cast.he, today)
    look(cast, now, today)
    notes.void_observation(by=cast.zhou, observation=three[0], reason="", now=now)
    signal.refresh_from_db()
    assert signal.is_open and signal.numbers["count"] == 3
    assert f"students.observation:{three[0].pk}" not in signal.counted


def test_a_note_that_is_no_concern_any_more_takes_its_signal_with_it(cast, three, signal, now):
    correct(three[0], cast.zhou, now, tone="plain")
    assert not Signal.objects.standing().exists()


def test_a_corrected_spelling_changes_nothing(cast, three, signal, now):
    correct(three[0], cast.zhou, now, facts="一个人坐在窗边")
    signal.refresh_from_db()
    assert signal.is_open and len(signal.counted) == 3


def test_a_note_that_is_raised_raises_its_signal_in_the_same_moment(cast, three, signal, now):
    """T21."""
    correct(three[0], cast.zhou, now, level=3)
    signal.refresh_from_db()
    assert signal.is_open and signal.level == 3


def test_a_note_that_becomes_confidential_is_no_longer_counted(cast, three, signal, now, today):
    """T21: neither it nor a number in which it stands."""
    concern(cast.an, cast.he, today)
    look(cast, now, today)
    correct(three[0], cast.zhou, now, level=4)
    signal.refresh_from_db()
    assert signal.level == 2 and signal.numbers["count"] == 3
    assert f"students.observation:{three[0].pk}" not in signal.counted


def test_an_answer_follows_the_level_of_what_it_speaks_of(cast, three, signal, now):
    """T21: the answer may tell of the note."""
    note_it(signal, cast.zhou, now)
    correct(three[0], cast.zhou, now, level=4)
    signal.refresh_from_db()
    assert signal.level == 4
    assert not Signal.objects.visible_to(cast.zhou, now=now).exists()


def test_an_answer_that_stands_high_enough_is_not_written_again(cast, three, signal, now):
    note_it(signal, cast.zhou, now)
    signal.refresh_from_db()
    before = signal.version, signal.level
    correct(three[0], cast.zhou, now, facts="换一句话说：午饭后独自坐着。")
    signal.refresh_from_db()
    assert (signal.version, signal.level) == before


def test_a_note_that_was_moved_leaves_the_wrong_childs_signal(cast, three, signal, now):
    notes.move_observation(by=cast.zhou, observation=three[0], to=cast.bei, now=now)
    assert not Signal.objects.standing().filter(student=cast.an).exists()


def test_at_night_a_record_that_is_gone_takes_its_signal_with_it(cast, three, signal, now, today):
    Observation.objects.filter(pk=three[0].pk).delete()
    look(cast, now, today)
    assert not Signal.objects.standing().exists()


def test_saving_a_note_asks_no_rule(cast, now, today):
    fields = {"facts": "一个人坐着", "happened_on": today, "tone": "concern"}
    for _ in range(4):
        notes.record_observation(by=cast.zhou, students=[cast.an], fields=fields, now=now)
    assert not Signal.objects.exists()


# --- who sees it ------------------------------------------------------------------------------------------------------


def test_a_signal_shows_no_record_that_its_reader_may_not_see(cast, now, today):
    """The property, over everybody: of whoever sees a signal, each record that it counts is seen too."""
    SignalRule.objects.update(is_on=True)
    for student in (cast.an, cast.bei, cast.ding):  # beside all who see level 3, somebody who sees level 2 and no more
        daily = Permission.objects.get(codename="view_daily", content_type__app_label="students")
        AccessGrant.objects.create(
            user=cast.luo, content_object=student, permission=daily, reason="team", source="test", starts_at=now
        )
    for student, levels in ((cast.an, (2, 2, 2)), (cast.bei, (2, 3, 2)), (cast.ding, (3, 3, 3)), (cast.gao, (2, 4, 2))):
        for level in levels:
            concern(student, cast.luo, today, level=level, domains=["family"])
    for who in (cast.zhou, cast.lin):
        concern(cast.an, who, today, level=3, domains=["emotion"])
    look(cast, now, today)
    assert Signal.objects.count() >= 4
    readers = 0
    for person in cast.people.values():
        for seen in Signal.objects.visible_to(person, now=now):
            readers += 1
            shown = {f"students.observation:{each.pk}" for each in shown_records(seen, person, now=now)}
            assert shown == {each for each in seen.counted if not each.startswith("silence:")}, person
    assert readers > 10


def test_a_record_that_is_moved_behind_our_back_is_not_shown_in_the_wrong_file(cast, three, signal, now):
    Observation.objects.filter(pk=three[0].pk).update(student=cast.bei)
    assert three[0] not in shown_records(signal, cast.zhou, now=now)
    assert len(shown_records(signal, cast.zhou, now=now)) == 2


# --- answering --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("because", ["", "  ", "知道", "。。。。。。", "ok"])
def test_a_signal_is_never_just_clicked_away(cast, signal, now, because):
    with pytest.raises(answers.NeedsSubstance):
        note_it(signal, cast.zhou, now, because)
    signal.refresh_from_db()
    assert signal.is_open


def test_noted_because(cast, signal, now):
    note_it(signal, cast.zhou, now)
    signal.refresh_from_db()
    assert (signal.answer, signal.because, signal.answered_by, signal.is_open) == ("noted", BECAUSE, cast.zhou, False)
    assert signal.history.first().history_user == cast.zhou


def plan(signal, by, now, today, days=3):
    answers.plan_talk(
        by=by, signal=signal, on=today + timedelta(days=days), now=now, today=today, version=signal.version
    )


def to_do(user, cast, now) -> list[str]:
    return [item.title for item in waiting_for(user, SchoolCalendar.of(cast.school.pk), now=now).items]


def test_a_planned_talk_stands_on_the_list_until_a_talk_is_written(cast, signal, now, today):
    plan(signal, cast.zhou, now, today)
    mine = Signal.objects.open_items_of(cast.zhou, today=today)
    assert list(mine) == [signal]
    ObservationFactory(student=cast.an, author=cast.guo, kind="observation")
    ObservationFactory(student=cast.bei, author=cast.guo, kind="talk")
    assert list(mine.all()) == [signal]
    ObservationFactory(student=cast.an, author=cast.guo, kind="talk")
    assert not mine.all().exists()


def test_a_confidential_talk_ends_no_promise_that_somebody_else_would_miss(cast, signal, now, today):
    plan(signal, cast.zhou, now, today)
    ObservationFactory(student=cast.an, author=cast.xin, kind="talk", level=4)
    assert Signal.objects.open_items_of(cast.zhou, today=today).exists()


def test_a_talk_is_planned_for_a_day_that_has_not_passed(cast, signal, now, today):
    with pytest.raises(answers.TalkNeedsDay):
        plan(signal, cast.zhou, now, today, days=-1)


def test_a_planned_talk_goes_to_whoever_takes_the_class(cast, signal, now, today):
    """R11."""
    plan(signal, cast.zhou, now, today)
    assert Signal.objects.hand_over(giver=cast.zhou, taker=cast.he, students=[cast.bei.pk]) == 0
    assert Signal.objects.hand_over(giver=cast.zhou, taker=cast.he, students=[cast.an.pk]) == 1
    assert Signal.objects.open_items_of(cast.he, today=today).get() == signal


@pytest.fixture
def category(cast) -> Category:
    return Category.objects.create(school=cast.school, code="P9", name="情绪困扰", group="P")


def propose(signal, by, category, now, facts=BECAUSE) -> CareNeed:
    return answers.propose_from(
        by=by, signal=signal, category=category, basis="judgement", facts=facts, now=now, version=signal.version
    )


def test_a_proposal_takes_what_was_counted_as_its_evidence(cast, three, signal, category, now):
    need = propose(signal, cast.zhou, category, now)
    assert (need.state, need.author, need.origin, need.facts) == ("proposed", cast.zhou, signal, BECAUSE)
    assert {each.target_id for each in need.evidence.all()} == {signal.pk, *(note.pk for note in three)}
    signal.refresh_from_db()
    assert (signal.answer, signal.because) == ("proposed", "")


def test_a_proposal_has_substance(cast, signal, category, now):
    with pytest.raises(answers.NeedsSubstance):
        propose(signal, cast.zhou, category, now, facts="。")


@pytest.mark.parametrize("level", [3, 4])
def test_that_something_was_proposed_is_as_confidential_as_the_need(cast, signal, category, now, level):
    category.level = level
    category.save()
    propose(signal, cast.zhou, category, now)
    signal.refresh_from_db()
    assert signal.level == level


def test_a_category_that_is_not_in_ones_hands_is_refused_and_nothing_is_saved(cast, signal, category, now):
    far = Category.objects.create(school=cast.elsewhere, code="P9", name="情绪困扰", group="P")
    for by, wrong in ((cast.zhou, far), (cast.ruan, category)):
        with pytest.raises(PermissionDenied):
            propose(signal, by, wrong, now)
    assert not CareNeed.objects.exists()
    signal.refresh_from_db()
    assert signal.is_open


def test_another_answer_may_follow_but_for_a_proposal(cast, signal, category, now, today):
    plan(signal, cast.zhou, now, today)
    note_it(signal, cast.he, now)
    signal.refresh_from_db()
    assert (signal.answer, signal.talk_on, signal.talk_by) == ("noted", None, None)
    propose(signal, cast.zhou, category, now)
    with pytest.raises(answers.AnsweredAlready):
        note_it(signal, cast.zhou, now)


@pytest.mark.parametrize("who", ["zhou", "he", "ruan"])
def test_the_class_teachers_and_the_office_answer(cast, signal, now, who):
    note_it(signal, cast.people[who], now)


@pytest.mark.parametrize("who", ["qin", "fu", "xiao", "guo", "lin", "xin", "yuan", "wang"])
def test_nobody_else_answers(cast, signal, now, who):
    with pytest.raises(PermissionDenied):
        note_it(signal, cast.people[who], now)


def test_a_head_teacher_answers_no_signal_that_is_above_what_they_see(cast, signal, now):
    Signal.objects.filter(pk=signal.pk).update(level=4)
    with pytest.raises(PermissionDenied):
        note_it(signal, cast.zhou, now)


def test_of_two_who_answer_the_second_is_told(cast, signal, now):
    """T51."""
    other = Signal.objects.get(pk=signal.pk)
    note_it(signal, cast.zhou, now)
    with pytest.raises(StaleVersion):
        note_it(other, cast.he, now)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_list_and_the_home_page_ask_the_head_teacher(cast, signal, now, sign_in):
    page = sign_in(cast.zhou).get(reverse("students:signals")).content.decode()
    assert cast.an.name in page and signal.get_absolute_url() in page
    assert len([row for row in log() if row.what == "students:signals" and str(cast.an.pk) in row.student_ids]) == 1
    for who, many in (("zhou", 1), ("he", 1), ("guo", 0), ("qin", 0), ("ruan", 0)):
        items = waiting_for(cast.people[who], SchoolCalendar.of(cast.school.pk), now=now).items
        assert sum(item.href == reverse("students:signals") for item in items) == many, who


def test_a_planned_talk_is_on_the_to_do_list_with_the_childs_name_in_the_read_log(cast, signal, now, today):
    plan(signal, cast.zhou, now, today, days=0)
    waiting = waiting_for(cast.zhou, SchoolCalendar.of(cast.school.pk), now=now)
    (item,) = [each for each in waiting.due if each.name == cast.an.name and each.href == signal.get_absolute_url()]
    assert not item.late and cast.an.pk in waiting.student_ids and waiting.level == 2
    placements.end_class_assignment(
        by=None, assignment=cast.zhou.class_assignments.get(), on=today - timedelta(days=1), now=now
    )
    items = waiting_for(cast.zhou, SchoolCalendar.of(cast.school.pk), now=now).items
    assert signal.get_absolute_url() not in {each.href for each in items}


def test_the_page_shows_what_was_counted_and_takes_an_answer(cast, three, signal, sign_in):
    client = sign_in(cast.zhou)
    page = client.get(signal.get_absolute_url()).content.decode()
    assert all(note.facts in page for note in three)
    answer = {"answer": "noted", "because": BECAUSE, "version": signal.version}
    assert client.post(signal.get_absolute_url(), answer).status_code == 302
    page = client.get(signal.get_absolute_url()).content.decode()
    assert BECAUSE in page


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ({"answer": "noted"}, "because"),
        ({"answer": "talk"}, "talk_on"),
        ({"answer": "proposed", "because": BECAUSE}, "category"),
    ],
)
def test_an_answer_without_substance_comes_back_with_what_was_typed(cast, signal, category, sign_in, answer, field):
    response = sign_in(cast.zhou).post(signal.get_absolute_url(), {**answer, "version": signal.version})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert response.context["form"]["answer"].value() == answer["answer"]


def test_who_sees_it_and_does_not_answer_gets_no_form_and_403(cast, signal, sign_in):
    client = sign_in(cast.qin)
    assert client.get(signal.get_absolute_url()).context["form"] is None
    assert client.post(signal.get_absolute_url(), {"answer": "noted", "because": BECAUSE}).status_code == 403


def test_the_office_is_not_offered_to_propose_what_it_confirms(cast, signal, category, sign_in):
    assert "category" not in sign_in(cast.ruan).get(signal.get_absolute_url()).context["form"].fields
    assert "category" in sign_in(cast.zhou).get(signal.get_absolute_url()).context["form"].fields


def test_the_part_of_a_file_shows_only_what_its_reader_may_see(cast, three, now, today, sign_in):
    for note in three:
        Observation.objects.filter(pk=note.pk).update(level=3)
    look(cast, now, today)
    url = reverse("students:signals_of", args=[cast.an.pk])
    assert len(sign_in(cast.zhou).get(url).context["waiting"]) == 1
    assert sign_in(cast.guo).get(url).status_code == 404
    assert [row.level for row in log() if row.what == "students:signals_of"] == [3]


def test_the_rules_are_set_by_the_office_within_bounds(cast, sign_in):
    client, url = sign_in(cast.ruan), reverse("students:signal_rule", args=["concerns"])
    assert client.get(url).status_code == 200
    assert not SignalRule.objects.filter(code="concerns").exists()
    assert client.post(url, {"is_on": "on", "amount": 99, "days": 10, "version": 1}).status_code == 422
    assert client.post(url, {"is_on": "on", "amount": 5, "days": 8, "version": 1}).status_code == 302
    (row,) = SignalRule.objects.filter(code="concerns")
    assert (row.amount, row.days, row.before, row.version) == (5, 8, None, 2)
    setting = next(each for each in settings_of(cast.school) if each.rule.code == "concerns")
    assert "5" in setting.sentence and "8" in setting.sentence
    assert client.get(reverse("students:signal_rule", args=["nothing"])).status_code == 404


def test_only_what_the_rules_in_use_need_is_read(cast, today):
    used = [each for each in settings_of(cast.school) if each.rule.code == "silence"]
    with CaptureQueriesContext(connection) as queries:
        material(cast.school, used, today=today)
    assert len(queries) == 4  # terms, exceptions, places, last touches


def test_a_signal_is_about_somebody_who_sits_in_a_class(cast, now, today):
    nowhere = StudentFactory(school=cast.school)
    for _ in range(3):
        concern(nowhere, cast.zhou, today)
    look(cast, now, today)
    assert not Signal.objects.filter(student=nowhere).exists()
    assert Student.objects.filter(pk=nowhere.pk).exists()


def test_the_rules_can_be_asked_at_once(cast, three, capsys):
    call_command("raise_signals", school=cast.school.code)
    assert Signal.objects.filter(rule="concerns").exists()
    with pytest.raises(CommandError):
        call_command("raise_signals", school="0000000000")


def test_a_number_that_the_school_has_not_set_is_as_the_rule_ships(cast):
    """A rule may gain a number after a school has set the others."""
    setting = next(each for each in settings_of(cast.school) if each.rule.code == "silence")
    assert (setting.row.amount, setting.numbers.amount, setting.numbers.days) == (None, 3, 40)
