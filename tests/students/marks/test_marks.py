"""Marks: what the database refuses, who sees them, and which averages are told."""

from collections import defaultdict
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from students import access
from students.marks.averages import NONE, averages_of, findings_of, lines_of, with_exams
from students.models import Exam, Mark, Student, Term
from students.roster.undoing import _remove_empty_classes
from tests.factories import ClassGroupFactory, StudentFactory, TermFactory

# By hand, from the table of DESIGN §3: whose marks each person of the cast may see.
SEES = {
    "zhou": {"an", "bei", "gone"}, "he": {"an", "bei", "gone"}, "guo": set(), "qin": {"an", "bei", "ding", "gone"}, "lin": {"ding"},
    "xin": set(), "ruan": {"an", "bei", "ding", "gao", "gone"}, "fu": {"an", "bei", "ding", "gao", "gone"},
    "xiao": {"an", "bei", "ding", "gao", "gone"}, "yi": set(), "jiao": {"an", "bei", "ding", "gao", "gone"}, "zi": set(),
    "luo": set(), "wang": set(), "shen": set(), "yuan": {"hang"},
}  # fmt: skip


@pytest.fixture
def exam(cast):
    return Exam.objects.create(term=Term.objects.filter(school=cast.school).first())


def mark_of(student, exam, value=80, subject="数学", group=None, **fields) -> Mark:
    group = group or student.enrolments.first().class_group
    return Mark.objects.create(student=student, exam=exam, class_group=group, subject=subject, value=value, **fields)


def many(group, exam, values, subject="数学") -> list[Mark]:
    return [mark_of(StudentFactory(school=group.school), exam, value, subject, group) for value in values]


