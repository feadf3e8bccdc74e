#!/usr/bin/env python3
"""`make rehearse`: the image's life on this machine, without Docker, by the image's own commands.

Reads the commands, environment and health checks out of Dockerfile and docker-compose.yml, so that they cannot drift.
Installs into a fresh copy of the tree, migrates as the owner of the tables, serves, works and schedules as user 10001 with a tree
that it cannot write, against its own PostgreSQL with both roles and its own Redis with a password. Then a school moves in over HTTP.
Needs root (to become 10001) and what `make setup-test` installs. Everything started is stopped; the folder is removed.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import services
from image import ROOT, Failed, Image, as_image_user

SECRETS = {
    "YIDANG_HOST": "yidang.school.test",
    "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
    "FIELD_KEYS": "k1:$KEY",
    "FINGERPRINT_KEY": "$KEY",
    "BACKUP_KEY": "$KEY",
    "WEB_PROCESSES": "2",
}
PATIENCE = 150  # seconds: the scheduler sends its first heartbeat after one minute


# --- the play ---------------------------------------------------------------------------------------------------------------


def step(words: str) -> None:
    print(f"{time.monotonic() - BEGIN:6.1f} s  {words}", flush=True)


BEGIN = time.monotonic()


def rehearse(folder: Path, stack: contextlib.ExitStack) -> None:
    given = prepared_services(folder, stack)
    image = Image(folder, given)
    step("install: the build stage of Dockerfile")
    image.install()
    refuse_writing(image)
    step("migrate: as the owner of the tables, createcachetable, check --deploy without a warning")
    image.run("migrate", image.command("migrate"))
    processes = {}
    for service in ("web", "worker", "beat"):
        step(f"start: {service}")
        processes[service] = started(image, service, stack)
    wait_until_healthy(image, processes, ("web",))
    move_in(image)
    step("healthy: web, worker and beat by the health checks of docker-compose.yml; every line of manage.py health")
    wait_until_healthy(image, processes, ("web", "worker", "beat"))
    wait_until_green(image)
    end_the_silent(image, processes["worker"])
    for service, log in ((name, folder / f"{name}.log") for name in processes):
        if "Traceback" in (text := log.read_text()):
            raise Failed(f"{service} complains:\n{text[-3000:]}")


def prepared_services(folder: Path, stack: contextlib.ExitStack) -> dict[str, str]:
    step("PostgreSQL with the two roles of docs/deploy/postgresql-roles.sh, Redis with a password")
    given = {name: value.replace("$KEY", random_key()) for name, value in SECRETS.items()}
    given |= {name: secrets.token_hex(12) for name in ("DB_OWNER_PASSWORD", "DB_APP_PASSWORD")}
    super_url = urlsplit(stack.enter_context(services.postgresql(folder / "postgresql")))
    broker = urlsplit(stack.enter_context(services.redis(folder / "redis")))
    given |= {"REDIS_PASSWORD": broker.password, "db:5432": f"127.0.0.1:{super_url.port}"}
    given |= {"redis:6379": f"127.0.0.1:{broker.port}"}
    psql = {"PGHOST": "127.0.0.1", "PGPORT": str(super_url.port), "PGPASSWORD": super_url.password}
    env = {"PATH": os.environ["PATH"], "POSTGRES_USER": super_url.username, "POSTGRES_DB": "yidang", **psql, **given}
    make = ["psql", "-q", "-U", super_url.username, "-d", "postgres", "-c", "CREATE DATABASE yidang"]
    subprocess.run(make, env=env, check=True)
    subprocess.run(["bash", ROOT / "docs/deploy/postgresql-roles.sh"], env=env, check=True, stdout=subprocess.DEVNULL)
    return given


def random_key() -> str:
    import base64

    return base64.b64encode(secrets.token_bytes(32)).decode()


def refuse_writing(image: Image) -> None:
    """The positive control: user 10001 may not write into the tree, and may into its data."""
    attempt = "import pathlib, sys; pathlib.Path(sys.argv[1], 'x').touch()"
    image.run("web", ["python", "-c", attempt, str(image.folder / "data")])
    for place in ("app", "app/staticfiles", "app/config"):
        try:
            image.run("web", ["python", "-c", attempt, str(image.folder / place)])
        except Failed:
            continue
        raise Failed(f"The user of the image can write into /{place}.")


def started(image: Image, service: str, stack: contextlib.ExitStack) -> subprocess.Popen:
    log = (image.folder / f"{service}.log").open("wb")
    process = subprocess.Popen(
        image.command(service), cwd=image.folder / "app", env=image.env(service), stdin=subprocess.DEVNULL,
        stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **as_image_user(),
    )  # fmt: skip
    stack.callback(stop, process)
    return process


def stop(process: subprocess.Popen) -> None:
    """Exactly what was started, with its children."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_healthy(image: Image, processes: dict[str, subprocess.Popen], names: tuple[str, ...]) -> None:
    deadline, waiting, why = time.monotonic() + PATIENCE, list(names), ""
    while waiting:
        try:
            image.run(waiting[0], image.check(waiting[0]))
            waiting.pop(0)
        except Failed as reason:
            why = str(reason)
        for name, process in processes.items():
            if process.poll() is not None:
                raise Failed(f"{name} has ended:\n{(image.folder / f'{name}.log').read_text()[-3000:]}")
        if time.monotonic() > deadline:
            raise Failed(f"{waiting[0]} does not become healthy:\n{why}")
        time.sleep(0.5)


