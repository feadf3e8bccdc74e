"""T58, as far as backups go: an archive says nothing without its key, and is refused when it is not what was written."""

import io
import os

import pytest

from accounts.backup.archive import ArchiveWriter, read_archive
from accounts.backup.sealed import CHUNK, HEAD, TAG, Damaged, Reader, Writer, WrongBackupKey

KEY, OTHER = b"k" * 32, b"o" * 32
BLOCK = CHUNK + TAG


def sealed(text, key=KEY):
    out = io.BytesIO()
    writer = Writer(out, key)
    writer.write(text)
    writer.finish()
    return out.getvalue()


def opened(content, key=KEY):
    return io.BufferedReader(Reader(io.BytesIO(content), key)).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_can_be_opened(size):
    text = os.urandom(size)
    assert opened(sealed(text)) == text


def test_nothing_of_the_text_or_the_key_stands_in_it():
    content = sealed("安然然, 650102201705201234".encode() * 1000)
    assert "安然然".encode() not in content
    assert KEY not in content
    assert sealed(b"the same") != sealed(b"the same")


def test_another_key_is_refused_before_the_first_byte():
    with pytest.raises(WrongBackupKey):
        opened(sealed(b"text"), OTHER)


THREE = sealed(b"a" * CHUNK + b"b" * CHUNK + b"c" * 10)


def chunks():
    return [THREE[HEAD : HEAD + BLOCK], THREE[HEAD + BLOCK : HEAD + 2 * BLOCK], THREE[HEAD + 2 * BLOCK :]]


def flipped(position):
    return THREE[:position] + bytes([THREE[position] ^ 1]) + THREE[position + 1 :]


SPOILED = {
    "nothing": b"",
    "half a head": THREE[: HEAD - 1],
    "only the head": THREE[:HEAD],
    "cut in a chunk": THREE[:-5],
    "cut between chunks": THREE[: HEAD + 2 * BLOCK],
    "two chunks changed places": THREE[:HEAD] + chunks()[1] + chunks()[0] + chunks()[2],
    "a chunk left out": THREE[:HEAD] + chunks()[0] + chunks()[2],
    "a chunk twice": THREE[:HEAD] + chunks()[0] + chunks()[0] + chunks()[1] + chunks()[2],
    "something behind the end": THREE + b"x",
    "another archive behind the end": THREE + THREE,
    "one bit of the text": flipped(HEAD + 100),
    "one bit of the end": flipped(len(THREE) - 1),
    "one bit of the magic": flipped(3),
    "chunks of another archive": THREE[:HEAD] + sealed(b"a" * CHUNK + b"b" * CHUNK + b"c" * 10)[HEAD:],
}


@pytest.mark.parametrize("how", SPOILED)
def test_an_archive_that_is_not_what_was_written_is_refused(how):
    assert opened(THREE)
    with pytest.raises(Damaged):
        opened(SPOILED[how])


@pytest.mark.parametrize("content", [flipped(3), THREE[: HEAD // 2], b"PK" * HEAD], ids=["magic", "half a head", "zip"])
def test_what_is_no_archive_is_said_to_be_none(content):
    """And not to be a damaged one, nor one of another key: whoever restores has taken the wrong file."""
    with pytest.raises(Damaged, match="not a backup of Yidang"):
        opened(content)


def test_an_altered_salt_is_taken_for_another_key():
    with pytest.raises(WrongBackupKey):
        opened(flipped(20))


# --- what lies inside -----------------------------------------------------------------------------------------------
@pytest.fixture
def archive(tmp_path):
    """An archive of one file and a dump in two parts; `write(manifest)` ends it."""
    path, file = tmp_path / "one", tmp_path / "photo"
    file.write_bytes(b"photo")
    with path.open("wb") as out:
        writer = ArchiveWriter(out, KEY)
        database = writer.add_database([b"x" * 5_000_000] * 2)
        writer.add_file("attachments/1", file)

        def write(**changed):
            writer.finish({"format": 1, "database": database, "files": writer.files} | changed)
            out.flush()
            return path

        yield write


def test_the_dump_and_the_files_come_out_as_they_went_in(archive, tmp_path):
    dump = []
    manifest = read_archive(archive(), KEY, database=dump.append, folder=tmp_path / "out")
    assert b"".join(dump) == b"x" * 10_000_000
    assert (tmp_path / "out" / "attachments" / "1").read_bytes() == b"photo"
    assert (tmp_path / "out" / "attachments" / "1").stat().st_mode & 0o777 == 0o600
    assert manifest["files"]["attachments/1"]["size"] == 5


@pytest.mark.parametrize(
    "changed",
    [{"format": 2}, {"database": {"size": 1, "sha256": "0"}}, {"files": {}}],
    ids=lambda each: next(iter(each)),
)
def test_a_manifest_that_says_something_else_is_refused(archive, changed):
    with pytest.raises(Damaged):
        read_archive(archive(**changed), KEY, database=lambda block: None)


def test_an_archive_without_a_manifest_was_never_finished(tmp_path):
    path = tmp_path / "one"
    with path.open("wb") as out:
        writer = ArchiveWriter(out, KEY)
        writer.add_database([b"x"])
        writer._tar.close()
        writer._gzip.close()
        writer._sealed.finish()
    with pytest.raises(Damaged, match="no manifest"):
        read_archive(path, KEY, database=lambda block: None)


def test_a_last_chunk_that_was_cut_off_is_missed_even_where_nothing_but_the_checksum_stood_in_it(tmp_path):
    path, size = tmp_path / "one", CHUNK
    noise = os.urandom(2 * CHUNK)
    for _attempt in range(50):  # until the tar ends with the first chunk
        with path.open("wb") as out:
            writer = ArchiveWriter(out, KEY)
            database = writer.add_database([noise[:size]])
            writer.finish({"format": 1, "database": database, "files": {}})
        over = path.stat().st_size - HEAD - 2 * TAG - CHUNK
        if 0 < over <= 8:
            break
        size -= over - 4
    assert read_archive(path, KEY, database=lambda block: None)["database"] == database
    path.write_bytes(path.read_bytes()[: HEAD + CHUNK + TAG])
    with pytest.raises(Damaged):
        read_archive(path, KEY, database=lambda block: None)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_file_never_leaves_its_folder(tmp_path, absolute):
    path, outside = tmp_path / "one", tmp_path / "in" / "outside"
    (tmp_path / "photo").write_bytes(b"photo")
    with path.open("wb") as out:
        writer = ArchiveWriter(out, KEY)
        writer.add_file(str(outside) if absolute else "../outside", tmp_path / "photo")
        writer.finish({"format": 1, "database": {}, "files": {}})
    with pytest.raises(Damaged, match="leads out"):
        read_archive(path, KEY, database=lambda block: None, folder=tmp_path / "in" / "side")
    assert not outside.exists()
