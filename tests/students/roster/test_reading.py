"""Files as schools send them, and as nobody should send them (TRUST.md T30, T31, T34)."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from students.roster import container, reading, sandbox
from students.roster.columns import header_score
from students.roster.reading import Sheet, as_text, decode, read_sheet
from students.roster.refusal import Refused

DATA = Path(__file__).parents[2] / "data"
ROWS = [["姓名", "性别", "班级"], ["张𬱖", "女", "三年级2班"], ["阿依古丽·买买提", "男", "302"]]
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def workbook(rows=ROWS, **more) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, extra in more.items():
        sheet = book.create_sheet(title)
        for row in extra:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rebuilt(data: bytes, changes: dict[str, bytes | None]) -> bytes:
    """The same workbook with some parts replaced, added or (None) left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def with_sheet(xml: str) -> bytes:
    return rebuilt(workbook(), {"xl/worksheets/sheet1.xml": xml.encode()})


def refusal_of(data: bytes, filename="roster.xlsx") -> str:
    with pytest.raises(Refused) as caught:
        read_sheet(data, filename)
    assert str(caught.value)
    return caught.value.message


def test_the_registry_template_is_read_as_text_with_the_sheets_own_row_numbers():
    sheet = read_sheet(DATA / "registry_dirty.xlsx", "名册.xlsx")
    assert sheet.rows[0][0].startswith("全国中小学生")
    assert sheet.rows[2][1] == "史桂荣"
    assert sheet.rows[5][3] == "42554"
    assert sheet.rows[3][12] == "990101201604283593"


def test_a_formula_is_kept_as_its_text_and_never_as_its_result():
    sheet = read_sheet(DATA / "registry_dirty.xlsx", "a.xlsx")
    assert sheet.rows[14][37] == '=HYPERLINK("http://127.0.0.1/x","钢琴")'
    assert sheet.formulas == [(14, 37)]


def test_a_formula_with_a_stored_result_still_comes_out_as_its_text():
    xml = HEAD + '<sheetData><row r="1"><c r="B1"><f>1+1</f><v>2</v></c></row></sheetData></worksheet>'
    assert read_sheet(with_sheet(xml)).rows[0][1] == "=1+1"


def test_what_the_file_is_its_bytes_say_and_not_its_name():
    assert read_sheet(workbook(), "roster.csv").rows == ROWS
    assert read_sheet("姓名,性别\n张三,男\n".encode(), "roster.xlsx").rows == [["姓名", "性别"], ["张三", "男"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_of_a_school_gives_the_same_names(encoding):
    text = "姓名,学籍号,班级\r\n䶮㛃𬱖,G990101201712251003,3.2\r\n"
    assert read_sheet(text.encode(encoding)).rows[1] == ["䶮㛃𬱖", "G990101201712251003", "3.2"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_every_usual_separator_is_found_below_a_title(mark):
    text = f"示范小学, 名册\n姓名{mark}性别{mark}班级\n张三{mark}男{mark}三年级2班\n"
    assert read_sheet(text.encode()).rows[2] == ["张三", "男", "三年级2班"]


def test_an_old_excel_file_is_read_through_its_bytes():
    # An .xls cannot be written with our libraries; a damaged one must be refused in words.
    assert refusal_of(reading.OLE_HEADER + b"\0" * 600, "a.xls") == container.NOT_A_WORKBOOK
    broken = reading.OLE_HEADER + b"\0" * 600 + "Workbook".encode("utf-16-le")
    assert refusal_of(broken, "a.xls") == container.DAMAGED


def test_the_sheet_that_looks_like_a_roster_is_taken():
    data = workbook([["说明"], ["请勿修改"]], 名册=ROWS)
    assert read_sheet(data, score=header_score).name == "名册"
    assert read_sheet(data).rows[0] == ["说明"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (3.5, "3.5"),
        (9.90101201605211e17, "990101201605211000"),
        (True, "是"),
        (None, ""),
        (42554, "42554"),
        (float("nan"), ""),
    ],
)
def test_a_cell_becomes_the_text_it_stands_for(value, text):
    assert as_text(value) == text


def test_dates_come_out_as_days():
    from datetime import date, datetime

    assert as_text(datetime(2016, 5, 21)) == "2016-05-21"
    assert as_text(date(2016, 5, 21)) == "2016-05-21"


@pytest.mark.parametrize("text", ["=1+1", "+86 138", "-", "@home", "|x", "%y", "＝1", "\ufeffname", "007", "1.10"])
def test_dangerous_looking_text_stays_text(text):
    book = openpyxl.Workbook()
    cell = book.active.cell(1, 1, "x")
    cell.value, cell.data_type = text, "s"
    out = io.BytesIO()
    book.save(out)
    assert read_sheet(out.getvalue()).rows[0][0] == text


def test_a_small_zip_that_inflates_to_much_is_refused():
    xml = HEAD + " " * 20_000_000 + "<sheetData/></worksheet>"
    data = with_sheet(xml)
    assert len(data) < 100_000
    assert refusal_of(data) == container.TOO_BIG_INSIDE


def test_a_directory_that_lies_about_sizes_is_refused():
    data = bytearray(with_sheet(HEAD + " " * 20_000_000 + "<sheetData/></worksheet>"))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/worksheets/sheet1.xml"))
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    assert refusal_of(bytes(data)) == container.DAMAGED


@pytest.mark.parametrize(
    "xml",
    [
        HEAD + '<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
        HEAD + '<dimension ref="A1:XFD1048576"/><sheetData/></worksheet>',
        HEAD + '<sheetData><row><c r="KZ1"><v>1</v></c></row></sheetData></worksheet>',
        HEAD + '<sheetData><row r="20001"><c><v>1</v></c></row></sheetData></worksheet>',
    ],
)
def test_a_sheet_of_billions_of_cells_is_refused(xml):
    assert refusal_of(with_sheet(xml)) == container.TOO_MANY_CELLS


def test_a_million_merged_cells_are_refused():
    merged = "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(1, 20_000))
    assert refusal_of(with_sheet(HEAD + f"<sheetData/><mergeCells>{merged}</mergeCells></worksheet>")) in {
        container.TOO_MANY_MERGED,
        container.TOO_BIG_INSIDE,
    }


def test_entities_are_refused():
    xml = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>' + HEAD + "<sheetData/></worksheet>"
    assert refusal_of(with_sheet(xml)) == container.HAS_DOCTYPE
    assert refusal_of(rebuilt(workbook(), {"xl/sharedStrings.xml": xml.encode()})) == container.HAS_DOCTYPE


def test_too_many_sheets_are_refused():
    data = rebuilt(workbook(), {f"xl/worksheets/sheet{n}.xml": b"<worksheet/>" for n in range(2, 200)})
    assert refusal_of(data) == container.TOO_MANY_SHEETS
    sheets = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, 10_000))
    xml = f'<workbook xmlns:r="r" xmlns="w"><sheets>{sheets}</sheets></workbook>'
    assert refusal_of(rebuilt(workbook(), {"xl/workbook.xml": xml.encode()})) == container.TOO_MANY_SHEETS


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "xl\\..\\..\\x.xml", "inner.zip", "C:/x"])
def test_entries_that_point_outside_or_nest_are_refused(name):
    assert refusal_of(rebuilt(workbook(), {name: b"x"})) == container.DAMAGED


