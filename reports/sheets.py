"""Spreadsheets that leave the house: text stays text, names are masked."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from reports.summary import ClassSummary, Seat


def masked(name: str) -> str:
    """林＊, 欧＊＊: the first character alone."""
    return name[:1] + "＊" * max(1, len(name) - 1)


def coverage_sheet(classes: Sequence[tuple[ClassSummary, Sequence[Seat]]]) -> bytes:
    """Two sheets, .xlsx: one row per class, one per student with the name masked. Classes in the school's order, not
    ranked."""
    book = Workbook()
    book.properties.creator = "" if not classes else classes[0][0].school
    book.properties.title = _("Coverage of the term")
    _fill(book.active, _("Classes"), class_head(), [_class_row(figures) for figures, _seats in classes])
    rows = [_seat_row(figures, seat) for figures, seats in classes for seat in seats]
    _fill(book.create_sheet(), _("Students (names masked)"), seat_head(), rows)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def class_head() -> list[str]:
    return [
        _("Class"), _("Students in class"), _("Noticed"), _("Talked with"), _("Praised"), _("Notes in term"),
        _("Person-times"), _("No note for four weeks"),
    ]  # fmt: skip


def seat_head() -> list[str]:
    return [
        _("Class"), _("Seat number"), _("Name"), _("Observations"), _("Talks"), _("Recognitions"), _("Week of last note"),
    ]  # fmt: skip


def _class_row(figures: ClassSummary) -> list[Any]:
    reached = [reach.students for reach in figures.reaches]
    return [figures.class_name, figures.size, *reached, figures.entries, figures.mentions, figures.silent]


def _seat_row(figures: ClassSummary, seat: Seat) -> list[Any]:
    counts = [seat.observations, seat.talks, seat.recognitions]
    return [figures.class_name, seat.seat_no or "", masked(seat.name), *counts, seat.last_week or "—"]


def _fill(sheet: Worksheet, title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet.title = title
    for number, row in enumerate([head, *rows], 1):
        for column, value in enumerate(row, 1):
            _write(sheet.cell(number, column), value)
    for cell in sheet[1]:
        cell.font, cell.alignment = Font(bold=True), Alignment(horizontal="center")
        sheet.column_dimensions[cell.column_letter].width = 16
    sheet.freeze_panes = "A2"


def _write(cell: Any, value: Any) -> None:
    """A number stays a number; everything else is text, also when it begins with = + - @: nothing is ever a formula."""
    cell.value = value
    if not isinstance(value, int):
        cell.data_type = "s"
        cell.quotePrefix = True
