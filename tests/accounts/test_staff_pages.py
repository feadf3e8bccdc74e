"""The system administrator's pages: only that role, only that school."""

import re
from datetime import timedelta

import pytest

from accounts.models import Department, Role, RoleMembership, User
from tests.factories import (
    PASSWORD,
    DepartmentFactory,
    RoleMembershipFactory,
    SchoolFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return SchoolFactory(code="SF", name="云杉小学")


@pytest.fixture
def admin(school):
    return UserFactory(school=school, employee_no="A1", display_name="汪洋", roles=[Role.SYSTEM_ADMIN])


@pytest.fixture
def principal(school):
    return UserFactory(school=school, employee_no="P1", display_name="萧校长", roles=[Role.PRINCIPAL])


@pytest.fixture
def teacher(school):
    return UserFactory(school=school, employee_no="T0021", display_name="周敏")


@pytest.fixture
def office(admin, sign_in):
    return sign_in(admin)


def urls(teacher, membership, department):
    return {
        "GET": [
            "/staff/",
            "/staff/add/",
            f"/staff/{teacher.pk}/",
            f"/staff/{teacher.pk}/slip/",
            "/roles/",
            f"/roles/{membership.pk}/end/",
            "/departments/",
            f"/departments/{department.pk}/",
            "/settings/school/",
        ],
        "POST": [
            f"/staff/{teacher.pk}/active/",
            f"/staff/{teacher.pk}/reset/",
            f"/staff/{teacher.pk}/tries/",
            f"/staff/{teacher.pk}/roles/",
            f"/departments/{department.pk}/delete/",
        ],
    }


@pytest.fixture
def every_url(teacher):
    department = DepartmentFactory(school=teacher.school)
    return urls(teacher, RoleMembershipFactory(user=teacher, role=Role.DOCTOR), department)


def test_the_administrator_opens_every_page(office, every_url):
    assert {url: office.get(url).status_code for url in every_url["GET"]} == dict.fromkeys(every_url["GET"], 200)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMIN])
def test_every_other_role_gets_the_404_of_what_does_not_exist(client, sign_in, school, every_url, role):
    sign_in(UserFactory(school=school, roles=[role]))
    missing = client.get("/staff/00000000-0000-4000-8000-000000000000/").content
    for method, targets in every_url.items():
        for url in targets:
            answer = client.generic(method, url)
            assert (url, answer.status_code) == (url, 404)
            assert answer.content == missing


def test_an_administrator_of_another_school_finds_nobody(client, sign_in, every_url):
    sign_in(UserFactory(roles=[Role.SYSTEM_ADMIN]))
    own = {"/staff/", "/staff/add/", "/roles/", "/departments/", "/settings/school/"}
    for method, targets in every_url.items():
        for url in targets:
            assert client.generic(method, url).status_code == (200 if url in own else 404)
    assert "周敏" not in client.get("/staff/").content.decode()


def test_acts_are_posts(office, every_url):
    assert [office.get(url).status_code for url in every_url["POST"]] == [405] * 5


def test_the_list_searches_and_filters(office, school, teacher):
    moral = DepartmentFactory(school=school, name="德育处")
    UserFactory(school=school, employee_no="T0300", display_name="何静", department=moral)
    UserFactory(school=school, display_name="郭离", is_active=False)
    UserFactory(display_name="远山")

    def found(query=""):
        return set(re.findall("周敏|何静|郭离|远山", office.get(f"/staff/{query}").content.decode()))

    assert found() == {"周敏", "何静"}
    assert found("?q=周") == {"周敏"}
    assert found("?q=t030") == {"何静"}
    assert found(f"?department={moral.pk}") == {"何静"}
    assert found("?inactive=on") == {"郭离"}
    assert found("?q=nobody") == set()


def test_the_list_shows_fifty_a_page(office, school):
    for n in range(60):
        UserFactory(school=school, employee_no=f"X{n:03d}")
    assert [len(office.get(f"/staff/?page={n}").context["rows"]) for n in (1, 2)] == [50, 11]


