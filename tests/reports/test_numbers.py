"""The printed figures equal what this file counts itself, row by row, from what it planted."""

import io
import random
import uuid
from datetime import timedelta

import pypdf
import pytest
from django.utils import timezone

from reports import collect, making
from students.models import Enrolment, Observation, Term
from tests.factories import ObservationFactory, StudentFactory, TermFactory, seat

pytestmark = pytest.mark.django_db
Kind, Tone, Domain = Observation.Kind, Observation.Tone, Observation.Domain


@pytest.fixture
def term(cast, today):
    return Term.objects.filter(school=cast.school).latest_begun(today)


@pytest.fixture
def last_term(cast, term):
    return TermFactory(
        school=cast.school,
        school_year=2019,
        number=2,
        starts_on=term.starts_on - timedelta(days=150),
        ends_on=term.starts_on - timedelta(days=1),
        week1_monday=term.starts_on - timedelta(days=150),
    )


@pytest.fixture
def planted(cast, term, last_term, today):
    """Notes of all kinds about a class of twelve, and many that must not count. Returns (class's students, incidents)."""
    dice = random.Random(7)
    pupils = [cast.an, cast.bei]
    pupils += [
        seat(StudentFactory(school=cast.school, name=f"叶{number}舟", sex=str(1 + number % 2)), cast.own_class, number)
        for number in range(3, 13)
    ]
    days = max((today - term.starts_on).days, 1)
    incidents = []
    for number in range(60):
        now_or_then = term.starts_on + timedelta(days=dice.randrange(days)) if number % 3 else None
        day = now_or_then or last_term.starts_on + timedelta(days=dice.randrange(140))
        about = dice.sample(pupils[:9], dice.choice([1, 1, 1, 2, 3]))
        fields = {
            "kind": dice.choice(list(Kind)),
            "tone": dice.choice(list(Tone)),
            "domains": dice.sample([each.value for each in Domain if each != Domain.HEALTH], dice.choice([0, 1, 2])),
            "happened_on": day,
            "level": dice.choice([2, 2, 2, 3]),
        }
        incidents.append((fields, about))
        _note(cast, fields, about)
    plain = {"happened_on": today, "kind": Kind.TALK, "domains": ["health"], "level": 2}
    _note(cast, plain, [cast.ding])  # another class
    _note(cast, {**plain, "level": 4}, [cast.an])  # confidential
    _note(cast, {**plain, "voided_at": timezone.now(), "voided_by": cast.zhou}, [cast.an])
    _note(cast, plain, [cast.gone])  # no longer in the class
    _note(cast, {**plain, "happened_on": last_term.starts_on - timedelta(days=1)}, [cast.an])
    return pupils, incidents


def _note(cast, fields, about):
    incident = uuid.uuid4()
    for student in about:
        ObservationFactory(student=student, author=cast.guo, incident=incident, facts="在课上。", **fields)


def counted(incidents, days, wanted=lambda fields: True):
    """(notes, person-times) of the planted incidents on these days."""
    hits = [about for fields, about in incidents if days(fields["happened_on"]) and wanted(fields)]
    return len(hits), sum(map(len, hits))


def figures_for(cast, user, term, own_copy=True):
    now = timezone.now()
    material = collect.collect(by=user, class_group=cast.own_class, term=term, now=now)
    return collect.count(material, by=user, own_copy=own_copy, now=now)


def test_counts_by_kind_and_domain_this_term_and_last(cast, term, last_term, planted):
    _pupils, incidents = planted
    figures = figures_for(cast, cast.zhou, term)
    now, then = (lambda day: day >= term.starts_on), (lambda day: last_term.starts_on <= day <= last_term.ends_on)
    assert (figures.entries, figures.mentions) == counted(incidents, now)
    assert (figures.entries_before, figures.mentions_before) == counted(incidents, then)
    for row, kind in zip(figures.kinds, Kind, strict=True):
        assert (row.entries, row.mentions) == counted(incidents, now, lambda f, kind=kind: f["kind"] == kind)
        assert (row.entries_before, row.mentions_before) == counted(incidents, then, lambda f, k=kind: f["kind"] == k)
    for row, domain in zip(figures.domains, Domain, strict=True):
        assert (row.entries, row.mentions) == counted(incidents, now, lambda f, d=domain: d in f["domains"])
        assert row.entries_before == counted(incidents, then, lambda f, d=domain: d in f["domains"])[0]
    observed = counted(incidents, now, lambda f: f["kind"] == "observation")[0]
    for share, tone in zip(figures.tones, Tone, strict=True):
        number = counted(incidents, now, lambda f, t=tone: f["kind"] == "observation" and f["tone"] == t)[0]
        assert (share.entries, share.percent) == (number, round(100 * number / observed, 1))


def test_reach_counts_each_student_once(cast, term, planted):
    pupils, incidents = planted
    figures = figures_for(cast, cast.zhou, term)

    def students(*kinds):
        rows = [(f, about) for f, about in incidents if f["happened_on"] >= term.starts_on and f["kind"] in kinds]
        return len({student.pk for _f, about in rows for student in about})

    assert (figures.noticed.students, figures.noticed.of) == (students(*Kind), 12)
    assert figures.talked.students == students(Kind.TALK)
    assert figures.praised.students == students(Kind.RECOGNITION)
    assert (figures.size, figures.boys, figures.girls) == (12, 7, 5)
    assert len(pupils) == 12


