"""T5, T15: whoever leaves, or whose duty ends, is out at the very next request: pages, links, jobs, drafts, and grants."""

from datetime import datetime, time, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions as people
from reports import actions, links, making
from reports.models import ReportJob
from students import access, tasks
from students.actions import drafts, grants, placements
from students.levels import Level
from students.models import AccessGrant, Draft, Observation, Student, Term
from tests.factories import PASSWORD, ObservationFactory, StudentFactory, seat
from tests.harness.visiting import client_for

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client


def rows(user, now) -> int:
    """Everything that the two helpers give this person, at every level."""
    students = sum(Student.objects.visible_to(user, level, now=now).count() for level in Level)
    return (
        students
        + Observation.objects.visible_to(user, now=now).count()
        + access.my_classes(user, day=now.date()).count()
    )


@pytest.fixture
def summary(cast, today, now) -> ReportJob:
    """Zhou's, made and ready to be fetched."""
    job = actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=_term(cast, today), now=now)
    ReportJob.objects.filter(pk=job.pk).update(
        state="done", expires_at=now + timedelta(days=7), file="none", student_ids=f"{cast.an.pk} {cast.bei.pk}"
    )
    return ReportJob.objects.get(pk=job.pk)


def _term(cast, today):
    return Term.objects.filter(school=cast.school).latest_begun(today)


def test_one_switch_ends_every_open_session_link_job_and_draft(cast, summary, now, today):
    """T5: three devices, a link in the clipboard, a document in the queue, a note half-written."""
    ObservationFactory(student=cast.an, author=cast.zhou)
    drafts.save_draft(by=cast.zhou, key="note:new:1", body={"facts": ["写到一半"]}, seq=1, now=now)
    devices = [signed_in(cast.zhou) for _n in range(3)]
    file = reverse("students:detail", args=[cast.an.pk])
    link = reverse("reports:download", args=[summary.pk, links.sign(summary, "file", cast.zhou)])
    waiting = actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=_term(cast, today), now=now)
    assert [device.get(file).status_code for device in devices] == [200, 200, 200]
    assert rows(cast.zhou, now) > 0

    assert (UserSession.objects.count(), Session.objects.count()) == (3, 3)
    people.deactivate_user(by=cast.wang, user=cast.zhou)
    assert (UserSession.objects.count(), Session.objects.count()) == (0, 0)  # before any device asks again

    for device in devices:
        assert device.get(file).headers["Location"].startswith("/accounts/login/")
        assert device.get(link).status_code == 302
        assert device.post(reverse("students:draft_save"), {"facts": "x"}).status_code == 401
        assert "_auth_user_id" not in device.session
    making.make(job_id=str(waiting.pk), clock=timezone.now)
    waiting.refresh_from_db()
    assert waiting.state == "failed"
    cast.zhou.refresh_from_db()
    assert rows(cast.zhou, now) == 0
    assert "_auth_user_id" not in signed_in(cast.zhou).session
    assert Draft.objects.get().user == cast.zhou  # for its writer alone, who can't sign in; gone after 7 days


def midnight_after(day) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 404)])
def test_at_local_midnight_after_the_last_day_the_open_session_is_refused(
    cast, summary, now, today, monkeypatch, seconds, status
):
    """T5: nothing is saved and no task runs; the clock of the school passes midnight, which is 16:00 of the day before in UTC."""
    placements.end_class_assignment(by=None, assignment=cast.zhou.class_assignments.get(), on=today, now=now)
    client = client_for(cast.zhou)
    moment = midnight_after(today) + timedelta(seconds=seconds)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    client.force_login(cast.zhou, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(reverse("students:detail", args=[cast.an.pk])).status_code == status
    assert client.get(reverse("students:class_grid", args=[cast.own_class.pk])).status_code == status
    assert (rows(cast.zhou, moment) > 0) == (status == 200)
    link = client.post(reverse("reports:link", args=[summary.pk]), {"what": "file"})
    assert ("/file/" in link.get("Location", "")) == (status == 200)


def test_what_is_revoked_is_refused_at_the_next_request(cast, now, today):
    """T15: a grant that 德育 opens and ends, in one open session."""
    client = client_for(cast.xin)
    page = reverse("students:background", args=[cast.an.pk])
    assert client.get(page).status_code == 404
    grant = placements.open_counselling(
        by=cast.ruan, counsellor=cast.xin, student=cast.an, starts_on=today, ends_on=today, note="x", now=now
    )
    assert client.get(page).status_code == 200
    placements.end_counselling(by=cast.ruan, grant=grant, now=timezone.now())
    assert client.get(page).status_code == 404


def test_a_student_who_is_deleted_takes_the_grants_along_and_the_same_key_opens_nothing(cast, now):
    """T15: guardian's generic rows would outlive the student, and open a new one with the same key."""
    lonely = StudentFactory(school=cast.school)
    seat(lonely, cast.own_class, seat_no=30)
    pk = lonely.pk
    assert Student.objects.visible_to(cast.zhou, Level.SENSITIVE, now=now).filter(pk=pk).exists()
    for related in (lonely.enrolments.all(), lonely.guardians.all()):
        related.delete()
    lonely.profile.delete()
    lonely.background.delete()
    Student.objects.filter(pk=pk).delete()
    assert not AccessGrant.objects.filter(content_object_id=pk).exists()
    again = StudentFactory(school=cast.school, pk=pk)
    assert again.pk == pk
    assert not Student.objects.visible_to(cast.zhou, Level.BASIC, now=now).filter(pk=pk).exists()
    assert client_for(cast.zhou).get(reverse("students:detail", args=[pk])).status_code == 404


def test_the_nightly_check_counts_grants_that_follow_from_nothing(cast, now, caplog):
    """T15: 0, and it would see one: a duty deleted behind the actions' back."""
    assert grants.orphans(now=now) == 0
    tasks.check_grants()
    assert caplog.records == []
    held = AccessGrant.objects.get(user=cast.lin, content_object=cast.ding, source__startswith="class:")
    other = Permission.objects.get(codename="view_confidential", content_type=held.permission.content_type)
    AccessGrant.objects.filter(pk=held.pk).update(permission=other)
    assert grants.orphans(now=now) == 1, "opens more than the duty does"
    AccessGrant.objects.filter(pk=held.pk).update(permission=held.permission)
    over = cast.lin.class_assignments.filter(ends_on__isnull=True)
    over.update(ends_on=timezone.localdate(now) - timedelta(days=1))
    assert grants.orphans(now=now) == 1, "the duty is over, the grant is open"
    cast.lin.class_assignments.all().delete()
    assert grants.orphans(now=now) == 1
    tasks.check_grants()
    assert [record.getMessage() for record in caplog.records] == ["1 grants follow from no duty"]
