"""The pages of instruments, assessments and habits."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from students.models import Assessment, HabitCheck, Instrument
from tests.harness.sent import ONCE, on
from tests.students.reading import ALLOWED
from tests.students.scales.making import fill, instrument, open_case

FORM = {
    "kind": "assessment", "name": "近况", "purpose": "", "instruction": "", "age_from": "8", "age_to": "12", "source": "自编",
    "licence": "own", "answers": "从不 = 0\n常常 = 1", "items": "睡得好\n吃得香", "count": "", "reverse": "2", "scales": "",
    "bands": "2 = 多聊聊", "method": "sum", "missing": "0",
}  # fmt: skip


def page(client, name, *args, **query) -> str:
    return unescape(client.get(reverse(f"students:{name}", args=args), query).content.decode())


# --- instruments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["xin", "ruan"])
def test_an_instrument_is_defined_through_the_form(cast, sign_in, who):
    client = sign_in(cast.people[who])
    answer = client.post(reverse("students:instrument_new"), FORM | ONCE)
    row = Instrument.objects.get()
    assert answer.url == row.get_absolute_url()
    assert [item.reverse for item in row.defined.items] == [False, True]
    assert "吃得香" in page(client, "instrument", row.pk)


def test_what_is_wrong_is_said_and_what_was_typed_stays(cast, sign_in):
    answer = sign_in(cast.xin).post(reverse("students:instrument_new"), FORM | {"bands": "2 = 抑郁症", "reverse": "9"})
    text = unescape(answer.content.decode())
    assert answer.status_code == 422 and "睡得好\n吃得香" in text and "抑郁症”" in text
    assert not Instrument.objects.exists()


def test_item_texts_without_a_right_are_refused_and_their_number_is_enough(cast, sign_in):
    client, url = sign_in(cast.xin), reverse("students:instrument_new")
    assert client.post(url, FORM | {"licence": "numbers"}).status_code == 422
    assert client.post(url, FORM | {"licence": "numbers", "items": "", "count": "2"}).status_code == 302
    assert client.post(url, FORM | {"name": "另一份", "source": ""}).status_code == 422


def test_the_page_for_adding_says_whose_texts_may_be_copied(cast, sign_in):
    text = page(sign_in(cast.xin), "instrument_new")
    assert "Yidang" in text.split("<form")[-1] or "一档" in text.split("<form")[-1]
    assert 'name="source"' in text and 'name="licence"' in text


def test_changing_one_in_use_leads_to_the_next_edition(cast, sign_in):
    row = instrument(cast)
    fill(cast, row)
    answer = sign_in(cast.ruan).post(reverse("students:instrument_edit", args=[row.pk]), FORM | {"version": "1"})
    following = Instrument.objects.get(edition=2)
    assert answer.url == following.get_absolute_url() != row.get_absolute_url()


# --- assessments ------------------------------------------------------------------------------------------------------


@pytest.fixture
def case(cast):
    open_case(cast, cast.an)
    return cast.an


def test_the_counsellor_fills_in_and_reads_score_and_band(cast, case, sign_in):
    client, tool = sign_in(cast.xin), instrument(cast)
    assert tool.name in page(client, "assessment_new", case.pk)
    url = reverse("students:assessment_new", args=[case.pk])
    data = {"instrument": tool.pk, "seen": 1, "filled_on": on(), "item_1": "1", "item_2": "1", "note": "很认真", **ONCE}
    answer = client.post(url, data)
    text = unescape(client.get(answer.url).content.decode())
    assert all(word in text for word in ("多聊聊", "一周内谈一次", "很认真", "第1句"))
    assert "多聊聊" in page(client, "assessments", case.pk)


def test_the_part_of_the_file_is_there_for_the_own_case_and_for_nobody_else(cast, case, sign_in):
    """T14, level 4: neither the panel nor its address shows to anybody else."""
    fill(cast, instrument(cast))
    panel = reverse("students:assessments", args=[case.pk])
    for who in ("xin", "zhou", "ruan", "xiao", "qin", "guo"):
        client = sign_in(cast.people[who])
        shown = panel in page(client, "detail", case.pk)
        assert shown == (who == "xin"), who
        assert client.get(panel).status_code == (200 if who == "xin" else 404), who


def test_the_counsellor_without_the_case_sees_nothing_of_what_she_filled_in_herself(cast, case, sign_in, now):
    row = fill(cast, instrument(cast))
    client, url = sign_in(cast.xin), row.get_absolute_url()
    assert client.get(url).status_code == 200
    case.grants.filter(user=cast.xin).update(ends_at=now)
    assert client.get(url).status_code == 404


def test_who_sees_level_4_without_being_a_counsellor_reads_and_does_not_fill_in(cast, sign_in):
    open_case(cast, cast.an, who="fu")
    client = sign_in(cast.fu)
    assert client.get(reverse("students:assessments", args=[cast.an.pk])).status_code == 200
    assert client.get(reverse("students:assessment_new", args=[cast.an.pk])).status_code == 403


def test_an_edition_that_changed_while_the_form_was_open_keeps_what_was_typed(cast, case, sign_in, now):
    from students.actions.assessments import change_instrument
    from tests.students.scales.making import definition, fields

    tool = instrument(cast)
    fill(cast, tool, student=cast.bei)
    change_instrument(by=cast.ruan, instrument=tool, version=1, fields=fields(), definition=definition(), now=now)
    data = {"instrument": tool.pk, "seen": 1, "filled_on": on(), "item_1": "1", "item_2": "", "note": "写了很多"}
    answer = sign_in(cast.xin).post(reverse("students:assessment_new", args=[case.pk]), data)
    assert answer.status_code == 422 and "写了很多" in answer.content.decode()
    assert Assessment.objects.filter(student=case).count() == 0


def test_a_score_outside_its_ages_says_so(cast, case, sign_in):
    """He is nine or so; it was made for older ones. A warning, no refusal."""
    row = fill(cast, instrument(cast, age_from=16))
    other = fill(cast, instrument(cast, name="另一份"), days=1)
    client = sign_in(cast.xin)
    assert "16" in client.get(row.get_absolute_url()).content.decode().split("h-scores")[-1].split("</section>")[0]
    assert (
        "16" not in client.get(other.get_absolute_url()).content.decode().split("h-scores")[-1].split("</section>")[0]
    )


def test_several_times_stand_side_by_side_oldest_first(cast, case, sign_in):
    tool = instrument(cast)
    for days in (0, 10, 20):
        fill(cast, tool, days=days)
    links = [row.get_absolute_url() for row in Assessment.objects.order_by("filled_on")]
    text = page(sign_in(cast.xin), "assessments", case.pk)
    places = [text.index(link) for link in links]
    assert places == sorted(places)


# --- habits -----------------------------------------------------------------------------------------------------------


def test_the_class_teacher_looks_again_and_sees_the_change(cast, sign_in):
    tool, client = instrument(cast, kind="habits", name="习惯"), sign_in(cast.zhou)
    fill(cast, tool, by=cast.zhou, days=30, answers=(0, 0))
    url = reverse("students:habit_new", args=[cast.an.pk])
    assert "第1句" in client.get(url).content.decode()
    data = {"instrument": tool.pk, "seen": 1, "filled_on": on(), "item_1": "1", "item_2": "1", "note": "", **ONCE}
    assert client.post(url, data).status_code == 302
    text = page(client, "habits", cast.an.pk)
    assert text.index("0/2") < text.index("2/2") and HabitCheck.objects.count() == 2


def test_without_a_checklist_the_page_says_who_adds_one(cast, sign_in):
    answer = sign_in(cast.zhou).get(reverse("students:habit_new", args=[cast.an.pk]))
    assert answer.status_code == 200 and "<form" not in answer.content.decode().split("<main")[1]


@pytest.mark.parametrize(("who", "status"), [("zhou", 200), ("he", 200), ("qin", 403), ("ruan", 403), ("guo", 404)])
def test_the_class_teachers_write_and_others_of_the_level_read(cast, sign_in, who, status):
    client = sign_in(cast.people[who])
    assert client.get(reverse("students:habit_new", args=[cast.an.pk])).status_code == status
    assert client.get(reverse("students:habits", args=[cast.an.pk])).status_code == (404 if status == 404 else 200)


# --- statements -------------------------------------------------------------------------------------------------------


def test_the_lists_ask_as_much_for_three_rows_as_for_one(cast, case, sign_in, django_assert_max_num_queries):
    from tests.harness.test_statements import statements

    tool, habits = instrument(cast), instrument(cast, kind="habits", name="习惯")
    names = {"assessments": case.pk, "habits": case.pk, "answers": tool.pk, "instruments": None, "instrument": tool.pk}
    urls = [reverse(f"students:{name}", args=[pk] if pk else []) for name, pk in names.items()]

    def grow(step: int) -> None:
        instrument(cast, name=f"第{step}份")
        fill(cast, tool, days=step)
        fill(cast, habits, days=step)
        if step > 1:
            open_case(cast, [cast.bei, cast.ding][step - 2])

    client = sign_in(cast.xin)
    grow(1)
    one = [len(statements(client, url)) for url in urls]
    grow(2)
    grow(3)
    three = [len(statements(client, url)) for url in urls]
    assert one == three
    assert max(three) <= ALLOWED, dict(zip(names, three, strict=True))


def test_an_author_corrects_within_seven_days_and_not_later(cast, case, sign_in, now):
    row = fill(cast, instrument(cast))
    client, url = sign_in(cast.xin), reverse("students:assessment_edit", args=[row.pk])
    assert client.get(url).status_code == 200
    Assessment.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=8))
    assert client.get(url).status_code == 403


# --- the line ---------------------------------------------------------------------------------------------------------


def test_two_results_make_a_line_and_one_does_not(cast, case, sign_in):
    tool, client = instrument(cast), sign_in(cast.xin)
    fill(cast, tool, days=20)
    assert "<svg" not in page(client, "assessments", case.pk).split('id="h-course-1"')[1].split("</section>")[0]
    fill(cast, tool, answers=(1, 1))
    text = page(client, "assessments", case.pk).split('id="h-course-1"')[1].split("</section>")[0]
    assert text.count("<circle") == 2 and "style=" not in text


def test_a_higher_score_stands_higher_and_days_keep_their_distance(today):
    from decimal import Decimal

    from students.scales.course import line

    days = [today - timedelta(days=n) for n in (30, 20, 0)]
    drawn = line(
        [(day, Decimal(n)) for day, n in zip(days, (0, 6, 12), strict=True)], ["甲", "乙", "<丙>"], least=0, most=12
    )
    dots = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    assert dots[0][1] > dots[1][1] > dots[2][1]
    assert (dots[2][0] - dots[1][0]) == pytest.approx(2 * (dots[1][0] - dots[0][0]), abs=0.2)
    assert "&lt;丙&gt;" in drawn
