"""Each template is used, and the harness renders each page's: pytest-django fails where a variable is undefined."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test.signals import template_rendered
from django.urls import reverse
from django.utils import timezone

from reports import links
from students.models import RosterImport
from tests.harness.sent import a_note
from tests.harness.snapshot import OURS
from tests.harness.table import TABLE, pages, url_for
from tests.harness.visiting import ask, client_for, listed

ROOT = Path(settings.BASE_DIR)
TEMPLATES = {str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html")}
# Django and allauth ask for these by a name of their own.
BY_OTHERS = re.compile(r"(400|403|404|429|500)\.html|account/\w+\.html|django/forms/.+")
# Shown only by what the harness does not bring about; each has a test of its own.
ELSEWHERE = re.compile(
    r"(400|403|404|429|500|error_base)\.html|account/.+|django/.+|print/.+|components/.+|students/scales/(choose|no_habits)\.html|students/logs/stopped\.html|.+/_[a-z_]+\.html"
)


def test_every_template_is_used():
    sources = [path for app in (*OURS, "config") for path in (ROOT / app).rglob("*.py")]
    texts = "\n".join(path.read_text() for path in [*sources, *(ROOT / "templates").rglob("*.html")])
    assert [name for name in sorted(TEMPLATES) if not BY_OTHERS.fullmatch(name) and name not in texts] == []


@pytest.mark.slow
def test_the_harness_renders_every_page(world, monkeypatch):
    """With every variable defined: --fail-on-template-vars stands in pyproject.toml, and this crawl stands on it."""
    assert "--fail-on-template-vars" in (ROOT / "pyproject.toml").read_text()
    rendered: set[str] = set()

    def note(sender, template, **kwargs):
        rendered.add(str(template.name).split("#")[0])

    template_rendered.connect(note)
    for who in ("zhou", "ruan", "jiao", "wang", "luo", "shen", "xin", "guo", "yi"):
        client = client_for(world.person(who))
        for name, _, url in pages(world, who, 1):
            ask(client, "GET", url)
            if "POST" in TABLE[name].methods:
                ask(client, "POST", url)
    _rare_pages(world, monkeypatch)
    template_rendered.disconnect(note)
    never = [name for name in sorted(TEMPLATES - rendered) if not ELSEWHERE.fullmatch(name)]
    assert not never, f"Never rendered by the harness, give the world what these pages need:\n{listed(never)}"


def _rare_pages(world, monkeypatch) -> None:
    """A form that had expired, a note saved from two tabs, a link that is over, an import that runs and one that is done."""
    ask(client_for(world.cast.zhou), "POST", "/unlock/")
    client_for(world.cast.zhou, enforce_csrf_checks=True).post("/notes/new/", {"facts": "写好的话"})
    zhou, jiao = client_for(world.cast.zhou), client_for(world.cast.jiao)
    assert zhou.post(url_for(world, "students:note_edit", "an2"), a_note(world, version="0")).status_code == 409
    monkeypatch.setattr(links, "LIVES", timedelta(seconds=-1))
    own = world.things["job"]["own"]
    assert (
        zhou.get(reverse("reports:download", args=[own.pk, links.sign(own, "file", world.cast.zhou)])).status_code
        == 410
    )
    for state in (
        {"state": "running", "step": "prepare"},
        {"state": "done", "phase": "applied", "applied_at": timezone.now()},
    ):
        RosterImport.objects.filter(pk=world.things["import"]["ours"].pk).update(**state)
        ask(jiao, "GET", url_for(world, "students:import_detail", "ours"))