def wait_until_green(image: Image) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return image.run("web", ["python", "manage.py", "health"])
        except Failed as reason:
            if time.monotonic() > deadline:
                raise Failed(f"manage.py health stays red:\n{reason}") from reason
        time.sleep(2)


def end_the_silent(image: Image, worker: subprocess.Popen) -> None:
    step("T46: a worker that lives and takes nothing is ended by its health check")
    os.kill(worker.pid, signal.SIGSTOP)
    image.run("worker", image.check("worker"))  # asks
    clock = "import django; django.setup(); from reports.models import Heartbeat as H; from datetime import timedelta as d; "
    clock += "[H.objects.filter(pk=h.pk).update(asked_at=h.asked_at - d(minutes=4)) for h in H.objects.exclude(asked_at=None)]"
    image.call(
        ["python", "-c", clock], env=image.env("web") | {"DJANGO_SETTINGS_MODULE": "config.settings"}, **as_image_user()
    )
    with contextlib.suppress(Failed):
        image.run("worker", image.check("worker"))
    if worker.wait(20) != -signal.SIGKILL:
        raise Failed("The silent worker was not ended.")


# --- a school moves in ----------------------------------------------------------------------------------------------------


def move_in(image: Image) -> None:
    step("a school moves in: add_school, import_staff, sign-in over HTTP behind a proxy")
    manage = ["python", "manage.py"]
    image.run("web", [*manage, "add_school", "2199000001", "排演小学"])
    staff = image.folder / "tmp" / "staff.xlsx"
    shutil.copyfile(ROOT / "tests/data/staff.xlsx", staff)
    staff.chmod(0o644)
    slips = image.run("web", [*manage, "import_staff", str(staff), "--school", "2199000001"])
    number, _name, password = next(line.split("\t") for line in slips.splitlines() if line.count("\t") == 2)
    browser = Browser(image)
    page = browser.get("/accounts/login/")
    for sheet in re.findall(r'href="(/static/[^"]+\.css)"', page):
        browser.get(sheet)
    page = browser.post("/accounts/login/", page, login=number, password=password)
    if "account_login" in page or 'name="oldpassword"' not in page:
        raise Failed(f"Signed in, a first password change was expected:\n{page[:1500]}")


class Browser:
    """Enough of one: cookies, redirects, and the header that Caddy adds."""

    def __init__(self, image: Image):
        self.base, self.host, self.cookies = f"127.0.0.1:{image.port}", image.given["YIDANG_HOST"], {}

    def get(self, path: str) -> str:
        return self.ask("GET", path, None)

    def post(self, path: str, page: str, **fields: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        return self.ask("POST", path, {"csrfmiddlewaretoken": token, **fields})

    def ask(self, method: str, path: str, fields: dict[str, str] | None) -> str:
        from http.client import HTTPConnection
        from urllib.parse import urlencode

        headers = {"Host": self.host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Referer": f"https://{self.host}{path}", "Content-Type": "application/x-www-form-urlencoded"}
        link = HTTPConnection(self.base, timeout=30)
        link.request(method, path, urlencode(fields) if fields else None, headers)
        answer = link.getresponse()
        body = answer.read().decode(errors="replace")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.keep(value)
        if answer.status in (301, 302):
            place = urlsplit(answer.getheader("Location"))
            return self.get(urlunsplit(("", "", place.path, place.query, "")))
        if answer.status != 200:
            raise Failed(f"{method} {path} answers {answer.status}:\n{body[:1000]}")
        return body

    def keep(self, cookie: str) -> None:
        name, _, rest = cookie.partition("=")
        self.cookies[name] = rest.partition(";")[0]
        if not name.startswith("__Host-") or "secure" not in cookie.lower():
            raise Failed(f"A cookie that is not bound to this host over TLS: {name}")


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.geteuid() != 0:
        print(
            "make rehearse becomes user 10001, as the image does, and so needs root: sudo make rehearse",
            file=sys.stderr,
        )
        return 1
    folder = Path(tempfile.mkdtemp(prefix="yidang-rehearsal-"))
    folder.chmod(0o711)
    try:
        with contextlib.ExitStack() as stack:
            rehearse(folder, stack)
    except (Failed, services.ServiceError) as reason:
        print(f"\nThe rehearsal failed.\n{reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    step("The rehearsal went through; everything is stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
