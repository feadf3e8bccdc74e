"""The system administrator sees how old the newest good backup is and why the last one failed; nobody else does."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import translation

from accounts.backup.failures import code_of
from accounts.backup.sealed import Damaged, WrongBackupKey
from accounts.backup.state import backup_state
from accounts.models import BACKUP_LIMIT, BackupRun, User
from reports.waiting import waiting_for
from students.models import SchoolCalendar

pytestmark = pytest.mark.django_db
Code = BackupRun.Code


@pytest.fixture(autouse=True)
def _english():
    """The sentences as they are asked for, whatever the catalogue says."""
    with translation.override("en"):
        yield


def run(hours_ago, now, *, code="", verified=True, ended=True):
    at = now - timedelta(hours=hours_ago)
    good = ended and not code
    return BackupRun.objects.create(
        started_at=at, finished_at=at if ended else None, code=code, verified_at=at if good and verified else None,
        size=5_000_000,
    )  # fmt: skip


def test_silence_is_an_alarm_after_26_hours(now):
    run(1, now)
    assert backup_state(now).is_well
    assert backup_state(now + timedelta(hours=25, minutes=1)).late
    assert not backup_state(now + timedelta(hours=25)).late


def test_without_any_backup_all_is_not_well(now):
    state = backup_state(now)
    assert (state.verified, state.failed, state.late, state.is_well) == (None, None, True, False)


def test_a_new_installation_has_until_its_first_night(cast, now):
    """After that the silence is an alarm, although not one row speaks of a backup."""
    assert backup_state(now).is_new
    assert backup_state(now + timedelta(hours=25)).is_new
    assert not backup_state(now + timedelta(hours=27)).is_new
    run(1, now, code=Code.NO_KEY)
    assert not backup_state(now).is_new


def test_where_none_was_ever_made_the_page_and_home_say_so_after_the_first_night(sign_in, cast, now):
    client = sign_in(cast.wang)
    alarm = "No good backup for more than a day"
    assert alarm not in page(client, cast.wang).content.decode()
    User.objects.update(date_joined=now - timedelta(days=3))
    assert alarm in page(client, cast.wang).content.decode()
    (item,) = [
        each
        for each in waiting_for(cast.wang, SchoolCalendar.of(cast.school.pk), now=now).items
        if each.icon == "shield-lock"
    ]
    assert item.urgent


def test_a_backup_that_nobody_read_back_does_not_count(now):
    run(1, now, verified=False)
    assert backup_state(now).late


def test_a_failure_stands_until_a_good_one_follows(now):
    run(30, now)
    failure = run(2, now, code=Code.NO_SPACE)
    assert backup_state(now).failed == failure
    run(1, now)
    assert backup_state(now).is_well


def test_one_that_never_ended_is_a_failure_after_the_time_that_it_may_take(now):
    run(3, now)
    left = run(0, now, ended=False)
    assert backup_state(now).is_well
    found = backup_state(now + BACKUP_LIMIT)
    assert found.failed == left
    assert found.failed.sentence == Code.BROKEN_OFF.label


def test_one_statement(now, django_assert_num_queries):
    for hours in range(1, 5):
        run(hours, now)
    with django_assert_num_queries(1):
        backup_state(now)


def test_a_failure_is_never_verified(now):
    with pytest.raises(IntegrityError), transaction.atomic():
        BackupRun.objects.create(started_at=now, finished_at=now, verified_at=now, code=Code.DUMP)


def page(client, who):
    return client.get(reverse("reports:backups"), headers={"accept-language": "en"})


def test_the_administrator_reads_the_age_and_the_failure(sign_in, cast, now):
    run(5, now)
    text = page(sign_in(cast.wang), cast.wang).content.decode()
    assert "4.8" in text  # MB
    assert str(Code.NO_SPACE.label) not in text
    run(1, now, code=Code.NO_SPACE)
    assert str(Code.NO_SPACE.label) in page(sign_in(cast.wang), cast.wang).content.decode()


@pytest.mark.parametrize("who", ["zhou", "ruan", "shen"])
def test_others_find_no_such_page(sign_in, cast, who):
    assert page(sign_in(getattr(cast, who)), who).status_code == 404


def waits(client):
    return reverse("reports:backups") in client.get(reverse("reports:home")).content.decode()


def test_home_speaks_up_only_where_something_is_wrong_and_only_to_the_administrator(sign_in, cast, now):
    assert waits(sign_in(cast.wang))
    run(2, now)
    assert not waits(sign_in(cast.wang))
    run(1, now, code=Code.OLD_CLIENT)
    assert waits(sign_in(cast.wang))
    assert not waits(sign_in(cast.zhou))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), Code.NO_SPACE),
        (OSError(27, "File too large"), Code.NO_SPACE),
        (RuntimeError("database or disk is full"), Code.NO_SPACE),
        (PermissionError(13, "Permission denied"), Code.NO_PERMISSION),
        (OSError(30, "Read-only file system"), Code.NO_PERMISSION),
        (OSError(5, "Input/output error"), Code.OTHER),
        (Damaged(""), Code.DAMAGED),
        (WrongBackupKey(""), Code.NO_KEY),
        (KeyboardInterrupt(), Code.BROKEN_OFF),
        (ValueError(), Code.OTHER),
    ],
    ids=repr,
)
def test_each_failure_has_its_sentence(error, code):
    assert code_of(error) == code


def test_only_the_newest_archives_stay(settings, tmp_path):
    from accounts.backup import running

    settings.BACKUP_ROOT = tmp_path
    for day in range(1, 5):
        (tmp_path / f"yidang-2026010{day}T000000Z.yidang-backup").write_text("")
    running._forget_old(2)
    assert [path.name[7:15] for path in running.archives()] == ["20260104", "20260103"]
    running._forget_old(0)
    assert len(running.archives()) == 2
