"""The panels of level 2 and 3, showing a number in full, and the forms that write to a file."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Role
from students.models import FileAccess, Guardian, Student, StudentBackground, StudentProfile
from tests.cast import EVERYBODY
from tests.factories import RoleMembershipFactory
from tests.students.reading import ALLOWED, fill, log, statements

DAILY = {"zhou", "he", "qin", "ruan", "fu", "xiao"}
HX = {"HX-Request": "true"}


def url(name, student):
    return reverse(f"students:{name}", args=[student.pk])


@pytest.fixture
def filled(cast):
    fill(cast.an)
    return cast


@pytest.mark.parametrize("name", ["profile", "background"])
@pytest.mark.parametrize("who", EVERYBODY)
def test_a_panel_opens_by_level_and_is_404_below(filled, sign_in, who, name):
    response = sign_in(filled.people[who]).get(url(name, filled.an))
    assert response.status_code == (200 if who in DAILY else 404)
    assert len(log()) == (1 if who in DAILY else 0)


@pytest.mark.parametrize(("name", "level"), [("profile", 2), ("background", 3)])
def test_each_panel_writes_one_row_with_its_level(filled, sign_in, name, level):
    sign_in(filled.zhou).get(url(name, filled.an), headers=HX)
    (row,) = log()
    assert (row.kind, row.level, row.student_ids) == (FileAccess.Kind.VIEW, level, str(filled.an.pk))


@pytest.mark.parametrize("name", ["profile", "background"])
def test_the_fragment_is_the_panel_of_the_page(filled, sign_in, name):
    client = sign_in(filled.ruan)  # who may not write, so that no token differs
    fragment = client.get(url(name, filled.an), headers=HX).content.decode()
    page = client.get(url(name, filled.an)).content.decode()
    assert "<html" not in fragment
    assert _without_tokens(fragment).strip() in _without_tokens(page)


def _without_tokens(html: str) -> str:
    return "".join(line for line in html.splitlines(keepends=True) if "csrfmiddlewaretoken" not in line)


@pytest.mark.parametrize("name", ["profile", "background"])
def test_a_panel_takes_few_statements_however_many_guardians(filled, sign_in, name):
    client = sign_in(filled.zhou)
    few = statements(client, url(name, filled.an))
    for order in (2, 3):
        Guardian.objects.create(student=filled.an, order=order, name="彭叔叔", phone="13900005679")
    assert statements(client, url(name, filled.an)) == few <= ALLOWED


def test_the_profile_shows_how_the_child_grows_and_nothing_of_level_three(filled, sign_in):
    html = sign_in(filled.zhou).get(url("profile", filled.an)).content.decode()
    assert "慢热，熟了很爱说" in html
    assert "口风琴" in html
    assert "外婆" not in html


def test_a_student_without_rows_has_empty_panels(cast, sign_in):
    StudentProfile.objects.all().delete()
    StudentBackground.objects.all().delete()
    for name in ("profile", "background"):
        assert "还没有写" in sign_in(cast.zhou).get(url(name, cast.an)).content.decode()


def test_numbers_and_addresses_stand_masked(filled, sign_in):
    html = sign_in(filled.zhou).get(url("background", filled.an)).content.decode()
    assert "99**************17" in html
    assert "138****1234" in html
    assert "139****5678" in html
    assert "示范省示范市新华区****" in html
    for full in ("990102201705203217", "13800001234", "13900005678", "滨河街"):
        assert full not in html


def test_the_roster_gives_hints_and_no_labels(filled, sign_in):
    response = sign_in(filled.zhou).get(url("background", filled.an))
    assert "名册里登记的情况（线索，还没有核实）" in response.content.decode()
    fields = (StudentBackground._meta.get_field(name).verbose_name for name in ("left_behind", "needs_aid"))
    assert {fact.label for fact in response.context["suggestions"]} == set(map(str, fields))


def test_one_value_is_shown_in_full_by_post_and_logged(filled, sign_in):
    client = sign_in(filled.zhou)
    html = client.post(url("background_show", filled.an), {"field": "id_no"}).content.decode()
    assert "990102201705203217" in html
    assert "13800001234" not in html
    (row,) = log()
    assert (row.what, row.level, row.student_ids) == ("students:background_show", 3, str(filled.an.pk))


def test_a_guardians_phone_is_shown_in_full_to_htmx_too(filled, sign_in):
    guardian = filled.an.guardians.get()
    response = sign_in(filled.zhou).post(
        url("background_show", filled.an), {"field": f"{guardian.pk}.phone"}, headers=HX
    )
    assert "13900005678" in response.content.decode()
    assert "<html" not in response.content.decode()


def test_a_guardian_of_another_student_is_not_found(filled, sign_in):
    other = Guardian.objects.create(student=filled.bei, name="贝妈妈", phone="13700009999")
    response = sign_in(filled.zhou).post(url("background_show", filled.an), {"field": f"{other.pk}.phone"})
    assert response.status_code == 404
    assert not log()


@pytest.mark.parametrize("field", ["", "family", "id_type", "student_id", "pk", "x.phone"])
def test_only_a_masked_value_can_be_asked_for(filled, sign_in, field):
    assert sign_in(filled.zhou).post(url("background_show", filled.an), {"field": field}).status_code == 404
    assert not log()


def test_showing_in_full_takes_a_post_and_the_right(filled, sign_in):
    assert sign_in(filled.zhou).get(url("background_show", filled.an)).status_code == 405
    assert sign_in(filled.guo).post(url("background_show", filled.an), {"field": "id_no"}).status_code == 404


# --- writing ----------------------------------------------------------------------------------------------------------

WRITTEN = {"temperament": "慢热", "pace": "", "interests": "跳绳", "strengths": "肯让人", "version": 1}


@pytest.mark.parametrize("name", ["profile_edit", "family_edit"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("zhou", 200), ("he", 200), ("qin", 403), ("ruan", 403), ("guo", 404), ("lin", 404), ("luo", 404)],
)
def test_only_class_teachers_write(filled, sign_in, who, status, name):
    assert sign_in(filled.people[who]).get(url(name, filled.an)).status_code == status


def test_a_class_teacher_writes_the_profile(filled, sign_in):
    response = sign_in(filled.zhou).post(url("profile_edit", filled.an), WRITTEN)
    assert response.url == filled.an.get_absolute_url()
    profile = StudentProfile.objects.get(student=filled.an)
    assert (profile.interests, profile.talent, profile.version) == ("跳绳", "口风琴", 2)
    assert profile.history.first().history_user == filled.zhou


def test_a_profile_that_is_not_there_yet_is_made_by_the_first_save_not_by_looking(cast, sign_in):
    StudentProfile.objects.all().delete()
    client = sign_in(cast.zhou)
    client.get(url("profile_edit", cast.an))
    assert not StudentProfile.objects.exists()
    client.post(url("profile_edit", cast.an), WRITTEN)
    assert StudentProfile.objects.get().strengths == "肯让人"


def test_a_stale_save_is_refused_with_both_texts(filled, sign_in):
    sign_in(filled.he).post(url("profile_edit", filled.an), {**WRITTEN, "temperament": "何老师写的"})
    response = sign_in(filled.zhou).post(url("profile_edit", filled.an), {**WRITTEN, "temperament": "周老师写的"})
    assert response.status_code == 409
    html = response.content.decode()
    assert "何老师写的" in html
    assert "周老师写的" in html
    assert StudentProfile.objects.get(student=filled.an).temperament == "何老师写的"
    again = sign_in(filled.zhou).post(
        url("profile_edit", filled.an), {**WRITTEN, "version": response.context["version"]}
    )
    assert again.status_code == 302


def test_what_is_too_long_is_kept_and_refused(filled, sign_in):
    response = sign_in(filled.zhou).post(url("profile_edit", filled.an), {**WRITTEN, "temperament": "长" * 2001})
    assert response.status_code == 422
    assert "长" * 2001 in response.content.decode()
    assert StudentProfile.objects.get(student=filled.an).version == 1


def test_a_form_sets_its_own_fields_only(filled, sign_in):
    extra = {"talent": "围棋", "student": str(filled.bei.pk), "id": str(filled.bei.pk), "blood_type": "X"}
    sign_in(filled.zhou).post(url("profile_edit", filled.an), {**WRITTEN, **extra})
    profile = StudentProfile.objects.get(student=filled.an)
    assert (profile.talent, profile.blood_type) == ("口风琴", "")


def test_a_class_teacher_writes_about_the_family(filled, sign_in):
    sign_in(filled.zhou).post(url("family_edit", filled.an), {"family": "爸爸回来了", "id_no": "1", "version": 1})
    row = StudentBackground.objects.get(student=filled.an)
    assert (row.family, row.id_no) == ("爸爸回来了", "990102201705203217")


# --- basic facts ------------------------------------------------------------------------------------------------------

BASIC = {
    "name": "安然然",
    "sex": "2",
    "birth_date": "2017-05-21",
    "boarding_type": "2",
    "entry_month": "202409",
    "version": 1,
}


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_academic_office_and_moral_education_correct_basic_facts(cast, sign_in, who):
    response = sign_in(cast.people[who]).get(url("edit", cast.an))
    assert response.status_code == (200 if who in ("jiao", "ruan") else 404)


def test_a_corrected_name_is_found_by_its_new_pinyin(cast, sign_in):
    response = sign_in(cast.jiao).post(url("edit", cast.an), {**BASIC, "name": "单然"})
    assert response.url == cast.an.get_absolute_url()
    student = Student.objects.get(pk=cast.an.pk)
    assert (student.name, student.sex, student.version) == ("单然", "2", 2)
    assert student.name_initials.split() == ["sr", "dr"]
    assert student.history.first().history_user == cast.jiao


def test_basic_facts_are_corrected_against_the_version_that_was_read(cast, sign_in):
    client = sign_in(cast.jiao)
    client.post(url("edit", cast.an), {**BASIC, "name": "安一"})
    stale = client.post(url("edit", cast.an), {**BASIC, "name": "安二"})
    assert stale.status_code == 409
    assert "安一" in stale.content.decode()
    assert Student.objects.get(pk=cast.an.pk).name == "安一"


@pytest.mark.parametrize(
    ("field", "value"), [("name", "  "), ("birth_date", "2999-01-01"), ("entry_month", "202413"), ("sex", "7")]
)
def test_basic_facts_that_cannot_be_are_refused(cast, sign_in, field, value):
    response = sign_in(cast.jiao).post(url("edit", cast.an), {**BASIC, field: value})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert Student.objects.get(pk=cast.an.pk).version == 1


def test_basic_facts_of_another_school_are_404(cast, sign_in):
    assert sign_in(cast.jiao).post(url("edit", cast.hang), BASIC).status_code == 404


def test_correcting_does_not_move_or_graduate_anybody(cast, sign_in):
    extra = {"status": "graduated", "school": str(cast.elsewhere.pk), "left_on": "2020-01-01"}
    sign_in(cast.jiao).post(url("edit", cast.an), {**BASIC, **extra})
    student = Student.objects.get(pk=cast.an.pk)
    assert (student.status, student.school, student.left_on) == ("present", cast.school, None)


def test_a_role_that_ended_corrects_nothing(cast, sign_in, today):
    RoleMembershipFactory(user=cast.luo, role=Role.ACADEMIC, ends_on=today - timedelta(days=1))
    assert sign_in(cast.luo).get(url("edit", cast.an)).status_code == 404
