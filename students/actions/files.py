"""Writes to a student's rows of level 2 and 3."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from accounts.versions import save_version
from students.actions import stamp
from students.models import StudentBackground, StudentProfile


@transaction.atomic
def write_profile(*, by: User, profile: StudentProfile | StudentBackground, fields: Mapping, version: int) -> None:
    """Raises StaleVersion when somebody saved it meanwhile."""
    for name, value in fields.items():
        setattr(profile, name, value)
    stamp(by, profile)
    save_version(profile, list(fields), version)
