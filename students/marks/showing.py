"""A stored difference of marks in words for the page. The academic office sees marks, so it sees the old ones too."""

from __future__ import annotations

from django.utils.translation import gettext as _

from students.levels import Level
from students.marks.sheet import Got
from students.models import RosterRow
from students.roster.difference import Difference
from students.roster.matching import spell_class
from students.roster.showing import Shown


def show(row: RosterRow, *, school_year: int) -> Shown:
    """`school_year`: in whose words the sheet names its classes."""
    difference = Difference.of(row)
    return Shown(
        row=row.row,
        name=difference.name,
        place=spell_class(difference.place, school_year),
        status=row.status,
        label=row.get_status_display(),
        changes=[
            (subject, in_words(difference.before[subject]), in_words(got)) for subject, got in difference.after.items()
        ],
        errors=difference.errors,
        warnings=difference.warnings,
        student=row.student_id,
        level=Level.DAILY,
    )


def in_words(got: Got | list | None) -> str:
    """84, 缺考, 112/150; nothing where there is no mark yet."""
    if not got:
        return ""
    text, full = got
    if text is None:
        return _("absent")
    return text if full == "100" else f"{text}/{full}"
