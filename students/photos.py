"""A photo from a phone, made anew: nothing of where, when and with what it was taken stays in it."""

from __future__ import annotations

import io
import struct
from datetime import datetime, timedelta
from pathlib import PurePath

import filetype
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Sum
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.models import User
from students.models import Attachment
from students.scanning import is_clean

MAX_BYTES = 10 * 1024 * 1024
# What phones take and screens show; more is a bomb. A JPEG is made smaller while it is read, the others lie in memory whole.
MAX_PIXELS = {"JPEG": 50_000_000, "PNG": 20_000_000, "WEBP": 20_000_000}
MAX_SIDE = 2560  # px: enough to read a page of an exercise book
UNREADABLE = (  # what Pillow raises for damaged pixels and damaged facts about the picture
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
EXTENSIONS = {".jpg", ".jpeg", ".jfif", ".png", ".webp"}
QUOTA_DAYS = timedelta(days=30)


def clean_photo(upload: UploadedFile) -> bytes:
    """JPEG bytes of at most 2,560 px a side, upright, without metadata. Raises ValidationError in words.

    What it is follows from its bytes: names and content types are what the sender says. A name that says something else
    is refused all the same: no program should be found under it. The stored file has no name.
    """
    if (upload.size or 0) > MAX_BYTES:
        raise ValidationError(_("This photo is larger than 10 MB. Choose a smaller one."))
    kind = filetype.guess(upload.read(512))
    upload.seek(0)
    if kind is None or kind.mime not in KINDS or PurePath(upload.name or "").suffix.lower() not in EXTENSIONS:
        raise ValidationError(_("This file is not a photo. JPEG, PNG and WebP can be added."))
    if settings.UPLOAD_SCANNER and not is_clean(_whole(upload)):
        raise ValidationError(
            _("The school's virus scanner did not pass this file, or could not check it. Nothing was kept.")
        )
    try:
        return _made_anew(upload, KINDS[kind.mime])
    except UNREADABLE:
        raise ValidationError(_("This photo can't be read. Choose another one.")) from None


def _whole(upload: UploadedFile) -> bytes:
    data = upload.read()
    upload.seek(0)
    return data


def check_quota(user: User, photos: list[bytes], *, now: datetime) -> None:
    """Raise ValidationError in words where these photos are more than one person may store within 30 days."""
    if not photos:
        return
    recent = Attachment.objects.filter(author=user, created_at__gt=now - QUOTA_DAYS)
    stored = recent.aggregate(bytes=Sum("size"))["bytes"] or 0
    if stored + sum(map(len, photos)) > settings.PHOTO_QUOTA_MB * 1024 * 1024:
        raise ValidationError(
            _(
                "Your photos of the last 30 days take up all the room there is for one person. Save the note without a photo."
            )
        )


def _made_anew(upload: UploadedFile, kind: str) -> bytes:
    photo = Image.open(upload, formats=[kind])
    if photo.width * photo.height > MAX_PIXELS[kind]:
        raise ValueError("too many pixels")
    photo.draft("RGB", (MAX_SIDE, MAX_SIDE))
    upright = ImageOps.exif_transpose(photo).convert("RGBA")
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    clean = Image.new("RGB", upright.size, "white")
    clean.paste(upright, mask=upright)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85)
    return out.getvalue()
