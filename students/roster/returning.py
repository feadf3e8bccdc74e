"""The refused rows as a workbook in the layout of the file, with one more column that says why (FEATURES R1)."""

from __future__ import annotations

import io

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet.worksheet import Worksheet

from students.models import RosterImport, RosterRow
from students.roster.difference import Difference


def refused_rows(job: RosterImport) -> bytes:
    """An .xlsx of text cells: nothing in it is a formula or a number that a spreadsheet could change."""
    book = openpyxl.Workbook()
    sheet = book.active
    headers = job.mapping["headers"]
    for title in job.mapping.get("titles", []):
        _append(sheet, title)
    _append(sheet, [*headers, _("Why it was refused")])
    for row in job.rows.filter(status=RosterRow.Status.REFUSED):
        difference = Difference.of(row)
        cells = (difference.cells or _name_only(job, difference))[: len(headers)]
        _append(sheet, [*cells, *[""] * (len(headers) - len(cells)), " ".join(difference.errors)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _name_only(job: RosterImport, difference: Difference) -> list[str]:
    """A row that was good when the file was checked kept no cells."""
    fields = job.mapping["fields"]
    return [difference.name if fields.get(str(index)) == "name" else "" for index in range(len(job.mapping["headers"]))]


def _append(sheet: Worksheet, cells: list[str]) -> None:
    row = sheet.max_row + 1 if sheet.max_row > 1 or sheet.cell(1, 1).value is not None else 1
    for column, text in enumerate(cells, 1):
        cell = sheet.cell(row, column)
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
        cell.data_type, cell.number_format = "s", "@"
