"""What the roster's flags suggest arrives as proposals, once, and goes with the import (F1, T32)."""

import pytest

from accounts.models import Role
from students.actions.dictionary import start_categories
from students.actions.identification import reject_need
from students.models import CareNeed, StudentBackground
from tests.factories import SchoolFactory, UserFactory
from tests.students.roster.test_import import imported, line, prepared, sheet_of, undone

pytestmark = pytest.mark.usefixtures("in_2026")

FLAGS = {
    "是否留守儿童": "双亲留守",
    "残疾类型": "听力残疾",
    "随班就读": "听力残疾随班就读",
    "是否需要申请资助": "是",
    "是否孤儿": "否",
}


@pytest.fixture
def school(db):
    school = SchoolFactory()
    start_categories(by=None, school=school)
    return school


def codes() -> list[str]:
    return sorted(CareNeed.objects.values_list("category__code", flat=True))


def test_flags_become_proposals_that_nobody_made(school):
    """T26: the history names who imported; the need names nobody, since nobody judged."""
    importer = UserFactory(school=school, roles=[Role.ACADEMIC])
    imported(school, sheet_of([line(1, **FLAGS), line(2, 是否留守儿童="非留守")]), by=importer)
    assert codes() == ["E4", "F1", "H1", "H2"]
    need = CareNeed.objects.get(category__code="F1")
    assert (need.state, need.author, need.source, need.basis, need.level) == ("proposed", None, "roster", "roster", 3)
    assert need.facts.endswith(str(StudentBackground.LeftBehind.BOTH_PARENTS.label))
    assert need.history.get().history_user == importer


def test_the_same_file_twice_proposes_nothing_new(school):
    imported(school, sheet_of([line(1, **FLAGS)]))
    assert prepared(school, sheet_of([line(1, **FLAGS)])).unchanged == 1
    imported(school, sheet_of([line(1, **{**FLAGS, "是否留守儿童": "单亲留守"}, 民族="壮族")]))
    assert codes() == ["E4", "F1", "H1", "H2"]


def test_two_flags_of_one_kind_are_one_proposal(school):
    imported(school, sheet_of([line(1, 是否需要申请资助="是", 是否享受一补="是")]))
    assert codes() == ["E4"]
    assert len(CareNeed.objects.get().facts.splitlines()) == 2


def test_undo_takes_the_proposals_back(school):
    imported(school, sheet_of([line(1), line(2)]))
    job = imported(school, sheet_of([line(1, **FLAGS), line(3, **FLAGS)]))
    assert len(codes()) == 8
    assert undone(job).phase == "undone"
    assert codes() == []
    assert CareNeed.history.filter(history_type="-").count() == 8


def test_undo_is_refused_once_somebody_decided(school, now):
    moral = UserFactory(school=school, roles=[Role.MORAL_EDUCATION])
    job = imported(school, sheet_of([line(1, **FLAGS)]))
    reject_need(need=CareNeed.objects.first(), by=moral, reason="不是", version=1, now=now)
    assert undone(job).phase == "applied"
    assert len(codes()) == 4


def test_a_category_that_the_school_has_closed_is_not_proposed(school):
    school.categories.filter(code="F1").update(is_active=False)
    imported(school, sheet_of([line(1, **FLAGS)]))
    assert codes() == ["E4", "H1", "H2"]
