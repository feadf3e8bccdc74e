"""The demo school: believable, whole, and never in anybody's way."""

from datetime import date, datetime, time

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import School, User
from students import access, demo
from students.demo.build import build
from students.demo.people import identity_number
from students.marks.averages import findings_of
from students.models import (
    AccessGrant,
    AttentionRequest,
    ClassGroup,
    Draft,
    Exam,
    LookRequest,
    NeedEvidence,
    Observation,
    SchoolCalendar,
    ScreeningEntry,
    ScreeningRound,
    Student,
    StudentBackground,
)
from students.roster.values import parse_resident_id

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 18)
NOW = timezone.make_aware(datetime.combine(TODAY, time(10, 40)))


def test_the_texts_are_many_and_different():
    texts = [template.facts for template in demo.templates()]
    assert len(texts) == len(set(texts)) >= 250
    assert {template.kind for template in demo.templates()} == set(Observation.Kind.values)
    assert {template.domain for template in demo.templates()} == set(Observation.Domain.values)
    assert {template.tone for template in demo.templates()} == set(Observation.Tone.values)
    assert {template.setting for template in demo.templates()} <= set(Observation.Setting.values)


@pytest.mark.slow
def test_the_school_is_whole():
    """One test, since building it takes its time."""
    school = build(today=TODAY, now=NOW)
    assert (Student.objects.count(), ClassGroup.objects.count(), User.objects.count()) == (1080, 24, 67)
    assert 3000 < Observation.objects.count() < 9000
    _the_classes(school)
    _the_notes(school)
    _the_marks(school)
    _the_people(school)
    _the_screening(school)


def _noticed(name: str, school) -> int:
    group = next(group for group in ClassGroup.objects.all() if group.name_on(TODAY) == name)
    term = SchoolCalendar.of(school.pk).term_on(TODAY)
    notes = Observation.objects.in_term(term).filter(student__enrolments__class_group=group)
    return notes.values("student").distinct().count()


def _the_screening(school) -> None:
    """One round is done, one runs; of the head teacher's own class somebody is left."""
    running, done = ScreeningRound.objects.filter(school=school).with_progress()
    assert (running.is_open, done.is_open) == (True, False)
    assert done.finished_count == done.sheet_count == 24 > running.finished_count > 5
    own = next(sheet for sheet in running.sheets.all() if sheet.class_group.name_on(TODAY) == "三年级(2)班")
    assert own.entries.count() == 26 and ScreeningEntry.objects.to_review().count() > 20
    passed_on = ScreeningEntry.objects.filter(decision="proposed").values("pk")
    assert NeedEvidence.objects.filter(target_id__in=passed_on).count() == 4


def _the_classes(school) -> None:
    assert _noticed("三年级(2)班", school) == 38
    assert _noticed("五年级(4)班", school) == 14
    for group in ClassGroup.objects.all():
        students = Student.objects.of_class(group, TODAY)
        assert students.count() == demo.PER_CLASS
        assert students.filter(observations=None).count() >= 3
    names = "".join(Student.objects.values_list("name", flat=True))
    assert all(rare in names for rare in "䶮㛃𬱖")
    own = Student.objects.of_class(
        next(g for g in ClassGroup.objects.all() if g.name_on(TODAY) == "三年级(2)班"), TODAY
    )
    assert {name[0] for name in own.values_list("name", flat=True)} >= set("单仇解曾")


def _the_notes(school) -> None:
    notes, days = Observation.objects.all(), SchoolCalendar.of(school.pk).days
    assert not notes.filter(created_at__gt=NOW).exists()
    assert set(notes.exclude(attention__isnull=False).values_list("happened_on", flat=True)) <= set(days)
    assert not [text for text in notes.values_list("facts", flat=True) if "{" in text]
    open_items = notes.filter(follow_up_on__isnull=False, followed_at=None)
    assert open_items.filter(follow_up_on=TODAY).exists()
    assert open_items.filter(follow_up_on__lt=TODAY).exists()
    assert notes.filter(level=3).exists()
    assert notes.filter(follows__isnull=False).exists()
    assert notes.count() == Observation.history.count()
    assert AttentionRequest.objects.waiting().get().author.employee_no == "T0009"
    assert AttentionRequest.objects.count() == 5


def _the_marks(school) -> None:
    """Three exams; few lines say something, and the two that are planted do."""
    assert [exam.kind for exam in Exam.objects.in_order()] == [2, 2, 1]
    found = findings_of(Student.objects.filter(school=school))
    assert 0 < len(found) < 0.1 * 720
    group = next(group for group in ClassGroup.objects.all() if group.name_on(TODAY) == "三年级(2)班")
    planted = found.keys() & set(group.enrolments.filter(seat_no__in=(12, 24)).values_list("student", flat=True))
    assert {each.kind for pk in planted for each in found[pk] if each.subject == "数学"} == {"drop", "decline"}


def _the_people(school) -> None:
    assert Draft.objects.count() == 2
    assert LookRequest.objects.waiting().count() == 2
    substitute = User.objects.get(employee_no="T0046")
    assert access.my_classes(substitute, day=TODAY).count() == 2
    assert AccessGrant.objects.live(NOW).filter(reason="counselling").count() == 1
    roles = {role for user in User.objects.all() for role in user.roles(NOW)}
    assert len(roles) == 10
    for number in StudentBackground.objects.values_list("id_no", flat=True)[:50]:
        assert parse_resident_id(number) == number
    assert all(User.objects.filter(employee_no=number).exists() for _post, number in demo.ACCOUNTS)


def test_identity_numbers_have_a_valid_checksum_and_no_place():
    numbers: dict = {}
    made = [identity_number(date(2017, 5, 20), sex, numbers) for sex in "1212"]
    assert len(set(made)) == 4
    assert all(number.startswith("990101") for number in made)
    assert [int(number[16]) % 2 for number in made] == [1, 0, 1, 0]


def test_a_school_with_other_data_is_not_touched(cast):
    with pytest.raises(CommandError):
        call_command("demo")
    call_command("demo", if_empty=True)
    assert set(School.objects.all()) == {cast.school, cast.elsewhere}


def test_it_is_not_built_in_production(settings):
    settings.EMBEDDED = settings.DEBUG = False
    with pytest.raises(CommandError):
        call_command("demo")
    assert not School.objects.exists()


def test_without_the_demo_school_there_are_no_accounts_to_print(cast, capsys):
    call_command("demo", accounts=True)
    assert capsys.readouterr().out == ""
