"""The academic office's pages: a student by hand, and September. Level 1 only."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from students import access
from students.actions import placements, rollover
from students.models import ClassGroup, FileAccess, Student, Term
from tests.factories import StudentFactory, seat

pytestmark = pytest.mark.django_db
LIST, ADD, ROLLOVER = (f"students:{name}" for name in ("placements", "add", "rollover"))


@pytest.fixture
def jiao(cast, sign_in):
    return sign_in(cast.jiao)


def url(name, student):
    return reverse(f"students:{name}", args=[student.pk])


def child(cast, today, **changes):
    return {
        "name": "仇小雅",
        "sex": "2",
        "birth_date": "2017-03-04",
        "class_group": str(cast.own_class.pk),
        "seat_no": "12",
        "starts_on": today.isoformat(),
        "boarding_type": "1",
        **changes,
    }


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_class_is_listed_by_seat_and_those_who_have_gone_apart(cast, jiao):
    page = jiao.get(reverse(LIST), {"class": cast.own_class.pk}).content.decode()
    assert page.index("安然然") < page.index("贝宁宁")
    assert "郭去去" not in page
    gone = jiao.get(reverse(LIST), {"gone": 1}).content.decode()
    assert "郭去去" in gone
    assert "安然然" not in gone


def test_the_list_shows_level_one_so_no_reading_is_logged(cast, jiao):
    jiao.get(reverse(LIST))
    assert not FileAccess.objects.exists()


@pytest.mark.parametrize("asked", ["far", "nonsense"])
def test_a_class_of_another_school_is_not_found(cast, jiao, asked):
    pk = cast.far_class.pk if asked == "far" else "nonsense"
    assert jiao.get(reverse(LIST), {"class": pk}).status_code == 404


def test_the_list_asks_the_same_number_of_questions_for_few_and_many(cast, jiao, django_assert_max_num_queries):
    def asked():
        with django_assert_max_num_queries(12) as seen:
            jiao.get(reverse(LIST), {"class": cast.own_class.pk})
        return len(seen)

    asked()
    before = asked()
    for number in (20, 21, 22):
        seat(StudentFactory(school=cast.school), cast.own_class, number)
    assert asked() == before


# --- one student ------------------------------------------------------------------------------------------------------


def test_a_student_is_added_by_hand(cast, jiao, today, now):
    answer = jiao.post(reverse(ADD), child(cast, today))
    assert str(cast.own_class.pk) in answer.url
    student = Student.objects.get(name="仇小雅")
    assert student.name_initials.startswith("qxy")
    assert access.level_of(cast.zhou, student, now=now) == 3
    assert student.history.get().history_user == cast.jiao


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": " "}, "必填"),
        ({"seat_no": "1"}, "已经有人"),
        ({"birth_date": "2099-01-01"}, "出生"),
        ({"class_group": ""}, "必填"),
        ({"starts_on": "1999-01-01"}, "年份"),
    ],
)
def test_a_wrong_student_comes_back_with_what_was_typed(cast, jiao, today, wrong, says):
    answer = jiao.post(reverse(ADD), child(cast, today, **wrong))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert "仇小雅" in page or "name" in wrong
    assert not Student.objects.filter(name="仇小雅").exists()


def test_a_class_of_another_school_is_no_choice(cast, jiao, today):
    assert jiao.post(reverse(ADD), child(cast, today, class_group=str(cast.far_class.pk))).status_code == 422


def test_the_same_name_and_birthday_asks_first(cast, jiao, today):
    data = child(cast, today)
    jiao.post(reverse(ADD), data)
    answer = jiao.post(reverse(ADD), {**data, "seat_no": "13"})
    assert answer.status_code == 422
    assert "同名同生日" in answer.content.decode()
    assert Student.objects.filter(name="仇小雅").count() == 1
    assert jiao.post(reverse(ADD), {**data, "seat_no": "13", "another_child": "on"}).status_code == 302
    assert Student.objects.filter(name="仇小雅").count() == 2


def test_a_namesake_of_another_school_is_not_mentioned(cast, jiao, today):
    StudentFactory(school=cast.elsewhere, name="仇小雅", birth_date=date(2017, 3, 4))
    assert jiao.post(reverse(ADD), child(cast, today)).status_code == 302


def test_a_student_moves_from_a_day(cast, jiao, today, now):
    data = {"class_group": cast.next_class.pk, "seat_no": 7, "starts_on": today.isoformat(), "version": cast.an.version}
    assert jiao.post(url("move", cast.an), data).status_code == 302
    assert access.level_of(cast.lin, cast.an, now=now) == 3
    assert access.level_of(cast.zhou, cast.an, now=now) == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seat_no": 1}, "现在就在"),
        ({"seat_no": 2}, "已经有人"),
        ({"starts_on": "2019-12-01"}, "年份"),
        ({"class_group": ""}, "必填"),
    ],
)
def test_a_wrong_move_comes_back(cast, jiao, today, changes, says):
    data = {"class_group": cast.own_class.pk, "seat_no": 8, "starts_on": today.isoformat(), **changes}
    answer = jiao.post(url("move", cast.an), data)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert cast.an.enrolments.get().seat_no == 1


def test_a_move_before_the_present_class_began_is_refused(cast, jiao, today):
    student = seat(StudentFactory(school=cast.school), cast.own_class, 30, on=today - timedelta(days=10))
    data = {"class_group": cast.next_class.pk, "starts_on": (today - timedelta(days=20)).isoformat()}
    assert jiao.post(url("move", student), data).status_code == 422


def test_a_student_leaves_and_comes_back(cast, jiao, today, now):
    data = {"status": "transferred", "on": today.isoformat(), "version": cast.an.version}
    assert "gone=1" in jiao.post(url("leave", cast.an), data).url
    assert Student.objects.get(pk=cast.an.pk).status == "transferred"
    assert access.level_of(cast.zhou, cast.an, now=now) == 0
    assert jiao.get(url("leave", cast.an)).url == url("back", cast.an)
    assert jiao.get(url("move", cast.an)).url == url("back", cast.an)
    data = {"class_group": cast.own_class.pk, "seat_no": 1, "starts_on": today.isoformat(), "version": 2}
    assert jiao.post(url("back", cast.an), data).status_code == 302
    assert access.level_of(cast.zhou, cast.an, now=now) == 3
    assert jiao.get(url("back", cast.an)).url == url("move", cast.an)


def test_a_student_goes_on_leave_and_keeps_the_seat(cast, jiao, today):
    data = {"status": "suspended", "on": today.isoformat(), "version": cast.an.version}
    jiao.post(url("leave", cast.an), data)
    assert "休学" in jiao.get(reverse(LIST), {"class": cast.own_class.pk}).content.decode()
    assert cast.an.enrolments.get().ends_on is None


@pytest.mark.parametrize(("day", "says"), [(5, "还没有到"), (-5000, "还没有到现在的班级")])
def test_leaving_on_a_wrong_day_comes_back(cast, jiao, today, day, says):
    data = {"status": "left", "on": (today + timedelta(days=day)).isoformat(), "version": cast.an.version}
    answer = jiao.post(url("leave", cast.an), data)
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_student_whom_somebody_changed_meanwhile_answers_409(cast, jiao, today):
    placements.correct_student(by=cast.ruan, student=cast.an, fields={"sex": "2"}, version=1)
    data = {"status": "transferred", "on": today.isoformat(), "version": 1}
    answer = jiao.post(url("leave", cast.an), data)
    assert answer.status_code == 409
    assert Student.objects.get(pk=cast.an.pk).status == "present"
    gone = {"class_group": cast.own_class.pk, "starts_on": today.isoformat(), "version": 7}
    assert jiao.post(url("back", cast.gone), gone).status_code == 409
    assert not cast.gone.enrolments.filter(ends_on=None).exists()


@pytest.mark.parametrize("who", ["wang", "ruan", "xiao", "zhou", "luo", "shen"])
def test_nobody_but_the_academic_office_finds_these_pages(cast, sign_in, who):
    client = sign_in(cast.people[who])
    for name in (LIST, ADD, ROLLOVER):
        assert client.get(reverse(name)).status_code == 404
    for name in ("move", "leave", "back"):
        assert client.post(url(name, cast.an)).status_code == 404


def test_a_student_of_another_school_is_not_found(cast, jiao):
    for name in ("move", "leave", "back"):
        assert jiao.get(url(name, cast.hang)).status_code == 404


# --- September --------------------------------------------------------------------------------------------------------


@pytest.fixture
def leavers(cast, today):
    year = rollover.year_to_prepare(today)
    group = placements.add_class(by=None, school=cast.school, stage="primary", entry_year=year - 6, number=1)
    group.student = seat(StudentFactory(school=cast.school), group, 1)
    return group


def test_september_is_shown_first_and_changes_nothing(cast, jiao, leavers):
    page = jiao.get(reverse(ROLLOVER)).content.decode()
    assert "1 名学生毕业" in page
    assert Student.objects.get(pk=leavers.student.pk).status == "present"


def test_september_happens_once(cast, jiao, leavers, today):
    year = rollover.year_to_prepare(today)
    for _twice in range(2):
        assert jiao.post(reverse(ROLLOVER), {"primary": 3}).url == reverse(ROLLOVER)
    assert Student.objects.get(pk=leavers.student.pk).status == "graduated"
    assert ClassGroup.objects.filter(school=cast.school, entry_year=year).count() == 3
    assert Term.objects.filter(school=cast.school, school_year=year).count() == 2
    assert "已经安排好" in jiao.get(reverse(ROLLOVER)).content.decode()


@pytest.mark.parametrize("number", ["", "-1", "41", "x"])
def test_a_wrong_number_of_classes_comes_back(cast, jiao, leavers, number):
    answer = jiao.post(reverse(ROLLOVER), {"primary": number})
    assert answer.status_code == 422
    assert Student.objects.get(pk=leavers.student.pk).status == "present"
