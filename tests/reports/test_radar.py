"""The silence radar (N1, F66), talks (F45), and whom to talk to this week (F15)."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest
from django.urls import reverse
from django.utils import timezone

from reports import radar
from students import access
from students.actions import notes
from students.actions.drafts import save_draft
from students.models import CalendarDay, FileAccess, Observation, SchoolCalendar, Student
from tests.factories import ClassGroupFactory, ObservationFactory, StudentFactory, assign, seat

CLASS_RADAR = {"zhou", "he", "qin", "ruan", "fu", "xiao"}


@pytest.fixture
def calendar(cast):
    return SchoolCalendar.of(cast.school.pk)


def class_url(cast):
    return reverse("reports:radar_class", args=[cast.own_class.pk])


def text(client, url, **query):
    return client.get(url, query).content.decode()


@dataclass
class Found:
    overview: radar.Overview
    first: list
    rows: list


def found(user, calendar, today, *, days=20, talks=False) -> Found:
    now = timezone.now()
    lens = radar.Lens.on_talks(calendar.term_on(today)) if talks else radar.Lens.on_touches(days, calendar, today)
    classes, students = list(access.classes_in_care(user, now=now)), radar.students_in_care(user, now=now)
    overview = radar.overview(students, lens)
    rows = radar.class_rows(overview, classes, calendar, today)
    return Found(overview, radar.first_of(overview, students, classes, lens), rows)


def names(students):
    return [student.name for student in students]


# --- who stands first -------------------------------------------------------------------------------------------------


def test_a_student_without_a_single_record_stands_first(cast, calendar, today):
    """And then who has waited longest; whoever was noticed lately does not stand there."""
    long_ago, longer_ago = calendar.days_ago(25, today), calendar.days_ago(40, today)
    for student, day in ((cast.an, long_ago), (cast.ding, longer_ago), (cast.bei, today)):
        ObservationFactory(student=student, happened_on=day)
    shown = found(cast.ruan, calendar, today)
    assert names(shown.first) == [cast.gao.name, cast.ding.name, cast.an.name]
    assert (shown.overview.size, shown.overview.left, shown.overview.never) == (4, 3, 1)
    assert [(row.left, row.never, row.longest) for row in shown.rows] == [(1, 0, 40), (1, 0, 25), (1, 1, None)]


def test_the_pages_put_that_student_first_too(cast, calendar, today, sign_in):
    ObservationFactory(student=cast.an, happened_on=calendar.days_ago(40, today))
    ObservationFactory(student=cast.ding, happened_on=calendar.days_ago(30, today))
    ObservationFactory(student=cast.gao)
    page = sign_in(cast.qin).get(reverse("reports:radar_left"))
    assert [row["student"] for row in page.context["rows"]] == [cast.bei, cast.an, cast.ding]
    seats = sign_in(cast.zhou).get(class_url(cast)).context["quiet"]
    assert [each.student for each in seats] == [cast.bei, cast.an]


def test_more_students_than_fit_are_counted_and_the_most_urgent_are_shown(cast, calendar, today):
    """Only the classes in which they sit are asked for, so it has to find them in any class."""
    groups = [ClassGroupFactory(school=cast.school, grade=1 + n % 6, number=9) for n in range(4)]
    for number, group in enumerate(groups):
        for place in range(3):
            student = seat(StudentFactory(school=cast.school), group, seat_no=place + 1)
            if place or number == 2:
                ObservationFactory(student=student, happened_on=calendar.days_ago(21 + 3 * number + place, today))
    shown = found(cast.ruan, calendar, today)
    everybody = radar.never_first(
        radar.Lens.on_touches(20, calendar, today).left(radar.students_in_care(cast.ruan, now=timezone.now()))
    )
    assert shown.overview.left == everybody.count() == 16
    assert shown.first == list(everybody[: radar.FIRST])


def test_a_student_without_a_class_is_not_forgotten(cast, calendar, today):
    lost = StudentFactory(school=cast.school, name="转来来")
    for student in (cast.an, cast.bei, cast.ding, cast.gao):
        ObservationFactory(student=student)
    shown = found(cast.ruan, calendar, today)
    assert (shown.first, shown.overview.left, shown.overview.size) == ([lost], 1, 5)


def test_a_holiday_week_makes_nobody_silent(cast, calendar, today):
    """Days without school do not count, for the school's page and for the class's."""
    start = calendar.start_of_last(20, today)
    ObservationFactory(student=cast.an, happened_on=start - timedelta(days=1))
    assert cast.an.name in names(found(cast.zhou, calendar, today).first)
    for day in calendar.days:
        if start <= day < start + timedelta(days=7):
            CalendarDay.objects.create(school=cast.school, day=day, is_school_day=False)
    moved = SchoolCalendar.of(cast.school.pk)
    assert cast.an.name not in names(found(cast.zhou, moved, today).first)
    (own,) = radar.seats([_placed(cast.an, today)], moved, today)
    assert own.days < 20


def _placed(student, today):
    return Student.objects.placed_on(today).get(pk=student.pk)


@pytest.mark.parametrize("days", radar.DAYS)
def test_the_page_and_the_class_agree_on_who_is_quiet(cast, calendar, today, days):
    for ago in (days - 1, days):
        student = seat(StudentFactory(school=cast.school, name=f"隔了{ago}天"), cast.own_class)
        ObservationFactory(student=student, happened_on=calendar.days_ago(ago, today))
    left = names(found(cast.zhou, calendar, today, days=days).first)
    assert f"隔了{days}天" in left and f"隔了{days - 1}天" not in left


# --- an entry closes on substance -------------------------------------------------------------------------------------


def test_neither_a_look_nor_a_click_nor_a_draft_closes_an_entry(cast, calendar, today, now, sign_in):
    client = sign_in(cast.zhou)
    for url in (class_url(cast), cast.an.get_absolute_url(), reverse("reports:radar_left")):
        client.get(url)
        assert client.post(url, {"seen": "1"}).status_code == 405
    save_draft(
        by=cast.zhou,
        key=f"note:new:{cast.an.pk}",
        body={"facts": ["今天"], "student": [str(cast.an.pk)]},
        seq=1,
        now=now,
    )
    client.post(f"{reverse('students:note_new')}?student={cast.an.pk}", {"student": str(cast.an.pk), "facts": " "})
    assert cast.an in found(cast.zhou, calendar, today).first


def test_a_note_with_kind_and_words_closes_it_and_its_withdrawal_opens_it_again(cast, calendar, today, now):
    fields = {"kind": "talk", "facts": "她说最近睡得晚。", "happened_on": today, "level": 2}
    (note,) = notes.record_observation(by=cast.zhou, students=[cast.an], fields=fields, now=now)
    assert names(found(cast.zhou, calendar, today).first) == [cast.bei.name]
    Observation.objects.filter(pk=note.pk).update(voided_at=now, voided_by=cast.zhou)
    assert names(found(cast.zhou, calendar, today).first) == [cast.an.name, cast.bei.name]


def test_a_confidential_note_leaves_no_trace(cast, calendar, today):
    """T14: not even for 德育, who may read it."""
    ObservationFactory(student=cast.an, level=4, author=cast.xin)
    assert cast.an in found(cast.ruan, calendar, today).first


# --- talks ------------------------------------------------------------------------------------------------------------


def test_talks_are_counted_by_the_term_and_the_list_says_who_is_left(cast, calendar, today, sign_in):
    term = calendar.term_on(today)
    ObservationFactory(student=cast.an, kind="talk", happened_on=term.starts_on)
    ObservationFactory(student=cast.bei, kind="talk", happened_on=term.starts_on - timedelta(days=1))
    ObservationFactory(student=cast.ding)
    rows = found(cast.qin, calendar, today, talks=True).rows
    assert [(row.name, row.noticed, row.size) for row in rows] == [
        ("三年级(1)班", 0, 1),
        ("三年级(2)班", 1, 2),
    ]
    page = sign_in(cast.qin).get(reverse("reports:radar_left"), {"what": "talk"})
    assert [row["student"] for row in page.context["rows"]] == [cast.ding, cast.bei]
    grade = text(
        sign_in(cast.ruan), reverse("reports:radar"), what="talk", grade=f"primary-{cast.grade_four.entry_year}"
    )
    assert cast.gao.name in grade and cast.ding.name not in grade
    own = sign_in(cast.zhou).get(class_url(cast)).context
    assert (own["talked"], [each.student for each in own["untalked"]]) == (1, [cast.bei])


# --- whom to talk to this week ----------------------------------------------------------------------------------------


def _class_of(cast, count):
    return [seat(StudentFactory(school=cast.school), cast.own_class, seat_no=10 + n) for n in range(count)]


def test_over_a_term_everybody_has_a_turn_before_anybody_has_a_second(cast, calendar, today):
    """Three a week, while notes of other kinds come in by chance: fair, and nobody is skipped."""
    rng = Random(7)
    students = [_placed(each, today) for each in _class_of(cast, 18)]
    seats = {each.pk: radar.Seat(each, None) for each in students}
    term = calendar.term_on(today)
    mondays = [day for day in calendar.days if day >= term.starts_on and day.weekday() == 0][:12]
    turns = []
    for monday in mondays:
        for each in rng.sample(students, 5):
            old = seats[each.pk]
            seats[each.pk] = radar.Seat(each, 0, old.talks, old.talked_on)
        for chosen in radar.suggest(seats.values(), calendar, monday):
            turns.append(chosen.student.pk)
            seats[chosen.student.pk] = radar.Seat(chosen.student, 0, chosen.talks + 1, monday)
    assert len(turns) == 36
    assert set(turns[:18]) == set(turns[18:]) == set(seats)


def test_whoever_was_not_talked_with_stays_and_the_order_is_the_same_for_everybody(cast, calendar, today):
    students = [_placed(each, today) for each in _class_of(cast, 8)]
    seats = [radar.Seat(each, None) for each in students]
    first = radar.suggest(seats, calendar, today)
    assert radar.suggest(seats[::-1], calendar, today + timedelta(days=7)) == first
    rest = [each for each in seats if each is not first[0]]
    again = radar.suggest([*rest, radar.Seat(first[0].student, 0, 1, today)], calendar, today)
    assert again[:2] == first[1:] and len(again) == 3


def test_who_is_on_leave_from_school_or_was_talked_with_lately_is_not_suggested(cast, calendar, today):
    away, lately, before = (_placed(each, today) for each in _class_of(cast, 3))
    away.status = Student.Status.SUSPENDED
    seats = [
        radar.Seat(away, None),
        radar.Seat(lately, 0, 1, calendar.start_of_last(20, today)),
        radar.Seat(before, 0, 1, calendar.start_of_last(20, today) - timedelta(days=1)),
    ]
    assert [each.student for each in radar.suggest(seats, calendar, today)] == [before]


def test_a_suggestion_opens_the_note_sheet_with_the_student_and_the_kind(cast, sign_in):
    client = sign_in(cast.zhou)
    assert f"{reverse('students:note_new')}?student={cast.an.pk}&amp;kind=talk" in text(client, class_url(cast))
    sheet = text(client, reverse("students:note_new"), student=cast.an.pk, kind="talk")
    assert cast.an.name in sheet


def test_the_home_page_suggests_talks_in_the_own_class_and_leads_to_the_radar(cast, sign_in):
    home = text(sign_in(cast.zhou), reverse("reports:classes"))
    assert cast.an.name in home and reverse("reports:radar") in home
    assert cast.an.name not in text(sign_in(cast.guo), reverse("reports:classes"))


# --- who opens it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["zhou", "he", "guo", "lin", "qin", "xin", "ruan", "fu", "xiao", "yi", "jiao", "luo", "wang", "shen", "yuan"])  # fmt: skip
def test_the_radar_of_a_class_opens_for_those_who_answer_for_it(cast, sign_in, who):
    assert sign_in(cast.people[who]).get(class_url(cast)).status_code == (200 if who in CLASS_RADAR else 404)


def test_the_menu_leads_to_it_for_those_and_nobody_else(cast, sign_in):
    for who, user in cast.people.items():
        shown = f'href="{reverse("reports:radar")}"' in text(sign_in(user), reverse("reports:home"))
        assert shown == (who in CLASS_RADAR | {"lin", "yuan"}), who


def test_a_head_teacher_of_one_class_goes_straight_there_and_of_two_sees_both(cast, sign_in):
    client = sign_in(cast.zhou)
    assert client.get(reverse("reports:radar")).url == class_url(cast)
    second = ClassGroupFactory(school=cast.school, grade=5, number=3)
    assign(cast.zhou, second)
    page = text(client, reverse("reports:radar"))
    assert "三年级(2)班" in page and "五年级(3)班" in page and "三年级(1)班" not in page


def test_a_grade_leader_finds_the_grade_and_the_office_the_school(cast, sign_in):
    leader, office = (text(sign_in(user), reverse("reports:radar")) for user in (cast.qin, cast.ruan))
    assert cast.ding.name in leader and cast.gao.name not in leader and "四年级(1)班" not in leader
    assert cast.gao.name in office and cast.hang.name not in office


def plain_choice(client) -> str:
    return client.get(reverse("reports:radar")).context["form"]["days"].value()


def test_choices_that_are_none_count_as_not_chosen(cast, sign_in):
    client = sign_in(cast.qin)
    plain = client.get(reverse("reports:radar")).context["found"]
    assert plain_choice(client) == "20"
    odd = client.get(reverse("reports:radar"), {"grade": "primary-1999", "days": "x", "what": "facts", "page": "z"})
    assert odd.context["found"].left == plain.left


def test_one_row_in_the_log_names_those_who_are_shown(cast, sign_in):
    sign_in(cast.ruan).get(reverse("reports:radar"))
    row = FileAccess.objects.get()
    assert (row.kind, row.level, row.what) == (FileAccess.Kind.LIST, 2, "reports:radar")
    assert len(row.student_ids.split()) == 4


def test_classes_stand_in_the_school_s_order_and_students_by_urgency_alone(cast, sign_in, calendar, today):
    """No ranking of classes: the worst covered does not come first."""
    ObservationFactory(student=cast.ding)
    page = sign_in(cast.ruan).get(reverse("reports:radar"))
    assert [row.name for row in page.context["rows"]] == ["三年级(1)班", "三年级(2)班", "四年级(1)班"]
    assert "不排名" in page.content.decode() or "no ranking" in page.content.decode()
