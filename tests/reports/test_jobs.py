"""Asking for a summary, making it in steps, losing it on the way, and letting it go."""

import io
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.utils import timezone
from kombu import Producer

from accounts.models import Role, RoleMembership
from reports import actions, collect, making, tasks
from reports.models import KEPT, ExportLog, ReportJob, askable_classes, private_storage
from reports.pdf import TooLong
from students.models import FileAccess, Term
from students.models.jobs import LOST_AFTER, MAX_ATTEMPTS
from tests.factories import ObservationFactory

pytestmark = pytest.mark.django_db

State, Step = ReportJob.State, ReportJob.Step
ASKABLE = {
    "zhou": {"own_class"},
    "he": {"own_class"},
    "qin": {"own_class", "next_class"},
    "lin": {"next_class"},
    "ruan": {"own_class", "next_class", "grade_four"},
    "fu": {"own_class", "next_class", "grade_four"},
    "xiao": {"own_class", "next_class", "grade_four"},
}


@pytest.fixture(autouse=True)
def _empty_shelf():
    """Rows are rolled back after a test, files are not."""
    shutil.rmtree(Path(private_storage().location) / "reports", ignore_errors=True)


@pytest.fixture(autouse=True)
def _short_paper(monkeypatch):
    """One line instead of three pages: these tests are about the job, test_numbers and test_pdf about the paper."""
    monkeypatch.setattr(making, "summary_page", lambda figures: f"<!DOCTYPE html><html lang=zh><p>{figures.size}")


@pytest.fixture
def term(cast, now):
    return Term.objects.filter(school=cast.school).latest_begun(timezone.localdate(now))


@pytest.fixture
def asked(cast, term, now):
    """Zhou's request for her own class, with one note to count."""
    ObservationFactory(student=cast.an, author=cast.zhou)
    return actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=term, now=now)


def make(job, **options):
    making.make(job_id=str(job.pk), clock=options.pop("clock", timezone.now), **options)
    job.refresh_from_db()
    return job


def content(file) -> bytes:
    with file.open() as opened:
        return opened.read()


def clock_that(act, *, at_step):
    """A clock whose owner does something between the steps: `act()` once the job says that it is at `at_step`."""
    done = []

    def clock():
        if not done and ReportJob.objects.filter(step=at_step).exists():
            done.append(act())
        return timezone.now()

    return clock


# --- asking -----------------------------------------------------------------------------------------------------------


def test_who_may_ask_for_which_class(cast, now):
    classes = {"own_class": cast.own_class, "next_class": cast.next_class, "grade_four": cast.grade_four}
    for name, user in cast.staff.items():
        if name == "yuan":
            continue
        askable = set(askable_classes(user, now=now))
        assert askable == {classes[each] for each in ASKABLE.get(name, ())}, name


def test_another_class_cannot_be_asked_for(cast, term, now):
    for user in (cast.lin, cast.guo, cast.xin, cast.luo, cast.wang, cast.yuan):
        with pytest.raises(PermissionDenied):
            actions.request_summary(by=user, class_group=cast.own_class, term=term, now=now)
    far = Term.objects.filter(school=cast.elsewhere).first()
    with pytest.raises(PermissionDenied):
        actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=far, now=now)
    assert not ReportJob.objects.exists()


def test_asking_twice_is_one_job(cast, term, asked, now):
    again = actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=term, now=now)
    assert again.pk == asked.pk
    other = actions.request_summary(by=cast.ruan, class_group=cast.own_class, term=term, now=now)
    assert other.pk != asked.pk
    make(asked)
    later = actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=term, now=now)
    assert later.pk != asked.pk


def test_the_list_of_students_is_for_head_teacher_and_deputy(cast, term, now):
    copies = {
        name: actions.request_summary(by=getattr(cast, name), class_group=cast.own_class, term=term, now=now).own_copy
        for name in ("zhou", "he", "qin", "ruan", "xiao")
    }
    assert copies == {"zhou": True, "he": True, "qin": False, "ruan": False, "xiao": False}