@pytest.mark.parametrize("people", [1, 3])
def test_the_list_asks_the_same_number_of_questions_for_one_and_three(
    office, school, people, django_assert_max_num_queries
):
    for _n in range(people):
        person = UserFactory(school=school, department=DepartmentFactory(school=school), roles=[Role.DOCTOR])
        RoleMembershipFactory(user=person, role=Role.COUNSELLOR)
    office.get("/staff/")
    with django_assert_max_num_queries(9) as asked:
        office.get("/staff/")
    assert len(asked) == 9


def test_a_new_person_gets_a_slip_that_is_shown_once(office, school, client):
    answer = office.post("/staff/add/", {"employee_no": "T0400", "display_name": "秦岚", "sex": "F", "phone": "138"})
    page = office.get(answer.headers["Location"]).content.decode()
    password = re.search(r'<code class="h2 text-nowrap">([^<]+)</code>', page)[1]
    user = User.objects.get(employee_no="T0400")
    assert user.check_password(password)
    assert (user.school, user.sex, user.phone) == (school, "F", "138")
    assert password not in office.get(answer.headers["Location"]).content.decode()


def test_the_slip_waits_in_the_session_as_ciphertext(office, teacher):
    office.post(f"/staff/{teacher.pk}/reset/")
    token = office.session[f"accounts.slip.{teacher.pk}"]
    teacher.refresh_from_db()
    assert token.startswith("y1.")
    assert not teacher.check_password(token)


@pytest.mark.parametrize(
    ("field", "value"),
    [("employee_no", "t0021"), ("employee_no", "工号一"), ("display_name", ""), ("phone", "1" * 21)],
)
def test_a_bad_form_comes_back_with_what_was_typed(office, teacher, field, value):
    form = {"employee_no": "T0400", "display_name": "秦岚", "sex": "", "phone": ""} | {field: value}
    before = User.objects.count()
    answer = office.post("/staff/add/", form)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert f'value="{value or "T0400"}"' in answer.content.decode()
    assert User.objects.count() == before


def test_another_schools_department_can_not_be_chosen(office):
    foreign = DepartmentFactory()
    form = {"employee_no": "T0400", "display_name": "秦岚", "department": foreign.pk}
    assert "department" in office.post("/staff/add/", form).context["form"].errors


def test_only_the_declared_fields_can_be_posted(office, teacher):
    extra = {
        "is_superuser": "on",
        "is_active": "",
        "username": "x",
        "password": "x",
        "school": "x",
        "must_change_password": "on",
    }
    form = {"employee_no": "T0021", "display_name": "周敏敏", "version": 1}
    before = User.objects.filter(pk=teacher.pk).values().get()
    assert office.post(f"/staff/{teacher.pk}/", form | extra).status_code == 302
    after = User.objects.filter(pk=teacher.pk).values().get()
    assert {name for name in before if before[name] != after[name]} == {"display_name", "version"}


