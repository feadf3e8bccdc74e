"""Whose import it is. A worker that was thought dead may live on: it finds that its attempt no longer counts, and stops."""

from __future__ import annotations

from django.db.models import QuerySet

from students.models import RosterImport


class Overtaken(Exception):
    """Another attempt has the job; this one writes nothing more."""


def mine(job: RosterImport) -> QuerySet[RosterImport]:
    """The row, as long as this attempt is the one that counts. Each step of an import counts its attempts anew, so the
    step and its message belong to the number."""
    return RosterImport.objects.filter(
        pk=job.pk, state=RosterImport.State.RUNNING, step=job.step, delivery=job.delivery, attempts=job.attempts
    )


def hold(job: RosterImport) -> None:
    """Hold the row until the commit (PostgreSQL; SQLite lets one writer in at a time). Raises Overtaken."""
    if not mine(job).select_for_update().values_list("pk"):
        raise Overtaken