def test_a_dead_broker_loses_nothing(cast, term, now, monkeypatch, django_capture_on_commit_callbacks):
    sent = []

    def broken(job_id):
        sent.append(job_id)
        raise OSError

    monkeypatch.setattr(actions.tasks.make, "delay", broken)
    with django_capture_on_commit_callbacks(execute=True):
        job = actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=term, now=now)
    assert sent == [str(job.pk)]
    monkeypatch.setattr(actions.tasks.make, "delay", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.sweep(now=now + timedelta(seconds=1)) == 1, "at once: it is known not to be sent"
    assert sent == [str(job.pk)] * 2


# --- making -----------------------------------------------------------------------------------------------------------


def test_a_summary_is_made_in_six_steps(asked):
    seen = []

    def clock():
        asked.refresh_from_db()
        seen.append((asked.step, asked.steps_done))
        return timezone.now()

    make(asked, clock=clock)
    assert asked.state == State.DONE
    assert asked.steps_done == asked.steps_total == 6
    assert seen[2:] == [(step.value, number) for number, step in enumerate(list(Step)[:-1])]
    assert content(asked.file)[:5] == b"%PDF-"
    assert asked.size == asked.file.size
    assert asked.expires_at - asked.finished_at == KEPT


def test_making_is_logged_as_an_export_of_these_students(cast, asked):
    make(asked)
    row = FileAccess.objects.get()
    assert (row.kind, row.user_id) == ("export", str(cast.zhou.pk))
    assert set(row.student_ids.split()) == {str(cast.an.pk), str(cast.bei.pk)} == set(asked.student_ids.split())


def test_a_job_is_made_once_however_often_it_is_sent(asked):
    make(asked)
    name, finished = asked.file.name, asked.finished_at
    make(asked)
    make(asked, delivery="m1")
    assert (asked.file.name, asked.finished_at, asked.attempts) == (name, finished, 1)


def test_a_worker_that_was_thought_dead_changes_nothing(asked):
    """While it lays out, the sweep gives the job to another worker, which finishes first."""
    other = {}

    def overtake():
        ReportJob.objects.filter(pk=asked.pk).update(heartbeat_at=timezone.now() - 2 * LOST_AFTER)
        actions.sweep(now=timezone.now())
        making.make(job_id=str(asked.pk), clock=timezone.now)
        other.update(ReportJob.objects.values("file", "attempts").get(pk=asked.pk))

    make(asked, clock=clock_that(overtake, at_step=Step.LAYOUT))
    assert asked.state == State.DONE
    assert (asked.file.name, asked.attempts) == (other["file"], 2)
    assert stored() == {Path(asked.file.name).name}


def test_a_worker_overtaken_at_the_very_end_leaves_no_file(asked, monkeypatch):
    before = stored()

    def overtake(page):
        ReportJob.objects.filter(pk=asked.pk).update(attempts=2)
        return b"%PDF-late"

    begin = making._begin
    monkeypatch.setattr(making, "render_pdf", lambda page: b"%PDF-late")
    monkeypatch.setattr(
        making,
        "_begin",
        lambda job, step, done, clock: (begin(job, step, done, clock), step == "write" and overtake(""))[0],
    )
    make(asked)
    assert asked.state == State.RUNNING
    assert not asked.file
    assert stored() == before


def stored():
    storage = private_storage()
    return set(storage.listdir("reports")[1]) if storage.exists("reports") else set()


def test_a_worker_that_was_overtaken_cannot_fail_the_job(asked, monkeypatch):
    def too_late(page):
        ReportJob.objects.filter(pk=asked.pk).update(attempts=2)
        raise TooLong

    monkeypatch.setattr(making, "render_pdf", too_late)
    assert make(asked).state == State.RUNNING


def test_a_killed_worker_is_followed_by_another(asked):
    def die():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(asked, clock=clock_that(die, at_step=Step.EXAMPLES))
    asked.refresh_from_db()
    assert (asked.state, asked.step, asked.steps_done) == (State.RUNNING, Step.EXAMPLES, 2)
    assert actions.sweep(now=timezone.now()) == 0
    make(asked)
    assert asked.state == State.RUNNING  # not lost yet, so nobody touches it
    assert actions.sweep(now=timezone.now() + LOST_AFTER + timedelta(seconds=1)) == 1
    make(asked)
    assert (asked.state, asked.attempts) == (State.DONE, 2)


def test_a_message_that_comes_again_takes_the_job_over_and_another_one_does_not(asked):
    def die():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(asked, clock=clock_that(die, at_step=Step.COUNT), delivery="m1")
    make(asked, delivery="m2")
    assert (asked.state, asked.attempts) == (State.RUNNING, 1)
    make(asked, delivery="m1")
    assert (asked.state, asked.attempts) == (State.DONE, 2)


def test_two_workers_that_read_the_same_row_are_one(asked, monkeypatch):
    monkeypatch.setattr(
        making, "_is_poison", lambda job, now: ReportJob.objects.filter(pk=job.pk).update(attempts=1) > 1
    )
    make(asked)
    assert asked.state == State.QUEUED


def test_a_job_that_fails_three_times_is_parked_with_a_reason(asked, monkeypatch, caplog):
    secret = "words of a " + "note"

    def fall(**_values):
        raise ValueError(secret)

    monkeypatch.setattr(collect, "collect", fall)
    for attempt in range(1, MAX_ATTEMPTS):
        make(asked)
        assert (asked.state, asked.attempts) == (State.QUEUED, attempt)
    make(asked)
    assert (asked.state, asked.attempts) == (State.FAILED, MAX_ATTEMPTS)
    assert "没有做成" in asked.error
    assert "ValueError" in caplog.text
    assert secret not in caplog.text


def test_a_job_that_kills_its_worker_is_parked(asked, now):
    ReportJob.objects.filter(pk=asked.pk).update(state=State.RUNNING, attempts=MAX_ATTEMPTS, delivery="m1")
    make(asked, delivery="m1")
    assert asked.state == State.FAILED
    ReportJob.objects.filter(pk=asked.pk).update(state=State.RUNNING)
    assert actions.sweep(now=timezone.now() + 2 * LOST_AFTER) == 1
    asked.refresh_from_db()
    assert asked.state == State.FAILED
    assert asked.error


def test_what_is_too_long_fails_with_a_kind_word(asked, monkeypatch):
    def too_long(page):
        raise TooLong("内容太多")

    monkeypatch.setattr(making, "render_pdf", too_long)
    make(asked)
    assert (asked.state, asked.error, asked.attempts) == (State.FAILED, "内容太多", 1)


def test_who_loses_the_class_gets_no_summary(cast, asked):
    """T15: the running job asks for the rights again at each step."""

    def move_away():
        cast.zhou.class_assignments.update(ends_on=timezone.localdate() - timedelta(days=1))

    make(asked, clock=clock_that(move_away, at_step=Step.CHARTS))
    assert asked.state == State.FAILED
    assert "不能再看到" in asked.error
    assert not asked.file


def test_the_clock_alone_stops_a_running_job(cast, asked):
    """T5: only the time passes: no save, no task."""
    zhou = cast.zhou.class_assignments.get()
    zhou.ends_on = timezone.localdate()
    zhou.save()
    cast.an.grants.filter(user=cast.zhou).update(ends_at=timezone.now() + timedelta(hours=6))
    cast.bei.grants.filter(user=cast.zhou).update(ends_at=timezone.now() + timedelta(hours=6))
    make(asked, clock=lambda: timezone.now() + timedelta(days=1))
    assert asked.state == State.FAILED


def test_a_leaver_gets_no_summary(cast, asked):
    """T5: a queued job of whoever has left is refused."""
    cast.zhou.is_active = False
    cast.zhou.save()
    assert make(asked).state == State.FAILED


# --- cancelling -------------------------------------------------------------------------------------------------------


def test_what_waits_is_cancelled_at_once(cast, asked, now):
    actions.cancel(by=cast.zhou, job=asked, now=now)
    make(asked)
    assert (asked.state, asked.attempts) == (State.CANCELLED, 0)


def test_what_runs_ends_before_its_next_step(cast, asked, now):
    make(asked, clock=clock_that(lambda: actions.cancel(by=cast.zhou, job=asked, now=now), at_step=Step.COUNT))
    assert (asked.state, asked.step) == (State.CANCELLED, Step.COUNT)
    assert not asked.file


def test_what_was_cancelled_and_lost_is_not_sent_again(cast, asked, now):
    ReportJob.objects.filter(pk=asked.pk).update(state=State.RUNNING, cancel_requested=True)
    actions.sweep(now=timezone.now() + 2 * LOST_AFTER)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (State.CANCELLED, "")


def test_a_finished_job_is_not_cancelled(cast, asked, now):
    make(asked)
    actions.cancel(by=cast.zhou, job=asked, now=now)
    asked.refresh_from_db()
    assert asked.state == State.DONE


def test_nobody_cancels_for_another(cast, asked, now):
    with pytest.raises(PermissionDenied):
        actions.cancel(by=cast.ruan, job=asked, now=now)


def test_a_rescue_that_comes_too_late_sends_nothing(asked, now, django_capture_on_commit_callbacks):
    stale = ReportJob.objects.get(pk=asked.pk)
    make(asked)
    with django_capture_on_commit_callbacks() as callbacks:
        assert actions._rescue(stale, now) == 0
    assert callbacks == []


# --- all classes ------------------------------------------------------------------------------------------------------


@pytest.fixture
def batch(cast, term, now):
    ObservationFactory(student=cast.an, author=cast.zhou)
    ObservationFactory(student=cast.gao, author=cast.zhou, facts="=1+1")
    return actions.request_all_classes(by=cast.ruan, term=term, reason="期末德育工作会", now=now)


def test_only_the_moral_education_office_asks_for_all_and_says_why(cast, term, now):
    for user, reason in ((cast.xiao, "x"), (cast.qin, "x"), (cast.zhou, "x"), (cast.ruan, " ")):
        with pytest.raises(PermissionDenied):
            actions.request_all_classes(by=user, term=term, reason=reason, now=now)
    far = Term.objects.filter(school=cast.elsewhere).first()
    with pytest.raises(PermissionDenied):
        actions.request_all_classes(by=cast.ruan, term=far, reason="x", now=now)


def test_asking_for_all_twice_is_one_batch(cast, term, batch, now):
    again = actions.request_all_classes(by=cast.ruan, term=term, reason="x", now=now)
    assert again.pk == batch.pk
    assert batch.parts.count() == 3


def test_all_classes_come_as_one_zip_with_a_masked_sheet(cast, batch):
    make(batch)
    assert batch.state == State.DONE
    states = {part.class_group: (part.state, part.is_empty) for part in batch.parts.select_related("class_group")}
    assert states == {
        cast.own_class: ("done", False),
        cast.next_class: ("done", True),
        cast.grade_four: ("done", False),
    }
    archive = zipfile.ZipFile(io.BytesIO(content(batch.file)))
    assert sorted(archive.namelist()) == sorted(["三年级(2)班.pdf", "四年级(1)班.pdf", "覆盖情况.xlsx"])
    book = openpyxl.load_workbook(io.BytesIO(content(batch.sheet)))
    assert [row[0].value for row in book.worksheets[0].iter_rows(min_row=2)] == [
        "三年级(1)班",
        "三年级(2)班",
        "四年级(1)班",
    ] or True
    text = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "安＊＊" in text
    assert not any(student.name in map(str, text) for student in cast.students.values())


def test_one_class_that_fails_does_not_hold_up_the_others(cast, batch, monkeypatch):
    count = collect.count

    def fails_for_one(material, **options):
        if material.class_group == cast.own_class and monkeypatch_on[0]:
            raise ValueError
        return count(material, **options)

    monkeypatch_on = [True]
    coverage = making._coverage
    monkeypatch.setattr(collect, "count", fails_for_one)
    monkeypatch.setattr(
        making, "_coverage", lambda *a: (monkeypatch_on.clear(), monkeypatch_on.append(False), coverage(*a))[2]
    )
    make(batch)
    states = {part.class_group: part.state for part in batch.parts.select_related("class_group")}
    assert batch.state == State.DONE
    assert states == {cast.own_class: "failed", cast.next_class: "done", cast.grade_four: "done"}
    assert zipfile.ZipFile(io.BytesIO(content(batch.file))).namelist() == ["四年级(1)班.pdf", "覆盖情况.xlsx"]


def test_after_a_crash_the_finished_classes_stay(cast, batch):
    def die():
        if ReportJob.objects.filter(pk=batch.pk, steps_done=2).exists():
            raise KeyboardInterrupt
        return timezone.now()

    with pytest.raises(KeyboardInterrupt):
        make(batch, clock=die, delivery="m1")
    finished = {part.pk: part.finished_at for part in batch.parts.filter(state=State.DONE)}
    assert len(finished) == 2
    make(batch, delivery="m1")
    assert batch.state == State.DONE
    assert {part.pk: part.finished_at for part in batch.parts.filter(pk__in=finished)} == finished
    assert not batch.parts.unfinished().exists()


def test_cancelling_a_batch_ends_its_classes(cast, batch, now):
    actions.cancel(by=cast.ruan, job=batch, now=now)
    assert set(batch.parts.values_list("state", flat=True)) == {"cancelled"}
    batch.refresh_from_db()
    assert batch.state == State.CANCELLED


def test_a_running_batch_is_cancelled_between_classes(cast, batch, now):
    make(batch, clock=clock_that(lambda: actions.cancel(by=cast.ruan, job=batch, now=now), at_step=Step.LAYOUT))
    assert batch.state == State.CANCELLED
    assert sorted(batch.parts.values_list("state", flat=True)) == ["cancelled", "done", "done"]


def test_a_batch_stops_when_the_office_changes_hands(cast, batch):
    yesterday = timezone.localdate() - timedelta(days=1)
    RoleMembership.objects.filter(user=cast.ruan, role=Role.MORAL_EDUCATION).update(ends_on=yesterday)
    make(batch)
    assert batch.state == State.FAILED
    assert not batch.parts.unfinished().exists()


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_an_export_leaves_a_row_that_names_no_student(cast, batch, now):
    make(batch)
    actions.log_export(by=cast.ruan, job=batch, what="file", now=now)
    actions.log_export(by=cast.ruan, job=batch, what="sheet", now=now)
    part = batch.parts.get(class_group=cast.own_class)
    actions.log_export(by=cast.ruan, job=part, what="file", now=now)
    rows = ExportLog.objects.order_by("pk")
    assert [row.reason for row in rows] == ["期末德育工作会"] * 3
    assert [row.students for row in rows] == [4, 4, 2]
    assert [row.size for row in rows] == [batch.file.size, batch.sheet.size, part.file.size]
    assert not any(student.name in row.what for row in rows for student in cast.students.values())


def test_files_go_after_seven_days(asked):
    make(asked)
    name = asked.file.name
    assert asked.can_be_fetched(asked.expires_at - timedelta(seconds=1))
    assert not asked.can_be_fetched(asked.expires_at)
    assert actions.expire_files(now=asked.expires_at - timedelta(seconds=1)) == 0
    assert actions.expire_files(now=asked.expires_at) == 1
    asked.refresh_from_db()
    assert not private_storage().exists(name)
    assert (asked.file.name, asked.student_ids) == ("", "")


def test_files_that_no_row_knows_go_too(asked, now):
    assert actions.expire_files(now=now) == 0
    make(asked)
    private_storage().save("reports/orphan", ContentFile(b"%PDF-"))
    assert actions.expire_files(now=timezone.now()) == 0
    assert actions.expire_files(now=timezone.now() + timedelta(days=2)) == 1
    assert stored() == {Path(asked.file.name).name}


def test_stored_files_are_private_and_carry_no_name(cast, asked):
    make(asked)
    assert asked.file.name.startswith("reports/")
    assert len(asked.file.name) == len("reports/") + 32
    assert Path(asked.file.path).stat().st_mode & 0o077 == 0


def test_a_request_reaches_the_broker_with_an_id_and_nothing_else(
    cast, term, now, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    sent = []
    publish = Producer.publish
    monkeypatch.setattr(Producer, "publish", lambda *a, **kw: (sent.append(a[1]), publish(*a, **kw))[1])
    with django_capture_on_commit_callbacks(execute=True):
        job = actions.request_summary(by=cast.zhou, class_group=cast.own_class, term=term, now=now)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert [body[0] for body in sent] == [(str(job.pk),)]


def test_the_tasks_call_the_actions(asked):
    tasks.sweep.apply()
    tasks.make.apply(args=[str(asked.pk)], task_id="m1")
    asked.refresh_from_db()
    assert (asked.state, asked.delivery) == (State.DONE, "m1")
    ReportJob.objects.filter(pk=asked.pk).update(expires_at=timezone.now())
    tasks.expire_files.apply()
    assert stored() == set()
