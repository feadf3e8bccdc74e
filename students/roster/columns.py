"""Which column means what. Headers come with stars, spaces, full-width brackets and a title row above (DOMAIN §2.3)."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from students.roster.fields import FIELDS

HEADER_SEARCH_ROWS = 15
MARKS = re.compile(r"[\s★☆＊*✱•·:：_\-—、,，。.\"'“”‘’]+")
REMARKS = re.compile(
    r"\((必填|选填|可选|文本|文本格式|单位.*?|公里|km|如.*?|例.*?|\d+位|yyyymmdd|必填项|下拉.*?)\)", re.IGNORECASE
)


@dataclass(frozen=True)
class Column:
    """One column of the sheet. ``field`` is a key of FIELDS or None; ``confidence``: exact, alias, hand or none."""

    index: int
    header: str
    field: str | None
    confidence: str

    @property
    def is_imported(self) -> bool:
        return self.field is not None and not FIELDS[self.field].ignored


def normalise_header(text: str) -> str:
    """'★ 上下学距离（公里）' → '上下学距离公里'."""
    plain = REMARKS.sub(
        lambda found: found[0][1:-1] if found[1] in {"公里", "km"} else "", unicodedata.normalize("NFKC", text)
    )
    return MARKS.sub("", plain).replace("(", "").replace(")", "").replace("/", "").lower()


def _vocabulary() -> tuple[dict[str, str], dict[str, str]]:
    exact = {normalise_header(field.header): field.key for field in FIELDS.values()}
    alias: dict[str, str] = {}
    for field in FIELDS.values():
        for word in field.aliases:
            alias.setdefault(normalise_header(word), field.key)
    return exact, alias


EXACT, ALIAS = _vocabulary()


def find_header_row(rows: list[list[str]]) -> int | None:
    """Index of the row in which most cells are known headers; None where no row has a name and one more."""
    best, found = 0, None
    for index, row in enumerate(rows[:HEADER_SEARCH_ROWS]):
        known = _known(row)
        if "name" in known and len(known) >= 2 and len(known) > best:
            best, found = len(known), index
    return found


def _known(row: list[str]) -> set[str]:
    words = (normalise_header(cell) for cell in row if cell and len(cell) < 40)
    return {key for word in words if (key := EXACT.get(word) or ALIAS.get(word))}


def header_score(rows: list[list[str]]) -> int:
    """How much a sheet looks like a roster: the number of known headers in its header row."""
    index = find_header_row(rows)
    return 0 if index is None else len(_known(rows[index]))


def automatic_mapping(headers: list[str]) -> list[Column]:
    """One Column per header. A field is given once: to its exact header before an alias, then to the left-most."""
    words = [normalise_header(header) for header in headers]
    taken: dict[str, int] = {}
    for table in (EXACT, ALIAS):
        for index, word in enumerate(words):
            key = table.get(word)
            if key and key not in taken and index not in taken.values():
                taken[key] = index
    by_index = {index: key for key, index in taken.items()}
    return [
        Column(i, header.strip(), by_index.get(i), _confidence(word, by_index.get(i)))
        for i, (header, word) in enumerate(zip(headers, words, strict=True))
    ]


def _confidence(word: str, key: str | None) -> str:
    if key is None:
        return "none"
    return "exact" if EXACT.get(word) == key else "alias"


def mapping_of(columns: list[Column]) -> dict[int, str]:
    """Column index → field key, as it is stored and corrected."""
    return {column.index: column.field for column in columns if column.field}


def corrected(headers: list[str], mapping: dict[int, str]) -> list[Column]:
    """The columns under a mapping made by hand. Raises ValueError for an unknown field or one given twice."""
    keys = list(mapping.values())
    if len(set(keys)) != len(keys) or any(key not in FIELDS for key in keys):
        raise ValueError("a field is unknown or mapped twice")
    automatic = {column.index: column for column in automatic_mapping(headers)}
    columns = []
    for index, header in enumerate(headers):
        key = mapping.get(index)
        same = automatic[index].field == key
        columns.append(
            Column(index, header.strip(), key, automatic[index].confidence if same else "hand" if key else "none")
        )
    return columns


def header_fingerprint(headers: list[str]) -> str:
    """64 hex digits: the same for a header row that differs only in marks and spaces. Headers hold no personal data."""
    return hashlib.sha256("\x1f".join(normalise_header(header) for header in headers).encode()).hexdigest()
