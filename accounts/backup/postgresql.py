"""PostgreSQL: pg_dump and our own counting look at one exported snapshot, so both see the same moment."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from accounts.backup.failures import Code, Failed, unfinished
from accounts.backup.sealed import Damaged
from accounts.backup.tables import Judge, TableSum

DEBIAN = Path("/usr/lib/postgresql")
# What libpq itself understands; the rest of Django's parameters are psycopg's.
FOR_LIBPQ = {"host", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
COPY = re.compile(rb'COPY (?:\w+\.)?"?(\w+)"? \(.*\) FROM stdin;\n')


# --- the programs of the client -------------------------------------------------------------------------------------
def client(name: str, least: int) -> Path:
    """pg_dump or pg_restore, at least as new as `least`; the oldest of those, which knows no setting newer than the
    server. Of no matter which age (0): the newest, which reads every archive."""
    found = {_major(path): path for path in _candidates(name)}
    if good := sorted(version for version in found if version >= least):
        return found[good[0] if least else good[-1]]
    have = f"version {max(found)}" if found else "none"
    raise Failed(Code.OLD_CLIENT, f"{name} must be version {least} or newer; this machine has {have}. Install "
                 f"postgresql-client-{least}, or name the folder of another one in YIDANG_PG_BIN.")  # fmt: skip


def _candidates(name: str) -> list[Path]:
    if settings.PG_BIN:
        return [path for path in [Path(settings.PG_BIN) / name] if path.exists()]
    in_path = [Path(path) for path in [shutil.which(name)] if path]
    return [*in_path, *DEBIAN.glob(f"*/bin/{name}")]


def _major(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"(\d+)(?:\.\d+)*(?:\s|$)", said.partition(")")[2])
    return int(number[1]) if number else 0


def _address() -> tuple[str, dict[str, str]]:
    """Where to connect, and the environment with the password: on a command line every process could read it."""
    given = connection.get_connection_params()
    environment = os.environ | {"PGTZ": "UTC", "PGCLIENTENCODING": "UTF8", "PGPASSWORD": given.get("password") or ""}
    return make_conninfo(**{name: value for name, value in given.items() if name in FOR_LIBPQ}), environment


@contextlib.contextmanager
def _program(command: list, **streams: Any) -> Iterator[subprocess.Popen]:
    """Run it; what it says on standard error becomes the words of the failure. It ends with this block at the latest."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([str(part) for part in command], env=_address()[1], stderr=said, **streams)
        try:
            yield process
            failed = process.wait()
        finally:
            process.kill()  # does nothing to one that has ended
            process.wait()
            _close(process)
        if failed:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines() or ["no words"]
            raise Failed(_code(words[-1]), f"{Path(process.args[0]).name}: {words[-1][:300]}")


def _close(process: subprocess.Popen) -> None:
    for stream in filter(None, (process.stdin, process.stdout)):
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def _code(words: str) -> str:
    return Code.NO_DATABASE if "authentication failed" in words or "connection to server" in words else Code.DUMP


# --- out ------------------------------------------------------------------------------------------------------------
class Snapshot:
    """The database as it stood at one moment, while others go on writing."""

    def __init__(self, stack: contextlib.ExitStack):
        connection.ensure_connection()
        server = connection.pg_version // 10000
        self._program = client("pg_dump", server)
        self._own = connection.copy()  # its transaction stays open until the dump is done
        stack.callback(self._own.close)
        self._own.set_autocommit(False)
        self._cursor = stack.enter_context(self._own.cursor())
        self._cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._cursor.execute("SET LOCAL TimeZone = 'UTC'")
        ((self._id,),) = self.rows("SELECT pg_export_snapshot()")
        self.versions = {"vendor": "postgresql", "server": server, "client": _major(self._program)}

    def rows(self, query: str) -> list[tuple]:
        self._cursor.execute(query)
        return self._cursor.fetchall()

    def table_sums(self) -> dict[str, dict]:
        return table_sums(self._cursor)

    def blocks(self) -> Iterator[bytes]:
        # Compressed once, with the archive.
        command = [self._program, "--format=custom", "--compress=0", "--no-password", f"--snapshot={self._id}"]
        with _program([*command, "--dbname", _address()[0]], stdout=subprocess.PIPE) as process:
            while block := process.stdout.read(1 << 20):
                yield block


