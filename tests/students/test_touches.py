"""Who was noticed when (N1): every kind of record says whether it counts, and days are school days."""

from datetime import date, timedelta

import pytest
from django.db.models import DateField, F
from django.db.models.functions import Cast

from students import touches
from students.models import AttentionRequest, CalendarDay, Observation, SchoolCalendar, Student, Term
from tests.factories import ObservationFactory, StudentFactory
from tests.harness.objects import PEOPLE, level

# Kinds of records that do not count, each with the reason. Whoever adds a kind of record decides: `touches()` on its
# QuerySet, or a line here.
NO_TOUCH = {
    "AttentionRequest": "its note counts",
    "CareNeed": "filed by an office; the talk behind it counts",
    "AttentionLevel": "a decision of an office",
    "FileVerification": "a look at a file is no turning to a child",
    "ScreeningEntry": "one pass over the whole class in a few minutes is no turning to a child",
    "Assessment": "level 4",
    "HabitsEntry": "a checklist",
    "HabitCheck": "a checklist",
    "Mark": "a number of the academic office",
    "Signal": "made by a rule",
    "LookRequest": "asks for a touch",
    "HandoverSummary": "written from the notes that count",
}


def answers(model) -> bool:
    """Whether its own QuerySet says what counts."""
    return "touches" in vars(model._default_manager._queryset_class)


def test_every_kind_of_record_says_whether_it_counts():
    forgot = [m.__name__ for m in touches.kinds_of_record() if not answers(m) and m.__name__ not in NO_TOUCH]
    assert forgot == [], f"{forgot}: answer touches() on the QuerySet, or say in NO_TOUCH why not"


def test_a_kind_of_record_that_forgot_would_be_found():
    assert Observation in touches.kinds_of_record() and answers(Observation)
    assert AttentionRequest in touches.kinds_of_record() and not answers(AttentionRequest)


def test_every_source_gives_a_student_and_a_day(world):
    for rows in touches.sources():
        found = list(rows.values_list("student", "touched_on"))
        assert found, f"no touch of {rows.model.__name__} in the world"
        assert all(isinstance(day, date) for _student, day in found)


def test_whatever_is_counted_may_be_read_by_everybody_who_answers_for_the_student(world, now):
    """T14: a number of days betrays no record that its reader may not see; the world has such records."""
    for rows in touches.sources():
        for who in PEOPLE:
            mine = [student.pk for name, student in world.cast.students.items() if level(who, name) >= 3]
            counted, seen = rows.filter(student__in=mine), rows.visible_to(world.person(who), now=now)
            assert set(counted) == set(seen.filter(student__in=mine))
    all_rows = Observation.objects.touches()
    assert all_rows.filter(level=4).exists() and Observation.objects.exclude(pk__in=all_rows).exists()


def test_the_last_touch_of_two_sources_is_the_later_one(cast, today):
    """A second kind of record is played by the talks."""
    earlier, later = today - timedelta(days=9), today - timedelta(days=2)
    for student, talk, other in ((cast.an, earlier, later), (cast.bei, later, earlier)):
        ObservationFactory(student=student, kind="talk", happened_on=talk)
        ObservationFactory(student=student, happened_on=other)
    ObservationFactory(student=cast.ding, happened_on=later)
    talked = Observation.objects.talks()
    noted = Observation.objects.exclude(kind="talk").annotate(touched_on=F("happened_on"))
    ours = Student.objects.filter(pk__in=[each.pk for each in cast.students.values()])
    found = touches.with_last_touch(ours, [talked, noted])
    days = {student.name: student.last_touch for student in found}
    assert days == {"安然然": later, "贝宁宁": later, "丁一鸣": later, "高飞飞": None, "郭去去": None, "远航航": None}


def test_both_ways_to_the_last_touch_agree(world):
    students = list(touches.with_last_touch(Student.objects.all()))
    days = touches.last_touches(students)
    assert {s.pk: s.last_touch for s in students if s.last_touch} == days
    assert len(days) < len(students) or len(days) > 3


def test_talks_of_the_term_are_counted_and_withdrawn_ones_are_not(cast, today, now):
    for days in (1, 3, 300):
        ObservationFactory(student=cast.an, kind="talk", happened_on=today - timedelta(days=days))
    ObservationFactory(student=cast.an, kind="talk", voided_at=now, voided_by=cast.zhou)
    ObservationFactory(student=cast.an, kind="talk", level=4)
    ObservationFactory(student=cast.bei)
    found = touches.of_students([cast.an, cast.bei, cast.ding], talks_since=today - timedelta(days=100))
    yesterday = today - timedelta(days=1)
    assert found == {cast.an.pk: touches.Touched(yesterday, 2, yesterday), cast.bei.pk: touches.Touched(today)}


