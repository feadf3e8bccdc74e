"""A file sealed in chunks: AES-256-GCM under BACKUP_KEY, readable and writable as a stream.

    magic (16) · salt (16) · check value (16) · chunks of 1 MiB, each with its tag (16)

Key and check value follow from BACKUP_KEY and the salt, so no two files share a key, and a wrong key is told from a
damaged file. A chunk's nonce is its number and whether it is the last one; the head is associated data of each. So a
chunk that was altered, moved, left out or added, and a file that ends early, raise Damaged, never a shorter text.
"""

from __future__ import annotations

import hmac
import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"YIDANG-BACKUP-1\n"
SALT = CHECK = TAG = 16
HEAD = len(MAGIC) + SALT + CHECK
CHUNK = 1024 * 1024


class Damaged(Exception):
    """The archive is not what was written: altered, cut off, put together anew, or no archive at all."""


class WrongBackupKey(Exception):
    """The archive was sealed under another BACKUP_KEY."""


class Writer(io.RawIOBase):
    """Seals what is written into `out`. Without `finish()` the file lacks its end and nobody will read it."""

    def __init__(self, out: BinaryIO, key: bytes):
        salt = os.urandom(SALT)
        self._cipher, check = _derive(key, salt)
        self._out, self._head = out, MAGIC + salt + check
        self._buffer, self._number = bytearray(), 0
        out.write(self._head)

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._buffer += data
        while len(self._buffer) > CHUNK:  # the last chunk stays here until it is known to be the last
            self._seal(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def finish(self) -> None:
        self._seal(bytes(self._buffer), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._head))
        self._number += 1


class Reader(io.RawIOBase):
    """The text of a sealed file. Raises Damaged, or WrongBackupKey before the first byte."""

    def __init__(self, source: BinaryIO, key: bytes):
        self._head = source.read(HEAD)
        if len(self._head) < HEAD or not self._head.startswith(MAGIC):
            raise Damaged("This is not a backup of Yidang, or not the beginning of one.")
        self._cipher, check = _derive(key, self._head[len(MAGIC) : len(MAGIC) + SALT])
        if not hmac.compare_digest(check, self._head[-CHECK:]):
            raise WrongBackupKey("This archive was sealed under another BACKUP_KEY.")
        self._source, self._number = source, 0
        self._next, self._text = source.read(CHUNK + TAG), b""

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        while not self._text and self._next is not None:
            self._text = self._open()
        size = min(len(target), len(self._text))
        target[:size], self._text = self._text[:size], self._text[size:]
        return size

    def _open(self) -> bytes:
        chunk, following = self._next, self._source.read(CHUNK + TAG)
        last = not following
        try:
            text = self._cipher.decrypt(_nonce(self._number, last), chunk, self._head)
        except (InvalidTag, ValueError):  # ValueError: shorter than a tag
            raise Damaged(f"The archive is damaged or incomplete at chunk {self._number}.") from None
        self._number, self._next = self._number + 1, None if last else following
        return text


def _derive(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    made = HKDF(SHA256(), 32 + CHECK, salt, MAGIC).derive(key)
    return AESGCM(made[:32]), made[32:]


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
