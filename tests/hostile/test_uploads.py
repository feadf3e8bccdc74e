"""T35: what is uploaded as a photo. Only what three kinds of picture say stays, and nothing of what came with it.

How a photo loses its place, is stored and is shown: tests/students/test_note_photos.py.
"""

import io
import shutil
import stat
import uuid
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image, PngImagePlugin

from students.models import Attachment, Observation
from students.photos import MAX_BYTES, MAX_PIXELS, MAX_SIDE, clean_photo
from students.roster import sandbox
from students.roster.refusal import Refused
from tests.hostile import files

MARK = b"<script>planted-7f2c()</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="planted()"><rect width="9" height="9"/></svg>'
NO_PHOTOS = {
    "svg": SVG,
    "svg without a head": SVG.partition(b"?>")[2],
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\nshowpage\n",
    "eps with a preview": b"\xc5\xd0\xd3\xc6" + b"\0" * 28 + b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200,
    "avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + b"\0" * 200,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"x" * 200,
    "html": b"<!DOCTYPE html>" + MARK,
    "gif": b"GIF89a\x01\0\x01\0" + b"\0" * 60,
    "tiff": b"II*\0\x08\0\0\0" + b"\0" * 60,
    "bmp": b"BM" + b"\0" * 100,
    "ico": b"\0\0\x01\0\x01\0" + b"\0" * 60,
    "psd": b"8BPS\0\x01" + b"\0" * 60,
    "program": b"\x7fELF\x02\x01\x01" + b"\0" * 100,
    "zip": files.workbook(),
    "nothing": b"\0" * 100,
}


def picture(kind="JPEG", size=(40, 30), **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **more)
    return out.getvalue()


def named(data: bytes, name="photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")


def refusal(data: bytes, name="photo.jpg") -> str:
    with pytest.raises(ValidationError) as caught:
        clean_photo(named(data, name))
    return caught.value.messages[0]


@pytest.mark.parametrize("name", ["photo.jpg", "photo.svg", "photo.png"])
@pytest.mark.parametrize("kind", NO_PHOTOS)
def test_what_is_no_photo_is_refused_whatever_it_is_called(kind, name):
    assert refusal(NO_PHOTOS[kind], name).startswith("这个文件不是照片")


@pytest.mark.parametrize(
    "name", ["photo.svg", "photo.html", "photo.php", "photo.jpg.exe", "photo", ".jpg/", "x.jpg\0.svg"]
)
def test_a_photo_under_another_kind_of_name_is_refused(name):
    upload = named(picture())
    upload._name = name
    with pytest.raises(ValidationError, match="不是照片"):
        clean_photo(upload)


@pytest.mark.parametrize("name", ["IMG_1.JPG", "a.jpeg", "a.png", "微信图片.webp", "a.jfif"])
def test_the_usual_names_pass(name):
    assert clean_photo(named(picture(), name)).startswith(b"\xff\xd8\xff")


# --- two things at once -----------------------------------------------------------------------------------------------


def _png_with_text() -> bytes:
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Comment", MARK.decode())
    facts.add_itxt("XML:com.adobe.xmp", MARK.decode())
    return picture("PNG", pnginfo=facts)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes()


def _and_an_archive(photo: bytes) -> bytes:
    out = io.BytesIO(photo)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("evil.html", MARK)
    return out.getvalue()


POLYGLOTS = {
    "html behind it": picture() + b"<html>" + MARK,
    "html in a comment": picture(comment=MARK),
    "html in the exif": picture(exif=_exif()),
    "html in the colours": picture(icc_profile=MARK * 9),
    "archive behind it": _and_an_archive(picture()),
    "text in a png": _png_with_text(),
    "html behind a png": picture("PNG") + MARK,
    "exif in a webp": picture("WEBP", exif=_exif()),
}


@pytest.mark.parametrize("kind", POLYGLOTS)
def test_of_a_photo_that_is_two_things_the_photo_stays(kind):
    data = POLYGLOTS[kind]
    assert MARK in data or zipfile.is_zipfile(io.BytesIO(data))
    made = clean_photo(named(data))
    assert MARK not in made and not zipfile.is_zipfile(io.BytesIO(made))
    with Image.open(io.BytesIO(made)) as photo:
        assert (
            photo.format == "JPEG"
            and not dict(photo.getexif())
            and not {"comment", "exif", "icc_profile"} & {*photo.info}
        )


def test_what_begins_like_one_kind_of_picture_is_read_as_no_other():
    """Pillow would ask each of its readers, and some look further back: here a Photo CD under the first bytes of a JPEG."""
    data = bytearray(96 * 2048 + 768 * 512 * 3)
    data[:4], data[2048:2052] = b"\xff\xd8\xff\xe0", b"PCD_"
    assert Image.open(io.BytesIO(data)).format == "PCD"
    assert refusal(bytes(data)).startswith("这张照片打不开")


# --- sizes ------------------------------------------------------------------------------------------------------------


