"""A photo from a phone, made anew: nothing of where, when and with what it was taken stays in it."""

from __future__ import annotations

import io
import struct

import filetype
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000  # what phones take; more is a bomb
MAX_SIDE = 2560  # px: enough to read a page of an exercise book
UNREADABLE = (  # what Pillow raises for damaged pixels and damaged facts about the picture
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def clean_photo(upload: UploadedFile) -> bytes:
    """JPEG bytes of at most 2,560 px a side, upright, without metadata. Raises ValidationError in words.

    What it is follows from its bytes: names and content types are what the sender says.
    """
    if (upload.size or 0) > MAX_BYTES:
        raise ValidationError(_("This photo is larger than 10 MB. Choose a smaller one."))
    kind = filetype.guess(upload.read(512))
    upload.seek(0)
    if kind is None or kind.mime not in KINDS:
        raise ValidationError(_("This file is not a photo. JPEG, PNG and WebP can be added."))
    try:
        return _made_anew(upload, KINDS[kind.mime])
    except UNREADABLE:
        raise ValidationError(_("This photo can't be read. Choose another one.")) from None


def _made_anew(upload: UploadedFile, kind: str) -> bytes:
    photo = Image.open(upload, formats=[kind])
    if photo.width * photo.height > MAX_PIXELS:
        raise ValueError("too many pixels")
    photo.draft("RGB", (MAX_SIDE, MAX_SIDE))
    upright = ImageOps.exif_transpose(photo).convert("RGBA")
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    clean = Image.new("RGB", upright.size, "white")
    clean.paste(upright, mask=upright)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85)
    return out.getvalue()
