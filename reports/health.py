"""What the running system needs, each asked for in earnest: one line each, with a sentence that says what to do.

The lines show nothing about anybody. `manage.py health` prints them, the administrator's page shows them.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from celery import Celery, current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from kombu.exceptions import OperationalError

from accounts import encryption
from accounts.backup.files import folder_is_lost
from accounts.backup.state import backup_state
from accounts.management.commands.rotate_field_keys import encrypted_fields
from reports import checks
from reports.models import Heartbeat, ReportJob
from students import append_only
from students.models import RosterImport
from students.models.jobs import MAX_ATTEMPTS

PATIENCE = 3  # seconds, for what should answer at once
PARKED_FOR = timedelta(days=7)
MOST_PARKED = 5  # of each kind


@dataclass(frozen=True)
class Line:
    """`name` is for programs; `text` says what was found, and for a red line what to do."""

    name: str
    title: str | Promise
    ok: bool
    text: str


class Look:
    """One look at everything: its moment, and what two lines share."""

    def __init__(self, now: datetime):
        self.now = now

    @cached_property
    def hearts(self) -> list[Heartbeat]:
        return list(Heartbeat.objects.order_by("-at"))


def lines(now: datetime) -> list[Line]:
    look = Look(now)
    return [_line(name, title, check, look) for name, title, check in CHECKS]


def _line(name: str, title: Promise, check: Callable, look: Look) -> Line:
    try:
        ok, text = check(look)
    except DatabaseError:
        ok, text = False, _("Cannot be told: the database does not answer. See to that first.")
    return Line(name, title, ok, text)


def database(look: Look) -> tuple[bool, str]:
    """Asked for the signs of life, which two other lines need as well."""
    begin = time.perf_counter()
    try:
        len(look.hearts)
    except DatabaseError:
        return False, _("Does not answer. Start it, or look at its log and at DATABASE_URL.")
    took = (time.perf_counter() - begin) * 1000
    return True, _("%(name)s answers in %(ms).0f ms") % {"name": connection.display_name, "ms": took}


def broker(look: Look) -> tuple[bool, str]:
    if broker_answers(current_app):
        return True, _("Takes tasks")
    return False, _(
        "Does not answer: documents and imports wait. Start Redis, or look at CELERY_BROKER_URL. Nothing is lost."
    )


def broker_answers(app: Celery) -> bool:
    """Connects and counts what waits, within a few seconds."""
    limits = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    with app.connection_for_write(transport_options=limits) as link:
        try:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
            link.default_channel.queue_declare(app.conf.task_default_queue)
        except (*link.connection_errors, *link.channel_errors, OSError, OperationalError):
            return False
    return True


def worker(look: Look) -> tuple[bool, str]:
    alive, since = _signs(look, Heartbeat.Kind.WORKER)
    if alive:
        return True, _("%(n)d at work") % {"n": alive}
    return False, _("No sign of life %(since)s. Start it again: docker compose restart worker") % {"since": since}


def scheduler(look: Look) -> tuple[bool, str]:
    alive, since = _signs(look, Heartbeat.Kind.BEAT)
    if alive:
        return True, _("At work")
    return False, _("No sign of life %(since)s. Start it again: docker compose restart beat") % {"since": since}


def _signs(look: Look, kind: str) -> tuple[int, str]:
    """How many processes of the kind are alive, and since when nothing was heard, in words."""
    hearts = [each for each in look.hearts if each.kind == kind]
    alive = sum(not each.is_silent(look.now) for each in hearts)
    if not hearts:
        return alive, pgettext("no sign of life", "yet")
    return alive, _("since %(time)s") % {"time": f"{timezone.localtime(hearts[0].at):%m-%d %H:%M}"}


def disk(look: Look) -> tuple[bool, str]:
    """Of the private files, and of SQLite's: PostgreSQL may stand on another host. Before the first file there is no folder."""
    if folder_is_lost():
        return False, _(
            "The folder of the private files is gone or empty. See whether its disk is mounted, PRIVATE_ROOT."
        )
    folder = next(path for path in [Path(settings.PRIVATE_ROOT), *Path(settings.PRIVATE_ROOT).parents] if path.is_dir())
    free = shutil.disk_usage(folder).free // 2**20
    told = {"free": f"{free / 1024:.1f}", "least": f"{settings.LEAST_FREE_MB / 1024:.1f}"}
    if free < settings.LEAST_FREE_MB:
        return False, _(
            "Only %(free)s GB free, %(least)s are needed. Make room before photos and documents fail."
        ) % told
    return True, _("%(free)s GB free") % told


