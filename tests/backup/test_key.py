"""Set-up writes the key of the backups: with the others for a new installation, at the end for one that had none."""

import os
import subprocess
import sys

from tests.backup.host import ROOT


def set_up(var):
    command = [sys.executable, ROOT / ".ci" / "setup.py", "--only", "secrets"]
    done = subprocess.run(
        command, env=os.environ | {"YIDANG_VAR": str(var)}, capture_output=True, text=True, check=True
    )
    return done.stdout, (var / "yidang.env").read_text()


def names(text):
    return [line.partition("=")[0] for line in text.splitlines() if not line.startswith("#")]


def test_a_new_installation_has_a_key_of_its_own_for_backups(tmp_path):
    said, text = set_up(tmp_path / "var")
    assert names(text) == ["DJANGO_SECRET_KEY", "FIELD_KEYS", "FINGERPRINT_KEY", "BACKUP_KEY"]
    values = [line.partition("=")[2].removeprefix("k1:") for line in text.splitlines()[1:]]
    assert len(set(values)) == 4
    assert (tmp_path / "var" / "yidang.env").stat().st_mode & 0o777 == 0o600
    assert not [value for value in values if value in said]


def test_an_older_one_gets_it_once_and_nothing_else_changes(tmp_path):
    old = "DJANGO_SECRET_KEY=a\nFIELD_KEYS=k1:b\nFINGERPRINT_KEY=c"  # without a line end, as an editor may leave it
    (tmp_path / "yidang.env").write_text(old)
    said, once = set_up(tmp_path)
    assert once.startswith(old + "\nBACKUP_KEY=")
    assert "save the file again" in said
    assert set_up(tmp_path) == ("", once)
