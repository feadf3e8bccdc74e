"""Days, reasons and places as a teacher would say them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Role
from students.access import Why
from students.models import AccessGrant, Boarding, Sex, Student

# What somebody *is*; every other reason is something that happens to a student: a support team, a conference.
DUTIES = {
    AccessGrant.Reason.HEAD_TEACHER,
    AccessGrant.Reason.DEPUTY,
    AccessGrant.Reason.SUBJECT_TEACHER,
    AccessGrant.Reason.GRADE_LEADER,
    *Role,
}


def day_word(day: date, today: date) -> str:
    """今天, 10月29日, 2025年6月3日 for another calendar year."""
    if day == today:
        return pgettext("day", "today")
    parts = {"year": day.year, "month": day.month, "day": day.day}
    if day.year == today.year:
        return pgettext("day without year", "%(day)d/%(month)d") % parts
    return pgettext("day with year", "%(day)d/%(month)d/%(year)d") % parts


def moment_word(moment: datetime, today: date) -> str:
    local = timezone.localtime(moment)
    return f"{day_word(local.date(), today)} {local:%H:%M}"


def age_word(student: Student, today: date) -> str:
    """8 岁 3 个月; nothing where the birthday is unknown or lies in the future."""
    age = student.age_on(today)
    if age is None or age[0] < 0:
        return ""
    return _("%(years)d years %(months)d months") % {"years": age[0], "months": age[1]}


def seat_word(student: Student, today: date) -> str:
    """三年级(2)班 32 号; of somebody who left, the state and since when. Needs `place`."""
    place = getattr(student, "place", None)
    if place is None:
        gone = student.get_status_display()
        return f"{gone} {day_word(student.left_on, today)}" if student.left_on else str(gone)
    name = place.class_group.name_on(today)
    if not place.seat_no:
        return name
    return _("%(class)s, seat %(seat)d") % {"class": name, "seat": place.seat_no}


def header_line(student: Student, today: date) -> str:
    """男，8 岁 3 个月，三年级(2)班 32 号，住校"""
    facts = (_sex_word(student), age_word(student, today), seat_word(student, today), _boarding_word(student))
    return _facts(*facts)


def list_line(student: Student, today: date) -> str:
    """三年级(2)班 32 号，男，住校"""
    return _facts(seat_word(student, today), _sex_word(student), _boarding_word(student))


def _sex_word(student: Student) -> str:
    return str(Sex(student.sex).label) if student.sex in "12" else ""


def _boarding_word(student: Student) -> str:
    return str(Boarding.BOARDER.label) if student.boarding_type == Boarding.BOARDER else ""


def _facts(*facts: str) -> str:
    return pgettext("between facts", ", ").join(filter(None, facts))


def first_day(moment: datetime | date | None) -> date | None:
    return timezone.localdate(moment) if isinstance(moment, datetime) else moment


def last_day(moment: datetime | date | None) -> date | None:
    """Grants end at the midnight after their last day."""
    return timezone.localdate(moment - timedelta(microseconds=1)) if isinstance(moment, datetime) else moment


def span_word(why: Why, today: date) -> str:
    """自 9月1日起，到 12月31日"""
    words = []
    if (since := first_day(why.since)) is not None:
        words.append(_("since %(day)s") % {"day": day_word(since, today)})
    if (until := last_day(why.until)) is not None:
        words.append(_("until %(day)s") % {"day": day_word(until, today)})
    return pgettext("between facts", ", ").join(words)


def why_word(why: Why, today: date) -> str:
    """你是班主任，自 9月1日起"""
    form = _("you are: %(reason)s") if why.code in DUTIES else _("because of: %(reason)s")
    return pgettext("between facts", ", ").join(filter(None, [form % {"reason": why.reason}, span_word(why, today)]))


def whys_in_words(whys: Iterable[Why], today: date) -> list[str]:
    """One sentence for each reason; the same office held twice is said once."""
    return list(dict.fromkeys(why_word(why, today) for why in whys))
