"""The academic office corrects one mark by hand, or adds one. Absent is never 0."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.versions import StaleVersion
from students.actions import marks as acts
from students.models import Enrolment, Exam, Mark, Signal, Term


@pytest.fixture
def exam(cast):
    return Exam.objects.create(term=Term.objects.get(school=cast.school, number=1, school_year=2026))


@pytest.fixture
def mark(cast, exam):
    return Mark.objects.create(
        student=cast.an, author=cast.jiao, exam=exam, class_group=cast.own_class, subject="数学", value=48
    )


def page(mark):
    return reverse("students:mark_edit", args=[mark.pk])


def sent(**more):
    return {"mark": "84", "full_mark": "100", "reason": "登分登错了一行", "version": 1, **more}


def correct(mark, by, now, **more):
    fields = {"value": "84", "full_mark": Decimal(100), "reason": "登错", "version": mark.version, **more}
    acts.correct_mark(mark=mark, by=by, now=now, **fields)


def test_a_correction_keeps_what_was_who_and_why(sign_in, cast, mark):
    client = sign_in(cast.jiao)
    assert page(mark) in client.get(reverse("reports:marks", args=[cast.an.pk])).content.decode()
    assert client.post(page(mark), sent()).status_code == 302
    mark.refresh_from_db()
    assert (mark.value, mark.is_absent, mark.version) == (84, False, 2)
    last = mark.history.first()
    assert (last.history_user, last.history_change_reason) == (cast.jiao, "登分登错了一行")
    shown = client.get(page(mark)).content.decode()
    assert "登分登错了一行" in shown
    assert "48" in shown


@pytest.mark.parametrize("word", ["缺考", "免考", "absent"])
def test_absent_is_absent_and_never_0(sign_in, cast, mark, word):
    assert sign_in(cast.jiao).post(page(mark), sent(mark=word)).status_code == 302
    mark.refresh_from_db()
    assert (mark.value, mark.is_absent) == (None, True)


@pytest.mark.parametrize(
    "wrong", [{"mark": "101"}, {"mark": "良"}, {"mark": "—"}, {"mark": ""}, {"reason": " "}, {"full_mark": "0"}]
)
def test_what_is_no_mark_or_has_no_reason_is_refused(sign_in, cast, mark, wrong):
    assert sign_in(cast.jiao).post(page(mark), sent(**wrong)).status_code == 422
    mark.refresh_from_db()
    assert mark.value == 48


def test_two_who_correct_see_each_other(sign_in, cast, mark, now):
    correct(mark, cast.jiao, now, value="90")
    answer = sign_in(cast.jiao).post(page(mark), sent())
    assert answer.status_code == 409
    assert "90" in answer.content.decode()
    with pytest.raises(StaleVersion):
        correct(mark, cast.jiao, now, version=1)


def test_nobody_but_the_academic_office_corrects(sign_in, cast, mark, exam, now):
    for who in ("zhou", "guo", "ruan", "xiao", "wang", "yuan"):
        client = sign_in(cast.people[who])
        assert client.get(page(mark)).status_code == 404
        assert client.get(reverse("students:mark_new", args=[cast.an.pk])).status_code == 404
        with pytest.raises(PermissionDenied):
            correct(mark, cast.people[who], now)
    assert page(mark) not in sign_in(cast.zhou).get(reverse("reports:marks", args=[cast.an.pk])).content.decode()


def test_a_mark_is_added_in_the_class_of_that_exam(sign_in, cast, exam):
    client, url = sign_in(cast.jiao), reverse("students:mark_new", args=[cast.an.pk])
    data = {**sent(mark="免考"), "exam": exam.pk, "subject": "数学成绩"}
    assert client.get(url).status_code == 200
    assert client.post(url, data).status_code == 302
    row = Mark.objects.get()
    assert (row.subject, row.is_absent, row.class_group, row.author) == ("数学", True, cast.own_class, cast.jiao)
    assert row.history.get().history_change_reason == "登分登错了一行"
    assert client.post(url, data).status_code == 422  # there is one already
    assert client.post(url, {**data, "subject": "成绩"}).status_code == 422
    assert Mark.objects.count() == 1


def test_no_mark_without_a_class_or_at_an_exam_of_another_school(cast, exam, now):
    fields = {
        "value": "84",
        "full_mark": Decimal(100),
        "reason": "补录",
        "by": cast.jiao,
        "now": now,
        "subject": "数学",
    }
    far = Exam.objects.create(term=Term.objects.filter(school=cast.elsewhere).first())
    with pytest.raises(ValidationError):
        acts.add_mark(student=cast.an, exam=far, **fields)
    Enrolment.objects.filter(student=cast.an).delete()
    with pytest.raises(ValidationError):
        acts.add_mark(student=cast.an, exam=exam, **fields)
    assert not Mark.objects.exists()


def test_a_signal_that_counted_the_mark_is_judged_again_and_others_stay(cast, mark, now, today):
    """The drop was a slip of the pen: nobody has to answer it."""
    fields = {"student": cast.an, "rule": "drop", "raised_on": today, "numbers": {"lines": []}}
    slip = Signal.objects.create(counted=[f"students.mark:{mark.pk}"], fingerprint="1", **fields)
    other = Signal.objects.create(counted=["students.mark:other"], fingerprint="2", **{**fields, "rule": "decline"})
    correct(mark, cast.jiao, now)
    slip.refresh_from_db()
    other.refresh_from_db()
    assert slip.lapsed_at == now
    assert other.lapsed_at is None
