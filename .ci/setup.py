#!/usr/bin/env python3
"""Make this working copy ready: system packages, Python packages, front-end files, translations, secrets.

Each step leaves a stamp that names what it was made from, so a second run does nothing and needs no network.
Runs on the bare system Python, before any package is installed. The image is built by the same steps (Dockerfile).
"""

import argparse
import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".stamps"
VAR = Path(os.environ.get("YIDANG_VAR", ROOT / "var"))

RUN_PACKAGES = [
    "libpango-1.0-0",  # WeasyPrint lays text out with it
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0",  # without it a PDF with a Noto CJK font takes 8-12 s longer
    "fonts-noto-cjk",
    "fonts-lxgw-wenkai",  # the 楷 face; fonts-arphic-ukai has empty glyphs
    "gettext",  # msgfmt
]
TEST_PACKAGES = ["postgresql", "redis-server", "chromium", "poppler-utils"]


class SetupError(Exception):
    """Set-up cannot go on; the message is the sentence that the person at the keyboard reads."""


def run(*command: object, **options) -> None:
    shown = " ".join(str(part) for part in command)
    if subprocess.run([str(part) for part in command], cwd=ROOT, check=False, **options).returncode:
        raise SetupError(f"This command failed, its own words stand above: {shown}")


def digest(*files: Path, extra: str = "") -> str:
    content = b"\0".join(path.read_bytes() for path in files) + extra.encode()
    return hashlib.sha256(content).hexdigest()


def stamped(name: str, value: str) -> bool:
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == value


def write_stamp(name: str, value: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value)


# --- system packages ------------------------------------------------------------------------------------------------
def installed(package: str) -> bool:
    query = ["dpkg-query", "-W", "-f", "${Status}", package]
    return "install ok installed" in subprocess.run(query, capture_output=True, text=True, check=False).stdout


def missing_packages(wanted: list[str]) -> list[str]:
    missing = [package for package in wanted if not installed(package)]
    if not PYTHON.exists() and not can_make_venv():
        missing.append("python3-venv")
    return missing


def can_make_venv() -> bool:
    """Debian's python3 comes without ensurepip; python3-venv brings it."""
    return subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0


def step_system(*, test: bool) -> None:
    wanted = RUN_PACKAGES + (TEST_PACKAGES if test else [])
    if not shutil.which("dpkg-query"):
        print("This is not a Debian system. Yidang needs the counterparts of: " + " ".join(wanted))
        return
    missing = missing_packages(wanted)
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(
            "Some Debian packages are missing. Please run this, then start again:\n  sudo " + " ".join(command)
        )
    print("Installing Debian packages: " + " ".join(missing), flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=quiet)
    run(*command, "-qq", "-o", "Dpkg::Use-Pty=0", env=quiet, stdout=subprocess.DEVNULL)


# --- Python packages ------------------------------------------------------------------------------------------------
def step_python(*, test: bool) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 -- this script runs before anything else has looked
        raise SetupError("Yidang needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", VENV)
    everything = ROOT / "requirements-dev.lock"  # contains requirements.lock, so its stamp serves both
    if test:
        install_lock(everything)
    else:
        install_lock(ROOT / "requirements.lock", implied_by=everything)


def install_lock(lock: Path, implied_by: Path | None = None) -> None:
    """Install the versions of one lock file, by their hashes, unless that has been done.

    A lock names every package, so pip resolves nothing. Where it does, it asks for the newest release of an extra
    (`coverage[toml]`) before it looks at the pin, finds no hash for it, and gives up.
    """
    for candidate in filter(None, (lock, implied_by)):
        if stamped(candidate.name, digest(candidate, extra=sysconfig.get_python_version())):
            return
    pip = (PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes", "--no-deps")
    print(f"Installing the packages of {lock.name} …", flush=True)
    run(*pip, "--requirement", lock)
    write_stamp(lock.name, digest(lock, extra=sysconfig.get_python_version()))


# --- front-end files ------------------------------------------------------------------------------------------------
def step_assets(*, test: bool) -> None:
    (ROOT / "staticfiles").mkdir(exist_ok=True)  # empty until collectstatic; whitenoise warns where it is missing
    sources = [ROOT / "package-lock.json", ROOT / "static" / "icons.txt", ROOT / ".ci" / "assets.py"]
    made = [ROOT / "static" / "vendor" / name for name in ("tabler.min.css", "icons.svg")]
    value = digest(*sources)
    if stamped("assets", value) and all(path.exists() for path in made):
        return
    install_npm_packages()
    run(sys.executable, ROOT / ".ci" / "assets.py")
    write_stamp("assets", value)


def install_npm_packages() -> None:
    value = digest(ROOT / "package-lock.json")
    if stamped("npm", value) and (ROOT / "node_modules").exists():
        return
    if not shutil.which("npm"):
        install_lock(ROOT / "requirements-node.lock")  # Node from PyPI, into .venv
    print("Installing the packages of package-lock.json …", flush=True)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(VENV / "bin")])
    run(shutil.which("npm", path=path), "ci", env={**os.environ, "PATH": path})
    write_stamp("npm", value)


# --- translations ---------------------------------------------------------------------------------------------------
def step_messages(*, test: bool) -> None:
    for source in (ROOT / "locale").glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            run("msgfmt", "--check-format", "--output-file", compiled, source)


# --- secrets --------------------------------------------------------------------------------------------------------
def step_secrets(*, test: bool) -> None:
    """Write var/yidang.env once. Losing it makes every encrypted column unreadable, so nothing in it is ever changed;
    a key that an older version did not know is added at its end."""
    VAR.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = VAR / "yidang.env"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        add_backup_key(path)
        return
    lines = [
        "# Secrets of this installation. Keep a copy in another place than the backups.",
        f"DJANGO_SECRET_KEY={secrets.token_urlsafe(50)}",
        f"FIELD_KEYS=k1:{random_key()}",
        f"FINGERPRINT_KEY={random_key()}",
        f"BACKUP_KEY={random_key()}",
    ]
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines) + "\n")


def add_backup_key(path: Path) -> None:
    """Appended, never rewritten: a power cut must not take the other keys along."""
    text = path.read_text()
    if any(line.startswith("BACKUP_KEY=") for line in text.splitlines()):
        return
    with path.open("a") as file:
        file.write(("" if text.endswith("\n") else "\n") + f"BACKUP_KEY={random_key()}\n")
    print(f"{path} has a new key for backups. Please save the file again in another place.")


def random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


STEPS = {
    "system": step_system,
    "python": step_python,
    "assets": step_assets,
    "messages": step_messages,
    "secrets": step_secrets,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="also what the tests and checks need")
    parser.add_argument("--only", default=",".join(STEPS), help="steps to take, with commas between them")
    options = parser.parse_args()
    try:
        for name in options.only.split(","):
            STEPS[name](test=options.test)
    except SetupError as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
