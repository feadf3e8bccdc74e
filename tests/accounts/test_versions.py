import pytest

from accounts.models import Department
from accounts.versions import StaleVersion, save_version
from tests.factories import DepartmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_the_first_save_wins_and_the_second_is_told_what_stands():
    row = DepartmentFactory(name="德育处")
    mine, theirs = Department.objects.get(pk=row.pk), Department.objects.get(pk=row.pk)
    theirs.name = "德育中心"
    save_version(theirs, ["name"], 1)
    mine.name = "学生处"
    with pytest.raises(StaleVersion) as stale:
        save_version(mine, ["name"], 1)
    assert stale.value.stored.name == "德育中心"
    assert stale.value.stored.version == 2
    assert [past.name for past in row.history.all()] == ["德育中心", "德育处"]


def test_a_save_writes_only_its_fields_and_one_history_row():
    user = UserFactory(phone="13800001234")
    stale_copy = type(user).objects.get(pk=user.pk)
    user.phone = "13900005678"
    user.save()
    stale_copy.display_name = "周敏"
    save_version(stale_copy, ["display_name"], 1)
    user.refresh_from_db()
    assert (user.display_name, user.phone, user.version) == ("周敏", "13900005678", 2)
    assert user.history.count() == 3


def test_a_row_that_is_gone_is_said_to_be_gone():
    row = DepartmentFactory()
    Department.objects.filter(pk=row.pk).delete()
    with pytest.raises(StaleVersion) as stale:
        save_version(row, ["name"], 1)
    assert stale.value.stored is None
