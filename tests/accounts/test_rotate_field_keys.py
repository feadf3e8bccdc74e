import base64
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import encryption
from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
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
