"""Text on its way into a CSV, where a cell has no type and a spreadsheet takes what looks like a formula for one."""

import unicodedata

from students.roster.values import INVISIBLE

STARTERS = "=+-@|%"


def harmless(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet might compute, fetch or start something from it."""
    seen = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).lstrip()
    return f"'{text}" if (seen[:1] and seen[0] in STARTERS) or text[:1] in ("\t", "\r", "\n") else text
