"""Equity of attention (N2). T63: no cell of fewer than five students, and none that could be worked out from others."""

from fractions import Fraction
from itertools import product
from random import Random

import pytest
from django.urls import reverse
from django.utils import timezone

from reports.equity import ALL, LEAST, NONE, Figure, Figures, Filter, Person
from students.models import CareNeed, Category, Enrolment, FileAccess, Student
from students.models.identification import Group
from tests.factories import LONG_AGO, ClassGroupFactory, ObservationFactory

URL = "reports:equity"
GRADES = {"g1": ("c11", "c12"), "g2": ("c21", "c22", "c23")}
SEXES, NEEDS = ("1", "2"), ("F", "H")


# --- what any two filters, and all of them together, let one work out ---------------------------------------------------


def people_of(seed: int) -> list[Person]:
    """Some schools large enough for every table, some for few."""
    rng = Random(seed)
    most, share, unknown = rng.choice((12, 30, 120)), rng.choice((0.05, 0.25, 0.5)), rng.choice((0, 0.02))
    return [
        Person(
            grade,
            group,
            rng.choice(SEXES) if rng.random() >= unknown else "0",
            frozenset(need for need in NEEDS if rng.random() < share),
            rng.randrange(6),
            rng.random() < 0.2,
        )
        for grade, groups in GRADES.items()
        for group in groups
        for _ in range(rng.randrange(most // 3, most))
    ]


def filters() -> list[Filter]:
    places = [ALL, *GRADES, *(group for groups in GRADES.values() for group in groups)]
    return [Filter(*each) for each in product(places, (ALL, *SEXES), (ALL, *NEEDS, NONE, "any"))]


def belongs(person: Person, asked: Filter) -> bool:
    has = {ALL: True, NONE: not person.needs, "any": bool(person.needs)}
    return (
        asked.place in (ALL, person.grade, person.group)
        and asked.sex in (ALL, person.sex)
        and has.get(asked.need, asked.need in person.needs)
    )


def count(people, asked: Filter) -> int:
    return sum(belongs(each, asked) for each in people)


def inside(small: Filter, large: Filter) -> bool:
    """By what the filters say, whoever the students are."""
    places = {ALL, small.place, *(grade for grade, groups in GRADES.items() if small.place in groups)}
    needs = {ALL, small.need, *({"any"} if small.need in NEEDS else ())}
    return large.place in places and large.sex in (ALL, small.sex) and large.need in needs


def shown_by_page(figures: Figures) -> list[Filter]:
    return [each for each in filters() if each.need != "any" and figures.get(each) is not None]


def small_only(people) -> list[Filter]:
    """What most would do first, and a planted fault: hide the small cells and nothing else."""
    return [each for each in filters() if each.need != "any" and not 0 < count(people, each) < LEAST]


def small_differences(people, shown) -> list[tuple[Filter, Filter]]:
    pairs = ((large, small) for large, small in product(shown, shown) if large != small and inside(small, large))
    return [pair for pair in pairs if 0 < count(people, pair[0]) - count(people, pair[1]) < LEAST]


def basis_of(vectors) -> dict[int, list[Fraction]]:
    """Row-reduced: leading column → row."""
    rows: dict[int, list[Fraction]] = {}
    for vector in vectors:
        rest = reduced(vector, rows)
        if (lead := next((n for n, each in enumerate(rest) if each), None)) is not None:
            rows[lead] = [each / rest[lead] for each in rest]
    return rows


def reduced(vector, rows) -> list[Fraction]:
    rest = [Fraction(each) for each in vector]
    for lead in sorted(rows):
        if factor := rest[lead]:
            rest = [a - factor * b for a, b in zip(rest, rows[lead], strict=True)]
    return rest


def everybody_possible() -> list[Person]:
    """One of each kind of student that the filters tell apart."""
    seats = [(grade, group) for grade, groups in GRADES.items() for group in groups]
    needs = [frozenset(own) for own in ((), ("F",), ("H",), NEEDS)]
    return [Person(*seat, sex, own, 0, False) for seat, sex, own in product(seats, ("0", *SEXES), needs)]


def empty_of(people, shown) -> list[Filter]:
    """Where the page says: nobody."""
    return [each for each in shown if count(people, each) == 0]


def worked_out(people, shown) -> list[Filter]:
    """Filters of 1 to 4 students whose number follows from those that are shown, by whatever sums and differences."""
    possible = [
        kind for kind in everybody_possible() if not any(belongs(kind, each) for each in empty_of(people, shown))
    ]

    def vector(asked):
        return [int(belongs(each, asked)) for each in possible]

    rows = basis_of(vector(each) for each in shown)
    small = [each for each in filters() if 0 < count(people, each) < LEAST]
    return [each for each in small if not any(reduced(vector(each), rows))]


SEEDS = (0, 2, 5, 13, 20, 24, 37, 39)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_filters_subtracted_leave_one_to_four_students(seed):
    """Done when 6: every pair of filters, and no number of 1 to 4 itself."""
    people = people_of(seed)
    shown = shown_by_page(Figures(people))
    assert [each for each in shown if 0 < count(people, each) < LEAST] == []
    assert small_differences(people, shown) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_sum_of_shown_figures_gives_a_small_group(seed):
    people = people_of(seed)
    assert worked_out(people, shown_by_page(Figures(people))) == []


def test_these_schools_have_something_to_show_and_something_to_hide():
    shown = [len(shown_by_page(Figures(people_of(seed)))) for seed in SEEDS]
    assert max(shown) > 60 and sum(0 < each < 40 for each in shown) > 2, shown


def test_hiding_the_small_cells_alone_would_be_found():
    """A planted fault: both checks see it."""
    faulty = [people_of(seed) for seed in SEEDS]
    assert any(small_differences(people, small_only(people)) for people in faulty)
    assert any(worked_out(people, small_only(people)) for people in faulty)


def test_a_finer_table_waits_for_the_coarser_one():
    """Three boys in one grade hide the grades by sex. The classes of the other grade would add up to its boys, and the
    three would follow from those of the school."""
    sizes = {("g1", "c11", "1"): 3, ("g1", "c11", "2"): 20}
    sizes |= {("g2", group, sex): 10 for group in ("c21", "c22") for sex in SEXES}
    people = [Person(*kind, frozenset(), 1, False) for kind, number in sizes.items() for _ in range(number)]
    shown = shown_by_page(Figures(people))
    assert Filter(sex="1") in shown and Filter("c21") in shown
    assert Filter("c21", "1") not in shown and worked_out(people, shown) == []
    by_hand = [Filter("c21", "1"), Filter("c22", "1"), Filter("g2"), Filter("c21"), Filter("c22"), Filter("c23")]
    assert Filter("g1", "1") in worked_out(people, [*shown, *by_hand])


def test_what_is_shown_is_right():
    people = people_of(3)
    figures = Figures(people)
    for each in shown_by_page(figures):
        records = sum(person.records for person in people if belongs(person, each))
        assert figures.get(each) == Figure(count(people, each), records)


def test_only_concerns_are_counted_under_the_same_rule():
    def school(concerned: int) -> Figures:
        own = [Person("g1", f"c{n % 2}", "1", frozenset(), 1, n < concerned) for n in range(30)]
        return Figures(own)

    assert school(4).get(Filter(need="concern")) is None
    assert school(27).get(Filter(need="concern")) is None  # the other three could be worked out
    assert school(12).get(Filter(need="concern")).students == 12
    assert school(0).get(Filter(need="concern")).students == 0


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(cast):
    """Thirty more in two classes of grade five, boys and girls; fourteen with a need, three of them with another. Two
    records for each boy, one for each girl."""
    groups = [ClassGroupFactory(school=cast.school, grade=5, number=n) for n in (1, 2)]
    students = Student.objects.bulk_create(
        Student(school=cast.school, name=f"众{n}", sex="12"[n % 2], status="present") for n in range(32)
    )
    Enrolment.objects.bulk_create(
        Enrolment(student=each, class_group=groups[n // 16], starts_on=LONG_AGO) for n, each in enumerate(students)
    )
    for each in cast.students.values():
        Enrolment.objects.filter(student=each).delete()
        Student.objects.filter(pk=each.pk).update(status="left")
    for number, each in enumerate(students):
        for _ in range(2 if each.sex == "1" else 1):
            ObservationFactory(student=each, author=cast.zhou, tone="concern" if number < 8 else "plain")
    need_of(cast, students[:14], Group.STUDY)
    need_of(cast, students[:3], Group.HEALTH)
    return groups, students


def need_of(cast, students, group, **fields):
    category = Category.objects.filter(school=cast.school, group=group).first() or Category.objects.create(
        school=cast.school, code=f"{group}9", name=f"种类{group}", group=group
    )
    values = {"state": "confirmed", "decided_at": timezone.now(), "decided_by": cast.fu, **fields}
    for student in students:
        CareNeed.objects.create(
            student=student,
            author=cast.ruan,
            category=category,
            basis="judgement",
            facts="见记录",
            starts_on=LONG_AGO,
            **values,
        )


def lines(response):
    return {line.label: line for each in response.context["breakdowns"] for line in each.lines}


def test_shares_of_students_and_of_records_stand_side_by_side(cast, crowd, sign_in):
    response = sign_in(cast.ruan).get(reverse(URL))
    whole, found = response.context["whole"], lines(response)
    assert (whole.students, whole.records, whole.each) == (32, 48, 1.5)
    boys = next(line for line in found.values() if line.href.endswith("sex=1&need="))
    assert (boys.figure.students, boys.of_students, boys.figure.records, boys.of_records) == (16, 50, 32, 67)
    assert response.context["concern"].students == 8
    assert reverse("reports:only_concern") in response.content.decode()


def test_a_hidden_cell_has_no_number_no_bar_and_no_link(cast, crowd, sign_in):
    """T63: no drill-down; asked for by hand it tells as little."""
    client = sign_in(cast.ruan)
    page = client.get(reverse(URL))
    health = next(line for line in lines(page).values() if line.figure is None)
    assert (health.href, health.of_students) == ("", None)
    assert f"need={Group.HEALTH}" not in page.content.decode()
    assert f"need={Group.STUDY}" in page.content.decode()
    by_hand = client.get(reverse(URL), {"need": Group.HEALTH})
    assert by_hand.context["whole"] is None and by_hand.context["breakdowns"] == []
    inside_class = client.get(reverse(URL), {"need": Group.HEALTH, "place": str(crowd[0][0].pk)})
    assert inside_class.context["whole"] is None


def test_a_choice_is_narrowed_step_by_step(cast, crowd, sign_in):
    client = sign_in(cast.xiao)
    response = client.get(reverse(URL), {"place": f"primary-{crowd[0][0].entry_year}", "sex": "2"})
    assert response.context["whole"] == Figure(16, 16)
    assert [line.figure.students for line in list(lines(response).values())[:2]] == [8, 8]
    odd = client.get(reverse(URL), {"place": "nowhere", "sex": "7", "need": "Z"})
    assert odd.status_code == 200


def test_proposals_ended_needs_and_confidential_ones_do_not_count(cast, crowd, sign_in):
    _groups, students = crowd
    need_of(cast, students[17:27], Group.FAMILY, state="proposed", decided_at=None, decided_by=None)
    need_of(cast, students[17:27], Group.HARDSHIP, ends_on=LONG_AGO)
    need_of(cast, students[17:27], Group.MIND, level=4)
    found = lines(sign_in(cast.ruan).get(reverse(URL)))
    assert not {str(each.label) for each in (Group.FAMILY, Group.HARDSHIP, Group.MIND)} & set(found)


def test_the_figures_name_nobody_and_leave_no_row_in_the_log(cast, crowd, sign_in):
    """Level 0."""
    page = sign_in(cast.ruan).get(reverse(URL)).content.decode()
    assert "众1" not in page
    assert not FileAccess.objects.exists()


def test_a_small_school_is_told_that_there_is_nothing_to_show(cast, sign_in):
    response = sign_in(cast.ruan).get(reverse(URL))
    assert response.context["whole"] is None and response.context["breakdowns"] == []


@pytest.mark.parametrize("who", ["zhou", "qin", "xin", "jiao", "shen", "wang", "yuan"])
def test_only_those_who_answer_for_the_school_compare(cast, sign_in, who):
    assert sign_in(cast.people[who]).get(reverse(URL)).status_code == 404


# --- only concerns ----------------------------------------------------------------------------------------------------


def test_who_has_only_concerns_on_file_is_shown_to_those_who_answer_for_them(cast, sign_in):
    ObservationFactory(student=cast.an, tone="concern")
    for tone in ("concern", "positive"):
        ObservationFactory(student=cast.bei, tone=tone)
    ObservationFactory(student=cast.ding, tone="concern")
    ObservationFactory(student=cast.gao, tone="concern", happened_on=LONG_AGO)
    shown = {
        who: {student.name for student, _words in sign_in(cast.people[who]).get(reverse("reports:only_concern")).context["rows"]}
        for who in ("zhou", "qin", "ruan")
    }  # fmt: skip
    assert shown == {"zhou": {"安然然"}, "qin": {"安然然", "丁一鸣"}, "ruan": {"安然然", "丁一鸣"}}
    own = sign_in(cast.zhou).get(reverse("reports:radar_class", args=[cast.own_class.pk])).context["concern"]
    assert own == [cast.an]
    assert sign_in(cast.guo).get(reverse("reports:only_concern")).status_code == 404