def test_macros_are_refused_whatever_the_file_is_called():
    assert refusal_of(rebuilt(workbook(), {"xl/vbaProject.bin": b"x"})) == container.HAS_MACROS
    assert refusal_of(workbook(), "roster.XLSM") == container.HAS_MACROS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", reading.EMPTY),
        (b"x" * (reading.MAX_BYTES + 1), reading.TOO_LARGE),
        (b"<html><table><tr><td>\xe5\xbc\xa0</td></tr></table></html>", reading.WEB_PAGE),
        (b"\n <!DOCTYPE html><html/>", reading.WEB_PAGE),
        (b'<?xml version="1.0"?><Workbook/>', reading.WEB_PAGE),
        (reading.OLE_HEADER + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le"), reading.ENCRYPTED),
        (b"%PDF-1.7\n\xff\xff\xff\xff", container.NOT_A_WORKBOOK),
        (b"\xff\xff\x80\x81", reading.UNKNOWN_ENCODING),
        (b"PK\x03\x04" + b"x" * 100, container.DAMAGED),
        (b"\n,,,\n", reading.NO_ROWS),
        (b"a,b\n" * 20_001, container.TOO_MANY_CELLS),
        (b",".join([b"a"] * 301), container.TOO_MANY_CELLS),
    ],
)
def test_what_is_not_a_roster_is_refused_in_a_sentence(data, message):
    assert refusal_of(data) == message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(share):
    data = (DATA / "registry_dirty.xlsx").read_bytes()
    assert refusal_of(data[: int(len(data) * share)]) == container.DAMAGED


def test_a_word_document_is_not_a_roster():
    assert (
        refusal_of(rebuilt(workbook(), {"xl/workbook.xml": None, "word/document.xml": b"<w/>"}))
        == container.NOT_A_WORKBOOK
    )
    assert refusal_of(rebuilt(workbook(), {"xl/workbook.bin": b""})) == container.BINARY_WORKBOOK


def test_a_zip_with_a_password_is_refused():
    data = bytearray(workbook())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal_of(bytes(data)) == container.DAMAGED


def test_the_child_reads_what_the_parent_would():
    path = DATA / "registry_dirty.xlsx"
    assert sandbox.read_in_child(path.read_bytes(), "a.xlsx") == read_sheet(path, "a.xlsx")


def test_a_refusal_comes_back_from_the_child_in_the_parents_language():
    with pytest.raises(Refused) as caught:
        sandbox.read_in_child(b"a,b\n" * 20_001, "a.csv")
    assert caught.value.message == container.TOO_MANY_CELLS
    assert "20,000" in str(caught.value)


@pytest.mark.parametrize("limits", [{"megabytes": 15}, {"seconds": 0}])
def test_a_file_that_costs_too_much_ends_its_own_process_only(limits):
    with pytest.raises(Refused) as caught:
        sandbox.read_in_child((DATA / "registry_roster.xlsx").read_bytes(), "a.xlsx", **limits)
    assert caught.value.message == sandbox.TOO_COSTLY


def test_a_sheet_survives_its_way_through_json():
    sheet = Sheet(rows=[["a", "=1"]], name="s", formulas=[(0, 1)])
    assert Sheet.from_json(sheet.as_json()) == sheet


def test_text_is_never_decoded_with_a_guess():
    assert decode("张三".encode("gbk")) == "张三"
    assert decode(b"\xef\xbb\xbfab") == "ab"
    with pytest.raises(Refused):
        decode(b"\xff\xfe\x00")
