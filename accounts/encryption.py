"""Encryption of single columns, and keyed fingerprints for equality search.

A token reads ``y1.<key id>.<base64url(nonce + ciphertext)>``. The cipher is AES-256-GCM with a random 96-bit nonce; the
associated data is a fixed label, ``app.Model.field``, which a row shares with its history. A token moved to another
column, altered, or read without its key therefore raises WrongKey. Ciphertext is never returned as if it were text.

Keys stand in settings, outside the database: FIELD_KEYS ``k2:<base64>,k1:<base64>`` (the first one writes, all of them
read) and FINGERPRINT_KEY, which does not rotate with them: a rotated fingerprint would no longer find its row.
"""

import base64
import binascii
import hmac
import os
import re
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = "y1"
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")
HOW_TO_FIX = "Run `make setup`, which writes good keys into yidang.env, or restore the keys of this deployment."


class WrongKey(ValueError):
    """The text cannot be read: its key is missing or another one, it was altered, or it belongs to another column."""


def encrypt(label: str, text: str) -> str:
    """Encrypt `text` (any string, also the empty one) for the column `label` under the current key."""
    key_id, cipher = _current_key()
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + cipher.encrypt(nonce, text.encode(), label.encode())
    return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(label: str, token: str) -> str:
    """Give back the text of `token`. Raises WrongKey for a missing or wrong key, another label or a damaged token."""
    key_id, sealed = _split(token)
    cipher = _keys().get(key_id)
    if cipher is None:
        raise WrongKey(f"{label}: no key {key_id!r} in FIELD_KEYS. Restore it from the deployment's key backup.")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], label.encode()).decode()
    except InvalidTag:
        raise WrongKey(
            f"{label}: the value does not belong to this column and key {key_id!r}, or was altered."
        ) from None


def reencrypt(label: str, token: str) -> str:
    """The same text under the current key; the token itself if it already is. Raises WrongKey as `decrypt` does."""
    key_id, _sealed = _split(token)
    if key_id == _current_key()[0]:
        return token
    return encrypt(label, decrypt(label, token))


def fingerprint(label: str, text: str) -> str:
    """64 hex digits (HMAC-SHA256) that are equal for equal text in the same column, and say nothing without the key."""
    return hmac.new(_fingerprint_key(settings.FINGERPRINT_KEY), f"{label}\0{text}".encode(), sha256).hexdigest()


def current_prefix() -> str:
    """How every token under the current key begins."""
    return f"{VERSION}.{_current_key()[0]}."


def check_settings() -> None:
    """Raises ImproperlyConfigured with a sentence that says what to do, if a key is missing or malformed."""
    _keys()
    _fingerprint_key(settings.FINGERPRINT_KEY)


def _split(token: str) -> tuple[str, bytes]:
    try:
        version, key_id, body = token.split(".")
        sealed = base64.b64decode(body, altchars=b"-_", validate=True)
    except (ValueError, AttributeError):
        raise WrongKey("The stored value is not an encrypted one.") from None
    if version != VERSION or len(sealed) <= NONCE_BYTES:
        raise WrongKey("The stored value is not an encrypted one of a known version.")
    return key_id, sealed


def _keys() -> dict[str, AESGCM]:
    return _parse_keys(settings.FIELD_KEYS)


def _current_key() -> tuple[str, AESGCM]:
    return next(iter(_keys().items()))


@lru_cache(maxsize=8)
def _parse_keys(text: str) -> dict[str, AESGCM]:
    keys: dict[str, AESGCM] = {}
    for part in text.split(","):
        key_id, colon, encoded = part.strip().partition(":")
        if not colon or not KEY_ID.fullmatch(key_id) or key_id in keys:
            raise ImproperlyConfigured(f"FIELD_KEYS must read `id:base64,id:base64` with distinct ids. {HOW_TO_FIX}")
        keys[key_id] = AESGCM(key_bytes("FIELD_KEYS", encoded))
    return keys


@lru_cache(maxsize=8)
def _fingerprint_key(text: str) -> bytes:
    return key_bytes("FINGERPRINT_KEY", text)


def key_bytes(setting: str, encoded: str) -> bytes:
    # The message never repeats the key.
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        raise ImproperlyConfigured(f"A key in {setting} is not base64. {HOW_TO_FIX}") from None
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"A key in {setting} has {len(key)} bytes instead of {KEY_BYTES}. {HOW_TO_FIX}")
    return key