def bomb(kind: str, side: int) -> bytes:
    out = io.BytesIO()
    Image.new("1" if kind == "PNG" else "L", (side, side)).save(out, kind)
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "side"), [("PNG", 4_500), ("JPEG", 7_200), ("WEBP", 4_500)])
def test_more_pixels_than_a_phone_takes_are_refused(kind, side):
    assert side**2 > MAX_PIXELS[kind]
    data = bomb(kind, side)
    assert len(data) < MAX_BYTES
    assert refusal(data).startswith("这张照片打不开")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_stored_photo_is_larger_than_a_page_needs(kind):
    with Image.open(io.BytesIO(clean_photo(named(picture(kind, (MAX_SIDE + 500, 40)), f"a.{kind.lower()}")))) as photo:
        assert max(photo.size) <= MAX_SIDE


def test_no_photo_is_larger_than_twenty_megabytes():
    assert MAX_BYTES <= 20 * 1024 * 1024
    assert "10 MB" in refusal(picture() + b"\0" * MAX_BYTES)


# --- stored and served ------------------------------------------------------------------------------------------------


@pytest.fixture
def private(settings):
    shutil.rmtree(Path(settings.PRIVATE_ROOT) / "attachments", ignore_errors=True)
    return Path(settings.PRIVATE_ROOT)


def note(student, *photos):
    return {
        "incident": str(uuid.uuid4()), "kind": "observation", "facts": "看。", "level": "2", "student": [str(student.pk)],
        "photos": list(photos),
    }  # fmt: skip


def send(client, cast, *photos):
    return client.post(reverse("students:note_new"), note(cast.an, *photos))


def test_a_stored_photo_has_a_random_name_is_for_its_owner_alone_and_under_no_public_path(
    cast, sign_in, private, settings
):
    client = sign_in(cast.zhou)
    assert send(client, cast, named(picture(), "安然然 三年级.jpg")).status_code == 302
    photo = Attachment.objects.get()
    path = Path(photo.file.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert uuid.UUID(path.name) and photo.file.name == f"attachments/{path.name}"
    for public in (settings.STATIC_ROOT, *settings.STATICFILES_DIRS):
        assert not path.is_relative_to(public)
    for address in (
        f"/media/{photo.file.name}",
        f"/{photo.file.name}",
        f"/static/{photo.file.name}",
        f"/media/../{photo.file.name}",
        photo.file.url,  # what the storage believes
    ):
        assert client.get(address).status_code == 404


def test_nobody_fills_the_disk_alone(cast, sign_in, private, settings):
    settings.PHOTO_QUOTA_MB = 1
    client = sign_in(cast.zhou)
    assert send(client, cast, named(picture())).status_code == 302
    Attachment.objects.update(size=1024 * 1024)
    answer = send(client, cast, named(picture()))
    assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()
    assert "看。" in answer.content.decode()
    assert Attachment.objects.count() == 1 and Observation.objects.count() == 1
    assert send(client, cast).status_code == 302  # words are always kept
    assert send(sign_in(cast.he), cast, named(picture())).status_code == 302


def test_room_comes_back_after_thirty_days(cast, sign_in, private, settings, now):
    from datetime import timedelta

    settings.PHOTO_QUOTA_MB = 1
    send(sign_in(cast.zhou), cast, named(picture()))
    Attachment.objects.update(size=1024 * 1024, created_at=now - timedelta(days=31))
    assert send(sign_in(cast.zhou), cast, named(picture())).status_code == 302


# --- the scanner ------------------------------------------------------------------------------------------------------


@pytest.fixture
def scanner(settings, tmp_path):
    """`scanner(words)`: a scanner of these words of a shell, which reads the file from its input."""

    def is_now(words: str) -> None:
        path = tmp_path / "scan.sh"
        path.write_text(f"#!/bin/sh\n{words}\n")
        path.chmod(0o700)
        settings.UPLOAD_SCANNER = f"{path} -"

    return is_now


def test_a_scanner_sees_the_file_as_it_came(scanner, tmp_path):
    scanner(f"cat > {tmp_path}/seen")
    data = POLYGLOTS["html behind it"]
    assert clean_photo(named(data))
    assert (tmp_path / "seen").read_bytes() == data


@pytest.mark.parametrize("words", ["cat >/dev/null; exit 1", "exit 2", "kill -9 $$"], ids=["found", "failed", "died"])
def test_what_the_scanner_does_not_pass_is_refused_at_every_door(cast, sign_in, private, scanner, words):
    """It fails closed. A photo: at the page; a roster or a list of staff: before anything is read."""
    scanner(words)
    answer = send(sign_in(cast.zhou), cast, named(picture()))
    assert answer.status_code == 422 and not Observation.objects.exists() and not (private / "attachments").exists()
    with pytest.raises(Refused) as caught:
        sandbox.read_in_child(files.workbook(), "a.xlsx")
    assert caught.value.message == sandbox.NOT_CLEAN


@pytest.mark.parametrize("command", ["/nowhere/scan -", "'"], ids=["missing", "no command"])
def test_a_scanner_that_is_not_there_passes_nothing(settings, command):
    settings.UPLOAD_SCANNER = command
    with pytest.raises(ValidationError):
        clean_photo(named(picture()))


def test_without_a_scanner_photos_pass():
    assert clean_photo(named(picture()))
