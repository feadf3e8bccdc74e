"""Classes and who teaches them: the system administrator's pages, without a student's name."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from students import access
from students.actions import placements
from students.models import ClassAssignment, ClassGroup, GradeAssignment
from tests.factories import StudentFactory, assign, seat

pytestmark = pytest.mark.django_db
CLASSES = "students:classes_admin"


@pytest.fixture
def wang(cast, sign_in):
    return sign_in(cast.wang)


def class_url(group):
    return reverse("students:class_admin", args=[group.pk])


def grade_url(group):
    return reverse("students:grade_admin", args=[group.stage, group.entry_year])


def typed(cast, today, **changes):
    return {"duty": "head", "user": str(cast.luo.pk), "subject": "", "starts_on": today.isoformat(), **changes}


def test_classes_stand_by_year_with_teachers_and_numbers_but_no_student(cast, wang):
    answer = wang.get(reverse(CLASSES))
    page = answer.content.decode()
    for words in ("三年级", "三年级(2)班", "Zhou老师", "Qin老师"):
        assert words in page
    sizes = {row["group"]: row["size"] for grade in answer.context["grades"] for row in grade["rows"]}
    assert sizes[cast.own_class] == 2  # 郭去去 has graduated
    for student in cast.students.values():
        assert student.name not in page
        assert student.name not in wang.get(class_url(cast.own_class)).content.decode()


def test_a_class_is_added_once(cast, wang):
    data = {"stage": "primary", "entry_year": cast.own_class.entry_year, "number": 4}
    assert wang.post(reverse(CLASSES), data).url == reverse(CLASSES)
    assert ClassGroup.objects.filter(school=cast.school, number=4).count() == 1
    answer = wang.post(reverse(CLASSES), data)
    assert answer.status_code == 422
    assert "已经有" in answer.content.decode()
    assert wang.post(reverse(CLASSES), {**data, "number": 0}).status_code == 422


def test_a_substitute_head_teacher_for_two_weeks(cast, wang, today, now):
    data = typed(cast, today, ends_on=(today + timedelta(days=13)).isoformat())
    assert wang.post(class_url(cast.own_class), data).url == class_url(cast.own_class)
    assert access.level_of(cast.luo, cast.an, now=now) == 3
    assert access.level_of(cast.luo, cast.an, now=now + timedelta(days=14)) == 0
    assert ClassAssignment.objects.get(user=cast.luo).history.get().history_user == cast.wang


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"duty": "subject"}, "学科"),
        ({"ends_on": "2001-01-01"}, "结束日期不能早于开始日期"),
        ({"user": ""}, "老师"),
        ({"starts_on": ""}, "必填"),
        ({"duty": "king"}, "king"),
    ],
)
def test_a_wrong_duty_comes_back(cast, wang, today, wrong, says):
    answer = wang.post(class_url(cast.own_class), typed(cast, today, **wrong))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not ClassAssignment.objects.filter(user=cast.luo).exists()


def test_nobody_is_offered_or_given_a_class_by_themselves(cast, wang, today):
    assert cast.wang not in wang.get(class_url(cast.own_class)).context["form"].fields["user"].queryset
    assert wang.post(class_url(cast.own_class), typed(cast, today, user=str(cast.wang.pk))).status_code == 422
    assert wang.post(grade_url(cast.own_class), {"user": cast.wang.pk, "starts_on": today}).status_code == 422
    assert not access.my_classes(cast.wang, day=today).exists()


def test_nobody_of_another_school_or_gone_is_offered(cast, wang, today):
    cast.luo.is_active = False
    cast.luo.save(update_fields=["is_active"])
    for user in (cast.yuan, cast.luo):
        assert wang.post(class_url(cast.own_class), typed(cast, today, user=str(user.pk))).status_code == 422


def test_the_same_duty_twice_is_refused_in_words(cast, wang, today):
    wang.post(class_url(cast.own_class), typed(cast, today))
    answer = wang.post(class_url(cast.own_class), typed(cast, today))
    assert answer.status_code == 422
    assert "已经有这项职责" in answer.content.decode()
    assert ClassAssignment.objects.filter(user=cast.luo).count() == 1


def test_a_duty_ends_on_a_day_or_at_once(cast, wang, today, now):
    head, subject = (ClassAssignment.objects.get(user=user) for user in (cast.zhou, cast.guo))
    last = today + timedelta(days=3)
    wang.post(reverse("students:duty_end", args=[head.pk]), {"last_day": last.isoformat(), "version": "1"})
    wang.post(reverse("students:duty_end", args=[subject.pk]), {"last_day": "", "version": "1"})
    assert ClassAssignment.objects.get(pk=head.pk).ends_on == last
    assert access.level_of(cast.zhou, cast.an, now=now) == 3
    assert access.level_of(cast.guo, cast.an, now=now) == 0


def test_a_duty_is_not_ended_in_the_past(cast, wang, today):
    head = ClassAssignment.objects.get(user=cast.zhou)
    url = reverse("students:duty_end", args=[head.pk])
    assert wang.post(url, {"last_day": (today - timedelta(days=9)).isoformat()}).status_code == 422
    assert ClassAssignment.objects.get(pk=head.pk).ends_on is None


def test_nobody_ends_their_own_duty(cast, wang, today):
    own = assign(cast.wang, cast.next_class)
    answer = wang.post(reverse("students:duty_end", args=[own.pk]), {"last_day": today.isoformat()})
    assert answer.status_code == 422
    assert ClassAssignment.objects.get(pk=own.pk).ends_on is None


def test_a_grade_gets_a_leader_and_loses_one(cast, wang, today, now):
    url = grade_url(cast.own_class)
    assert wang.post(url, {"user": cast.luo.pk, "starts_on": today.isoformat()}).url == url
    assert access.level_of(cast.luo, cast.ding, now=now) == 3
    old = GradeAssignment.objects.get(user=cast.qin)
    wang.post(reverse("students:leader_end", args=[old.pk]), {"last_day": "", "version": "1"})
    assert access.level_of(cast.qin, cast.ding, now=now) == 0
    assert "Luo老师" in wang.get(url).content.decode()


def test_what_belongs_to_another_school_is_not_found(cast, wang):
    far = ClassAssignment.objects.get(user=cast.yuan)
    assert wang.get(class_url(cast.far_class)).status_code == 404
    assert wang.get(reverse("students:duty_end", args=[far.pk])).status_code == 404
    assert wang.get(reverse("students:grade_admin", args=["primary", 1999])).status_code == 404


@pytest.mark.parametrize("who", ["jiao", "ruan", "zhou"])
def test_a_head_teacher_does_not_find_these_pages(cast, sign_in, who):
    client, head = sign_in(cast.people[who]), ClassAssignment.objects.get(user=cast.zhou)
    leader = GradeAssignment.objects.get(user=cast.qin)
    urls = [class_url(cast.own_class), grade_url(cast.own_class), reverse("students:duty_end", args=[head.pk])]
    for url in [*urls, reverse("students:leader_end", args=[leader.pk])]:
        assert client.get(url).status_code == 404
        assert client.post(url).status_code == 404


def test_the_pages_ask_few_questions_whatever_stands_on_them(cast, wang, django_assert_max_num_queries):
    urls = (reverse(CLASSES), class_url(cast.own_class), grade_url(cast.own_class))

    def asked():
        counts = []
        for url in urls:
            with django_assert_max_num_queries(12) as seen:
                wang.get(url)
            counts.append(len(seen))
        return counts

    asked()  # activity is touched once a minute
    before = asked()
    for number in (6, 7):
        group = placements.add_class(
            by=None, school=cast.school, stage="primary", entry_year=cast.own_class.entry_year, number=number
        )
        seat(StudentFactory(school=cast.school), group)
        assign(cast.luo, group)
        assign(cast.people["fu"], cast.own_class, "subject", subject=f"第{number}科")
        placements.assign_to_grade(
            by=None,
            user=[cast.luo, cast.lin][number - 6],
            stage="primary",
            entry_year=group.entry_year,
            starts_on=timezone.localdate(),
            now=timezone.now(),
        )
    assert asked() == before
