"""T29, N6: what is unusual is told once, to those who answer for the log; what the school answers with is printable."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import SecurityEvent
from students import audit, sealing, tasks, watching
from students.models import FileAccess, ReadingNotice
from tests.students.reading import log

pytestmark = pytest.mark.django_db


def opened(user, students: int, at, *, kind="view", first: int = 0, level: int = 2) -> None:
    for n in range(first, first + students):
        FileAccess.objects.create(
            at=at + timedelta(seconds=n), school_id=user.school_id, user_id=user.pk, user_label="x", kind=kind, what="x",
            level=level, student_ids=f"student-{n}",
        )  # fmt: skip


def exported(user, students: int, at, *, what: str = "x") -> None:
    ids = " ".join(f"student-{n}" for n in range(students))
    FileAccess.objects.create(
        at=at, school_id=user.school_id, user_id=user.pk, user_label="x", kind="export", what=what, level=2, student_ids=ids
    )  # fmt: skip


@pytest.fixture
def now():
    """By day, whenever the tests run: what is unusual at night is told by other rules."""
    return timezone.localtime().replace(hour=12)


@pytest.fixture
def just_now(now):
    return now - timedelta(minutes=5)


@pytest.mark.parametrize(("students", "told"), [(39, 0), (40, 1), (80, 1)])
def test_forty_students_in_ten_minutes_are_one_notice(cast, now, just_now, students, told):
    opened(cast.zhou, students, just_now)
    opened(cast.zhou, 10, just_now)  # the same ones again
    assert watching.watch(now=now) == told
    assert watching.watch(now=now) == 0
    assert [(n.about, n.kind, n.students) for n in ReadingNotice.objects.all()] == [(cast.zhou, "breadth", 40)] * told


def test_who_goes_on_reading_is_told_of_once_an_hour(cast, now, just_now):
    opened(cast.zhou, 45, just_now)
    watching.watch(now=now)
    opened(cast.zhou, 45, now, first=45)
    assert watching.watch(now=now + timedelta(minutes=1)) == 0
    within = now + timedelta(minutes=54)  # the first row is out of sight: only the hour keeps it quiet
    opened(cast.zhou, 45, within - timedelta(minutes=2))
    assert watching.watch(now=within) == 0
    later = now + timedelta(minutes=70)
    opened(cast.zhou, 45, later - timedelta(minutes=2))
    assert watching.watch(now=later) == 1


def test_slow_reading_lists_and_others_are_nothing_unusual(cast, now, just_now):
    opened(cast.zhou, 30, now - timedelta(minutes=19))
    opened(cast.zhou, 30, just_now, first=30)
    opened(cast.he, 30, just_now)
    opened(cast.lin, 60, just_now, kind="list")
    opened(cast.jiao, 60, just_now, level=1)
    exported(cast.zhou, 30, just_now)
    assert watching.watch(now=now) == 0


def test_a_file_with_more_than_thirty_students_is_one_notice_each(cast, now, just_now):
    exported(cast.zhou, 31, just_now)
    exported(cast.zhou, 400, just_now)
    tasks.watch_reading()
    tasks.watch_reading()
    assert sorted(ReadingNotice.objects.values_list("kind", "students")) == [("export", 31), ("export", 400)]


def test_a_file_made_anew_after_a_crash_and_the_parts_of_a_batch_are_no_further_notice(cast, now, just_now):
    exported(cast.zhou, 45, just_now)
    exported(cast.zhou, 45, now)
    exported(cast.ruan, 60, just_now)
    exported(cast.ruan, 40, just_now)
    exported(cast.ruan, 41, just_now, what=watching.PART)
    assert watching.watch(now=now) == 3
    assert sorted(ReadingNotice.objects.values_list("students", flat=True)) == [40, 45, 60]


def test_what_nobody_has_looked_at_stands_before_what_was(cast, sign_in, now, just_now):
    for n in range(25):
        exported(cast.zhou, 31 + n, just_now + timedelta(seconds=n))
    watching.watch(now=now)
    page = sign_in(cast.ruan).get(reverse("students:log"))
    for notice, _when in page.context["notices"]:
        watching.mark_seen(by=cast.ruan, notice=notice, now=now)
    shown = sign_in(cast.ruan).get(reverse("students:log")).context["notices"]
    assert [notice.seen_at is None for notice, _when in shown] == [True] * 5 + [False] * 15


def test_of_a_notice_the_first_who_looked_stays(cast, now, just_now):
    exported(cast.zhou, 31, just_now)
    watching.watch(now=now)
    notice = ReadingNotice.objects.get()
    watching.mark_seen(by=cast.ruan, notice=notice, now=now)
    watching.mark_seen(by=cast.shen, notice=notice, now=now + timedelta(minutes=1))
    notice.refresh_from_db()
    assert (notice.seen_by, notice.seen_at) == (cast.ruan, now)


@pytest.mark.parametrize("who", ["ruan", "shen", "zhou", "xiao", "wang", "luo"])
def test_one_line_on_the_home_of_the_auditor_and_moral_education(cast, sign_in, now, just_now, who):
    exported(cast.zhou, 31, just_now)
    exported(cast.he, 32, just_now)
    watching.watch(now=now)
    page = sign_in(cast.people[who]).get(reverse("reports:home"))
    links = [item.href for item in page.context["items"]]
    assert links.count(reverse("students:log")) == (1 if who in ("ruan", "shen") else 0)


def test_nobody_is_told_of_oneself_or_clears_it(cast, sign_in, now, just_now):
    exported(cast.ruan, 31, just_now)
    watching.watch(now=now)
    notice = ReadingNotice.objects.get()
    assert b"notices" not in sign_in(cast.ruan).get(reverse("students:log")).content
    assert sign_in(cast.ruan).post(reverse("students:notice_seen", args=[notice.pk])).status_code == 404
    assert sign_in(cast.shen).post(reverse("students:notice_seen", args=[notice.pk])).status_code == 302
    assert sign_in(cast.xiao).post(reverse("students:notice_seen", args=[notice.pk])).status_code == 302
    notice.refresh_from_db()
    assert notice.seen_by == cast.shen
    assert sign_in(cast.shen).get(reverse("reports:home")).context["items"] == []


# --- T28: who reads the logs ------------------------------------------------------------------------------------------


def test_reading_the_log_is_logged_and_names_no_student(cast, sign_in):
    """T28: the auditor sees who, when, what kind and how many; never a name, an id or a word of a student."""
    audit.record_for(cast.zhou, "view", what="students:timeline", students=[cast.an], terms="安然然")
    page = sign_in(cast.shen).get(reverse("students:log")).content.decode()
    assert "Zhou老师" in page
    assert cast.an.name not in page
    assert str(cast.an.pk) not in page
    assert log()[-1].what == "students:log"
    assert str(cast.an.pk) in sign_in(cast.ruan).get(reverse("students:log")).content.decode()


def test_an_address_is_for_the_auditor_of_that_school_alone(cast, sign_in):
    """T28: Weblate showed its administrators' addresses to whoever read its log."""
    for person, address in ((cast.zhou, "10.1.2.3"), (cast.yuan, "10.9.9.9")):
        SecurityEvent.objects.create(
            at=timezone.now(), school_id=person.school_id, user_id=person.pk, user_label="x", kind="sign_in", address=address
        )  # fmt: skip
    SecurityEvent.objects.create(at=timezone.now(), kind="sign_in_failed", address="10.4.4.4")
    page = sign_in(cast.shen).get(reverse("students:security_log")).content.decode()
    assert "10.1.2.3" in page
    assert "10.9.9.9" not in page
    assert "10.4.4.4" in page, "a number that belongs to no school is somebody's business too"
    assert log()[-1].what == "students:security_log"
    for who in ("ruan", "xiao", "wang"):
        assert sign_in(cast.people[who]).get(reverse("students:security_log")).status_code == 404
        assert "10.1.2.3" not in sign_in(cast.people[who]).get(reverse("students:log")).content.decode()


def test_the_page_shows_the_newest_anchor_for_writing_down(cast, sign_in, now):
    audit.record_for(cast.zhou, "view", what="x", students=[cast.an])
    sealing.seal(now=now + timedelta(hours=1))
    assert sealing.newest().anchor in sign_in(cast.shen).get(reverse("students:log")).content.decode()


def test_who_read_this_file_on_paper(cast, sign_in):
    """N6: by name, with the days and who printed it; the print is one row of its own."""
    audit.record_for(cast.qin, "view", what="x", students=[cast.an], page_view="p1")
    audit.record_for(cast.qin, "view", what="x", students=[cast.bei], page_view="p2")
    page = sign_in(cast.ruan).get(reverse("students:readers_print", args=[cast.an.pk])).content.decode()
    assert page.count("Qin老师") == 1
    assert cast.an.name in page
    assert "Ruan老师" in page
    assert (log()[-1].kind, log()[-1].student_ids) == ("print", str(cast.an.pk))
    assert (
        cast.an.name
        not in sign_in(cast.shen).get(reverse("students:readers_print", args=[cast.an.pk])).content.decode()
    )
    assert sign_in(cast.zhou).get(reverse("students:readers_print", args=[cast.an.pk])).status_code == 403
