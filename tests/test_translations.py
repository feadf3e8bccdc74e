"""Every text has Chinese words, and none of them is a guess."""

import re
import shutil
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """All msgids that the sources hold now, as makemessages finds them, without touching the catalogue.

    From a copy: makemessages writes beside each template, and two processes would meet there.
    """
    folder = tmp_path_factory.mktemp("texts")
    for name in ("accounts", "students", "care_plans", "referrals", "family_contact", "reports", "config", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "locale").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(settings, "LOCALE_PATHS", [str(folder / "locale")])
        call_command("makemessages", locale=["zh_Hans"], verbosity=0)
    return polib.pofile(str(folder / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"))


def key(entry):
    return (entry.msgctxt, entry.msgid)


def test_every_text_is_translated(texts):
    stored = {key(entry): entry for entry in polib.pofile(str(CATALOGUE))}
    missing = [entry.msgid for entry in texts if key(entry) not in stored or not stored[key(entry)].translated()]
    assert missing == []


def test_nothing_is_fuzzy_and_placeholders_agree():
    entries = polib.pofile(str(CATALOGUE))
    assert [entry.msgid for entry in entries if entry.fuzzy] == []
    names = re.compile(r"%\((\w+)\)|\{(\w+)\}")
    wrong = [
        entry.msgid
        for entry in entries
        for text in ([entry.msgstr] if entry.msgstr else entry.msgstr_plural.values())
        if set(names.findall(text)) - set(names.findall(entry.msgid + (entry.msgid_plural or "")))
    ]
    assert wrong == []


def test_no_text_stands_in_the_catalogue_for_nothing(texts):
    used = {key(entry) for entry in texts}
    assert [entry.msgid for entry in polib.pofile(str(CATALOGUE)) if key(entry) not in used] == []
