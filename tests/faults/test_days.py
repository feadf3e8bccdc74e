"""T48: a day on which something is due is a day, whatever the hour: before and after midnight, on leap days, in every process."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from reports.waiting import waiting_for
from students.models import Observation, SchoolCalendar
from tests.factories import ObservationFactory

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = [date(2026, 11, 30), date(2026, 12, 31), date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)]


def at(day: date, hour: int, minute: int) -> datetime:
    """As the server stores it."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(ZoneInfo("UTC"))


def due(cast, now: datetime) -> list:
    """Of today's list: Zhou's own promises."""
    found = waiting_for(cast.zhou, SchoolCalendar.of(cast.zhou.school_id), now=now).due
    return [
        item for item in found if item.href.startswith("/notes/")
    ]  # files to look through wait as well, years later


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_follow_up_is_due_from_midnight_to_midnight(cast, day):
    """Half past eleven in the evening is the same day in Shanghai, and half past midnight the day before in UTC."""
    ObservationFactory(student=cast.an, author=cast.zhou, follow_up_on=day)
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    assert due(cast, at(before, 23, 30)) == []
    for hour, minute in ((0, 0), (0, 30), (7, 59), (8, 0), (23, 30), (23, 59)):
        (item,) = due(cast, at(day, hour, minute))
        assert (item.when, item.late) == ("今天", False)
    (item,) = due(cast, at(after, 0, 30))
    assert item.late


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_day_stands_in_the_database_as_a_day(cast, day):
    note = ObservationFactory(student=cast.an, author=cast.zhou, follow_up_on=day)
    with connection.cursor() as cursor:
        table = Observation._meta.db_table
        cursor.execute(f"SELECT CAST(follow_up_on AS varchar(40)) FROM {table}")
        assert cursor.fetchone()[0] == day.isoformat()
    for zone in ("UTC", "Asia/Shanghai", "America/Los_Angeles"):
        with timezone.override(ZoneInfo(zone)):
            assert Observation.objects.get(pk=note.pk).follow_up_on == day
            assert Observation.objects.filter(follow_up_on=day).exists()


def test_the_scheduler_and_the_pages_keep_the_same_hours():
    """No hour comes twice or is left out: this zone has not changed its clocks since 1991."""
    assert settings.TIME_ZONE == settings.CELERY_TIMEZONE == "Asia/Shanghai"
    offsets = {datetime(2026, 1, 1, tzinfo=SHANGHAI) + timedelta(days=n) for n in range(3 * 366)}
    assert {moment.utcoffset() for moment in offsets} == {timedelta(hours=8)}
