"""What the zip container of an .xlsx must be before anything parses it (TRUST.md T30). Pure: bytes in, findings out."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext_noop as _

from students.roster.refusal import Refused

MAX_ENTRIES = 1_000
MAX_INFLATED = 128 * 1024 * 1024  # bytes over all entries; 20,000 full rows of the registry need about 75 MB
MAX_RATIO = 100  # of any one entry; a real roster inflates about tenfold
RATIO_FLOOR = 1024 * 1024  # below this size the ratio says nothing
CHUNK = 64 * 1024
MAX_SHEETS = 50
MAX_MERGED = 5_000
MAX_ROWS = 20_000
MAX_COLUMNS = 300

DAMAGED = _(
    "The file is damaged and cannot be read. Open it in a spreadsheet program, save it again as .xlsx and upload that."
)
TOO_BIG_INSIDE = _(
    "The file unpacks to far more than a roster needs. Copy the table into a new workbook and upload that."
)
TOO_MANY_CELLS = _(
    "The sheet claims more than %(rows)s rows or %(columns)s columns. Copy the table into a new workbook and upload that."
)
TOO_MANY_SHEETS = _("The workbook has more than %(sheets)s sheets. Keep only the sheet with the roster.")
TOO_MANY_MERGED = _(
    "The sheet has thousands of merged cells. Copy the table into a new workbook, values only, and upload that."
)
NOT_A_WORKBOOK = _("This is not a spreadsheet. Save the roster as .xlsx, .xls or .csv and upload that.")
HAS_MACROS = _("The workbook contains macros. Save it as .xlsx, which has none, and upload that.")
BINARY_WORKBOOK = _("This is a binary workbook (.xlsb). Save it as .xlsx and upload that.")
HAS_DOCTYPE = _(
    "The file contains definitions that a spreadsheet never has. Copy the table into a new workbook and upload that."
)


@dataclass
class Findings:
    """What the scan saw: formulas by sheet part and (row, column), both counted from 0, and the date system."""

    formulas: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)
    epoch1904: bool = False


def inspect_xlsx(data: bytes) -> Findings:
    """Read every entry once under caps; raise Refused on anything that is not a plain, modest workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _inspect(archive)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, zipfile.LargeZipFile, RuntimeError) as error:
        # RuntimeError: zipfile's word for an entry that needs a password
        raise Refused(DAMAGED) from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise Refused(DAMAGED) from error
        raise


def _inspect(archive: zipfile.ZipFile) -> Findings:
    names = _check_directory(archive)
    findings = Findings()
    budget = MAX_INFLATED
    for info in archive.infolist():
        scan = _scan_for(info.filename)
        for chunk in _chunks(archive, info):
            budget -= len(chunk)
            if budget < 0:
                raise Refused(TOO_BIG_INSIDE)
            scan.feed(chunk)
        scan.close(findings)
    if sum(name.startswith("xl/worksheets/") for name in names) > MAX_SHEETS:
        raise Refused(TOO_MANY_SHEETS, sheets=MAX_SHEETS)
    return findings


def _check_directory(archive: zipfile.ZipFile) -> list[str]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if sum(name.startswith("xl/worksheets/") and name.endswith(".xml") for name in names) > MAX_SHEETS:
        raise Refused(TOO_MANY_SHEETS, sheets=MAX_SHEETS)
    if len(infos) > MAX_ENTRIES:
        raise Refused(TOO_BIG_INSIDE)
    if len(set(names)) != len(names) or any(_strange(info) for info in infos):
        raise Refused(DAMAGED)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused(HAS_MACROS)
    if "xl/workbook.bin" in names:
        raise Refused(BINARY_WORKBOOK)
    if "xl/workbook.xml" not in names:
        raise Refused(NOT_A_WORKBOOK)
    _check_ratio(infos)
    return names


def _strange(info: zipfile.ZipInfo) -> bool:
    name = info.filename
    outside = name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name
    nested = name.lower().endswith((".zip", ".xlsx", ".xlsm", ".jar"))
    return outside or nested or bool(info.flag_bits & 0x1)


