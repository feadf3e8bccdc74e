"""The chain over the read log and the log of security events (T27): a change behind the application's back shows.

Every ten minutes the scheduler seals what is old enough, in batches, each with a keyed digest of its rows and of the seal
before. Not at insert: then each reader would wait for every other. Rows rest for a while first, since one with a lower
number may be committed after one with a higher; a row that comes even later is in no seal yet and joins the next.

Whoever has the database alone can't make a chain anew, the key is not in it. Whoever cuts off its end is found by an
anchor that was written down outside: `manage.py verify_audit` prints the newest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from hashlib import sha256
from itertools import pairwise
from operator import or_

from django.db import models, transaction
from django.db.models import Q

from accounts.encryption import fingerprint
from accounts.models import SecurityEvent
from students.models import AuditSeal, FileAccess

LOGS: dict[str, type[models.Model]] = {"reads": FileAccess, "security": SecurityEvent}
REST = timedelta(minutes=10)  # longer than any transaction that writes a row
OVERDUE = timedelta(hours=2)  # a row that is in no seal by then is a fault of the scheduler, or was slipped in
BATCH = 5_000  # rows of one seal
LOOKS_BACK = 200  # seals among whose rows one may still come late: more than a day's
LABEL = "students.AuditSeal.digest"


def seal(*, now: datetime) -> int:
    """Seal all rows that have rested; how many seals that took."""
    made = 0
    for log in LOGS:
        while _seal_batch(log, now):
            made += 1
    return made


@transaction.atomic
def _seal_batch(log: str, now: datetime) -> AuditSeal | None:
    """Of two schedulers at the same moment one gets an IntegrityError: the number is taken. So the number comes first: after
    the rows, a seal that the other one committed in between would be counted on, and its rows sealed twice."""
    last = newest()
    rows = list(_open_rows(log, now)[:BATCH])
    if not rows:
        return None
    made = AuditSeal(
        number=last.number + 1 if last else 1,
        log=log,
        spans=as_spans(row.pk for row in rows),
        count=len(rows),
        previous=last.digest if last else "",
        sealed_at=now,
    )
    made.digest = digest_of(made, rows)
    made.save(force_insert=True)
    return made


def _open_rows(log: str, now: datetime) -> models.QuerySet:
    """Rows that have rested and stand in no seal: those after the last, and those in a gap that came late."""
    rows = LOGS[log]._default_manager.filter(at__lt=now - REST).order_by("pk")
    recent = list(AuditSeal.objects.filter(log=log)[:LOOKS_BACK])
    start = [] if len(recent) == LOOKS_BACK else [(0, 0)]  # before the first row there may be a gap too
    covered = joined([*start, *(span for each in recent for span in spans_of(each.spans))])
    gaps = [(end + 1, begin - 1) for (_, end), (begin, _) in pairwise(covered)]
    return rows.filter(_within(gaps[-LOOKS_BACK:]) | Q(pk__gt=covered[-1][1]))


def _within(spans: Iterable[tuple[int, int]]) -> Q:
    return reduce(or_, (Q(pk__range=span) for span in spans), Q(pk__in=[]))


# --- digests ----------------------------------------------------------------------------------------------------------


def digest_of(link: AuditSeal, rows: Iterable[models.Model]) -> str:
    """64 hex digits over the link's own values, the digest before, and each row in the order of the keys."""
    head = [link.number, link.log, link.spans, link.count, _plain(link.sealed_at), link.previous]
    total = sha256(json.dumps(head).encode())
    for row in rows:
        total.update(b"\n" + as_text(row).encode())
    return fingerprint(LABEL, total.hexdigest())


def as_text(row: models.Model) -> str:
    """A row as text. Empty values are left out, so that a column that is added one day changes no old digest."""
    values = {field.attname: _plain(getattr(row, field.attname)) for field in row._meta.concrete_fields}
    return json.dumps({name: value for name, value in values.items() if value not in ("", None)}, sort_keys=True)


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def as_spans(keys: Iterable[int]) -> str:
    """1, 2, 3, 5 → "1-3 5"."""
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in joined((key, key) for key in keys))


def spans_of(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split():
        first, _, last = part.partition("-")
        yield int(first), int(last or first)


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, and those that follow each other without a gap as one."""
    whole: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if whole and first == whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], last)
        else:
            whole.append((first, last))
    return whole


# --- looking ----------------------------------------------------------------------------------------------------------


def newest() -> AuditSeal | None:
    return AuditSeal.objects.first()


def verify(*, now: datetime, anchor: str = "") -> list[str]:
    """What is not as it was sealed, one sentence each; nothing if all is well. Reads every row once."""
    found: list[str] = []
    before = ""
    sealed: dict[str, list] = {log: [] for log in LOGS}
    for number, link in enumerate(AuditSeal.objects.order_by("number").iterator(), 1):
        if link.number != number or link.previous != before:
            return [*found, f"The chain breaks before seal {link.number}."]
        found += _faults(link)
        before = link.digest
        sealed[link.log] += spans_of(link.spans)
    return found + _unsealed(sealed, now) + _cut_off(anchor)


def _faults(link: AuditSeal) -> list[str]:
    rows = list(LOGS[link.log]._default_manager.filter(_within(spans_of(link.spans))).order_by("pk"))
    if missing := link.count - len(rows):
        return [f"Seal {link.number} ({link.log}): {missing} of {link.count} rows are gone."]
    if digest_of(link, rows) != link.digest:
        return [f"Seal {link.number} ({link.log}): a row among {link.spans} was changed."]
    return []


def _unsealed(sealed: dict[str, list], now: datetime) -> list[str]:
    """Old rows outside every seal: the scheduler stands still, or one was slipped in."""
    old = {log: model._default_manager.filter(at__lt=now - OVERDUE) for log, model in LOGS.items()}
    left = {log: rows.exclude(_within(joined(sealed[log]))).count() for log, rows in old.items()}
    return [f"{many} rows of the log of {log} stand in no seal." for log, many in left.items() if many]


def _cut_off(anchor: str) -> list[str]:
    """Whether the seal that was written down outside still stands."""
    if not anchor:
        return []
    number = anchor.partition("-")[0]
    link = AuditSeal.objects.filter(number=int(number)).first() if number.isdecimal() else None
    if link is None:
        return [f"There is no seal {number}: the end of the log was cut off."]
    return [] if link.anchor == anchor.strip() else [f"Seal {number} is another one than the one written down."]
