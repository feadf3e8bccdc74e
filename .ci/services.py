"""An own PostgreSQL and an own Redis on free loopback ports, in a temporary folder, gone when the block ends."""

import contextlib
import grp
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

START_SECONDS = 30
STOP_SECONDS = 10


class ServiceError(Exception):
    """A service could not be found or did not start; the message says what to do."""


@contextlib.contextmanager
def test_services() -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and CELERY_BROKER_URL of services that nobody else uses."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="yidang-test-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)  # PostgreSQL runs as another user and must reach its own folder inside
        database_url = stack.enter_context(postgresql(folder / "postgresql"))
        broker_url = stack.enter_context(redis(folder / "redis"))
        yield {"DATABASE_URL": database_url, "CELERY_BROKER_URL": broker_url}


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    binaries, user = postgresql_binaries(), other_user()
    password, port = secrets.token_hex(16), free_port()
    folder.mkdir(mode=0o700)
    (folder / "password").write_text(password)
    for path in (folder, folder / "password"):
        shutil.chown(path, **user) if user else None
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "yidang", "-A", "scram-sha-256", "--no-sync"]
    initdb += ["--pwfile", folder / "password", "-E", "UTF8", "--locale", "C.UTF-8"]
    made = subprocess.run(initdb, capture_output=True, text=True, cwd="/", check=False, **as_user(user))
    if made.returncode:
        raise ServiceError("initdb failed:\n" + made.stderr)
    # A test database may be lost: nothing is forced to disk.
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60"]
    command = [binaries / "postgres", "-D", data, *(part for option in options for part in ("-c", option))]
    ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    with running(command, folder / "log", stop=signal.SIGINT, **as_user(user)) as process:
        wait_for(process, folder / "log", lambda: subprocess.run(ready, check=False).returncode == 0)
        yield f"postgresql://yidang:{password}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    url = redis_home(folder)
    with redis_running(folder, url):
        yield url


def redis_home(folder: Path) -> str:
    """Choose a port and a password and write them down; returns the address. Nothing is kept when the server stops."""
    folder.mkdir(mode=0o700)
    password, port = secrets.token_hex(16), free_port()
    settings = [f"port {port}", "bind 127.0.0.1", f"requirepass {password}", 'save ""', f"dir {folder}"]
    (folder / "redis.conf").write_text("\n".join(settings) + "\n")  # a file, so that no password stands in `ps`
    return f"redis://:{password}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def redis_running(folder: Path, url: str) -> Iterator[subprocess.Popen]:
    binary = shutil.which("redis-server")
    if not binary:
        raise ServiceError("redis-server is missing. Run `make setup-test`.")
    port = urlsplit(url).port
    with running([binary, folder / "redis.conf"], folder / "log", stop=signal.SIGTERM) as process:
        wait_for(process, folder / "log", lambda: listens(port))
        yield process


@contextlib.contextmanager
def running(command: list, log: Path, *, stop: signal.Signals, **options) -> Iterator[subprocess.Popen]:
    """Run a server in a session of its own, so that Ctrl-C reaches the tests first; stop exactly this process."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            **options,
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen, log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServiceError(f"{process.args[0]} did not start:\n" + log.read_text(errors="replace"))
        time.sleep(0.05)


def postgresql_binaries() -> Path:
    """The newest server that Debian installed; it keeps initdb and postgres out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if (initdb := shutil.which("initdb")) and shutil.which("postgres"):
        return Path(initdb).parent
    raise ServiceError("PostgreSQL is missing. Run `make setup-test`.")


def other_user() -> dict[str, int]:
    """PostgreSQL refuses to run as root. Then it runs as `postgres`, or as `nobody` where that user is missing."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": grp.getgrgid(found.pw_gid).gr_gid}
    raise ServiceError("PostgreSQL cannot run as root, and there is no user `postgres` or `nobody`.")


def as_user(user: dict[str, int]) -> dict:
    return {**user, "extra_groups": []} if user else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
