"""Looks through the read log for what is unusual (T29): many files in a few minutes, many students in one file.

One ReadingNotice for each event, which stands on the home page of the auditor and 德育处 until one of them has looked. It is
a question to be asked, not a finding: a counsellor before a conference opens many files too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from accounts.models import User
from students.levels import Level
from students.models import FileAccess, ReadingNotice

Kind = ReadingNotice.Kind
WINDOW = timedelta(minutes=10)
MANY_OPENED = 40  # different students within the window
MANY_EXPORTED = 30  # students in one file: more than that is told
ONE_EVENT = timedelta(hours=1)  # who goes on reading is not told of anew
LOOKS_BACK = 2 * WINDOW  # a scheduler that stood still for ten minutes misses nothing
PART = "reports:part"  # what reports.making calls a class's document within a batch
OPENED = (FileAccess.Kind.VIEW, FileAccess.Kind.PRINT)  # a name in a list is not yet a file that was opened


def watch(*, now: datetime) -> int:
    """Tell of what is new; how many that was. Two schedulers tell of one event once: a notice belongs to one row."""
    rows = list(FileAccess.objects.filter(at__gt=now - LOOKS_BACK, level__gte=Level.DAILY).order_by("at", "pk"))
    made = [_tell(Kind.EXPORT, row, many) for row, many in _large(rows)]
    told = ReadingNotice.objects.filter(kind=Kind.BREADTH, at__gt=now - ONE_EVENT).values_list("about_id", flat=True)
    known = {str(pk) for pk in told}
    made += [_tell(Kind.BREADTH, row, many) for row, many in _broad(rows) if row.user_id not in known]
    return sum(made)


def _large(rows: Iterable[FileAccess]) -> Iterator[tuple[FileAccess, int]]:
    """A document that was begun anew after a crash is one file. The parts of a batch stand in the row of the whole."""
    files: set[tuple[str, str]] = set()
    for row in rows:
        if row.kind != FileAccess.Kind.EXPORT or row.what == PART or (row.user_id, row.student_ids) in files:
            continue
        files.add((row.user_id, row.student_ids))
        if (many := len(row.student_ids.split())) > MANY_EXPORTED:
            yield row, many


def _broad(rows: Iterable[FileAccess]) -> Iterator[tuple[FileAccess, int]]:
    """For each person the first row at which it was too many."""
    by_person: dict[str, list[FileAccess]] = defaultdict(list)
    for row in rows:
        if row.kind in OPENED:
            by_person[row.user_id].append(row)
    for opened in by_person.values():
        if (row := _too_many(opened)) is not None:
            yield row, MANY_OPENED


def _too_many(opened: Iterable[FileAccess]) -> FileAccess | None:
    inside: deque[FileAccess] = deque()
    for row in opened:
        inside.append(row)
        while row.at - inside[0].at > WINDOW:
            inside.popleft()
        if len({pk for each in inside for pk in each.student_ids.split()}) >= MANY_OPENED:
            return row
    return None


def _tell(kind: str, row: FileAccess, students: int) -> bool:
    known = {"school_id": row.school_id, "about_id": row.user_id, "kind": kind, "students": students, "at": row.at}
    return ReadingNotice.objects.get_or_create(row=row.pk, defaults=known)[1]


def mark_seen(*, by: User, notice: ReadingNotice, now: datetime) -> None:
    """Somebody has looked into it. The first who says so stays."""
    ReadingNotice.objects.unseen().filter(pk=notice.pk).update(seen_by=by, seen_at=now)
