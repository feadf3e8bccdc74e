"""What a table holds, as a number of rows and a sum that does not depend on their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256

MODULUS = 2**256
Judge = Callable[[dict[str, dict]], object]  # raises where the sums of the tables are not the right ones


class TableSum:
    """SHA-256 of every row, added up: nothing is sorted, and a row that stands twice counts twice.

    Proof against accidents. Against forgery stands the seal of the archive.
    """

    def __init__(self, rows: Iterable[bytes] = ()):
        self.rows = self.total = 0
        for row in rows:
            self.add(row)

    def add(self, row: bytes) -> None:
        self.rows += 1
        self.total = (self.total + int.from_bytes(sha256(row).digest(), "big")) % MODULUS

    def as_dict(self) -> dict[str, object]:
        return {"rows": self.rows, "sum": f"{self.total:064x}"}


def differences(wanted: dict[str, dict], found: dict[str, dict]) -> list[str]:
    """The tables that are not the same, by name."""
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
