"""T54: where a form leads that arrives while the first one is not yet answered."""

import uuid

import pytest

from accounts.models import RoleMembership, SentForm


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [("http://testserver{page}", "http://testserver{page}"), ("http://elsewhere.example/", "{page}roles/")],
)
def test_the_second_leads_back_to_the_page_of_the_form(cast, sign_in, today, came_from, leads_to):
    office, page = sign_in(cast.wang), f"/staff/{cast.luo.pk}/"
    data = {"role": "doctor", "starts_on": str(today), "once": str(uuid.uuid4())}
    assert office.post(f"{page}roles/", data).status_code == 302
    SentForm.objects.update(led_to="")  # as long as the first is under way
    again = office.post(f"{page}roles/", data, headers={"referer": came_from.format(page=page)})
    assert again["Location"] == leads_to.format(page=page)
    assert RoleMembership.objects.filter(user=cast.luo, role="doctor").count() == 1
