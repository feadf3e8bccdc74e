"""Two processes write the same first row at one moment: the constraint decides, and neither a row nor a word is lost."""

from functools import partial

import pytest
from django.db import connection

from accounts.versions import StaleVersion
from students.actions.dictionary import clocks_version, set_clocks, start_categories
from students.actions.identification import current_level, propose_need, raise_level
from students.models import AttentionLevel, Basis, CareNeed, Category, Clock
from tests.cast import Cast, build_cast
from tests.parallel import overtaken

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def cast(transactional_db) -> Cast:
    return build_cast()


def test_the_roster_and_a_rule_propose_the_same_and_it_is_one_proposal_with_both_reasons(cast, now):
    start_categories(by=None, school=cast.school)
    category = Category.objects.get(school=cast.school, code="F1")
    propose = partial(propose_need, student=cast.an, category=category, basis=Basis.ROSTER, by=None, now=now)
    with overtaken(CareNeed, partial(propose, facts="名册：留守儿童", source="roster")):
        propose(facts="父母都在外地")
    need = CareNeed.objects.get(student=cast.an)
    assert (need.facts, [each.text for each in need.evidence.all()]) == ("名册：留守儿童", ["父母都在外地"])


def test_two_set_a_students_first_level_and_the_second_is_told(cast, now):
    raising = partial(raise_level, student=cast.an, now=now)
    with (
        overtaken(AttentionLevel, partial(raising, step=3, reason="连着三天没来", by=cast.ruan)),
        pytest.raises(StaleVersion) as refused,
    ):
        raising(step=1, reason="近来话少", by=cast.zhou)
    assert refused.value.stored == current_level(cast.an) and current_level(cast.an).step == 3
    assert AttentionLevel.objects.count() == 1


def test_two_set_the_same_clock_and_the_second_is_told(cast):
    version = clocks_version(cast.school)
    setting = partial(set_clocks, by=cast.ruan, school=cast.school, version=version)
    with overtaken(Clock, partial(setting, amounts={"file_verified": 60})), pytest.raises(StaleVersion):
        setting(amounts={"file_verified": 30})
    assert [row.amount for row in Clock.objects.filter(school=cast.school)] == [60]
