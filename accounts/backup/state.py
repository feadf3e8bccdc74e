"""How the backups stand. Silence is an alarm: what counts is the age of the newest one that was read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import BackupRun

MOST_HOURS = 26  # one a night, and two hours for it


@dataclass(frozen=True)
class BackupState:
    runs: list[BackupRun]
    verified: BackupRun | None  # the newest that was read back
    failed: BackupRun | None  # the newest failure, if nothing good came after it
    late: bool

    @property
    def is_well(self) -> bool:
        return not self.late and self.failed is None


def backup_state(now: datetime) -> BackupState:
    """One statement."""
    runs = BackupRun.objects.recent()
    verified = next((run for run in runs if run.verified_at), None)
    failed = next((run for run in runs if run.failed(now)), None)
    if failed and verified and verified.started_at > failed.started_at:
        failed = None
    late = verified is None or verified.verified_at < now - timedelta(hours=MOST_HOURS)
    return BackupState(runs, verified, failed, late)
