"""What lies inside the seal: a compressed tar with the database in parts, the private files, and the manifest last.

Everything is streamed, so no readable copy of a PostgreSQL dump touches the disk. The manifest comes last because only
then all hashes are known; an archive without one is not whole.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from accounts.backup.sealed import Damaged, Reader, Writer

PART = 8 * 1024 * 1024  # of the database, in one tar member
DATABASE, FILES, MANIFEST = "database", "files", "manifest.json"
FORMAT = 1
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


def read_archive(path: Path, key: bytes, *, database: Sink, folder: Path | None = None) -> dict[str, Any]:
    """Read an archive to its end, hand the dump to `database`, write the files below `folder`, return the manifest.

    Raises WrongBackupKey, or Damaged if anything is not what the manifest says. The manifest stands at the end, so
    whoever passes a sink or a folder may keep what they got only if this returns.
    """
    found: dict[str, Any] = {"database": None, "files": {}, "manifest": None}
    digest, size = sha256(), 0
    try:
        with path.open("rb") as source, gzip.GzipFile(fileobj=io.BufferedReader(Reader(source, key))) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for member in tar:
                    kind, _slash, name = member.name.partition("/")
                    hashed = Hashed(tar.extractfile(member))
                    if kind == DATABASE:
                        while block := hashed.read(1 << 20):
                            digest.update(block)
                            size += len(block)
                            database(block)
                    elif kind == FILES:
                        _write_file(hashed, folder, name)
                        found["files"][name] = {"size": hashed.size, "sha256": hashed.digest.hexdigest()}
                    else:
                        found["manifest"] = json.loads(hashed.read())
            while plain.read(1 << 20):  # to the end: only there the last chunk proves that nothing was cut off
                pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise Damaged(f"The archive can't be read: {type(error).__name__}.") from None
    found["database"] = {"size": size, "sha256": digest.hexdigest()}
    return _checked(found)


def _write_file(source: Hashed, folder: Path | None, name: str) -> None:
    target = None
    if folder is not None:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise Damaged("A file in the archive has a name that leads out of its folder.")
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with target.open("xb") if target else io.BytesIO() as out:
        while block := source.read(1 << 20):
            if target:
                out.write(block)


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    manifest = found["manifest"]
    if manifest is None:
        raise Damaged("The archive has no manifest: it was never finished.")
    if manifest["format"] != FORMAT:
        raise Damaged(f"The archive has format {manifest['format']}; this version reads {FORMAT}.")
    if manifest["database"] != found["database"]:
        raise Damaged("The database in the archive is not what the manifest says.")
    if manifest["files"] != found["files"]:
        raise Damaged("The files in the archive are not what the manifest says.")
    return manifest
