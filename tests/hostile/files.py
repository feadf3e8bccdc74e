"""Files that nobody should send: each at most 1 MB, each made by a few lines here, so that none lies in the repository."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable

import openpyxl

HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
ROWS = (["姓名", "性别", "班级"], ["张三", "女", "三年级2班"])
STAFF = (["工号", "姓名", "性别"], ["A1", "张三", "女"])
SHEET, WORKBOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
LARGEST = 1_000_000  # bytes


def workbook(rows=ROWS) -> bytes:
    """A good one, from which the others are made."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rebuilt(changes: dict[str, bytes | str | None], *, stored: tuple[str, ...] = ()) -> bytes:
    """A good workbook with some parts replaced, added or (None) left out; those in `stored` are not compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:  # fmt: skip
        parts = {name: old.read(name) for name in old.namelist()} | changes
        for name, content in parts.items():
            if content is not None:
                kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
                new.writestr(name, content, compress_type=kind)
    return out.getvalue()


def with_sheet(xml: str) -> bytes:
    return rebuilt({SHEET: xml})


# --- workbooks --------------------------------------------------------------------------------------------------------


def inflating() -> bytes:
    """20 kB become 20 MB: ratio 1,021."""
    return with_sheet(HEAD + " " * 20_000_000 + "<sheetData/></worksheet>")


def padded_bomb() -> bytes:
    """The whole inflates by less than 100, since most of it is noise; one part by far more."""
    noise = random.Random(30).randbytes(800_000)
    cells = "<row>" + "<c><v>1</v></c>" * 250 + "</row>"
    changes = {SHEET: HEAD + "<sheetData>" + cells * 15_000 + "</sheetData></worksheet>", "xl/media/noise.bin": noise}
    return rebuilt(changes, stored=("xl/media/noise.bin",))


def last_cell() -> bytes:
    """One cell at the far corner: 17,179,869,184 cells for whoever fills the area."""
    return with_sheet(HEAD + '<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>')


def last_cell_dimension() -> bytes:
    return with_sheet(HEAD + '<dimension ref="A1:XFD1048576"/><sheetData/></worksheet>')


def entities() -> bytes:
    """A billion laughs in the shared strings."""
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "haha">{laughs}]><sst><si><t>&a9;</t></si></sst>'
    return rebuilt({"xl/sharedStrings.xml": xml})


def entity_file() -> bytes:
    """An entity that is a file of the server."""
    cells = '<sheetData><row><c t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>'
    return with_sheet(f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}{cells}')


def ten_thousand_sheets() -> bytes:
    sheets = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, 10_001))
    return rebuilt({WORKBOOK: f'<workbook xmlns:r="r" xmlns="w"><sheets>{sheets}</sheets></workbook>'})


def thousands_of_parts() -> bytes:
    """As many sheets as go into a megabyte, each a part of its own."""
    return rebuilt({f"xl/worksheets/s{n}.xml": b"" for n in range(6_500)})


def merged_cells() -> bytes:
    """A million; in random order, so that the ratio of the file says nothing."""
    chance = random.Random(31)
    blocks = ["".join(f'<mergeCell ref="A{chance.randint(1, 999)}:B{n}"/>' for n in range(4)) for _ in range(100)]
    merged = "".join(chance.choice(blocks) for _ in range(250_000))
    return with_sheet(f"{HEAD}<sheetData/><mergeCells>{merged}</mergeCells></worksheet>")


def nested_zip() -> bytes:
    return rebuilt({"xl/embeddings/inner.zip": inflating()}, stored=("xl/embeddings/inner.zip",))


def absolute_name() -> bytes:
    return rebuilt({"/etc/cron.d/evil": b"x"})


def parent_name() -> bytes:
    return rebuilt({"../../evil.xml": b"<x/>"})


def backslash_name() -> bytes:
    return rebuilt({"xl\\..\\..\\evil.xml": b"<x/>"})


def same_name_twice() -> bytes:
    """Two programs would read two different sheets."""
    data = rebuilt({"xl/worksheets/sheetX.xml": f"{HEAD}<sheetData/></worksheet>"})
    return data.replace(b"xl/worksheets/sheetX.xml", SHEET.encode())


def lying_directory() -> bytes:
    """Says 1,000 bytes and inflates to 20 million."""
    data = bytearray(inflating())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(SHEET.encode()))
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(data)


def zip_with_password() -> bytes:
    data = bytearray(workbook())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def with_macros() -> bytes:
    return rebuilt({"xl/vbaProject.bin": compound({"VBA": b"Sub Auto_Open()"})})


def truncated() -> bytes:
    return workbook()[:-400]


def deep_xml() -> bytes:
    """Elements inside elements: a parser that descends would run out of stack."""
    return with_sheet(HEAD + "<a>" * 50_000 + "</a>" * 50_000 + "</worksheet>")


# --- old workbooks ----------------------------------------------------------------------------------------------------

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR = 512


def compound(streams: dict[str, bytes], *, chain: Callable[[list[int]], list[int]] = lambda fat: fat) -> bytes:
    """An OLE compound file, version 3: one sector of the allocation table, one or more of the directory, the streams.

    `chain` may spoil the allocation table before it is written.
    """
    padded = {name: data + b"\0" * (max(4096, -(-len(data) // SECTOR) * SECTOR) - len(data)) for name, data in streams.items()}  # fmt: skip
    listed = -(-(len(streams) + 1) // 4)  # sectors of the directory, four entries each
    fat = [FAT, *range(2, listed + 1), END]
    entries = [_entry("Root Entry", 5, END, 0, child=1 if streams else FREE)]
    body = b""
    for number, (name, data) in enumerate(padded.items(), 1):
        start, count = len(fat), len(data) // SECTOR
        fat += [*range(start + 1, start + count), END]
        entries.append(_entry(name, 2, start, len(data), right=number + 1 if number < len(streams) else FREE))
        body += data
    directory = b"".join(entries).ljust(listed * SECTOR, b"\0")
    table = chain(fat + [FREE] * (128 - len(fat)))[:128]
    return _header() + struct.pack("<128I", *table) + directory + body


def _header() -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    return head + struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0) + struct.pack("<109I", 0, *[FREE] * 108)


def _entry(name: str, kind: int, start: int, size: int, *, right: int = FREE, child: int = FREE) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<BBIII", kind, 1, FREE, right, child)
    return text.ljust(64, b"\0") + struct.pack("<H", len(text)) + links + b"\0" * 36 + struct.pack("<IQ", start, size)


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def biff(*records: bytes) -> bytes:
    """The stream of a workbook with one sheet, Excel 97."""
    start = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    name = record(0x85, struct.pack("<IHBB", len(start) + 4 + 14 + 4, 0, 6, 0) + b"Sheet1")
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    return start + name + record(0x0A) + sheet + b"".join(records) + record(0x0A)


def label(row: int, column: int, text: str) -> bytes:
    return record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def good_xls() -> bytes:
    return compound(
        {"Workbook": biff(*(label(r, c, text) for r, row in enumerate(ROWS) for c, text in enumerate(row)))}
    )


def encrypted() -> bytes:
    """As Excel writes a workbook with a password: the real one lies encrypted in a stream."""
    return compound({"EncryptionInfo": b"\x04\0\x04\0", "EncryptedPackage": random.Random(1).randbytes(9000)})


def encrypted_xls() -> bytes:
    """The old way: a record says that all that follows is encrypted."""
    stream = biff(label(0, 0, "姓名"))
    return compound({"Workbook": stream[:20] + record(0x2F, b"\x01\0" * 3 + b"k" * 48) + stream[20:]})


def noise_xls() -> bytes:
    return compound({"Workbook": random.Random(2).randbytes(20_000)})


def torn_xls() -> bytes:
    """Records that say they are longer than the stream."""
    return compound({"Workbook": biff(struct.pack("<HH", 0x204, 0xFFF0) + b"\xff" * 50)})


def far_xls() -> bytes:
    """Two cells with 16 million between them."""
    return compound({"Workbook": biff(label(0, 0, "姓名"), label(65_535, 255, "x"))})


def looping_xls() -> bytes:
    """The chain of sectors bites its own tail, and the stream says that it is endless."""

    def chain(fat: list[int]) -> list[int]:
        return [*fat[:4], 3, *fat[5:]]

    data = bytearray(compound({"Workbook": biff(label(0, 0, "姓名"))}, chain=chain))
    at = data.index("Workbook".encode("utf-16-le")) + 120
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    return bytes(data)


def looping_directory() -> bytes:
    """The directory follows itself for ever."""
    return compound({"Workbook": biff(label(0, 0, "姓名"))}, chain=lambda fat: [fat[0], 1, *fat[2:]])


def macros_xls() -> bytes:
    return compound({"Workbook": biff(label(0, 0, "姓名")), "_VBA_PROJECT": b"x"})


# --- text -------------------------------------------------------------------------------------------------------------


def renamed_html() -> bytes:
    return "<html><meta charset=utf-8><table><tr><td>姓名</td></tr></table></html>".encode()


def nul_bytes() -> bytes:
    return "姓名,性别,班级\n张\0三,女,三年级2班\n".encode()


def one_long_line() -> bytes:
    return "姓名,班级\n".encode() + b"x" * 980_000


def hundred_thousand_columns() -> bytes:
    return b",".join([b"a"] * 100_000)


def million_rows() -> bytes:
    return b"\n" * 10 + b"a\n" * 490_000


# name → (maker, the name of the file as the sender gives it)
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    each.__name__: (each, extension)
    for extension, makers in {
        "xlsx": (
            inflating, padded_bomb, last_cell, last_cell_dimension, entities, entity_file, ten_thousand_sheets, thousands_of_parts,
            merged_cells, nested_zip, absolute_name, parent_name, backslash_name, same_name_twice, lying_directory, zip_with_password,
            truncated, deep_xml, encrypted, with_macros,
        ),
        "xls": (encrypted_xls, noise_xls, torn_xls, far_xls, looping_xls, looping_directory, macros_xls, renamed_html),
        "csv": (nul_bytes, one_long_line, hundred_thousand_columns, million_rows),
    }.items()
    for each in makers
}  # fmt: skip
