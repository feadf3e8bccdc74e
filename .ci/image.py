"""What Dockerfile and docker-compose.yml say, carried out on this machine: for `make rehearse` (.ci/rehearse.py)."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import services
import yaml

ROOT = Path(__file__).resolve().parent.parent
UID = 10001
WRITABLE = ("data", "backups", "tmp")


class Failed(Exception):
    """A step of the rehearsal did not do what the image needs."""


# --- what the files say ---------------------------------------------------------------------------------------------------


def stages(text: str) -> list[list[tuple[str, str]]]:
    """Each stage of a Dockerfile as (INSTRUCTION, rest), continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, joined.splitlines()):
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, rest.strip()))
    return found


def environment(stage: list[tuple[str, str]]) -> dict[str, str]:
    pairs = [pair for instruction, rest in stage if instruction == "ENV" for pair in shlex.split(rest)]
    return dict(pair.split("=", 1) for pair in pairs)


def filled(value: str, given: dict[str, str]) -> str:
    """As compose fills in ${NAME:-default} and ${NAME:?message}: empty is as good as absent; $$ stays a dollar."""

    def fill(match: re.Match) -> str:
        if match[0] == "$$":
            return "$"
        name, mark, rest = match[1], match[2], match[3]
        if given.get(name):
            return given[name]
        if mark == ":?":
            raise Failed(f"{name} is asked for by docker-compose.yml and not given: {rest}")
        return rest or ""

    return re.sub(r"\$\$|\$\{(\w+)(:-|:\?)?([^}]*)\}", fill, str(value))


def command_of(value: list[str] | str, given: dict[str, str]) -> list[str]:
    """A `command` or a health check's `test` as an argument list."""
    parts = shlex.split(value) if isinstance(value, str) else [filled(part, given) for part in value]
    if parts[0] == "CMD":
        return parts[1:]
    return ["sh", "-c", parts[1]] if parts[0] == "CMD-SHELL" else parts


# --- where the image's places are here ------------------------------------------------------------------------------------


class Image:
    """The image's /app, /data and /tmp as folders of one temporary folder."""

    def __init__(self, folder: Path, given: dict[str, str]):
        self.folder, self.given = folder, given
        self.build, self.runtime = stages((ROOT / "Dockerfile").read_text())
        self.compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        self.port = services.free_port()
        for name in ("app", *WRITABLE, "bin"):
            (folder / name).mkdir(exist_ok=True)
        if not (folder / "bin" / "python").exists():  # of the system: one in somebody's home could not be run by 10001
            (folder / "bin" / "python").symlink_to("/usr/bin/python3")

    def here(self, text: str) -> str:
        text = re.sub(r"(?<![\w/.-])/(app|data|backups|tmp)(?=[/:;\"' ]|$)", rf"{self.folder}/\1", text)
        # Inside, web listens for Caddy; here for this machine alone.
        text = text.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}").replace(
            "127.0.0.1:8000", f"127.0.0.1:{self.port}"
        )
        for name in ("db:5432", "redis:6379"):
            text = text.replace(f"@{name}", f"@{self.given[name]}")
        return text

    def install(self) -> None:
        """The build stage, line by line; the runtime stage's fonts and libraries are those of this machine."""
        env = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", **environment(self.build)}
        for instruction, rest in self.build:
            if instruction == "COPY":
                self.copy(*rest.split())
            elif instruction == "RUN":
                self.call(["sh", "-c", self.here(rest)], env=env)
        for path in [self.folder / "app", *(self.folder / "app").rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222 | 0o444 | (0o111 if path.is_dir() else 0))
        for name in WRITABLE:
            os.chown(self.folder / name, UID, UID)
            (self.folder / name).chmod(0o700)

    def copy(self, *names: str) -> None:
        """COPY of files of the tree, as far as .dockerignore lets them in."""
        *sources, target = names
        tracked = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\n")
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        allowed = tuple(line[1:] for line in lines if line.startswith("!"))
        for name in filter(None, tracked):
            inside = any(name == each or name.startswith(f"{each}/") for each in allowed)
            if inside and ("." in sources or name in sources):
                to = self.folder / "app" / (name if target in (".", "./") or "/" in name else f"{target}{name}")
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, to)

    def env(self, service: str) -> dict[str, str]:
        told = {"PATH": os.environ["PATH"], **environment(self.runtime), "TMPDIR": "/tmp"}  # noqa: S108 -- the image's
        told |= {
            name: filled(value, self.given) for name, value in self.compose[service].get("environment", {}).items()
        }
        return {name: self.here(value).replace("$PATH", os.environ["PATH"]) for name, value in told.items()}

    def command(self, service: str) -> list[str]:
        inherited = next(rest for instruction, rest in self.runtime if instruction == "CMD")
        command = self.compose[service].get("command") or yaml.safe_load(inherited)
        return [self.here(part) for part in command_of(command, self.given)]

    def check(self, service: str) -> list[str]:
        return [self.here(part) for part in command_of(self.compose[service]["healthcheck"]["test"], self.given)]

    def run(self, service: str, command: list[str]) -> str:
        return self.call(command, env=self.env(service), **as_image_user())

    def call(self, command: list[str], *, env: dict[str, str], **options) -> str:
        done = subprocess.run(
            command, cwd=self.folder / "app", env=env, capture_output=True, text=True, check=False, **options
        )
        if done.returncode:
            raise Failed(f"{shlex.join(command)[:300]}\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout


def as_image_user() -> dict:
    return {"user": UID, "group": UID, "extra_groups": [], "umask": 0o077}
