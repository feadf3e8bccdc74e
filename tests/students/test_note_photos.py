"""Photos are made anew, stored privately, and shown to whoever may read the note."""

import base64
import io
import shutil
import stat
import uuid
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from students.models import Attachment, FileAccess, Observation

NEW = "/notes/new/"
PLACE = b"GPS-39.9042N"


def photo(kind="JPEG", size=(40, 30), name="IMG_安然然.jpg", mode="RGB", **extra):
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, kind, **extra)
    return SimpleUploadedFile(name, out.getvalue(), content_type="text/html")


def with_place():
    exif = Image.Exif()
    exif[0x010F] = PLACE.decode()
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    return photo(exif=exif)


def sheet(student, *photos):
    return {
        "incident": str(uuid.uuid4()), "kind": "observation", "facts": "看。", "level": "2", "student": [str(student.pk)],
        "photos": list(photos),
    }  # fmt: skip


@pytest.fixture
def private(settings):
    """The private folder of this run, without the photos of other tests."""
    shutil.rmtree(Path(settings.PRIVATE_ROOT) / "attachments", ignore_errors=True)
    return Path(settings.PRIVATE_ROOT)


def test_a_photo_loses_its_place_and_keeps_its_upright(cast, sign_in, private):
    upload = with_place()
    assert PLACE in upload.read()
    upload.seek(0)
    assert sign_in(cast.zhou).post(NEW, sheet(cast.an, upload)).status_code == 302
    stored = Attachment.objects.get()
    with stored.file.open() as file:
        data = file.read()
    with Image.open(io.BytesIO(data)) as made:
        assert (made.format, made.size, dict(made.getexif())) == ("JPEG", (30, 40), {})
    assert PLACE not in data and stored.size == len(data)


def test_a_stored_photo_has_a_random_name_and_only_we_may_read_it(cast, sign_in, private):
    sign_in(cast.zhou).post(NEW, sheet(cast.an, photo()))
    path = Path(Attachment.objects.get().file.path)
    assert path.is_relative_to(private) and "IMG" not in path.name and "." not in path.name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("WEBP", "RGB"), ("PNG", "P"), ("JPEG", "L")])
def test_png_and_webp_become_jpeg(cast, sign_in, private, kind, mode):
    sign_in(cast.zhou).post(NEW, sheet(cast.an, photo(kind, mode=mode)))
    assert Attachment.objects.get().content_type == "image/jpeg"


# The maker's name stands where a number should be: Pillow answers with struct.error, or with TypeError.
DAMAGED = (
    "UklGRoIAAABXRUJQVlA4WAoAAAAIAAAABwAABwAAVlA4IDAAAADQAQCdASoIAAgAAUAmJaACdLoB+AADsAD+8ut//NgVzXPv9//S4P0u"
    "D9Lg/9KQAABFWElGLAAAAE1NACoAAAAIAAIB{}ACAAAABgAAACYBEgADAAAAAQAGAAAAAAAATWFrZXIA"
)


def damaged(tag):
    return SimpleUploadedFile("photo.webp", base64.b64decode(DAMAGED.format(tag)), "image/webp")


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (SimpleUploadedFile("photo.jpg", b"<svg onload=alert(1)>", "image/jpeg"), "不是照片"),
        (SimpleUploadedFile("photo.jpg", b"\xff\xd8\xff\xe0" + b"x" * 99, "image/jpeg"), "打不开"),
        (damaged("AA"), "打不开"),
        (damaged("Gg"), "打不开"),
        (SimpleUploadedFile("photo.gif", b"GIF89a" + b"x" * 99, "image/gif"), "不是照片"),
        (SimpleUploadedFile("big.jpg", b"\xff\xd8\xff\xe0" + b"x" * (10 * 1024 * 1024), "image/jpeg"), "10 MB"),
    ],
    ids=["markup", "torn", "struct", "type", "gif", "big"],
)
def test_what_is_no_photo_is_refused_and_the_words_stay(cast, sign_in, private, upload, sentence):
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, upload))
    text = response.content.decode()
    assert response.status_code == 422 and sentence in text and "看。" in text and "再选一次" in text
    assert not Observation.objects.exists() and not (private / "attachments").exists()


def test_a_bomb_of_pixels_is_refused(cast, sign_in, private):
    bomb = photo("PNG", size=(9000, 9000), mode="1")
    assert bomb.size < 100_000
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, bomb))
    assert response.status_code == 422 and "打不开" in response.content.decode()


def test_seven_photos_are_one_too_many(cast, sign_in, private):
    response = sign_in(cast.zhou).post(NEW, sheet(cast.an, *[photo() for _n in range(7)]))
    assert response.status_code == 422 and "最多 6 张" in response.content.decode()
    assert sign_in(cast.zhou).post(NEW, sheet(cast.an, *[photo() for _n in range(6)])).status_code == 302
    assert Attachment.objects.count() == 6


def test_a_note_sent_twice_keeps_each_photo_once(cast, sign_in, private):
    client, form = sign_in(cast.zhou), sheet(cast.an)
    client.post(NEW, {**form, "photos": [photo()]})
    client.post(NEW, {**form, "photos": [photo()]})
    assert Attachment.objects.count() == 1 and len(list((private / "attachments").iterdir())) == 1


@pytest.fixture
def shown(cast, sign_in, private):
    sign_in(cast.zhou).post(NEW, sheet(cast.an, photo()))
    return reverse("students:attachment", args=[Attachment.objects.get().pk])


def test_a_photo_is_shown_and_never_run_or_kept(cast, sign_in, shown):
    response = sign_in(cast.zhou).get(shown)
    assert response.status_code == 200 and response["Content-Type"] == "image/jpeg"
    assert b"".join(response.streaming_content)[:3] == b"\xff\xd8\xff"
    assert response["X-Content-Type-Options"] == "nosniff" and "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"] and "filename" not in response["Content-Disposition"]


@pytest.mark.parametrize(("proxies", "address"), [(1, "10.1.2.3"), (0, "127.0.0.1")])
def test_the_log_has_the_address_of_the_reader_not_of_the_proxy(cast, sign_in, shown, settings, proxies, address):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    sign_in(cast.zhou).get(shown, headers={"X-Forwarded-For": "6.6.6.6, 10.1.2.3"}).close()
    assert FileAccess.objects.latest("pk").address == address


def test_showing_a_photo_is_logged(cast, sign_in, shown):
    before = FileAccess.objects.count()
    sign_in(cast.qin).get(shown).close()
    row = FileAccess.objects.first()
    assert FileAccess.objects.count() == before + 1 and str(cast.an.pk) in row.student_ids


@pytest.mark.parametrize(
    ("who", "status"),
    [("he", 200), ("ruan", 200), ("guo", 404), ("lin", 404), ("luo", 404), ("xin", 404), ("yuan", 404)],
)
def test_a_photo_is_seen_by_whoever_sees_its_note(cast, sign_in, shown, who, status):
    response = sign_in(cast.people[who]).get(shown)
    response.close()
    assert response.status_code == status


def test_a_withdrawn_note_takes_its_photos_along(cast, sign_in, shown):
    client = sign_in(cast.zhou)
    client.post(reverse("students:note_void", args=[Observation.objects.get().pk]), {"version": 1})
    assert client.get(shown).status_code == 404


def test_an_unknown_photo_is_404(cast, sign_in):
    assert sign_in(cast.ruan).get(reverse("students:attachment", args=[uuid.uuid4()])).status_code == 404
