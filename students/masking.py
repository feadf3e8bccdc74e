"""Numbers and addresses as a page shows them until somebody asks for them in full, which the read log keeps."""

from __future__ import annotations

import re

HIDDEN = "*"
DISTRICT = re.compile(r".{2,15}?(?:县|旗|(?<![小社园])区)")  # not 小区, 社区, 园区


def mask_id(number: str) -> str:
    """An identity or student number: the first two and the last two characters. No birthday, no sex."""
    if len(number) <= 6:
        return HIDDEN * len(number)
    return number[:2] + HIDDEN * (len(number) - 4) + number[-2:]


def mask_phone(number: str) -> str:
    """138****5678; of a short number only the last two digits."""
    digits = len(number)
    if digits < 8:
        return HIDDEN * max(0, digits - 2) + number[-2:] if digits > 2 else HIDDEN * digits
    return number[:3] + HIDDEN * (digits - 7) + number[-4:]


def mask_address(address: str) -> str:
    """Down to the district or county; without one, the first third and six characters at most."""
    if not address:
        return ""
    found = DISTRICT.match(address)
    kept = found[0] if found and len(found[0]) < len(address) else address[: min(6, len(address) // 3)]
    return kept + HIDDEN * 4
