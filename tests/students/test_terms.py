"""Terms and the calendar: what the system administrator sets, and what is counted from it."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.versions import StaleVersion
from students.actions import calendar
from students.models import CalendarDay, SchoolCalendar, Term, school_year_of
from tests.factories import SchoolFactory, TermFactory

pytestmark = pytest.mark.django_db
TERMS, ADD, CALENDAR = (f"students:{name}" for name in ("terms", "term_add", "calendar"))


# --- actions ----------------------------------------------------------------------------------------------------------


def test_a_school_year_gets_both_terms_once(now):
    school = SchoolFactory()
    first = calendar.create_terms(by=None, school=school, school_year=2026, now=now)
    assert [(term.number, term.starts_on, term.week1_monday) for term in first] == [
        (1, date(2026, 9, 1), date(2026, 8, 31)),
        (2, date(2027, 2, 22), date(2027, 2, 22)),
    ]
    assert calendar.create_terms(by=None, school=school, school_year=2026, now=now) == first
    assert Term.history.count() == 2


@pytest.mark.parametrize("year", range(2020, 2034))
def test_week_one_begins_on_a_monday_within_reach_of_the_first_day(year):
    for number in (1, 2):
        days = calendar.usual_days(year, number)
        assert days["week1_monday"].weekday() == 0
        assert abs((days["week1_monday"] - days["starts_on"]).days) < 7
        assert days["ends_on"].weekday() == 4


def test_holidays_and_make_up_days_are_known_and_own_days_stay(cast):
    school = SchoolFactory()
    CalendarDay.objects.create(school=school, day=date(2026, 10, 1), is_school_day=True, name="运动会")
    unknown = calendar.seed_calendar(by=cast.wang, school=school, years=[2025, 2026])
    days = dict(CalendarDay.objects.filter(school=school).values_list("day", "is_school_day"))
    assert unknown == [2027]
    assert (days[date(2026, 10, 2)], days[date(2026, 10, 10)]) == (False, True)
    assert CalendarDay.objects.get(school=school, day=date(2026, 10, 1)).name == "运动会"
    assert date(2026, 10, 3) not in days  # a Saturday within the holidays is free anyway
    assert calendar.seed_calendar(by=None, school=school, years=[2025, 2026]) == [2027]
    assert CalendarDay.objects.filter(school=school).count() == len(days)


def test_unknown_holidays_are_said_in_words():
    assert "2027" in calendar.unknown_years_note([2027])
    assert calendar.unknown_years_note([]) == ""


def test_terms_do_not_overlap(now, cast):
    term = Term(
        school=cast.school,
        school_year=2050,
        number=1,
        starts_on=date(2050, 9, 1),
        ends_on=date(2051, 1, 20),
        week1_monday=date(2050, 8, 29),
    )
    calendar.save_term(by=cast.wang, term=term, version=None)
    other = Term(
        school=cast.school,
        school_year=2050,
        number=2,
        starts_on=date(2051, 1, 20),
        ends_on=date(2051, 7, 1),
        week1_monday=date(2051, 1, 16),
    )
    with pytest.raises(ValidationError):
        calendar.save_term(by=cast.wang, term=other, version=None)
    term.ends_on = date(2051, 1, 19)
    calendar.save_term(by=cast.wang, term=term, version=1)
    with pytest.raises(StaleVersion):
        calendar.save_term(by=cast.wang, term=term, version=1)


def test_a_day_is_set_changed_and_removed(cast):
    day = date(2050, 10, 8)
    fields = {"by": cast.wang, "school": cast.school, "day": day}
    calendar.set_day(**fields, is_school_day=False, name="秋游")
    row = calendar.set_day(**fields, is_school_day=True, name="补课")
    assert CalendarDay.objects.get(school=cast.school, day=day).name == "补课"
    calendar.remove_day(by=cast.wang, day=row)
    assert not CalendarDay.objects.filter(school=cast.school, day=day).exists()


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def wang(cast, sign_in):
    return sign_in(cast.wang)


def typed(term, **changes):
    fields = {name: getattr(term, name).isoformat() for name in ("starts_on", "ends_on", "week1_monday")}
    return {**fields, "version": term.version, **changes}


def test_the_terms_stand_under_their_school_year(cast, wang):
    page = wang.get(reverse(TERMS)).content.decode()
    year = school_year_of(Term.objects.filter(school=cast.school).first().starts_on)
    assert f"{year}—{year + 1}" in page
    assert "秋季学期" in page


def test_a_term_is_changed(cast, wang):
    term = Term.objects.get(school=cast.school, number=1)
    answer = wang.post(reverse("students:term", args=[term.pk]), typed(term, ends_on=f"{term.school_year + 1}-01-15"))
    assert answer.url == reverse(TERMS)
    term.refresh_from_db()
    assert term.ends_on == date(term.school_year + 1, 1, 15)
    assert term.history.first().history_user == cast.wang


def test_a_stale_term_answers_409_with_both_texts(cast, wang):
    term = Term.objects.get(school=cast.school, number=1)
    form = typed(term, ends_on=f"{term.school_year + 1}-01-15")
    term.ends_on = date(term.school_year + 1, 1, 20)
    calendar.save_term(by=cast.wang, term=term, version=1)
    answer = wang.post(reverse("students:term", args=[term.pk]), form)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert f"{term.school_year + 1}-01-20" in page
    assert f'value="{term.school_year + 1}-01-15"' in page


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("week1_monday", "2026-09-01", "星期一"),
        ("ends_on", "2020-01-01", "结束"),
        ("starts_on", "yesterday", "日期"),
        ("ends_on", "2099-01-01", "重叠"),
    ],
)
def test_wrong_days_come_back_with_what_was_typed(cast, wang, field, value, says):
    term = Term.objects.get(school=cast.school, number=1)
    if says == "重叠":
        value = f"{term.school_year + 1}-02-15"
    answer = wang.post(reverse("students:term", args=[term.pk]), typed(term, **{field: value}))
    assert answer.status_code == 422
    assert value in answer.content.decode()
    assert says in answer.content.decode()


def test_the_next_term_is_offered_and_added(cast, wang):
    Term.objects.filter(school=cast.school, number=2).delete()
    form = wang.get(reverse(ADD)).context["form"]
    data = {name: str(value) for name, value in form.initial.items()} | {"number": "2"}
    assert wang.post(reverse(ADD), data).url == reverse(TERMS)
    assert Term.objects.filter(school=cast.school, number=2).exists()
    assert wang.post(reverse(ADD), data).status_code == 422
    assert wang.post(reverse(ADD), {**data, "school_year": "26"}).status_code == 422


def test_holidays_are_added_for_their_school_days_and_removed(cast, wang, today):
    year = school_year_of(today)
    url = f"{reverse(CALENDAR)}?year={year}"
    days = {"day": f"{year}-11-05", "until": f"{year}-11-11", "is_school_day": "0", "name": "秋假"}
    assert wang.post(url, days).url == url
    rows = CalendarDay.objects.filter(school=cast.school, name="秋假")
    assert rows.count() == 5
    assert not SchoolCalendar.of(cast.school.pk).is_school_day(rows.first().day)
    assert "秋假" in wang.get(url).content.decode()
    wang.post(reverse("students:calendar_remove", args=[rows.first().pk]), {"version": 1})
    assert rows.count() == 4


def test_a_day_that_somebody_else_set_meanwhile_is_not_overwritten(cast, wang, today):
    year = school_year_of(today)
    url = f"{reverse(CALENDAR)}?year={year}"
    seen = wang.get(url).context["seen"]
    day = {"day": f"{year}-11-05", "is_school_day": "0"}
    assert wang.post(url, {**day, "name": "校庆", "seen": seen}).status_code == 302
    assert wang.post(url, {**day, "name": "校庆", "seen": seen}).status_code == 302  # the same once more
    answer = wang.post(url, {**day, "name": "运动会", "seen": seen})
    assert (
        answer.status_code == 409 and "校庆" in answer.content.decode() and 'value="运动会"' in answer.content.decode()
    )
    assert wang.post(url, {**day, "name": "运动会", "seen": answer.context["seen"]}).status_code == 302
    row = CalendarDay.objects.get(school=cast.school, day=day["day"])
    assert (row.name, row.version, row.history.count()) == ("运动会", 2, 2)
    conflict = wang.post(reverse("students:calendar_remove", args=[row.pk]), {"version": 1})
    assert conflict.status_code == 409
    assert f'action="{url}"' in conflict.content.decode()  # what is typed on that page is added, not removed
    assert CalendarDay.objects.filter(pk=row.pk).exists()


def test_a_wrong_day_hides_nothing_that_was_set_meanwhile(cast, wang, today):
    year = school_year_of(today)
    url = f"{reverse(CALENDAR)}?year={year}"
    seen = wang.get(url).context["seen"]
    wang.post(url, {"day": f"{year}-11-05", "is_school_day": "0", "name": "校庆", "seen": seen})
    mine = {"day": f"{year}-11-05", "is_school_day": "0", "name": ""}
    refused = wang.post(url, {**mine, "seen": seen})
    assert refused.status_code == 422
    assert wang.post(url, {**mine, "name": "运动会", "seen": refused.context["seen"]}).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [{"day": "2001-01-01"}, {"until": "2001-01-01"}, {"name": ""}, {"day": ""}, {"is_school_day": "x"}],
)
def test_a_wrong_day_comes_back(cast, wang, today, wrong):
    year = school_year_of(today)
    days = {"day": f"{year}-11-05", "until": "", "is_school_day": "0", "name": "停课", **wrong}
    answer = wang.post(f"{reverse(CALENDAR)}?year={year}", days)
    assert answer.status_code == 422
    assert not CalendarDay.objects.filter(school=cast.school).exists()


def test_public_holidays_are_fetched_and_the_unknown_is_told(cast, wang):
    answer = wang.post(f"{reverse('students:calendar_seed')}?year=2025", follow=True)
    assert "国庆节" in answer.content.decode()
    answer = wang.post(f"{reverse('students:calendar_seed')}?year=2040", follow=True)
    assert "2040" in answer.content.decode()
    assert "还没有公布" in answer.content.decode()


@pytest.mark.parametrize("year", ["x", "1999", "99999", "２０２６"])
def test_what_is_no_year_is_not_found(wang, year):
    assert wang.get(reverse(CALENDAR), {"year": year}).status_code == 404


def test_another_schools_terms_and_days_are_not_found(cast, wang):
    term = Term.objects.filter(school=cast.elsewhere).first()
    day = CalendarDay.objects.create(school=cast.elsewhere, day=date(2026, 10, 8), is_school_day=False)
    assert wang.get(reverse("students:term", args=[term.pk])).status_code == 404
    assert wang.post(reverse("students:calendar_remove", args=[day.pk])).status_code == 404


@pytest.mark.parametrize("who", ["jiao", "ruan", "xiao", "zhou", "shen", "luo"])
@pytest.mark.parametrize("name", [TERMS, ADD, CALENDAR, "students:classes_admin"])
def test_nobody_but_the_system_administrator_finds_these_pages(cast, sign_in, who, name):
    assert sign_in(cast.people[who]).get(reverse(name)).status_code == 404


@pytest.mark.parametrize("name", ["students:calendar_seed"])
def test_what_writes_is_not_asked_by_get(wang, name):
    assert wang.get(reverse(name)).status_code == 405


def test_the_terms_page_asks_the_same_number_of_questions_for_one_and_three_years(
    cast, wang, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        wang.get(reverse(TERMS))
    for year in (2031, 2032):
        TermFactory(school=cast.school, school_year=year)
    with django_assert_max_num_queries(12):
        wang.get(reverse(TERMS))
