import base64
import stat
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts import encryption
from accounts.models import User
from students.models import Attachment, RosterImport
from students.roster import actions
from tests.factories import SchoolFactory, UserFactory

pytestmark = pytest.mark.django_db
ROSTER = "姓名,班级\n李安然,三(2)班\n".encode()
FILES = "students.RosterImport.file"
NEW = "k9:" + base64.b64encode(b"n" * 32).decode()


def tokens(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT phone FROM {table}")
        return [row[0] for row in cursor.fetchall()]


def rotate(**options):
    out = StringIO()
    call_command("rotate_field_keys", stdout=out, **options)
    return out.getvalue()


def test_rows_and_history_move_to_the_new_key_and_read_without_the_old(settings):
    people = [UserFactory(phone=f"1380000{n:04d}") for n in range(5)]
    settings.FIELD_KEYS = f"{NEW},{settings.FIELD_KEYS}"
    said = rotate(batch=2)
    assert "accounts.User.phone: 5" in said
    assert "accounts.HistoricalUser.phone: 5" in said
    assert all(token.startswith("y1.k9.") for token in tokens("accounts_user") + tokens("accounts_historicaluser"))
    settings.FIELD_KEYS = NEW
    assert {user.phone for user in User.objects.all()} == {user.phone for user in people}
    assert people[0].history.get().phone == people[0].phone


def test_a_second_run_moves_nothing_and_writes_no_history(settings):
    user = UserFactory(phone="13800001234")
    settings.FIELD_KEYS = f"{NEW},{settings.FIELD_KEYS}"
    rotate()
    before = tokens("accounts_user")
    assert "accounts.User.phone: 0" in rotate()
    assert tokens("accounts_user") == before
    assert user.history.count() == 1


def test_without_the_old_key_it_says_which_row_and_leaves_it(settings):
    user = UserFactory(phone="13800001234")
    before = tokens("accounts_user")
    settings.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match="no key"):
        rotate()
    assert tokens("accounts_user") == before
    settings.FIELD_KEYS = "t1:" + base64.b64encode(b"0" * 32).decode()
    assert User.objects.get(pk=user.pk).phone == "13800001234"


def test_what_was_saved_meanwhile_is_not_overwritten(settings):
    from accounts.management.commands import rotate_field_keys as command

    user = UserFactory(phone="13800001234")
    settings.FIELD_KEYS = f"{NEW},{settings.FIELD_KEYS}"
    field = User._meta.get_field("phone")
    ((pk, token),) = command.old_rows(field, 10)
    user.phone = "13900005678"
    user.save()
    command.replace(field, pk, token, encryption.reencrypt(field.label, token))
    assert User.objects.get(pk=user.pk).phone == "13900005678"


# --- encrypted files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def roster(settings) -> RosterImport:
    """Uploaded under the old key; the new one stands before it now."""
    job = actions.upload(
        by=None, school=SchoolFactory(), data=ROSTER, filename="名册.csv", now=timezone.now(), in_background=False
    )
    settings.FIELD_KEYS = f"{NEW},{settings.FIELD_KEYS}"
    return job


def test_a_waiting_roster_moves_too_and_reads_without_the_old_key(roster, settings):
    """T58"""
    path = Path(roster.file.path)
    assert f"{FILES}: 1" in rotate()
    assert path.read_bytes().startswith(b"y1.k9.")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(path.parent.glob("*.rotating"))
    settings.FIELD_KEYS = NEW
    assert actions.file_of(RosterImport.objects.get()) == ROSTER


def test_a_second_run_leaves_files_alone(roster):
    rotate()
    before = Path(roster.file.path).read_bytes()
    assert f"{FILES}: 0" in rotate()
    assert Path(roster.file.path).read_bytes() == before


def test_a_run_that_was_killed_between_two_files_goes_on(roster):
    """What it had written beside the old file is written anew."""
    path = Path(roster.file.path)
    path.with_name(f"{path.name}.rotating").write_text("y1.k9.half")
    assert f"{FILES}: 1" in rotate()
    assert actions.file_of(roster) == ROSTER
    assert not list(path.parent.glob("*.rotating"))


def test_a_photo_is_no_token_and_stays_as_it_is(roster):
    photo = Attachment(incident=uuid.uuid4(), author=UserFactory(), size=4, content_type="image/jpeg")
    photo.file.save("photo", ContentFile(b"\xff\xd8y1."))
    assert "students.Attachment.file: 0" in rotate()
    assert Path(photo.file.path).read_bytes() == b"\xff\xd8y1."


def test_without_the_old_key_it_says_which_file_and_leaves_it(roster, settings):
    before = Path(roster.file.path).read_bytes()
    settings.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match=f"RosterImport {roster.pk}: .*no key"):
        rotate()
    assert Path(roster.file.path).read_bytes() == before


def test_a_file_that_is_not_there_is_told_and_stops_no_other(roster, settings):
    other = actions.upload(
        by=None, school=roster.school, data=ROSTER, filename="a.csv", now=timezone.now(), in_background=False
    )
    Path(roster.file.path).unlink()
    settings.FIELD_KEYS = "k8:" + base64.b64encode(b"m" * 32).decode() + f",{settings.FIELD_KEYS}"
    told = StringIO()
    assert f"{FILES}: 1" in rotate(stderr=told)
    assert f"{FILES}: 1 files that rows name are not on the disk" in told.getvalue()
    assert actions.file_of(other) == ROSTER


def test_a_file_that_went_meanwhile_does_not_come_back(roster):
    from accounts.management.commands import rotate_field_keys as command

    field, path = RosterImport._meta.get_field("file"), Path(roster.file.path)
    assert command.is_old(path)
    actions.discard(job=roster)
    path.unlink()
    assert command.move_file(field, roster.pk) is False
    assert not path.exists()
