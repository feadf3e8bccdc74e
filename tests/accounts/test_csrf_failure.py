import pytest
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TYPED = {
    "facts": "课间他一个人在走廊。\n我陪他走了一圈。",
    "kind": "talk",
    "title": "午后 操场",
    "password1": "my-own-secret",
}


@pytest.fixture
def strict():
    return Client(enforce_csrf_checks=True)


def test_an_expired_form_shows_the_text_again_with_a_fresh_token(strict):
    strict.force_login(UserFactory(), backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = strict.post("/me/?tab=1", TYPED)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "课间他一个人在走廊。\n我陪他走了一圈。</textarea>" in page
    assert 'value="午后 操场"' in page
    assert '<input type="hidden" name="kind" value="talk">' in page
    assert 'action="/me/?tab=1"' in page
    assert "my-own-secret" not in page
    assert "重新提交" in page
    token = answer.context["csrf_token"]
    assert strict.post("/me/", {"shortcuts_enabled": "on", "csrfmiddlewaretoken": str(token)}).status_code == 302


def test_what_another_site_sent_without_a_session_is_not_repeated(strict):
    page = strict.post("/me/", TYPED, headers={"Origin": "https://evil.example"}).content.decode()
    assert "走廊" not in page
    assert "<form" not in page


def test_typed_markup_is_text(strict):
    strict.force_login(UserFactory(), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = strict.post("/me/", {"facts": '</textarea><script>alert("x") </script>'}).content.decode()
    assert "<script>alert" not in page


def test_lost_files_are_named(strict):
    from django.core.files.uploadedfile import SimpleUploadedFile

    strict.force_login(UserFactory(), backend="allauth.account.auth_backends.AuthenticationBackend")
    page = strict.post("/me/", TYPED | {"photo": SimpleUploadedFile("a.png", b"x")}).content.decode()
    assert "附件" in page
