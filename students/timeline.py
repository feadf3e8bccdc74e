"""A student's notes as this reader may see them, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from accounts.templatetags.yidang import icon_for, names
from students import mentions
from students.access import Standing
from students.levels import Level
from students.models import Observation, Term
from students.words import day_word

PAGE = 20


@dataclass(frozen=True)
class Entry:
    """What components/_entry.html shows. `locked`, `closed`: see there."""

    icon: str
    kind: str = ""
    tags: list[str] = field(default_factory=list)
    when: str = ""
    words: str = ""
    by: str | SafeString = ""
    href: str = ""
    locked: str = ""
    closed: str = ""


@dataclass(frozen=True)
class Timeline:
    entries: list[Entry]
    level: int  # the highest among the entries
    has_more: bool


def notes_of(standing: Standing, user: User, *, now: datetime) -> QuerySet:
    return Observation.objects.visible_to(user, now=now, of=standing)


def narrowed(notes: QuerySet, *, kind: str = "", domain: str = "", term: Term | None = None) -> QuerySet:
    if kind:
        notes = notes.filter(kind=kind)
    if domain:
        # As text: SQLite can't ask a JSON list what it contains.
        notes = notes.annotate(domains_text=Cast("domains", TextField())).filter(domains_text__contains=f'"{domain}"')
    return notes.in_term(term) if term is not None else notes


def counts(notes: QuerySet) -> dict[str, int]:
    """How many notes by how many people. One statement."""
    return notes.order_by().aggregate(notes=Count("pk"), authors=Count("author", distinct=True))


def read_page(notes: QuerySet, user: User, page: int, *, now: datetime) -> Timeline:
    """Page `page`, from 1. Three statements for any number of notes."""
    first = (page - 1) * PAGE
    rows = list(notes.newest_first().select_related("author")[first : first + PAGE + 1])
    today = timezone.localdate(now)
    shown = mentions.for_reader(rows[:PAGE], user, now=now)
    level = max((note.level for note in shown), default=int(Level.DAILY))
    return Timeline([entry_of(note, today) for note in shown], level, len(rows) > PAGE)


def entry_of(note: Observation, today: date) -> Entry:
    """`note` as mentions.for_reader gives it."""
    tags = list(map(str, note.domain_names))
    if note.tone != Observation.Tone.PLAIN:
        tags.append(str(note.get_tone_display()))
    return Entry(
        icon=icon_for(note.kind),
        kind=str(note.get_kind_display()),
        tags=tags,
        when=_when(note, today),
        words=note.shown["facts"],
        by=_by(note, today),
        href=note.get_absolute_url(),
        locked=_locked(note.level),
    )


def _when(note: Observation, today: date) -> str:
    day = day_word(note.happened_on, today)
    return f"{day} {note.happened_at_time:%H:%M}" if note.happened_at_time else day


def _locked(level: int) -> str:
    if level == Level.CONFIDENTIAL:
        return _("Confidential: counsellors in charge only")
    return _("Sensitive: head teacher, grade leader and moral-education office") if level == Level.SENSITIVE else ""


def _by(note: Observation, today: date) -> SafeString:
    parts: list = [note.author.display_name]
    if note.others:
        parts.append(format_html(_("also filed under {}"), names(note.others)))
    if note.more:
        parts.append(_("also about another student"))
    if note.follow_up_on and note.followed_at is None:
        parts.append(_("follow up: %(day)s") % {"day": day_word(note.follow_up_on, today)})
    return format_html_join(pgettext("between facts", ", "), "{}", ((part,) for part in parts))


def counselling_entry() -> Entry:
    """The one line of level 4: no link, no count, no date."""
    return Entry(icon="shield-lock", closed=_("Counselling: under way (details for the counselling room only)"))


def teachers_word(total: dict[str, int]) -> str:
    """23 条，6 位老师"""
    return _("%(notes)d notes, %(authors)d people") % total


def term_of(terms: Iterable[Term], code: str) -> Term | None:
    return next((term for term in terms if term.code == code), None)