def fonts(look: Look) -> tuple[bool, str]:
    if missing := checks.missing_fonts(PATIENCE):
        told = {"names": _listed(missing), "command": "apt-get install fonts-noto-cjk fonts-lxgw-wenkai"}
        return False, _("Missing: %(names)s. Documents would show boxes. Install them: %(command)s") % told
    return True, _("%(n)d found") % {"n": len(checks.FONTS)}


def _listed(names: list[str]) -> str:
    return pgettext("between names", ", ").join(names)


def subsetting(look: Look) -> tuple[bool, str]:
    if checks.can_subset():
        return True, _("Found")
    return False, _("Missing: each document takes about 10 s longer. Install it: apt-get install libharfbuzz-subset0")


def triggers(look: Look) -> tuple[bool, str]:
    if append_only.check_triggers(None, [DEFAULT_DB_ALIAS]):
        return False, _(
            "The read log can be changed. Run `manage.py migrate` as the tables' owner, and tell the auditor."
        )
    return True, _("Nobody can change the read log")


def keys(look: Look) -> tuple[bool, str]:
    """Do today's keys open what is stored? One value of each column, newest key or old."""
    wrong = _(
        "What is stored cannot be read with these keys. Stop, and put the saved FIELD_KEYS back before anybody writes."
    )
    try:
        encryption.check_settings()
        for label, token in _stored():
            encryption.decrypt(label, token)
    except (ImproperlyConfigured, encryption.WrongKey):
        return False, wrong
    return True, _("Open what is stored")


def _stored() -> list[tuple[str, str]]:
    """(label, token) of one row of each encrypted column, in one statement."""
    quote, parts, labels = connection.ops.quote_name, [], []
    for field in encrypted_fields():
        table, column = quote(field.model._meta.db_table), quote(field.column)
        parts.append(f"SELECT * FROM (SELECT %s, {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1) AS one")  # noqa: S608
        labels.append(field.label)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), labels)
        return cursor.fetchall()


def parked(look: Look) -> tuple[bool, str]:
    """What was given up after several attempts. A red line goes by itself after a week: the row stays, and so does the log."""
    since = look.now - PARKED_FOR
    kinds = ((_("Document"), ReportJob), (_("Import"), RosterImport))
    found = [f"{kind} {job.pk}" for kind, model in kinds for job in model.objects.parked(since=since)[:MOST_PARKED]]
    if found:
        told = {"n": MAX_ATTEMPTS, "jobs": _listed(found)}
        return False, _("Given up after %(n)d attempts: %(jobs)s. The worker's log says at which step.") % told
    return True, _("Nothing was given up in the last 7 days")


def backups(look: Look) -> tuple[bool, str]:
    """A new installation has until its first night."""
    state = backup_state(look.now)
    told = {"time": f"{timezone.localtime(state.verified.verified_at):%m-%d %H:%M}" if state.verified else "–"}
    if state.late and not state.runs and not state.is_new:
        return False, _("None has been made yet. Make one by hand; the handbook says how.")
    if state.failed or (state.late and state.runs):
        return False, _("The newest good one is of %(time)s. Make one by hand; the handbook says how.") % told
    return True, _("The newest good one is of %(time)s") % told if state.verified else _("The first is made tonight")


CHECKS: list[tuple[str, Promise, Callable[[Look], tuple[bool, str]]]] = [
    ("database", gettext_lazy("Database"), database),
    ("broker", gettext_lazy("Message broker"), broker),
    ("worker", gettext_lazy("Work in the background"), worker),
    ("scheduler", gettext_lazy("Scheduler"), scheduler),
    ("disk", gettext_lazy("Disk"), disk),
    ("fonts", gettext_lazy("Fonts"), fonts),
    ("subsetting", gettext_lazy("Font subsetting (libharfbuzz-subset)"), subsetting),
    ("triggers", gettext_lazy("Read log"), triggers),
    ("keys", gettext_lazy("Encryption keys"), keys),
    ("backups", gettext_lazy("Backups"), backups),
    ("parked", gettext_lazy("Given up"), parked),
]
