"""How the backups stand. Silence is an alarm: what counts is the age of the newest one that was read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import BackupRun, User

MOST_HOURS = 26  # one a night, and two hours for it


@dataclass(frozen=True)
class BackupState:
    runs: list[BackupRun]
    verified: BackupRun | None  # the newest that was read back
    failed: BackupRun | None  # the newest failure, if nothing good came after it
    late: bool
    is_new: bool  # an installation that has not seen its first night

    @property
    def is_well(self) -> bool:
        return not self.late and self.failed is None


def backup_state(now: datetime) -> BackupState:
    """One statement; a second one where no backup was ever tried."""
    runs = BackupRun.objects.recent()
    verified = next((run for run in runs if run.verified_at), None)
    failed = next((run for run in runs if run.failed(now)), None)
    if failed and verified and verified.started_at > failed.started_at:
        failed = None
    since = now - timedelta(hours=MOST_HOURS)
    late = verified is None or verified.verified_at < since
    return BackupState(runs, verified, failed, late, is_new=not runs and _is_new(since))


def _is_new(since: datetime) -> bool:
    """Nobody has had an account for longer than a backup may be old: there is nothing yet that a night has missed."""
    return not User.objects.filter(date_joined__lt=since).exists()
