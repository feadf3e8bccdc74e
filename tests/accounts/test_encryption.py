import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts import encryption
from accounts.apps import AccountsConfig
from accounts.encryption import WrongKey, decrypt, encrypt, fingerprint, reencrypt
from accounts.fields import EncryptedCharField, FingerprintField
from accounts.models import User
from tests.factories import UserFactory

LABEL = "accounts.User.phone"
KEY_1 = "k1:" + base64.b64encode(b"a" * 32).decode()
KEY_2 = "k2:" + base64.b64encode(b"b" * 32).decode()
KEY_1_CHANGED = "k1:" + base64.b64encode(b"c" * 32).decode()


def stored(user):
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM accounts_user WHERE username = %s", [user.username])
        return cursor.fetchone()[0]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_and_is_not_in_its_token(text):
    token = encrypt(LABEL, text)
    assert decrypt(LABEL, token) == text
    assert len(text) < 5 or text not in token


@given(st.binary(min_size=1, max_size=3), st.integers(min_value=0))
def test_a_token_altered_anywhere_is_refused(noise, position):
    prefix, key_id, body = encrypt(LABEL, "13800001234").split(".")
    sealed = bytearray(base64.urlsafe_b64decode(body))
    at = position % len(sealed)
    sealed[at] ^= noise[0] or 1
    with pytest.raises(WrongKey):
        decrypt(LABEL, f"{prefix}.{key_id}.{base64.urlsafe_b64encode(bytes(sealed)).decode()}")


def test_the_same_text_gives_another_token_each_time():
    assert encrypt(LABEL, "13800001234") != encrypt(LABEL, "13800001234")


def test_a_token_moved_to_another_column_is_refused():
    with pytest.raises(WrongKey, match=r"students\.Guardian\.phone"):
        decrypt("students.Guardian.phone", encrypt(LABEL, "13800001234"))


@pytest.mark.parametrize(
    "token", ["", "13800001234", "y1.t1", "y1.t1.***", "y1.t1.AAAA", "y9.t1." + "A" * 40, None, "y1.t1.汉字"]
)
def test_what_is_no_token_is_refused_and_never_returned(token):
    with pytest.raises(WrongKey):
        decrypt(LABEL, token)


def test_another_key_of_the_same_name_is_refused(settings):
    settings.FIELD_KEYS = KEY_1
    token = encrypt(LABEL, "13800001234")
    settings.FIELD_KEYS = KEY_1_CHANGED
    with pytest.raises(WrongKey):
        decrypt(LABEL, token)


def test_a_missing_key_is_named(settings):
    settings.FIELD_KEYS = KEY_1
    token = encrypt(LABEL, "13800001234")
    settings.FIELD_KEYS = KEY_2
    with pytest.raises(WrongKey, match="no key 'k1'"):
        decrypt(LABEL, token)


def test_rotation_reads_the_old_key_and_writes_the_new(settings):
    settings.FIELD_KEYS = KEY_1
    old = encrypt(LABEL, "13800001234")
    settings.FIELD_KEYS = f"{KEY_2},{KEY_1}"
    new = reencrypt(LABEL, old)
    assert new.startswith(encryption.current_prefix())
    assert decrypt(LABEL, new) == decrypt(LABEL, old) == "13800001234"
    assert reencrypt(LABEL, new) == new


def test_the_cipher_is_aes_gcm_with_the_label_as_associated_data(settings):
    settings.FIELD_KEYS = KEY_1
    sealed = base64.urlsafe_b64decode(encrypt(LABEL, "x").split(".")[2])
    assert AESGCM(b"a" * 32).decrypt(sealed[:12], sealed[12:], LABEL.encode()) == b"x"


def test_fingerprints_are_equal_for_equal_text_only_in_one_column_and_under_one_key(settings):
    here = fingerprint(LABEL, "13800001234")
    assert here == fingerprint(LABEL, "13800001234")
    assert len(here) == 64
    others = {fingerprint(LABEL, "13800001235"), fingerprint("students.Guardian.phone", "13800001234")}
    settings.FINGERPRINT_KEY = base64.b64encode(b"other" + b"x" * 27).decode()
    others.add(fingerprint(LABEL, "13800001234"))
    assert here not in others
    assert len(others) == 3


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "nocolon",
        "k1:",
        "k1:!!!",
        "k1:" + base64.b64encode(b"short").decode(),
        f"{KEY_1},{KEY_1}",
        "k 1:" + KEY_1[3:],
    ],
)
def test_it_does_not_start_with_malformed_keys_and_says_what_to_do(settings, keys):
    settings.FIELD_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="make setup") as error:
        AccountsConfig.ready(None)
    assert KEY_1[3:20] not in str(error.value)


def test_it_does_not_start_with_a_malformed_fingerprint_key(settings):
    settings.FINGERPRINT_KEY = "too short"
    with pytest.raises(ImproperlyConfigured, match="FINGERPRINT_KEY"):
        encryption.check_settings()


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["", "13800001234", "0990-1234567 转 8", "电话𬱖"])
def test_a_field_gives_back_exactly_what_was_saved_and_stores_a_token(phone):
    user = UserFactory(phone=phone)
    assert User.objects.get(pk=user.pk).phone == phone
    assert User.objects.values_list("phone", flat=True).get(pk=user.pk) == phone
    assert decrypt(LABEL, stored(user)) == phone


@pytest.mark.django_db
def test_history_reads_with_the_label_of_the_tracked_model():
    user = UserFactory(phone="13800001234")
    user.phone = "13900005678"
    user.save()
    assert [row.phone for row in user.history.all()] == ["13900005678", "13800001234"]
    assert User.history.model._meta.get_field("phone").label == LABEL


@pytest.mark.django_db
def test_bulk_writes_are_encrypted_too():
    user = UserFactory()
    user.phone = "13800001234"
    User.objects.bulk_update([user], ["phone"])
    assert stored(user).startswith(encryption.current_prefix())
    assert User.objects.get(pk=user.pk).phone == "13800001234"


@pytest.mark.django_db
def test_the_database_is_never_asked_to_compare_ciphertext():
    for lookup in ("phone", "phone__contains", "phone__in", "phone__gt", "phone__lower__exact"):
        with pytest.raises(FieldError, match="encrypted"):
            User.objects.filter(**{lookup: "1"})
    assert User.objects.filter(phone__isnull=True).count() == 0


def test_a_field_keeps_its_label_through_clone_and_migration():
    field = User._meta.get_field("phone").clone()
    assert field.label == LABEL
    assert field.deconstruct()[3]["label"] == LABEL
    assert EncryptedCharField(max_length=5).label is None


def test_none_stays_null():
    field = User._meta.get_field("phone")
    assert field.get_db_prep_value(None, connection) is None
    assert field.from_db_value(None, None, connection) is None


def test_a_fingerprint_follows_its_source():
    field = FingerprintField(source="phone", label=LABEL)
    field.set_attributes_from_name("phone_fingerprint")
    user = User(phone="13800001234")
    assert field.pre_save(user, add=True) == fingerprint(LABEL, "13800001234") == user.phone_fingerprint
    assert field.pre_save(User(phone=""), add=True) is None
    assert field.deconstruct()[3] == {"source": "phone", "label": LABEL, "db_index": True}


def test_a_line_that_is_too_long_is_refused_before_encryption():
    user = User(phone="1" * 21)
    with pytest.raises(Exception, match="phone"):
        user.clean_fields(exclude=["password", "school", "employee_no", "username", "display_name"])
