"""Asking, watching, fetching: through the browser's requests, by the right person and by everybody else."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleMembership
from reports import actions, links, making
from reports.models import ExportLog, ReportJob
from students.actions.placements import move_student
from students.models import FileAccess, Term
from tests.factories import ObservationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _short_paper(monkeypatch):
    """One line instead of three pages: these tests are about who gets it."""
    monkeypatch.setattr(making, "summary_page", lambda figures: f"<!DOCTYPE html><html lang=zh><p>{figures.size}")


@pytest.fixture
def term(cast, today):
    return Term.objects.filter(school=cast.school).latest_begun(today)


@pytest.fixture
def asked(cast, term, now):
    ObservationFactory(student=cast.an, author=cast.zhou)
    return actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=term, now=now)


def make(job):
    making.make(job_id=str(job.pk), clock=timezone.now)
    job.refresh_from_db()
    return job


@pytest.fixture
def made(asked):
    return make(asked)


@pytest.fixture
def batch(cast, term, now):
    ObservationFactory(student=cast.an, author=cast.zhou)
    return make(actions.request_all_classes(by=cast.ruan, term=term, reason="期末会", now=now))


def urls_of(job, user):
    token = links.sign(job, "file", user)
    return [
        ("get", reverse("reports:job", args=[job.pk])),
        ("get", reverse("reports:job_status", args=[job.pk])),
        ("post", reverse("reports:cancel", args=[job.pk])),
        ("post", reverse("reports:link", args=[job.pk])),
        ("get", reverse("reports:download", args=[job.pk, token])),
    ]


def test_a_head_teacher_asks_for_her_class_and_fetches_it(cast, term, sign_in, today):
    ObservationFactory(student=cast.an, author=cast.zhou)
    client = sign_in(cast.zhou)
    page = client.get(reverse("reports:index")).content.decode()
    assert cast.own_class.name_on(today) in page
    assert cast.next_class.name_on(today) not in page
    asked = {"ask": "class", "term": term.pk, "class_group": cast.own_class.pk}
    response = client.post(reverse("reports:index"), asked)
    job = ReportJob.objects.get()
    assert response.url == job.get_absolute_url()
    assert "排队中" in client.get(response.url).content.decode()
    make(job)
    assert "下载 PDF" in client.get(response.url).content.decode()
    link = client.post(reverse("reports:link", args=[job.pk]))
    file = client.get(link.url)
    assert b"".join(file.streaming_content)[:5] == b"%PDF-"
    assert re.fullmatch(r'attachment; filename="yidang-[0-9a-f]{8}\.pdf"', file["Content-Disposition"])
    assert "no-store" in file["Cache-Control"]
    assert not any(student.name in link.url for student in cast.students.values())


def test_a_download_is_logged_twice_over(cast, made, sign_in):
    client = sign_in(cast.zhou)
    link = client.post(reverse("reports:link", args=[made.pk])).url
    assert not ExportLog.objects.exists()
    client.get(link).close()
    assert ExportLog.objects.get().user_id == str(cast.zhou.pk)
    read = FileAccess.objects.filter(kind="download").get()
    assert set(read.student_ids.split()) == {str(cast.an.pk), str(cast.bei.pk)}


def test_for_everybody_else_the_job_does_not_exist(cast, made, sign_in):
    for name, user in cast.staff.items():
        if name == "zhou":
            continue
        client = sign_in(user)
        for method, url in [*urls_of(made, user), *urls_of(made, cast.zhou)[-1:]]:
            assert getattr(client, method)(url).status_code == 404, (name, url)
    made.refresh_from_db()
    assert made.state == "done"
    assert not ExportLog.objects.exists()


def test_a_class_that_is_not_ones_own_cannot_be_chosen(cast, term, sign_in):
    for user in (cast.lin, cast.guo, cast.xin, cast.luo, cast.yuan):
        asked = {"ask": "class", "term": term.pk, "class_group": cast.own_class.pk}
        response = sign_in(user).post(reverse("reports:index"), asked)
        assert response.status_code == 200
    assert not ReportJob.objects.exists()


def test_a_link_lives_for_a_minute(cast, made, sign_in, monkeypatch):
    client = sign_in(cast.zhou)
    link = client.post(reverse("reports:link", args=[made.pk])).url
    later = signing.time.time() + 61
    monkeypatch.setattr(signing.time, "time", lambda: later)
    response = client.get(link)
    assert response.status_code == 410
    assert "链接已过期" in response.content.decode()
    assert not ExportLog.objects.exists()


def test_a_link_opens_one_file_of_one_job_for_one_person(cast, term, made, sign_in, now):
    client = sign_in(cast.zhou)
    other = make(actions.request_summary(by=cast.he, class_group=cast.own_class, term=term, now=now))
    for token in (
        links.sign(made, "file", cast.he),
        links.sign(other, "file", cast.zhou),
        "made-up",
        links.sign(made, "sheet", cast.zhou),
    ):
        assert client.get(reverse("reports:download", args=[made.pk, token])).status_code == 404
    assert client.post(reverse("reports:link", args=[made.pk]), {"what": "../etc/passwd"}).status_code == 404


def test_after_seven_days_there_is_nothing_to_fetch(cast, made, sign_in):
    ReportJob.objects.filter(pk=made.pk).update(expires_at=timezone.now())
    client = sign_in(cast.zhou)
    for method, url in urls_of(made, cast.zhou)[3:]:
        assert getattr(client, method)(url).status_code == 404
    assert "文件已过期" in client.get(made.get_absolute_url()).content.decode()


def test_when_the_assignment_ends_everything_closes(cast, made, sign_in):
    client = sign_in(cast.zhou)
    link = client.post(reverse("reports:link", args=[made.pk])).url
    cast.zhou.class_assignments.update(ends_on=timezone.localdate() - timedelta(days=1))
    for method, url in [*urls_of(made, cast.zhou), ("get", link)]:
        assert getattr(client, method)(url).status_code == 404
    assert cast.own_class.name_on(timezone.localdate()) not in client.get(reverse("reports:index")).content.decode()


def test_the_own_copy_is_not_fetched_by_who_is_only_grade_leader_now(cast, made, sign_in):
    """The class may still be asked for, but the list of students is for head teacher and deputy."""
    ReportJob.objects.filter(pk=made.pk).update(requested_by=cast.qin)
    assert sign_in(cast.qin).get(made.get_absolute_url()).status_code == 404
    ReportJob.objects.filter(pk=made.pk).update(own_copy=False)
    assert sign_in(cast.qin).get(made.get_absolute_url()).status_code == 200


def test_progress_is_polled_without_counting_as_activity(cast, asked, sign_in):
    client = sign_in(cast.zhou)
    page = client.get(asked.get_absolute_url()).content.decode()
    status = reverse("reports:job_status", args=[asked.pk])
    assert f'hx-get="{status}"' in page
    assert '"X-Yidang-Poll": "1"' in page
    make(asked)
    assert "hx-trigger" not in client.get(status, headers={"HX-Request": "true", "X-Yidang-Poll": "1"}).content.decode()


def test_the_fragment_equals_the_page(cast, made, sign_in):
    client = sign_in(cast.zhou)
    page, fragment = (client.get(url).content.decode() for _method, url in urls_of(made, cast.zhou)[:2])

    def without_tokens(text):
        return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", text)

    assert without_tokens(fragment).strip() in without_tokens(page)


def test_steps_show_where_the_work_is(cast, asked, sign_in):
    ReportJob.objects.filter(pk=asked.pk).update(state="running", step="examples", steps_done=2)
    page = sign_in(cast.zhou).get(asked.get_absolute_url()).content.decode()
    assert page.count('<li class="done">') == 2
    assert page.count('aria-current="step"') == 1
    assert "已完成 2 步，共 6 步" in page


def test_cancelling_shows_that_it_was_cancelled(cast, asked, sign_in):
    client = sign_in(cast.zhou)
    response = client.post(reverse("reports:cancel", args=[asked.pk]), follow=True)
    assert "已取消" in response.content.decode()
    assert client.get(reverse("reports:cancel", args=[asked.pk])).status_code == 405


def test_all_classes_are_for_the_moral_education_office(cast, term, sign_in):
    asked = {"ask": "all", "term": term.pk, "reason": "期末会"}
    for user in (cast.zhou, cast.xiao, cast.qin, cast.luo):
        client = sign_in(user)
        assert "一次生成全部班级" not in client.get(reverse("reports:index")).content.decode()
        client.post(reverse("reports:index"), asked)
    assert not ReportJob.objects.exists()
    client = sign_in(cast.ruan)
    response = client.post(reverse("reports:index"), {**asked, "reason": ""})
    assert "写一下用途" in response.content.decode()
    response = client.post(reverse("reports:index"), asked)
    assert response.url == ReportJob.objects.asked_for().get().get_absolute_url()


def test_a_batch_shows_what_was_made_and_what_was_not(cast, batch, sign_in):
    failed = batch.parts.get(class_group=cast.grade_four)
    ReportJob.objects.filter(pk=failed.pk).update(state="failed", is_empty=False, error="排版用时太长")
    client = sign_in(cast.ruan)
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "已生成 1 个，没有记录 1 个，没做成 1 个" in page
    assert "排版用时太长" in page
    for what, kind in (("file", "application/zip"), ("sheet", "application/vnd.openxml")):
        link = client.post(reverse("reports:link", args=[batch.pk]), {"what": what}).url
        file = client.get(link)
        assert file["Content-Type"].startswith(kind)
        file.close()
    assert set(ExportLog.objects.values_list("reason", flat=True)) == {"期末会"}


def test_a_batch_closes_with_the_office(cast, batch, sign_in):
    client = sign_in(cast.ruan)
    part = batch.parts.get(class_group=cast.own_class)
    RoleMembership.objects.filter(user=cast.ruan).update(ends_on=timezone.localdate() - timedelta(days=1))
    for job in (batch, part):
        for method, url in urls_of(job, cast.ruan):
            assert getattr(client, method)(url).status_code == 404


def count_queries(client, url, connection_queries):
    with connection_queries as asked:
        assert client.get(url).status_code == 200
    return [q for q in asked.captured_queries if not re.match(r"SAVEPOINT|RELEASE|BEGIN|COMMIT", q["sql"])]


def test_lists_ask_the_same_for_one_row_and_for_three(cast, term, now, sign_in, django_assert_max_num_queries):
    client = sign_in(cast.ruan)
    client.get(reverse("reports:index"))  # the first request also stores when the session began
    asked = []
    for group in (cast.own_class, cast.next_class, cast.grade_four):
        actions.request_summary(by=cast.ruan, class_group=group, term=term, now=now)
        asked.append(len(count_queries(client, reverse("reports:index"), django_assert_max_num_queries(15))))
    assert asked[0] == asked[2] <= 12


def test_the_page_of_a_batch_stays_within_twelve_questions(cast, batch, sign_in, django_assert_max_num_queries):
    client = sign_in(cast.ruan)
    client.get(batch.get_absolute_url())
    assert len(count_queries(client, batch.get_absolute_url(), django_assert_max_num_queries(15))) <= 12


def test_a_file_that_names_somebody_out_of_sight_is_not_handed_out(cast, sign_in, made, now, today):
    """A student has gone to another class since; the class is still her own, the old file is not."""
    client = sign_in(cast.zhou)
    token = client.post(reverse("reports:link", args=[made.pk])).url
    move_student(by=cast.jiao, student=cast.an, class_group=cast.next_class, seat_no=None, on=today, now=now)
    assert client.get(token).status_code == 404
    assert client.post(reverse("reports:link", args=[made.pk])).url == made.get_absolute_url()
    assert not ExportLog.objects.exists()