def table_sums(cursor) -> dict[str, dict]:
    """Rows as COPY writes them, which is how a dump holds them."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return {name: _sum(cursor, name).as_dict() for (name,) in cursor.fetchall()}


def _sum(cursor, table: str) -> TableSum:
    with cursor.copy(f"COPY {connection.ops.quote_name(table)} TO STDOUT") as copy:
        return TableSum(_lines(copy))


def _lines(blocks) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + bytes(block)).split(b"\n")
        yield from (line + b"\n" for line in lines)


# --- back -----------------------------------------------------------------------------------------------------------
class Check:
    """A sink that lets pg_restore read every row of a dump, and counts them. Needs no server."""

    def __init__(self, stack: contextlib.ExitStack):
        command = [client("pg_restore", 0), "--file=-"]
        self._stack = stack.enter_context(contextlib.ExitStack())
        self._process = self._stack.enter_context(_program(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        self._sums: dict[str, TableSum] = {}
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def write(self, block: bytes) -> None:
        _feed(self._process, block)

    def finish(self) -> dict[str, dict]:
        _feed(self._process, b"", last=True)
        self._thread.join()
        try:
            self._stack.close()
        except Failed as error:
            raise Damaged(f"The database in the archive can't be read. {error}") from None
        return {name: table.as_dict() for name, table in self._sums.items()}

    def _count(self) -> None:
        table = None
        for line in self._process.stdout:
            if table is not None:
                table = self._add(table, line)
            elif begin := COPY.fullmatch(line):
                table = self._sums.setdefault(begin[1].decode(), TableSum())

    @staticmethod
    def _add(table: TableSum, line: bytes) -> TableSum | None:
        if line == b"\\.\n":
            return None
        table.add(line)
        return table


class Restore:
    """A sink that pg_restore puts into the database, in one transaction: all of it or nothing.

    The end of the dump is held back until `keep`. Without it pg_restore waits, and can't commit before the files lie
    in their place.

    Owners and rights are not the archive's: tables belong to whoever restores, and rights follow from the default
    privileges of the roles (docs/deploy/postgresql-roles.sh) and from `migrate`.
    """

    def __init__(self, stack: contextlib.ExitStack):
        connection.ensure_connection()
        program = client("pg_restore", connection.pg_version // 10000)
        command = [program, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
        self._stack = stack.enter_context(contextlib.ExitStack())
        self._process = self._stack.enter_context(
            _program([*command, "--dbname", _address()[0]], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        )
        self._held = b""

    def write(self, block: bytes) -> None:
        if block:
            _feed(self._process, self._held)
            self._held = block

    def keep(self, judge: Judge) -> None:
        """Commits; only then others, and so we, can see the tables. Raises Unfinished if they are not right."""
        _feed(self._process, self._held, last=True)
        self._stack.close()
        with unfinished("The database was written, and is not right. Empty it and PRIVATE_ROOT, and restore again."):
            with connection.cursor() as cursor:
                cursor.execute("SET TimeZone = 'UTC'")
                judge(table_sums(cursor))
            connection.close()  # and with it this session's time zone


def _feed(process: subprocess.Popen, block: bytes, *, last: bool = False) -> None:
    try:
        process.stdin.write(block)
        if last:
            process.stdin.close()
    except BrokenPipeError:
        pass  # it has ended early, and its exit code and words say why


def refuse_if_in_use() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
        if cursor.fetchone()[0]:
            raise Failed(Code.OTHER, "The database holds tables already. Restore into an empty one.")
