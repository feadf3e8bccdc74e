"""Looks through the logs for what is unusual (T29): many files in a few minutes or at night, many students in one file, many
pages refused, and a new device of somebody who sees much.

One ReadingNotice for each event, which stands on the home page of the auditor and 德育处 until one of them has looked. It is
a question to be asked, not a finding: a counsellor before a conference opens many files too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta

from django.utils import timezone

from accounts.models import Role, SecurityEvent, User
from students import access
from students.levels import Level
from students.models import FileAccess, ReadingNotice
from students.stopping import OPENED

Kind = ReadingNotice.Kind
PRIVILEGED = {Role.SYSTEM_ADMIN, Role.MORAL_EDUCATION, Role.PRINCIPAL, Role.AUDITOR}
WINDOW = timedelta(minutes=10)
MANY_OPENED = 40  # different students within the window, outside one's own classes and cases
MANY_EXPORTED = 30  # students in one file: more than that is told
MANY_REFUSED = 20  # pages within the window
AT_NIGHT, NIGHT_WINDOW, MANY_AT_NIGHT = (time(23), time(5)), timedelta(hours=1), 10  # one's own included
ONE_EVENT = timedelta(hours=1)  # who goes on reading is not told of anew
LOOKS_BACK = 2 * WINDOW  # a scheduler that stood still for ten minutes misses nothing
PART = "reports:part"  # what reports.making calls a class's document within a batch

Rows = list[FileAccess]


def watch(*, now: datetime) -> int:
    """Tell of what is new; how many that was. Two schedulers tell of one event once: a notice belongs to one row."""
    log = FileAccess.objects.filter(level__gte=Level.DAILY).order_by("at", "pk")
    rows = list(log.filter(at__gt=now - LOOKS_BACK))
    made = [_tell(Kind.EXPORT, row, many) for row, many in _large(rows)]
    made += _tell_of(Kind.BREADTH, _broad(rows, now), MANY_OPENED, now)
    made += _tell_of(Kind.REFUSED, _refused(now), MANY_REFUSED, now)
    made += [_tell(Kind.DEVICE, row, 0) for row in _devices(now)]
    if _is_night(now) or _is_night(now - LOOKS_BACK):
        night = log.filter(at__gt=now - NIGHT_WINDOW - LOOKS_BACK, kind__in=OPENED)
        made += _tell_of(Kind.NIGHT, _nightly(night), MANY_AT_NIGHT, now)
    return sum(made)


def _tell_of(kind: str, found: Iterable, many: int, now: datetime) -> list[bool]:
    """Of each person at most once within the hour."""
    told = ReadingNotice.objects.filter(kind=kind, at__gt=now - ONE_EVENT).values_list("about_id", flat=True)
    known = {str(pk) for pk in told}
    return [_tell(kind, row, many) for row in found if row.user_id not in known]


def _large(rows: Iterable[FileAccess]) -> Iterator[tuple[FileAccess, int]]:
    """A document that was begun anew after a crash is one file. The parts of a batch stand in the row of the whole."""
    files: set[tuple[str, str]] = set()
    for row in rows:
        if row.kind != FileAccess.Kind.EXPORT or row.what == PART or (row.user_id, row.student_ids) in files:
            continue
        files.add((row.user_id, row.student_ids))
        if (many := len(row.student_ids.split())) > MANY_EXPORTED:
            yield row, many


def _broad(rows: Iterable[FileAccess], now: datetime) -> Iterator[FileAccess]:
    """For each person the first row at which it was too many, one's own classes and cases left out."""
    for opened in _by_person(row for row in rows if row.kind in OPENED).values():
        if _too_many(opened, WINDOW, MANY_OPENED, _ids) is None:
            continue
        user = User.objects.filter(pk=opened[0].user_id).first()
        own = access.ids_of_own(user, now=now) if user else set()
        if (row := _too_many(opened, WINDOW, MANY_OPENED, lambda row, own=own: _ids(row) - own)) is not None:
            yield row


def _nightly(rows: Iterable[FileAccess]) -> Iterator[FileAccess]:
    for opened in _by_person(row for row in rows if _is_night(row.at)).values():
        if (row := _too_many(opened, NIGHT_WINDOW, MANY_AT_NIGHT, _ids)) is not None:
            yield row


def _refused(now: datetime) -> Iterator[SecurityEvent]:
    """Pages, not different things: the log does not say what was asked for."""
    rows = SecurityEvent.objects.filter(kind=SecurityEvent.Kind.REFUSED, at__gt=now - LOOKS_BACK).order_by("at", "pk")
    for refused in _by_person(rows).values():
        if (row := _too_many(refused, WINDOW, MANY_REFUSED, lambda row: {row.pk})) is not None:
            yield row


def _devices(now: datetime) -> list[SecurityEvent]:
    """New devices of those whose password opens the accounts, the logs or the whole school; each is one event."""
    rows = list(SecurityEvent.objects.filter(kind=SecurityEvent.Kind.DEVICE_NEW, at__gt=now - LOOKS_BACK))
    people = User.objects.filter(pk__in={row.user_id for row in rows})
    near = {str(person.pk) for person in people if person.roles(now) & PRIVILEGED}
    return [row for row in rows if row.user_id in near]


def _by_person(rows: Iterable) -> dict[str, list]:
    found: dict[str, list] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(row)
    return found


def _ids(row: FileAccess) -> set[str]:
    return set(row.student_ids.split())


def _too_many(rows: Iterable, window: timedelta, many: int, things: Callable):
    """The row at which there were so many different things within the window, or None."""
    inside: deque = deque()
    for row in rows:
        inside.append(row)
        while row.at - inside[0].at > window:
            inside.popleft()
        if len({thing for each in inside for thing in things(each)}) >= many:
            return row
    return None


def _is_night(moment: datetime) -> bool:
    first, last = AT_NIGHT
    clock = timezone.localtime(moment).time()
    return clock >= first or clock < last


def _tell(kind: str, row: FileAccess | SecurityEvent, many: int) -> bool:
    known = {"school_id": row.school_id, "about_id": row.user_id, "students": many, "at": row.at}
    return ReadingNotice.objects.get_or_create(kind=kind, row=row.pk, defaults=known)[1]


def mark_seen(*, by: User, notice: ReadingNotice, now: datetime) -> None:
    """Somebody has looked into it, and a stop is over. The first who says so stays."""
    ReadingNotice.objects.unseen().filter(pk=notice.pk).update(seen_by=by, seen_at=now)