def test_a_stale_save_answers_409_with_both_texts_and_a_second_one_wins(office, teacher):
    form = {"employee_no": "T0021", "version": 1}
    office.post(f"/staff/{teacher.pk}/", form | {"display_name": "周敏敏"})
    answer = office.post(f"/staff/{teacher.pk}/", form | {"display_name": "周小敏"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "周敏敏" in page
    assert 'value="周小敏"' in page
    assert 'name="version" value="2"' in page
    teacher.refresh_from_db()
    assert teacher.display_name == "周敏敏"
    assert office.post(f"/staff/{teacher.pk}/", form | {"display_name": "周小敏", "version": 2}).status_code == 302


def test_a_refused_form_keeps_the_version_it_was_filled_from(office, teacher):
    office.post(f"/staff/{teacher.pk}/", {"employee_no": "T0021", "display_name": "周敏敏", "version": 1})
    answer = office.post(f"/staff/{teacher.pk}/", {"employee_no": "T0021", "display_name": "", "version": 1})
    assert 'name="version" value="1"' in answer.content.decode()


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999"])
def test_a_form_without_a_true_version_overwrites_nothing(office, teacher, version):
    form = {"employee_no": "T0021", "display_name": "周小敏", "version": version}
    assert office.post(f"/staff/{teacher.pk}/", form).status_code == 409


def test_leaving_and_coming_back(office, teacher):
    office.post(f"/staff/{teacher.pk}/active/", {"active": "0"})
    teacher.refresh_from_db()
    assert not teacher.is_active
    assert "已离职" in office.get(f"/staff/{teacher.pk}/").content.decode()
    office.post(f"/staff/{teacher.pk}/active/", {"active": "1"})
    teacher.refresh_from_db()
    assert teacher.is_active


def test_administrators_neither_deactivate_nor_reset_themselves(office, admin):
    office.post(f"/staff/{admin.pk}/active/", {"active": "0"})
    office.post(f"/staff/{admin.pk}/reset/")
    admin.refresh_from_db()
    assert admin.is_active
    assert admin.check_password(PASSWORD)
    assert "设置" in office.get(f"/staff/{admin.pk}/").content.decode()


def test_an_account_locked_by_wrong_passwords_opens_at_once(office, teacher):
    from django.test import Client

    door = Client()
    for _n in range(10):
        door.post("/accounts/login/", {"login": "T0021", "password": "wrong"})
    assert door.post("/accounts/login/", {"login": "T0021", "password": PASSWORD}).status_code == 200
    office.post(f"/staff/{teacher.pk}/tries/")
    assert door.post("/accounts/login/", {"login": "T0021", "password": PASSWORD}).status_code == 302


def test_a_role_is_proposed_by_one_and_confirmed_by_another(client, sign_in, admin, principal, teacher, today):
    sign_in(admin)
    client.post(f"/staff/{teacher.pk}/roles/", {"role": Role.COUNSELLOR, "starts_on": today})
    membership = RoleMembership.objects.get(user=teacher)
    assert not teacher.has_role(Role.COUNSELLOR)
    assert client.post(f"/roles/{membership.pk}/confirm/").status_code == 404
    sign_in(principal)
    assert "周敏" in client.get("/roles/waiting/").content.decode()
    assert client.post(f"/roles/{membership.pk}/confirm/", {"version": 1}).status_code == 302
    assert User.objects.get(pk=teacher.pk).has_role(Role.COUNSELLOR)
    assert "周敏" not in client.get("/roles/waiting/").content.decode()


def test_a_role_can_be_declined(client, sign_in, admin, principal, teacher, today):
    membership = RoleMembershipFactory(user=teacher, role=Role.DOCTOR, granted_by=admin, confirmed_at=None)
    sign_in(principal)
    assert client.post(f"/roles/{membership.pk}/decline/").status_code == 409  # unread
    client.post(f"/roles/{membership.pk}/decline/", {"version": 1})
    assert not RoleMembership.objects.filter(pk=membership.pk).exists()


def test_own_roles_and_own_proposals_are_neither_offered_nor_confirmed(client, sign_in, admin, principal, school):
    proposals = [
        RoleMembershipFactory(user=principal, role=Role.AUDITOR, granted_by=admin, confirmed_at=None),
        RoleMembershipFactory(user=admin, role=Role.AUDITOR, granted_by=principal, confirmed_at=None),
    ]
    sign_in(principal)
    assert client.get("/roles/waiting/").context["rows"].count() == 0
    for membership in proposals:
        client.post(f"/roles/{membership.pk}/confirm/")
        membership.refresh_from_db()
        assert membership.confirmed_at is None
    assert "另一个人" in client.get("/roles/waiting/").content.decode()


def test_proposals_that_are_past_or_for_somebody_who_left_wait_no_longer(
    client, sign_in, admin, principal, school, today
):
    left = UserFactory(school=school, is_active=False)
    RoleMembershipFactory(user=left, role=Role.DOCTOR, granted_by=admin, confirmed_at=None)
    past = {"starts_on": today - timedelta(days=9), "ends_on": today - timedelta(days=1)}
    RoleMembershipFactory(
        user=UserFactory(school=school), role=Role.DOCTOR, confirmed_at=None, granted_by=admin, **past
    )
    assert sign_in(principal).get("/roles/waiting/").context["rows"].count() == 0


def test_a_role_of_another_school_is_not_there(client, sign_in, principal):
    membership = RoleMembershipFactory(role=Role.DOCTOR, confirmed_at=None)
    sign_in(principal)
    assert client.get("/roles/waiting/").context["rows"].count() == 0
    assert client.post(f"/roles/{membership.pk}/confirm/").status_code == 404


def test_a_rule_that_refuses_a_role_says_so_above_the_form(office, admin, teacher, today):
    form = {"role": Role.DOCTOR, "starts_on": today, "ends_on": "2020-01-01"}
    answer = office.post(f"/staff/{teacher.pk}/roles/", form)
    assert "结束日期不能早于开始日期" in answer.content.decode()
    assert 'value="2020-01-01"' in answer.content.decode()
    assert answer.context["version"] == teacher.version  # of the other form on that page, which nobody has sent
    answer = office.post(f"/staff/{admin.pk}/roles/", {"role": Role.DOCTOR, "starts_on": today})
    assert answer.status_code == 200
    assert RoleMembership.objects.filter(role=Role.DOCTOR).count() == 0


def test_a_role_ends_at_once_or_after_a_day(office, teacher, today):
    membership = RoleMembershipFactory(user=teacher, role=Role.DOCTOR)
    url = f"/roles/{membership.pk}/end/"
    assert office.post(url, {"last_day": "2020-10-01"}).status_code == 200
    office.post(url, {"last_day": today, "version": 1})
    assert teacher.has_role(Role.DOCTOR)
    stale = office.post(url, {"last_day": "", "version": 1})
    assert stale.status_code == 409 and f"{today}" in stale.content.decode()
    office.post(url, {"last_day": "", "version": 2})
    assert not User.objects.get(pk=teacher.pk).has_role(Role.DOCTOR)


def test_an_own_role_does_not_end(office, admin):
    membership = admin.role_memberships.get()
    answer = office.post(f"/roles/{membership.pk}/end/", {"last_day": ""})
    assert "不能改自己的岗位" in answer.content.decode()
    assert admin.has_role(Role.SYSTEM_ADMIN)


def test_departments_are_added_renamed_and_deleted(office, school, teacher):
    assert office.post("/departments/", {"name": "德育处"}).status_code == 302
    row = Department.objects.get(school=school)
    assert "同名" in office.post("/departments/", {"name": "德育处 "}).content.decode()
    assert office.post(f"/departments/{row.pk}/", {"name": "学生处", "version": 1}).status_code == 302
    assert office.post(f"/departments/{row.pk}/", {"name": "德育中心", "version": 1}).status_code == 409
    teacher.department = row
    teacher.save()
    office.post(f"/departments/{row.pk}/delete/", {"version": 2})
    assert Department.objects.filter(pk=row.pk).exists()
    teacher.department = None
    teacher.save()
    answer = office.post(f"/departments/{row.pk}/delete/", {"version": 1})
    assert answer.status_code == 409
    assert (
        f'action="/departments/{row.pk}/"' in answer.content.decode()
    )  # 保存 on that page renames, and deletes nothing
    office.post(f"/departments/{row.pk}/delete/", {"version": 2})
    assert not Department.objects.filter(pk=row.pk).exists()


def test_the_school_page_saves_and_meets_conflicts(office, school):
    assert (
        office.post("/settings/school/", {"name": "云杉小学", "duty_phone": "0990-1", "version": 1}).status_code == 302
    )
    answer = office.post("/settings/school/", {"name": "云杉小学", "duty_phone": "0990-2", "version": 1})
    assert answer.status_code == 409
    assert "0990-1" in answer.content.decode()
    assert 'value="0990-2"' in answer.content.decode()
    bad = office.post("/settings/school/", {"name": "", "duty_phone": "0990-3", "version": 2})
    assert 'value="0990-3"' in bad.content.decode()
    school.refresh_from_db()
    assert (school.name, school.duty_phone) == ("云杉小学", "0990-1")


def test_the_settings_page_shows_own_data_and_saves_own_habits(client, sign_in, principal):
    sign_in(principal)
    page = client.get("/me/").content.decode()
    assert "萧校长" in page
    assert "待我确认的岗位" in page
    client.post("/me/", {"language": "en", "display_name": "x", "is_active": ""})
    principal.refresh_from_db()
    assert (principal.shortcuts_enabled, principal.language, principal.display_name) == (False, "en", "萧校长")


def test_ordinary_staff_see_no_office_doors_in_their_settings(client, sign_in, teacher):
    page = sign_in(teacher).get("/me/").content.decode()
    assert "待我确认" not in page
    assert 'href="/staff/"' not in page
