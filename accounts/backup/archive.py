"""What lies inside the seal: a compressed tar with the database in parts, the private files, and the manifest last.

Everything is streamed, so no readable copy of a PostgreSQL dump touches the disk. The manifest comes last because only
then all hashes are known; an archive without one is not whole.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from accounts.backup.sealed import Damaged, Reader, Writer

PART = 8 * 1024 * 1024  # of the database, in one tar member
DATABASE, FILES, MANIFEST = "database", "files", "manifest.json"
FORMAT = 1
BLOCK = 1024 * 1024
Sink = Callable[[bytes], object]


class ArchiveWriter:
    def __init__(self, out: BinaryIO, key: bytes):
        self._sealed = Writer(out, key)
        # Photos and encrypted columns hardly shrink: the lowest level costs little and gains what there is to gain.
        self._gzip = gzip.GzipFile(fileobj=self._sealed, mode="wb", compresslevel=1, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|")  # noqa: SIM115 -- closed by finish()
        self.files: dict[str, dict[str, object]] = {}

    def add_database(self, blocks: Iterable[bytes]) -> dict[str, object]:
        """Write the dump in parts and return its size and hash."""
        digest, size, part, number = sha256(), 0, bytearray(), 0
        for block in blocks:
            digest.update(block)
            size += len(block)
            part += block
            while len(part) >= PART:
                self._add(f"{DATABASE}/{number:06d}", bytes(part[:PART]))
                del part[:PART]
                number += 1
        self._add(f"{DATABASE}/{number:06d}", bytes(part))
        return {"size": size, "sha256": digest.hexdigest()}

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as source:
            hashed = Hashed(source)
            info = tarfile.TarInfo(f"{FILES}/{name}")
            info.size = path.stat().st_size
            self._tar.addfile(info, hashed)
        self.files[name] = {"size": hashed.size, "sha256": hashed.digest.hexdigest()}

    def finish(self, manifest: dict[str, Any]) -> None:
        self._add(MANIFEST, json.dumps(manifest, ensure_ascii=False, sort_keys=True).encode())
        self._tar.close()
        self._gzip.close()
        self._sealed.finish()

    def _add(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        self._tar.addfile(info, io.BytesIO(content))


class Hashed:
    """A file that is read once, and hashed on the way."""

    def __init__(self, source: BinaryIO):
        self._source, self.digest, self.size = source, sha256(), 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        self.size += len(block)
        return block

    def blocks(self) -> Iterator[bytes]:
        while block := self.read(BLOCK):
            yield block


def read_archive(path: Path, key: bytes, *, database: Sink, folder: Path | None = None) -> dict[str, Any]:
    """Read an archive to its end, hand the dump to `database`, write the files below `folder`, return the manifest.

    Raises WrongBackupKey, or Damaged if anything is not what the manifest says. The manifest stands at the end, so
    whoever passes a sink or a folder may keep what they got only if this returns.
    """
    reading = _Reading(database, folder)
    try:
        with path.open("rb") as source, gzip.GzipFile(fileobj=io.BufferedReader(Reader(source, key))) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for member in tar:
                    reading.take(member.name, Hashed(tar.extractfile(member)))
            while plain.read(BLOCK):  # to the end: only there the last chunk proves that nothing was cut off
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise Damaged(f"The archive can't be read: {type(error).__name__}.") from None
    return reading.checked_manifest()


class _Reading:
    """What has been read so far."""

    def __init__(self, database: Sink, folder: Path | None):
        self._sink, self._folder = database, folder
        self._dump, self._size = sha256(), 0
        self._files: dict[str, dict[str, object]] = {}
        self._manifest: dict[str, Any] | None = None

    def take(self, name: str, source: Hashed) -> None:
        kind, _slash, rest = name.partition("/")
        if kind == DATABASE:
            self._take_dump(source)
        elif kind == FILES:
            self._take_file(source, rest)
        else:
            self._manifest = json.loads(source.read())

    def _take_dump(self, source: Hashed) -> None:
        for block in source.blocks():
            self._dump.update(block)
            self._size += len(block)
            self._sink(block)

    def _take_file(self, source: Hashed, name: str) -> None:
        with _new_file(self._folder, name) if self._folder else io.BytesIO() as out:
            for block in source.blocks():
                out.write(block)
        self._files[name] = {"size": source.size, "sha256": source.digest.hexdigest()}

    def checked_manifest(self) -> dict[str, Any]:
        manifest = self._manifest
        if manifest is None:
            raise Damaged("The archive has no manifest: it was never finished.")
        if manifest["format"] != FORMAT:
            raise Damaged(f"The archive has format {manifest['format']}; this version reads {FORMAT}.")
        if manifest["database"] != {"size": self._size, "sha256": self._dump.hexdigest()}:
            raise Damaged("The database in the archive is not what the manifest says.")
        if manifest["files"] != self._files:
            raise Damaged("The files in the archive are not what the manifest says.")
        return manifest


def _new_file(folder: Path, name: str) -> BinaryIO:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise Damaged("A file in the archive has a name that leads out of its folder.")
    target = folder / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
