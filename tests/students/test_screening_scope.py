"""A round for some grades or classes, and a sheet for a class that gets its first students while it runs (F2)."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext

from students.actions import placements, screening, sheets
from students.actions.placements import add_class
from students.models import ClassGroup, ScreeningRound, ScreeningSheet
from students.screening import scope_words
from tests.factories import ClassGroupFactory, StudentFactory
from tests.students.reading import ALLOWED, statements
from tests.students.sweep import a_checklist, a_round

ONCE = {"once": "00000000-0000-4000-8000-000000000001"}
OPEN = "students:screening_open"


def classes_of(row: ScreeningRound) -> set[ClassGroup]:
    return {sheet.class_group for sheet in row.sheets.select_related("class_group")}


def place(cast, group: ClassGroup, *, on, now) -> None:
    student = StudentFactory(school=group.school)
    placements.move_student(by=cast.jiao, student=student, class_group=group, seat_no=1, on=on, now=now)


@pytest.fixture
def empty(cast) -> ClassGroup:
    """A class of grade three that has nobody yet."""
    return ClassGroupFactory(school=cast.school, number=3)


# --- which classes ----------------------------------------------------------------------------------------------------


def test_a_round_is_opened_for_a_grade(cast, sign_in, today):
    client, data = sign_in(cast.ruan), {"checklist": a_checklist(cast.school).pk, "due_on": f"{today}", **ONCE}
    assert client.post(reverse(OPEN), {**data, "grades": [cast.own_class.cohort]}).status_code == 302
    row = ScreeningRound.objects.get()
    assert classes_of(row) == {cast.own_class, cast.next_class}
    for page in (reverse("students:screening"), row.get_absolute_url()):
        assert "三年级" in client.get(page).content.decode()


def test_a_grade_and_a_class_of_another_are_one_round(cast, sign_in, today):
    """A class of a grade that is chosen anyway is not named twice."""
    data = {
        "checklist": a_checklist(cast.school).pk, "due_on": f"{today}", "grades": [cast.grade_four.cohort],
        "classes": [str(cast.own_class.pk), str(cast.grade_four.pk)], **ONCE,
    }  # fmt: skip
    assert sign_in(cast.ruan).post(reverse(OPEN), data).status_code == 302
    row = ScreeningRound.objects.get()
    assert classes_of(row) == {cast.own_class, cast.grade_four}
    assert scope_words([row]) == {row.pk: "三年级(2)班、四年级"}


def test_a_round_of_the_whole_school_says_so_and_asks_nothing_for_it(cast, django_assert_num_queries):
    row = a_round(cast.school, by=cast.ruan)
    with django_assert_num_queries(0):
        assert scope_words([row]) == {row.pk: gettext("whole school")}


def test_a_class_of_another_school_is_no_choice(cast, sign_in, today):
    """T12."""
    data = {"checklist": a_checklist(cast.school).pk, "due_on": f"{today}", "classes": [str(cast.far_class.pk)], **ONCE}
    assert sign_in(cast.ruan).post(reverse(OPEN), data).status_code == 422
    assert not ScreeningRound.objects.exists()


def test_a_round_in_which_nobody_sits_is_refused_and_none_is_opened(cast, sign_in, today, empty):
    data = {"checklist": a_checklist(cast.school).pk, "due_on": f"{today}", "classes": [str(empty.pk)], **ONCE}
    assert sign_in(cast.ruan).post(reverse(OPEN), data).status_code == 422
    assert not ScreeningRound.objects.exists()
    with pytest.raises(ValidationError):
        a_round(cast.school, scope=[str(empty.pk)], checklist=a_checklist(cast.school, "另一份"))


def test_only_the_heads_of_the_chosen_classes_are_asked(cast, sign_in):
    a_round(cast.school, by=cast.ruan, scope=[str(cast.own_class.pk)])
    asked = [bool(sign_in(who).get(reverse("students:screening")).context["sheets"]) for who in (cast.zhou, cast.lin)]
    assert asked == [True, False]


def test_the_list_of_rounds_asks_no_more_for_many(cast, sign_in):
    client, page = sign_in(cast.ruan), reverse("students:screening")
    counts = []
    for number in range(3):
        checklist = a_checklist(cast.school, f"清单{number}")
        a_round(cast.school, by=cast.ruan, checklist=checklist, scope=[cast.own_class.cohort])
        counts.append(statements(client, page))
    assert counts[0] == counts[2] <= ALLOWED


# --- in step with the places ------------------------------------------------------------------------------------------


def test_a_class_gets_its_sheet_with_its_first_student(cast, sign_in, today, now, empty):
    row = a_round(cast.school, by=cast.ruan, scope=[cast.own_class.cohort])
    assert empty not in classes_of(row)
    place(cast, empty, on=today, now=now)
    assert empty in classes_of(row)
    sheet = row.sheets.get(class_group=empty)
    assert sheet.history.get().history_user == cast.jiao
    assert sign_in(cast.ruan).get(sheet.get_absolute_url()).status_code == 200


def test_a_second_student_makes_no_second_sheet(cast, today, now, empty):
    row = a_round(cast.school, by=cast.ruan)
    for _student in range(2):
        place(cast, empty, on=today, now=now)
    assert row.sheets.filter(class_group=empty).count() == 1


def test_a_class_that_is_founded_and_begins_on_another_day_is_not_forgotten(cast, today, now):
    row = a_round(cast.school, by=cast.ruan)
    group = add_class(by=cast.jiao, school=cast.school, stage="primary", entry_year=cast.own_class.entry_year, number=9)
    place(cast, group, on=today + timedelta(days=3), now=now)
    assert group in classes_of(row)


def test_a_class_outside_the_scope_gets_none(cast, today, now, empty):
    row = a_round(cast.school, by=cast.ruan, scope=[cast.grade_four.cohort])
    place(cast, empty, on=today, now=now)
    assert classes_of(row) == {cast.grade_four}


def test_a_round_that_is_closed_or_of_another_school_asks_no_new_class(cast, today, now, empty):
    closed = a_round(cast.school, by=cast.ruan)
    screening.close_round(by=cast.ruan, round=closed, version=1, now=now)
    away = a_round(cast.elsewhere)
    place(cast, empty, on=today, now=now)
    assert not ScreeningSheet.objects.filter(round__in=[closed, away], class_group=empty).exists()


def test_who_has_left_brings_no_class_into_a_round(cast, today, now, empty):
    row = a_round(cast.school, by=cast.ruan)
    student = StudentFactory(school=cast.school, status="graduated", left_on=today)
    placements.move_student(by=cast.jiao, student=student, class_group=empty, seat_no=1, on=today, now=now)
    assert empty not in classes_of(row)


def test_two_first_students_at_one_moment_are_both_placed_and_one_sheet_stands(cast, today, now, empty, monkeypatch):
    """The constraint decides: both have seen that the class has no sheet yet."""
    row = a_round(cast.school, by=cast.ruan)
    place(cast, empty, on=today, now=now)
    monkeypatch.setattr(sheets, "_asked", lambda row: set())
    place(cast, empty, on=today, now=now)
    assert row.sheets.filter(class_group=empty).count() == 1 and empty.enrolments.count() == 2