def _check_ratio(infos: list[zipfile.ZipInfo]) -> None:
    """Entry by entry: noise beside it would hide a bomb in the ratio of the whole."""
    if sum(info.file_size for info in infos) > MAX_INFLATED or any(_is_bomb(info) for info in infos):
        raise Refused(TOO_BIG_INSIDE)


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    return info.file_size > RATIO_FLOOR and info.file_size > MAX_RATIO * info.compress_size


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The directory may lie about sizes, so the caller counts what really comes out. Nothing is held whole."""
    with archive.open(info) as entry:
        while chunk := entry.read(CHUNK):
            yield chunk


def _scan_for(name: str) -> "_Scan":
    if not name.endswith((".xml", ".rels")):
        return _Scan()
    return _XmlScan(name)


class _Scan:
    """An entry that nobody reads: it only counts."""

    def feed(self, chunk: bytes) -> None:
        pass

    def close(self, findings: Findings) -> None:
        pass


class _XmlScan(_Scan):
    """Goes through one part of XML as it comes out of the container."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.target = _SheetScan() if name.startswith("xl/worksheets/") else _PartScan()
        self.parser = DefusedXMLParser(target=self.target, forbid_dtd=True)

    def feed(self, chunk: bytes) -> None:
        with _damage_in_words():
            self.parser.feed(chunk)

    def close(self, findings: Findings) -> None:
        with _damage_in_words():
            self.parser.close()
        if isinstance(self.target, _SheetScan):
            findings.formulas[self.name] = self.target.formulas
        findings.epoch1904 = findings.epoch1904 or self.target.epoch1904


@contextmanager
def _damage_in_words() -> Iterator[None]:
    try:
        yield
    except DefusedXmlException as error:
        raise Refused(HAS_DOCTYPE) from error
    except Refused:
        raise
    except (ParseError, ValueError) as error:
        raise Refused(DAMAGED) from error


class _PartScan:
    """Any part but a sheet: counts the sheets it declares and notes the date system and macros."""

    def __init__(self) -> None:
        self.sheets = 0
        self.epoch1904 = False

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "sheet":
            self.sheets += 1
            if self.sheets > MAX_SHEETS:
                raise Refused(TOO_MANY_SHEETS, sheets=MAX_SHEETS)
        elif name == "workbookPr":
            self.epoch1904 = attrs.get("date1904") in {"1", "true"}
        elif name in {"Override", "Default"} and "macroEnabled" in attrs.get("ContentType", ""):
            raise Refused(HAS_MACROS)

    def end(self, tag: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


class _SheetScan(_PartScan):
    """A sheet: no cell with content outside the caps, few merged cells; keeps each formula as its text."""

    def __init__(self) -> None:
        super().__init__()
        self.formulas: dict[tuple[int, int], str] = {}
        self.merged = 0
        self.row = self.column = -1
        self.text: list[str] | None = None

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "c":
            self._enter_cell(attrs.get("r"))
        elif name == "row":
            self.row = _number(attrs["r"]) - 1 if "r" in attrs else self.row + 1
            self.column = -1
        elif name in {"v", "is", "f"}:
            _within_caps(self.row, self.column)
            self.text = [] if name == "f" else None
        elif name == "mergeCell":
            self.merged += 1
            if self.merged > MAX_MERGED:
                raise Refused(TOO_MANY_MERGED)
        elif name == "dimension":
            _within_caps(*_position(attrs.get("ref", "A1").rpartition(":")[2]))

    def _enter_cell(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
        else:
            self.row, self.column = _position(reference)

    def end(self, tag: str) -> None:
        if self.text is not None and tag.endswith("}f"):
            self.formulas[self.row, self.column] = "=" + "".join(self.text).lstrip("=")
            self.text = None

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)


def _position(reference: str) -> tuple[int, int]:
    """'C5' → (4, 2). A reference that is not one is damage."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.replace("$", "").upper():
        if not "A" <= letter <= "Z":
            raise Refused(DAMAGED)
        column = column * 26 + ord(letter) - 64
    return _number(reference[len(letters) :]) - 1, column - 1


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(DAMAGED)
    return int(text)


def _within_caps(row: int, column: int) -> None:
    if row >= MAX_ROWS or column >= MAX_COLUMNS:
        raise Refused(TOO_MANY_CELLS, rows=f"{MAX_ROWS:,}", columns=MAX_COLUMNS)