def test_a_source_without_talks_adds_its_days_and_no_talk(cast, today, django_assert_num_queries):
    """A second kind of record is played by the requests for attention. One statement for both."""
    note = ObservationFactory(student=cast.an, kind="talk", happened_on=today - timedelta(days=9))
    AttentionRequest.objects.create(student=cast.an, author=cast.zhou, observation=note)
    AttentionRequest.objects.create(
        student=cast.bei, author=cast.zhou, observation=ObservationFactory(student=cast.bei)
    )
    asked = AttentionRequest.objects.annotate(touched_on=Cast("created_at", DateField()))
    days = dict(asked.values_list("student", "touched_on"))
    talks = Observation.objects.talks()
    with django_assert_num_queries(1):
        found = touches.of_students(cast.students.values(), talks_since=today - timedelta(days=99), rows=[talks, asked])
    assert found == {
        cast.an.pk: touches.Touched(days[cast.an.pk], 1, note.happened_on),
        cast.bei.pk: touches.Touched(days[cast.bei.pk]),
    }


# --- school days ------------------------------------------------------------------------------------------------------


@pytest.fixture
def calendar_of_three_weeks():
    """Three weeks of September 2026: school on Monday to Friday, without any holiday."""

    def build(*holidays: date, made_up: tuple[date, ...] = ()) -> SchoolCalendar:
        days = (date(2026, 9, 7) + timedelta(days=n) for n in range(21))
        kept = [d for d in days if (d.weekday() < 5 and d not in holidays) or d in made_up]
        return SchoolCalendar((Term(starts_on=kept[0], ends_on=kept[-1]),), tuple(kept))

    return build


def test_a_holiday_week_is_not_counted_and_moving_it_moves_the_count(calendar_of_three_weeks):
    """A note of Friday the 11th, looked at on Friday the 25th."""
    last, today = date(2026, 9, 11), date(2026, 9, 25)
    second = [date(2026, 9, 14) + timedelta(days=n) for n in range(5)]
    before = [date(2026, 9, 7) + timedelta(days=n) for n in range(4)]
    assert calendar_of_three_weeks().days_since(last, today) == 10
    assert calendar_of_three_weeks(*second).days_since(last, today) == 5
    assert calendar_of_three_weeks(*before).days_since(last, today) == 10
    assert calendar_of_three_weeks(*second, made_up=(date(2026, 9, 19),)).days_since(last, today) == 6


def test_the_school_s_own_calendar_moves_the_count(cast):
    """The same through the rows that a school edits."""
    today = date(SchoolCalendar.of(cast.school.pk).terms[0].school_year, 11, 27)
    last = today - timedelta(days=14)
    assert SchoolCalendar.of(cast.school.pk).days_since(last, today) == 10
    for days in range(5):
        day = today - timedelta(days=7 + today.weekday() - days)
        CalendarDay.objects.create(school=cast.school, day=day, is_school_day=False)
    assert SchoolCalendar.of(cast.school.pk).days_since(last, today) == 5


@pytest.mark.parametrize("count", [1, 5, 10])
def test_the_start_of_the_last_days_and_the_days_since_agree(calendar_of_three_weeks, count):
    """Whoever was noticed before that day is quiet for `count` days or more, and nobody else; weekends included."""
    calendar = calendar_of_three_weeks(date(2026, 9, 16))
    for today in (date(2026, 9, 25), date(2026, 9, 26), date(2026, 9, 28)):
        start = calendar.start_of_last(count, today)
        for ago in range(18):
            last = today - timedelta(days=ago)
            assert (calendar.days_between(last, today) >= count) == (last < start), (today, last)


def test_with_fewer_days_than_asked_for_nobody_is_quiet(calendar_of_three_weeks):
    assert calendar_of_three_weeks().start_of_last(30, date(2026, 9, 25)) == date.min


def test_on_a_saturday_friday_is_not_today(calendar_of_three_weeks):
    calendar = calendar_of_three_weeks()
    assert calendar.days_since(date(2026, 9, 11), date(2026, 9, 12)) == 1
    assert calendar.days_since(date(2026, 9, 12), date(2026, 9, 12)) == 0


def test_a_student_of_the_other_school_is_never_mixed_in(cast):
    other = StudentFactory(school=cast.elsewhere)
    ObservationFactory(student=other)
    assert touches.last_touches([cast.an]) == {}
