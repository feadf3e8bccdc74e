from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import actions
from accounts.models import SCHOOL_WIDE_ROLES, Role, RoleMembership, User
from accounts.versions import StaleVersion
from tests.factories import PASSWORD, DepartmentFactory, RoleMembershipFactory, SchoolFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def school():
    return SchoolFactory(code="SF")


@pytest.fixture
def admin(school):
    return UserFactory(school=school, roles=[Role.SYSTEM_ADMIN])


@pytest.fixture
def principal(school):
    return UserFactory(school=school, roles=[Role.PRINCIPAL])


@pytest.fixture
def teacher(school):
    return UserFactory(school=school)


def propose(admin, teacher, now, role=Role.COUNSELLOR, **dates):
    dates = {"starts_on": timezone.localdate(now)} | dates
    return actions.propose_role(by=admin, user=teacher, role=role, now=now, **dates)


# --- people -----------------------------------------------------------------------------------------------------------


def test_a_new_person_has_a_user_name_and_a_password_to_change(school, admin):
    department = DepartmentFactory(school=school)
    user, password = actions.create_user(
        by=admin, school=school, employee_no="T0021", display_name="周敏", department=department, phone="138"
    )
    assert (user.username, user.must_change_password) == ("SF-T0021", True)
    assert user.check_password(password)
    assert user.history.get().history_user == admin


def test_one_time_passwords_can_be_read_on_paper_and_differ():
    passwords = {actions.one_time_password() for _n in range(200)}
    assert len(passwords) == 200
    assert all(len(one) >= 12 and not set(one) & set("ilo01ILO") for one in passwords)


@pytest.mark.parametrize("number", ["t0021", "", "T 21", "工号", "T" * 21])
def test_a_bad_or_taken_number_is_refused(school, number):
    UserFactory(school=school, employee_no="T0021")
    with pytest.raises(ValidationError):
        actions.create_user(by=None, school=school, employee_no=number, display_name="周敏")
    assert User.objects.count() == 1


def test_the_same_number_in_another_school_is_another_person(school):
    UserFactory(school=school, employee_no="T0021")
    user, _password = actions.create_user(
        by=None, school=SchoolFactory(code="YS"), employee_no="T0021", display_name="何"
    )
    assert user.username == "YS-T0021"


def test_a_correction_keeps_who_and_refuses_an_old_version(admin, teacher):
    teacher.display_name = "周敏"
    actions.update_user(by=admin, user=teacher, version=1)
    assert teacher.history.first().history_user == admin
    with pytest.raises(StaleVersion):
        actions.update_user(by=admin, user=teacher, version=1)


def test_a_new_number_gives_a_new_user_name(admin, teacher):
    teacher.employee_no = "T9000"
    actions.update_user(by=admin, user=teacher, version=1)
    teacher.refresh_from_db()
    assert teacher.username == "SF-T9000"


def test_who_leaves_loses_every_role_and_gets_them_back_on_return(admin, principal, now):
    assert principal.roles(now) == {Role.PRINCIPAL}
    actions.deactivate_user(by=admin, user=principal)
    assert principal.roles(now) == frozenset()
    assert not User.objects.with_role(Role.PRINCIPAL, on=timezone.localdate(now)).exists()
    actions.reactivate_user(by=admin, user=principal)
    assert principal.has_role(Role.PRINCIPAL)


def test_nobody_deactivates_themselves(admin):
    with pytest.raises(ValidationError):
        actions.deactivate_user(by=admin, user=admin)
    admin.refresh_from_db()
    assert admin.is_active


def test_a_reset_ends_the_old_password_and_every_session(admin, teacher, client):
    client.post("/accounts/login/", {"login": teacher.employee_no, "password": PASSWORD})
    assert client.get("/me/").status_code == 200
    password = actions.reset_password(by=admin, user=teacher)
    teacher.refresh_from_db()
    assert teacher.check_password(password)
    assert teacher.must_change_password
    assert client.get("/me/").status_code == 302
    assert teacher.usersession_set.count() == 0


# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(SCHOOL_WIDE_ROLES))
def test_a_school_wide_role_counts_only_after_a_second_person(admin, principal, teacher, now, role):
    membership = propose(admin, teacher, now, role)
    assert teacher.roles(now) == frozenset()
    assert membership.state(timezone.localdate(now)) == "waits"
    actions.confirm_role(by=principal, membership=membership, now=now)
    assert teacher.roles(now) == {role}
    assert membership.confirmed_by == principal
    assert membership.state(timezone.localdate(now)) == "live"


def test_a_role_without_rights_needs_nobody(admin, teacher, now):
    propose(admin, teacher, now, Role.STAFF)
    assert teacher.roles(now) == {Role.STAFF}


def test_a_command_at_the_server_confirms_at_once(teacher, now):
    membership = actions.propose_role(
        by=None, user=teacher, role=Role.COUNSELLOR, starts_on=timezone.localdate(now), now=now
    )
    assert (membership.confirmed_at, membership.confirmed_by) == (now, None)
    assert teacher.roles(now) == {Role.COUNSELLOR}


def test_nobody_gives_themselves_a_role(admin, now):
    with pytest.raises(ValidationError, match="自己"):
        propose(admin, admin, now)


def test_the_proposer_the_person_and_people_without_office_confirm_nothing(school, teacher, now):
    both = UserFactory(school=school, roles=[Role.SYSTEM_ADMIN, Role.PRINCIPAL])
    counsellor = UserFactory(school=school, roles=[Role.COUNSELLOR, Role.VICE_PRINCIPAL])
    stranger = UserFactory(roles=[Role.PRINCIPAL])
    own = UserFactory(school=school, roles=[Role.MORAL_EDUCATION])
    for user, by in [(teacher, both), (teacher, counsellor), (teacher, stranger), (own, own)]:
        membership = propose(both, user, now)
        for act in (actions.confirm_role, actions.decline_role):
            with pytest.raises(PermissionDenied):
                act(by=by, membership=membership, now=now)
        membership.delete()