def test_every_student_stands_in_the_table_by_seat(cast, term, planted):
    pupils, incidents = planted
    figures = figures_for(cast, cast.zhou, term)
    assert [(seat.seat_no, seat.name) for seat in figures.seats] == [(n, p.name) for n, p in enumerate(pupils, 1)]
    for row, pupil in zip(figures.seats, pupils, strict=True):
        own = [f for f, about in incidents if pupil in about and f["happened_on"] >= term.starts_on]
        assert row.observations == sum(f["kind"] == Kind.OBSERVATION for f in own)
        assert row.talks == sum(f["kind"] == Kind.TALK for f in own)
        assert row.last_week == (max(term.week_of(f["happened_on"]) for f in own) if own else None)


def test_weeks_add_up(cast, term, planted, today):
    _pupils, incidents = planted
    weeks = figures_for(cast, cast.zhou, term).weeks
    now = lambda day: day >= term.starts_on  # noqa: E731
    assert sum(week.notes or 0 for week in weeks) == counted(incidents, now, lambda f: f["kind"] == "observation")[0]
    assert sum(week.talks or 0 for week in weeks) == counted(incidents, now, lambda f: f["kind"] == "talk")[1]
    assert len(weeks) == term.week_of(term.ends_on)
    assert all(week.notes is None for week in weeks if week.number > term.week_of(today))


def test_the_copy_of_the_office_has_the_same_figures_and_no_names(cast, term, planted):
    own, other = figures_for(cast, cast.zhou, term), figures_for(cast, cast.ruan, term, own_copy=False)
    assert (other.seats, other.silent_names) == ((), ())
    for name in ("size", "entries", "mentions", "entries_before", "kinds", "domains", "tones", "weeks", "silent"):
        assert getattr(own, name) == getattr(other, name), name


def test_who_has_no_note_for_four_weeks_is_silent(cast, term, today):
    ObservationFactory(student=cast.an, author=cast.zhou, happened_on=today)
    figures = figures_for(cast, cast.zhou, term)
    assert (figures.silent, figures.silent_names) == (1, (cast.bei.name,))


def test_a_note_of_the_next_day_does_not_count_yet(cast, term, today):
    ObservationFactory(student=cast.an, author=cast.zhou, happened_on=today + timedelta(days=1))
    assert figures_for(cast, cast.zhou, term).entries == 0


def test_without_a_last_term_there_is_nothing_to_compare(cast, term, today):
    ObservationFactory(student=cast.an, author=cast.zhou, happened_on=today)
    figures = figures_for(cast, cast.zhou, term)
    assert figures.entries_before is None
    assert {row.entries_before for row in (*figures.kinds, *figures.domains)} == {None}


def test_a_student_who_moved_in_brings_the_notes_along(cast, term, today):
    ObservationFactory(student=cast.ding, author=cast.lin, happened_on=term.starts_on)
    Enrolment.objects.filter(student=cast.ding).delete()
    seat(cast.ding, cast.own_class, 9, on=today)
    assert figures_for(cast, cast.zhou, term).entries == 1


def test_collecting_asks_the_same_number_of_questions_for_any_number_of_rows(
    cast, term, today, django_assert_num_queries
):
    def questions():
        cast.zhou.forget_roles()
        with django_assert_num_queries(6):
            collect.collect(by=cast.zhou, class_group=cast.own_class, term=term, now=timezone.now())

    ObservationFactory(student=cast.an, author=cast.zhou)
    questions()
    for student in (cast.an, cast.bei, seat(StudentFactory(school=cast.school), cast.own_class, 8)):
        ObservationFactory(student=student, author=cast.zhou)
    questions()


def test_examples_praise_without_a_name_and_are_daily_notes_only(cast, term, today):
    shown = f"{cast.an.name}扶起了⟦{cast.bei.pk}⟧，全班鼓掌。"
    ObservationFactory(student=cast.an, author=cast.zhou, tone="positive", facts=shown)
    ObservationFactory(student=cast.an, author=cast.zhou, tone="positive", facts="三级的话", level=3)
    ObservationFactory(student=cast.an, author=cast.zhou, tone="concern", facts="关切的话")
    ObservationFactory(student=cast.ding, author=cast.lin, tone="positive", facts="别班的话")
    now = timezone.now()
    material = collect.collect(by=cast.zhou, class_group=cast.own_class, term=term, now=now)
    assert collect.pick_examples(material, by=cast.zhou, now=now) == ("一名同学扶起了一名同学，全班鼓掌。",)


def test_the_pdf_prints_these_figures(cast, term, planted):
    figures = figures_for(cast, cast.zhou, term)
    pdf = making.render_pdf(making.summary_page(figures))
    text = "".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())
    assert f"全班12人，本学期有记录{figures.entries}条、{figures.mentions}人次" in text
    assert f"同一批学生上学期有记录{figures.entries_before}条" in text
    assert all(row.name in text for row in figures.seats)
