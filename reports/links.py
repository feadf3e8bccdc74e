"""Links to a finished file: signed, for one person, one file and one minute."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing

from accounts.models import User
from reports.models import ReportJob

LIVES = timedelta(seconds=60)
SALT = "reports.download"
FILES = ("file", "sheet")


class Expired(Exception):
    """The link was right, but its minute is over."""


def sign(job: ReportJob, what: str, user: User) -> str:
    return signing.dumps([str(job.pk), what, str(user.pk)], salt=SALT)


def read(token: str, job_id: object, user: User) -> str | None:
    """Which file the token opens for this person; None if it was not made for this job and person. Raises Expired."""
    try:
        made_for = signing.loads(token, salt=SALT, max_age=LIVES)
    except signing.SignatureExpired as late:
        raise Expired from late
    except signing.BadSignature:
        return None
    return made_for[1] if [made_for[0], made_for[2]] == [str(job_id), str(user.pk)] else None
