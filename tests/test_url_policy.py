"""Every URL states its policy (T10), and nobody reaches one that does not."""

from django.urls import URLPattern, get_resolver

from accounts.decorators import Policy


def walk(patterns, prefix=""):
    """(name with namespace, view) of every URL of the project."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", pattern.callback
        else:
            namespace = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from walk(pattern.url_patterns, namespace)


URLS = dict(walk(get_resolver().url_patterns))


def test_every_url_has_a_name_of_its_own():
    assert len(URLS) == len(list(walk(get_resolver().url_patterns)))
    assert not [name for name in URLS if name.endswith("None")]


def test_every_view_states_a_policy():
    assert [name for name, view in URLS.items() if not isinstance(getattr(view, "policy", None), Policy)] == []


def test_only_these_urls_are_open_to_everybody():
    public = {name for name, view in URLS.items() if view.policy.kind == "public"}
    assert public == {"account_login", "account_logout", "health", "offline"}


def test_no_url_without_sign_in_but_the_public_ones():
    """LoginRequiredMiddleware guards whatever does not opt out."""
    opted_out = {name for name, view in URLS.items() if not getattr(view, "login_required", True)}
    assert opted_out == {"account_login", "account_logout", "health", "offline"}