# --- what cannot be stored --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": None},  # an empty cell is no mark
        {"value": 0, "is_absent": True},  # absent is not 0
        {"value": Decimal("100.5")},
        {"value": -1},
        {"value": 0, "full_mark": 0},
        {"level": 3},
    ],
)
def test_the_database_refuses_what_is_no_mark(cast, exam, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        mark_of(cast.an, exam, **wrong)
    assert mark_of(cast.an, exam, None, is_absent=True).value is None
    assert mark_of(cast.bei, exam, 0).value == 0


def test_one_mark_per_student_exam_and_subject_said_in_words(cast, exam):
    mark = mark_of(cast.an, exam)
    with pytest.raises(ValidationError, match=r"mark|成绩"):
        Mark(student=cast.an, exam=exam, class_group=mark.class_group, subject="数学", value=3).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        mark_of(cast.an, exam)


# --- who sees them ----------------------------------------------------------------------------------------------------


def test_marks_are_for_level_2_and_the_academic_office(cast, exam, now):
    """T13: the list of marks and the students whose marks open agree."""
    far = Exam.objects.create(term=Term.objects.filter(school=cast.elsewhere).first())
    for name, student in cast.students.items():
        mark_of(student, far if name == "hang" else exam)
    names = {student.pk: name for name, student in cast.students.items()}
    for who, user in cast.people.items():
        rows = Mark.objects.visible_to(user, now=now)
        assert {names[mark.student_id] for mark in rows} == SEES[who] - gone_for(who), who
        assert {names[s.pk] for s in access.students_with_marks(user, now=now)} == SEES[who] - gone_for(who), who


def gone_for(who: str) -> set[str]:
    """Who has left stays with the offices."""
    return {"gone"} if who in ("zhou", "he", "qin") else set()


def test_an_inactive_user_sees_no_marks(cast, exam, now):
    mark_of(cast.an, exam)
    for user in (cast.jiao, cast.zhou):
        user.is_active = False
        assert not Mark.objects.visible_to(user, now=now).exists()
        assert not access.students_with_marks(user, now=now).exists()


# --- averages ---------------------------------------------------------------------------------------------------------


def average(mark):
    return averages_of(with_exams(Mark.objects.filter(pk=mark.pk))).get(
        (mark.exam_id, mark.subject, mark.class_group_id), NONE
    )


def test_an_average_of_fewer_than_five_is_not_told(cast, exam):
    four = many(cast.own_class, exam, (60, 70, 80, 90))
    assert average(four[0]).class_mean is None
    assert average(four[0]).class_spread is None
    five = [*four, *many(cast.own_class, exam, (100,))]
    assert average(five[0]).class_mean == 80
    assert average(five[0]).class_spread == pytest.approx(14.14, abs=0.01)


def test_absent_students_count_for_no_average(cast, exam):
    four = many(cast.own_class, exam, (60, 70, 80, 90))
    mark_of(StudentFactory(school=cast.school), exam, None, group=cast.own_class, is_absent=True)
    assert average(four[0]).class_mean is None


def test_the_average_of_the_grade_betrays_no_few_others(cast, exam):
    """Class and grade, taken from each other, leave the average of the rest: of five or of nobody."""
    ours = many(cast.own_class, exam, (60, 70, 80, 90, 100))
    assert average(ours[0]).grade_mean == 80
    few = many(cast.next_class, exam, (50, 50, 50, 50))
    assert average(ours[0]).grade_mean is None
    many(cast.next_class, exam, (50,))
    assert average(ours[0]).grade_mean == 65
    assert average(few[0]).class_mean == 50


def test_averages_are_those_of_the_exam_the_subject_the_grade_and_the_school(cast, exam):
    ours = many(cast.own_class, exam, (80,) * 5)
    many(cast.own_class, exam, (10,) * 5, subject="语文")
    many(cast.grade_four, exam, (20,) * 5)
    many(cast.own_class, Exam.objects.create(term=exam.term, kind=Exam.Kind.MIDTERM), (30,) * 5)
    far = Exam.objects.create(term=Term.objects.filter(school=cast.elsewhere).first())
    many(cast.far_class, far, (40,) * 5)
    assert (average(ours[0]).class_mean, average(ours[0]).grade_mean) == (80, 80)


# --- lines for the rules ----------------------------------------------------------------------------------------------


def three_exams(cast):
    last = TermFactory(school=cast.school, school_year=cast.own_class.entry_year + 1, spring=True)
    terms = [*Term.objects.filter(school=cast.school).exclude(pk=last.pk), last]
    return list(Exam.objects.in_order()) or [
        Exam.objects.create(term=term) for term in sorted(terms, key=lambda t: t.starts_on)
    ]


def test_a_drop_is_found_from_the_stored_marks_and_a_fluctuation_is_not(cast):
    """Issue 4, Done when 5; in four statements, however many students there are."""
    exams = three_exams(cast)
    others = [StudentFactory(school=cast.school) for _ in range(10)]
    for exam in exams:
        for number, other in enumerate(others):
            mark_of(other, exam, 60 + 4 * number, group=cast.own_class)
    for exam, falls, wavers in zip(exams, (85, 84, 55), (80, 76, 79), strict=True):
        mark_of(cast.an, exam, falls)
        mark_of(cast.bei, exam, wavers)
    with CaptureQueriesContext(connection) as queries:
        found = findings_of(Student.objects.filter(school=cast.school))
    assert len(queries) == 4
    assert {pk: [(each.kind, each.subject) for each in rows] for pk, rows in found.items()} == {
        cast.an.pk: [("drop", "数学")]
    }
    last = found[cast.an.pk][0].points[-1]
    assert Mark.objects.get(pk=last.mark).value == 55
    assert [point.term for point in lines_of([cast.an])[cast.an.pk]["数学"]] == [exam.term.code for exam in exams]


def test_a_class_made_by_an_import_stays_while_it_has_marks(cast, exam):
    """Its marks would point to nothing."""
    group = ClassGroupFactory(school=cast.school, number=9)
    mark = mark_of(cast.an, exam, group=group)
    made = defaultdict(list, {type(group): [str(group.pk)]})
    _remove_empty_classes(made, by=None, now=exam.term.starts_on, reason="")
    assert type(group).objects.filter(pk=group.pk).exists()
    mark.delete()
    _remove_empty_classes(made, by=None, now=mark.created_at, reason="")
    assert not type(group).objects.filter(pk=group.pk).exists()
