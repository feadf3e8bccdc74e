"""The panel "marks": lines beside the averages, for level 2 and the academic office; nobody is placed among others."""

import re
import xml.etree.ElementTree as ET

import pytest
from django.urls import reverse

from reports.lines import lines
from students.models import Exam, FileAccess, Mark, Term
from tests.factories import StudentFactory


@pytest.fixture
def exams(cast):
    return [Exam.objects.create(term=term) for term in Term.objects.filter(school=cast.school).order_by("starts_on")]


def give(student, exam, value, subject="数学", group=None, **fields):
    group = group or student.enrolments.first().class_group
    return Mark.objects.create(student=student, exam=exam, class_group=group, subject=subject, value=value, **fields)


def page_of(client, student, **headers) -> str:
    return client.get(reverse("reports:marks", args=[student.pk]), headers=headers).content.decode()


def tables(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows if "<td" in row]


def test_a_mark_stands_beside_the_averages_of_class_and_grade(cast, exams, sign_in):
    give(cast.an, exams[0], 80)
    for value in (60, 65, 70, 75):
        give(StudentFactory(school=cast.school), exams[0], value, group=cast.own_class)
    for value in (50, 50, 50, 50, 50):
        give(StudentFactory(school=cast.school), exams[0], value, group=cast.next_class)
    page = page_of(sign_in(cast.zhou), cast.an)
    assert tables(page) == [["80", "70", "60"]]
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    read = FileAccess.objects.latest("pk")
    assert (read.level, read.student_ids, read.what) == (2, str(cast.an.pk), "reports:marks")


def test_absent_is_a_gap_in_the_line_and_a_word_in_the_table(cast, exams, sign_in):
    give(cast.an, exams[0], None, is_absent=True)
    give(cast.an, exams[1], 0)
    page = page_of(sign_in(cast.zhou), cast.an)
    assert [row[0] for row in tables(page)][1] == "0"
    assert tables(page)[0][0] not in ("", "0")
    assert page.count('class="d0"') == 1


def test_a_small_class_has_no_average(cast, exams, sign_in):
    for value in (80, 81, 82):
        give(StudentFactory(school=cast.school), exams[0], value, group=cast.own_class)
    give(cast.an, exams[0], 83)
    page = page_of(sign_in(cast.zhou), cast.an)
    assert tables(page) == [["83", "–", "–"]]
    assert "81.5" not in page


def test_no_page_says_who_is_before_whom(cast, exams, sign_in):
    """No ranking of students is shown to anyone."""
    for student, value in ((cast.an, 60), (cast.bei, 97)):
        give(student, exams[0], value)
    page = page_of(sign_in(cast.ruan), cast.an)
    assert "97" not in re.sub(r"<svg.*?</svg>|value=\"[^\"]*\"|[0-9a-f-]{32,36}", "", page, flags=re.DOTALL)
    assert not re.search("排名|名次|第 ?\\d+ ?名", page)


def test_the_file_offers_the_panel_to_those_who_may_open_it(cast, exams, sign_in):
    for who, sees in (("zhou", True), ("jiao", True), ("guo", False), ("yi", False)):
        client = sign_in(cast.people[who])
        file = client.get(reverse("students:detail", args=[cast.an.pk])).content.decode()
        url = reverse("reports:marks", args=[cast.an.pk])
        assert (url in file) is sees, who
        assert (client.get(url).status_code == 200) is sees, who


def test_the_panel_alone_is_the_page_without_its_frame(cast, exams, sign_in):
    give(cast.an, exams[0], 80)
    client = sign_in(cast.zhou)
    fragment = page_of(client, cast.an, **{"hx-request": "true"})
    assert "<html" not in fragment
    assert fragment.strip() in page_of(client, cast.an)


# --- the picture ------------------------------------------------------------------------------------------------------


def nodes(svg: str, css: str) -> list[ET.Element]:
    return [node for node in ET.fromstring(svg).iter() if node.get("class") == css]


def test_lines_are_told_apart_without_colour_and_pass_the_content_security_policy():
    svg = lines(
        ["25秋", "26春", "26秋"], {"本人": [70, 80, 75], "班级": [71, 72, 73], "年级": [70, 70, 70]}, title="图"
    )
    assert not re.search(r"<style|<script|style=|onload|javascript", svg)
    dashes = {node.get("stroke-dasharray") for css in ("l0", "l1", "l2") for node in nodes(svg, css)}
    assert len(dashes) == 3
    words = [node.text for node in ET.fromstring(svg).iter() if node.tag.endswith("text")]
    assert {"70", "80", "75", "25秋", "本人", "班级", "年级"} <= set(words)
    assert "71" not in words  # only the first line carries its values


def test_a_gap_is_not_joined_and_one_exam_is_a_dot():
    whole, gap = (
        nodes(lines(["a", "b", "c"], {"本人": values}, title="图"), "l0") for values in ([1, 2, 3], [1, None, 3])
    )
    assert len(whole) - len(gap) == 1  # the other one is the sample in the legend
    assert len(nodes(lines(["a"], {"本人": [5]}, title="图"), "d0")) == 1
