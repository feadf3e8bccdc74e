#!/usr/bin/env python3
"""Ask pip-audit whether anything that the lock files name has a known hole.

Exit 0: asked about every package, and none is known. 1: some have holes. 2: unknown, and that is as red as a hole: no
source of advisories answered, it did not know a release that is known to be bad, or it left packages out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements-dev.lock", "requirements-node.lock")  # the first contains requirements.lock
CONTROL = "django==2.2.1"  # SQL injection, among others: a source that does not know it knows nothing
GOOD, HOLES, UNKNOWN = 0, 1, 2
MINUTES = 10


@dataclass(frozen=True)
class Answer:
    """What pip-audit said: about which packages, with which holes, and what it left out. `error` alone if nothing."""

    asked: frozenset[str] = frozenset()
    holes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Verdict:
    code: int
    lines: list[str] = field(default_factory=list)


def read(stdout: str, stderr: str, code: int) -> Answer:
    """Its JSON. It ends with 1 both for a hole and for a failure, so only a whole answer counts."""
    try:
        packages = json.loads(stdout)["dependencies"]
        skipped = tuple(f"{each['name']}: {each['skip_reason']}" for each in packages if "skip_reason" in each)
        asked = [each for each in packages if "skip_reason" not in each]
        holes = tuple(_hole(each, vuln) for each in asked for vuln in each["vulns"])
    except (ValueError, KeyError, TypeError):
        last = (stderr.strip().splitlines() or ["no words"])[-1]
        return Answer(error=f"pip-audit gave no answer (exit code {code}): {last[:300]}")
    if bool(holes) != bool(code) and not skipped:
        return Answer(error=f"pip-audit ended with {code}, and named {len(holes)} holes")
    return Answer(frozenset(name(each["name"]) for each in asked), holes, skipped)


def _hole(package: dict, hole: dict) -> str:
    fixed = ", ".join(hole["fix_versions"]) or "no release yet"
    return f"{package['name']} {package['version']}: {hole['id']}, fixed in {fixed}"


def judge(control: Answer, locks: dict[str, tuple[frozenset[str], Answer]]) -> Verdict:
    """`locks`: what each file names, and the answer about it. A hole outweighs what is unknown."""
    unknown = [control.error] if control.error else []
    if not control.error and not control.holes:
        unknown.append(f"The source of advisories finds nothing in {CONTROL}, which is known to be bad.")
    holes: list[str] = []
    for lock, (wanted, answer) in locks.items():
        holes += [f"{lock}: {hole}" for hole in answer.holes]
        unknown += [f"{lock}: {words}" for words in (answer.error, *answer.skipped) if words]
        if not answer.error and (left_out := wanted - answer.asked):
            unknown.append(f"{lock}: nothing was said about {', '.join(sorted(left_out))}")
    if holes:
        return Verdict(HOLES, ["Known holes:", *holes, *unknown])
    if unknown:
        return Verdict(UNKNOWN, ["UNKNOWN, which is red and not green:", *unknown])
    return Verdict(GOOD, ["No package of the lock files has a known hole."])


def named(text: str) -> frozenset[str]:
    """The packages of a lock file that every machine installs: those with a marker may be for another system."""
    return frozenset(name(found[1]) for found in re.finditer(r"^([\w.-]+)==[^\s;\\]+\s*(?:\\)?$", text, re.M))


def name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def ask(requirements: Path) -> Answer:
    command = [sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    command += ["--format", "json", "--requirement", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MINUTES * 60, check=False)
    except subprocess.TimeoutExpired:
        return Answer(error=f"no answer within {MINUTES} minutes")
    return read(done.stdout, done.stderr, done.returncode)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        pin = Path(folder) / "control.txt"
        pin.write_text(CONTROL + "\n")
        control = ask(pin)
    locks = {lock: (named((ROOT / lock).read_text()), ask(ROOT / lock)) for lock in LOCKS}
    verdict = judge(control, locks)
    print("\n".join(verdict.lines))
    return verdict.code


if __name__ == "__main__":
    sys.exit(main())