def test_confirming_twice_changes_nothing(admin, principal, teacher, now):
    membership = propose(admin, teacher, now)
    actions.confirm_role(by=principal, membership=membership, now=now)
    actions.confirm_role(by=principal, membership=membership, now=now + DAY)
    assert membership.confirmed_at == now
    assert membership.history.count() == 2


def test_declining_takes_the_proposal_away_and_keeps_who_did(admin, principal, teacher, now):
    membership = propose(admin, teacher, now)
    actions.decline_role(by=principal, membership=membership, now=now)
    assert not RoleMembership.objects.filter(user=teacher).exists()
    assert RoleMembership.history.first().history_user == principal


def test_what_is_confirmed_can_not_be_declined(admin, principal, teacher, now):
    membership = propose(admin, teacher, now)
    actions.confirm_role(by=principal, membership=membership, now=now)
    with pytest.raises(ValidationError):
        actions.decline_role(by=principal, membership=membership, now=now)
    assert teacher.roles(now) == {Role.COUNSELLOR}


def test_moving_only_the_clock_past_the_last_day_ends_a_role(teacher, now, today):
    membership = RoleMembershipFactory(user=teacher, role=Role.DOCTOR, starts_on=today, ends_on=today + 2 * DAY)
    days = [today - DAY, today, today + 2 * DAY, today + 3 * DAY]
    assert [bool(teacher.roles_on(day)) for day in days] == [False, True, True, False]
    assert [membership.is_live(day) for day in days] == [False, True, True, False]
    assert [membership.state(day) for day in days] == ["future", "live", "live", "over"]
    assert list(RoleMembership.objects.not_over(today + 3 * DAY)) == []
    assert teacher.roles(now + 3 * DAY) == frozenset()


def test_a_role_ended_now_does_not_count_any_more(admin, teacher, now, today):
    membership = RoleMembershipFactory(user=teacher, role=Role.DOCTOR, starts_on=today - DAY)
    assert teacher.roles(now) == {Role.DOCTOR}
    actions.end_role(by=admin, membership=membership, last_day=actions.last_day_if_ended_now(now))
    teacher.forget_roles()
    assert teacher.roles(now) == frozenset()
    assert membership.ends_on == today - DAY


def test_a_role_that_never_began_goes_altogether(admin, teacher, now, today):
    membership = RoleMembershipFactory(user=teacher, role=Role.DOCTOR, starts_on=today)
    actions.end_role(by=admin, membership=membership, last_day=today - DAY)
    assert not RoleMembership.objects.filter(user=teacher).exists()
    assert RoleMembership.history.first().history_type == "-"


@pytest.mark.parametrize("end", [2, -2])
def test_ending_a_role_never_makes_it_longer(admin, teacher, today, end):
    """The second person confirmed it up to its last day; what is over stays over."""
    membership = RoleMembershipFactory(
        user=teacher, role=Role.MORAL_EDUCATION, starts_on=today - 9 * DAY, ends_on=today + end * DAY
    )
    with pytest.raises(ValidationError):
        actions.end_role(by=admin, membership=membership, last_day=today + 30 * DAY)
    membership.refresh_from_db()
    assert membership.ends_on == today + end * DAY


def test_nobody_ends_their_own_role(admin, today):
    with pytest.raises(ValidationError):
        actions.end_role(by=admin, membership=admin.role_memberships.get(), last_day=today)


@pytest.mark.parametrize("dates", [{"ends_on": date(2026, 8, 31)}, {"ends_on": None}])
def test_dates_that_can_not_be_are_refused_in_words(admin, teacher, now, dates):
    propose(admin, teacher, now, starts_on=date(2026, 9, 1))
    with pytest.raises(ValidationError) as error:
        propose(admin, teacher, now, starts_on=date(2026, 9, 1), **dates)
    assert error.value.messages[0] in ("结束日期不能早于开始日期。", "这个人从那天起已经有这个岗位了。")


@pytest.mark.parametrize(
    "wrong", [{"granted_by": "user"}, {"confirmed_by": "user"}, {"confirmed_by": "admin"}, {"confirmed_by": None}]
)
def test_the_database_itself_refuses_a_role_without_a_second_person(admin, teacher, now, today, wrong):
    people = {"user": teacher, "admin": admin, None: None}
    fields = {"granted_by": admin, "confirmed_at": now} | {name: people[who] for name, who in wrong.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleMembership.objects.create(user=teacher, role=Role.DOCTOR, starts_on=today, **fields)


# --- school and departments -------------------------------------------------------------------------------------------


def test_the_school_keeps_who_changed_its_phone(admin, school):
    school.duty_phone = "0990-7654321"
    actions.save_school(by=admin, school=school, version=1)
    assert school.history.first().history_user == admin
    with pytest.raises(StaleVersion):
        actions.save_school(by=admin, school=school, version=1)


def test_departments_have_one_name_each_and_go_only_when_empty(admin, school):
    row = actions.add_department(by=admin, school=school, name="德育处")
    with pytest.raises(ValidationError, match="同名"):
        actions.add_department(by=admin, school=school, name="德育处")
    row.name = "学生处"
    actions.rename_department(by=admin, department=row, version=1)
    person = UserFactory(school=school, department=row)
    with pytest.raises(ValidationError, match="还有人"):
        actions.delete_department(by=admin, department=row)
    person.delete()
    actions.delete_department(by=admin, department=row)
    assert school.departments.count() == 0
