"""The commands of docs/operations.md, as they stand there, run where no Docker is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.backup.host import ROOT, Host

MANUAL = ROOT / "docs" / "operations.md"
IN_A_CONTAINER = re.compile(r"docker compose (?:exec|run)(?: --rm)?(?: -v \S+)* \w+ python")


def blocks(heading: str, mark: str = "sh") -> list[list[str]]:
    """The commands of each block under `## heading` that begins with ```mark."""
    _before, _heading, rest = MANUAL.read_text().partition(f"\n## {heading}\n")
    section = rest.partition("\n## ")[0]
    return [block.strip().splitlines() for block in re.findall(rf"^```{mark}$\n(.*?)^```$", section, re.M | re.S)]


def block(heading: str, mark: str, *, compose: bool) -> list[str]:
    (found,) = [lines for lines in blocks(heading, mark) if any("docker compose" in line for line in lines) == compose]
    return found


def follow(host: Host, commands: list[str], media: Path) -> list[str]:
    """Run them on the host, /media lying where the test put it. Starting the pages is left out. Returns what was said."""
    said = []
    for command in commands:
        if command.startswith(("make ", "docker compose up")):
            continue
        done = subprocess.run(
            ["bash", "-c", _here(command, media)], cwd=host.cwd, env=host.environment(**_dot_env(host)),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said.append(done.stdout + done.stderr)
    return said


def _here(command: str, media: Path) -> str:
    """Without Docker, sudo and another user; a container's /restore is the folder of that name."""
    command = IN_A_CONTAINER.sub(sys.executable, command)
    command = command.replace("sudo ", "").replace(" -o 10001", "").replace(" /restore/", " restore/")
    return command.replace("/media/", f"{media}/")


def _dot_env(host: Host) -> dict[str, str]:
    """What Docker would read."""
    path = host.cwd / ".env"
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)
