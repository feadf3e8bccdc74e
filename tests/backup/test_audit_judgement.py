"""T66: `make audit` is green only when every package was asked about by a source that knows a release known to be bad.
The answers are pip-audit's own, shortened."""

import json
import runpy

import pytest
from django.conf import settings

AUDIT = runpy.run_path(str(settings.BASE_DIR / ".ci" / "audit.py"), run_name="audit")
read, judge, named = AUDIT["read"], AUDIT["judge"], AUDIT["named"]
GOOD, HOLES, UNKNOWN = AUDIT["GOOD"], AUDIT["HOLES"], AUDIT["UNKNOWN"]

CLEAN = {"name": "celery", "version": "5.7.0", "vulns": []}
HOLE = {
    "name": "django", "version": "2.2.1",
    "vulns": [{"id": "PYSEC-2019-11", "fix_versions": ["2.2.3"], "aliases": ["CVE-2019-12781"], "description": "…"}],
}  # fmt: skip
UNFIXED = {
    "name": "celery",
    "version": "5.7.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": [], "aliases": [], "description": ""}],
}
SKIPPED = {
    "name": "yidang-tools",
    "skip_reason": "Dependency not found on PyPI and could not be audited: yidang-tools (1.0)",
}
OFFLINE = "ERROR:pip_audit._cli:Failed to connect to the vulnerability service\n"


NOT_KNOWN = "ERROR:pip_audit._cli:django: Dependency not found on PyPI and could not be audited: django (2.2.1)\n"


def said(*packages, code=None):
    code = int(any(each.get("vulns") for each in packages)) if code is None else code
    return read(json.dumps({"dependencies": list(packages), "fixes": []}), "Found …\n", code)


def verdict(control, answer, wanted=("celery",)):
    return judge(control, {"requirements.lock": (frozenset(wanted), answer)})


KNOWS = said(HOLE)


def test_green_only_with_a_control_that_was_found_and_every_package_asked_about():
    assert verdict(KNOWS, said(CLEAN)).code == GOOD


@pytest.mark.parametrize(
    ("control", "answer"),
    [
        (said(CLEAN), said(CLEAN)),
        (said(), said(CLEAN)),
        (read("", OFFLINE, 1), said(CLEAN)),
        (KNOWS, read("", OFFLINE, 1)),
        (read("", NOT_KNOWN, 1), read("", NOT_KNOWN, 1)),
        (KNOWS, read("", "No module named pip_audit", 1)),
        (KNOWS, read("{}", "", 0)),
        (KNOWS, said()),
        (KNOWS, said(CLEAN, SKIPPED)),
        (KNOWS, said(CLEAN, code=1)),
        (said(HOLE, code=0), said(CLEAN)),
    ],
    ids=[
        "the control has no hole", "the control is not there", "no source for the control", "no source for the lock", "an index without advisories",
        "not installed", "an empty answer", "a package is missing", "a package was skipped", "a code without a hole",
        "a hole without a code",
    ],
)  # fmt: skip
def test_whatever_is_not_known_is_red_with_a_code_of_its_own(control, answer):
    found = verdict(control, answer)
    assert found.code == UNKNOWN
    assert "UNKNOWN" in found.lines[0]
    assert len(found.lines) > 1


def test_a_hole_is_red_and_named_with_what_mends_it_even_where_something_else_is_unknown():
    found = judge(KNOWS, {"one": (frozenset(), said(UNFIXED)), "two": (frozenset(), read("", OFFLINE, 1))})
    assert found.code == HOLES
    assert "one: celery 5.7.0: PYSEC-1, fixed in no release yet" in found.lines
    assert any("vulnerability service" in line for line in found.lines)


def test_the_three_verdicts_have_three_codes():
    assert len({GOOD, HOLES, UNKNOWN}) == 3
    assert GOOD == 0


def test_the_packages_of_a_lock_are_found_whatever_their_spelling():
    text = "Django==5.2.19 \\\n    --hash=sha256:aa\ntzdata==1 ; sys_platform == 'win32' \\\n    --hash=sha256:bb\nruamel_yaml==1\n"
    assert named(text) == {"django", "ruamel-yaml"}
    lock = named((settings.BASE_DIR / "requirements-dev.lock").read_text())
    assert {"django", "celery", "pytest", "cryptography"} <= lock
