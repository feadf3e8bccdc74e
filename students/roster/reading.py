"""A school's file becomes rows of text, or is refused in one sentence. What the file is, its bytes say and not its name."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import python_calamine
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext_noop as _

from students.roster.container import (
    DAMAGED,
    HAS_MACROS,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_SHEETS,
    NOT_A_WORKBOOK,
    TOO_MANY_CELLS,
    TOO_MANY_SHEETS,
    inspect_xlsx,
)
from students.roster.refusal import Refused

MAX_BYTES = 10 * 1024 * 1024
FILEPASS = re.compile(
    rb"\x09\x08\x10\0.{16}(?:\x86\0\0\0)?\x2f\0", re.DOTALL
)  # the record after the first of an old workbook
OLE_HEADER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

TOO_LARGE = _("The file is larger than 10 MB. Keep only the sheet with the roster.")
EMPTY = _("The file is empty.")
ENCRYPTED = _("The file is protected by a password. Save it without one and upload that.")
WEB_PAGE = _(
    "This is a web page or XML file with a spreadsheet's name. Open it in a spreadsheet program, save it as .xlsx and upload that."
)
OPEN_DOCUMENT = _("This is an OpenDocument file. Save it as .xlsx and upload that.")
UNKNOWN_ENCODING = _(
    "The text of the file cannot be read: it is neither UTF-8 nor GB18030. Save it as .xlsx and upload that."
)
NO_ROWS = _("The file has no rows.")

Score = Callable[[list[list[str]]], int]


@dataclass
class Sheet:
    """Rows of text; ``rows[0]`` is row 1 of the sheet. ``formulas`` holds (row, column) from 0 of cells whose text is a formula."""

    rows: list[list[str]]
    name: str = ""
    format: str = "xlsx"
    epoch1904: bool = False
    formulas: list[tuple[int, int]] = field(default_factory=list)

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> "Sheet":
        return cls(**{**values, "formulas": [tuple(cell) for cell in values["formulas"]]})


def read_sheet(source: bytes | str | Path, filename: str = "", *, score: Score | None = None) -> Sheet:
    """The sheet that ``score`` likes best, or the first that is not empty. Raises Refused."""
    data = source if isinstance(source, bytes) else _load(Path(source))
    if not data:
        raise Refused(EMPTY)
    if len(data) > MAX_BYTES:
        raise Refused(TOO_LARGE)
    if data.startswith(b"PK"):
        return _read_xlsx(data, filename, score)
    if data.startswith(OLE_HEADER):
        return _read_xls(data, score)
    return _read_csv(data)


def look_at(data: bytes) -> None:
    """A first look that parses nothing, for the web process: refuses what is plainly no spreadsheet, in a sentence."""
    if not data:
        raise Refused(EMPTY)
    if len(data) > MAX_BYTES:
        raise Refused(TOO_LARGE)
    if data.startswith(b"PK"):
        if b"xl/workbook." not in data and not data[30:80].startswith(b"mimetypeapplication/vnd.oasis"):
            raise Refused(NOT_A_WORKBOOK)
    elif not data.startswith(OLE_HEADER):
        _refuse_other_text(decode(data))


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _read_xlsx(data: bytes, filename: str, score: Score | None) -> Sheet:
    if filename.lower().endswith(".xlsm"):
        raise Refused(HAS_MACROS)
    if data[30:80].startswith(b"mimetypeapplication/vnd.oasis"):
        raise Refused(OPEN_DOCUMENT)
    findings = inspect_xlsx(data)
    parts = _sheet_parts(data)
    sheets = _read_workbook(data, "xlsx")
    for sheet in sheets:
        sheet.epoch1904 = findings.epoch1904
        _keep_formulas(sheet, findings.formulas.get(parts.get(sheet.name, ""), {}))
    return _best(sheets, score)


def _sheet_parts(data: bytes) -> dict[str, str]:
    """Sheet name → its part in the container, through the workbook's relations. inspect_xlsx has read all of it before."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        workbook = fromstring(archive.read("xl/workbook.xml"))
        names = archive.namelist()
        relations = "xl/_rels/workbook.xml.rels"
        targets = {}
        if relations in names:
            targets = {node.get("Id"): node.get("Target", "") for node in fromstring(archive.read(relations))}
    parts = {}
    for node in workbook.iter():
        if node.tag.endswith("}sheet"):
            link = next((value for key, value in node.attrib.items() if key.endswith("}id")), "")
            target = targets.get(link, "")
            parts[node.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return parts


def _keep_formulas(sheet: Sheet, formulas: dict[tuple[int, int], str]) -> None:
    """A formula is kept as the text it is: never its result, which somebody else's program computed."""
    for (row, column), text in formulas.items():
        while len(sheet.rows) <= row:
            sheet.rows.append([])
        cells = sheet.rows[row]
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = text
    sheet.formulas = sorted(formulas)


def _read_xls(data: bytes, score: Score | None) -> Sheet:
    if "EncryptedPackage".encode("utf-16-le") in data or FILEPASS.search(data):
        raise Refused(ENCRYPTED)
    if not any(name.encode("utf-16-le") in data for name in ("Workbook", "Book")):
        raise Refused(NOT_A_WORKBOOK)
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        raise Refused(HAS_MACROS)
    return _best(_read_workbook(data, "xls"), score)


def _read_workbook(data: bytes, format: str) -> list[Sheet]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = workbook.sheet_names
        if len(names) > MAX_SHEETS:
            raise Refused(TOO_MANY_SHEETS, sheets=MAX_SHEETS)
        return [_read_one(workbook, meta.name, format) for meta in workbook.sheets_metadata if _is_table(meta)]
    except python_calamine.PasswordError as error:
        raise Refused(ENCRYPTED) from error
    except (python_calamine.CalamineError, OSError, EOFError) as error:
        raise Refused(DAMAGED) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the Rust reader met bytes that it did not expect
            raise Refused(DAMAGED) from error
        raise


def _is_table(meta: python_calamine.SheetMetadata) -> bool:
    return (
        meta.typ == python_calamine.SheetTypeEnum.WorkSheet and meta.visible == python_calamine.SheetVisibleEnum.Visible
    )


def _read_one(workbook: python_calamine.CalamineWorkbook, name: str, format: str) -> Sheet:
    sheet = workbook.get_sheet_by_name(name)
    if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS:
        raise Refused(TOO_MANY_CELLS, rows=f"{MAX_ROWS:,}", columns=MAX_COLUMNS)
    rows = [[as_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    return Sheet(rows=rows, name=name, format=format)


def as_text(value: object) -> str:
    """A cell as the text it stands for: 5.0 → 5, 9.9e+17 → 990000000000000000, dates as ISO, truth as 是 or 否."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, (date, time, int, timedelta)):
        return str(value)
    return ""


def _number_text(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    # Through the shortest decimal: format(…, ".0f") would invent digits that the sheet never had.
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _best(sheets: list[Sheet], score: Score | None) -> Sheet:
    filled = [sheet for sheet in sheets if any(any(row) for row in sheet.rows)]
    if not filled:
        raise Refused(NO_ROWS)
    return max(filled, key=lambda sheet: score(sheet.rows)) if score else filled[0]


def _read_csv(data: bytes) -> Sheet:
    text = decode(data)
    _refuse_other_text(text)
    rows = _csv_rows(text)
    if not any(any(row) for row in rows):
        raise Refused(NO_ROWS)
    return Sheet(rows=rows, format="csv")


def _refuse_other_text(text: str) -> None:
    start = text.lstrip()[:200].lower()
    if start.startswith(("<", "mime-version:")):
        raise Refused(WEB_PAGE)
    if sum(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text[:4000]) > 8:
        raise Refused(NOT_A_WORKBOOK)
    if "\0" in text:  # no text holds one; it would hide what stands beside it
        raise Refused(UNKNOWN_ENCODING)


def decode(data: bytes) -> str:
    """utf-8 (with or without BOM) → utf-16 → gb18030, each strictly: a wrong letter in a name is worse than a question."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        order = ["utf-16"]
    elif data[:200].count(0) > len(data[:200]) // 4:
        # without a mark: the zero half of each ASCII letter tells the order of bytes
        order = ["utf-16-le" if data[1:400:2].count(0) >= data[0:400:2].count(0) else "utf-16-be"]
    else:
        order = ["utf-8-sig", "gb18030"]
    for encoding in order:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(NOT_A_WORKBOOK if data[:4] in _BINARY_STARTS else UNKNOWN_ENCODING)


_BINARY_STARTS = {
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1",
    b"Rar!",
    b"7z\xbc\xaf",
    b"GIF8",
    b"\x1f\x8b\x08\x00",
}


def _csv_rows(text: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            rows.append(row)
            if len(rows) > MAX_ROWS or len(row) > MAX_COLUMNS:
                raise Refused(TOO_MANY_CELLS, rows=f"{MAX_ROWS:,}", columns=MAX_COLUMNS)
    except csv.Error as error:
        raise Refused(DAMAGED) from error
    return rows


def _delimiter(text: str) -> str:
    """The header is the first of ten lines with most separators; a title row above it has few."""
    lines = text.splitlines()[:10]
    return max(",;\t", key=lambda mark: max((line.count(mark) for line in lines), default=0))
