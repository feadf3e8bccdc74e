"""T36: sixty scripts in every text that a page shows. None runs, none is even refused by the policy, all are shown verbatim."""

import json
import re
from urllib.parse import urlencode

import pytest
from django.conf import settings as project
from django.urls import reverse
from django.utils import timezone

from accounts.models import Department
from reports.models import ReportJob
from students.models import AccessRequest, Draft, FileAccess, Observation, ScreeningEntry, Signal
from students.roster import actions as imports
from students.roster import running
from tests.browser.conftest import DESKTOP
from tests.browser.test_pages import SETTLED
from tests.harness.objects import World, build_world
from tests.harness.table import pages
from tests.hostile.scripts import ALL, LONG, SHORT, Gardener

pytestmark = [pytest.mark.browser, pytest.mark.second]

WHO = ("ruan", "zhou", "xin", "jiao", "wang", "shen")  # whoever sees a page first in this order visits it
OWN = ("reports:home", "students:notes_mine")  # each person has another
FILES = ("students:attachment", "students:import_refused", "students:answers_blank", "health")  # no pages
LISTEN = """
addEventListener('securitypolicyviolation', e => refused(e.violatedDirective + ' ' + e.blockedURI));
"""
# Elements and attributes that no page of ours has, and links that would run something.
FOUND = """
() => [...document.querySelectorAll('*')].flatMap(e => [
  ...(e.matches('.planted, script:not([src]), iframe, object, embed, base, marquee, math, svg script, meta[http-equiv]') ? [e.outerHTML] : []),
  ...[...e.attributes].filter(a => /^on|^hx-on|^data-hx-on/i.test(a.name) || /^\\s*java\\s*script:/i.test(a.value)
       || (/^(href|src|action|formaction|data)$/i.test(a.name) && /script:/i.test(a.value))).map(a => e.outerHTML),
]).map(html => html.slice(0, 200))
"""
SHOWN = """
() => [document.title, document.body.textContent,
  ...[...document.querySelectorAll('input, textarea')].map(e => e.value),
  ...[...document.querySelectorAll('[aria-label], [title], [alt], [data-name]')].flatMap(e => [...e.attributes].map(a => a.value))
].join('\\n')
"""


class Watch:
    """A page with ears: what ran, what the policy refused, what it found, what it showed."""

    def __init__(self, page):
        self.page, self.ran, self.shown = page, [], ""
        page.expose_function("canary", lambda *words: self.ran.append(f"canary on {page.url}"))
        page.expose_function("refused", lambda what: self.ran.append(f"{what} on {page.url}"))
        page.on("dialog", self._alert)
        page.add_init_script(LISTEN)

    def _alert(self, dialog) -> None:
        self.ran.append(f"alert on {self.page.url}")
        dialog.dismiss()

    def visit(self, url: str) -> None:
        answer = self.page.goto(url)
        assert answer.ok, f"{answer.status} {url}"
        self.look()

    def look(self) -> None:
        self.page.wait_for_function(SETTLED)
        self.ran += [f"{html} on {self.page.url}" for html in self.page.evaluate(FOUND)]
        self.shown += squeezed(self.page.evaluate(SHOWN))

    @property
    def wrong(self) -> list[str]:
        return self.ran + self.page.complaints


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def planted_world() -> tuple[World, Gardener]:
    world, garden = build_world(), Gardener()
    _upload(world, garden)
    _answer_everything(world)
    garden.plant()
    ReportJob.objects.filter(pk=world.things["job"]["office"].pk).update(state="failed", file="", expires_at=None)
    for draft in Draft.objects.all():
        body = json.loads(draft.body)
        body |= {name: [garden.text_for(f"Draft.{name}", None)] for name in Observation.TEXTS}
        Draft.objects.filter(pk=draft.pk).update(body=json.dumps(body))
    known = {each.name: each.value_from_object(FileAccess.objects.first()) for each in FileAccess._meta.fields}
    known |= {
        "school_id": str(world.cast.school.pk),
        "id": None,
        "user_label": garden.text_for("FileAccess.user_label", 120),
        "at": timezone.now(),
    }
    FileAccess.objects.create(**known | {"student_ids": str(world.cast.an.pk)})
    return world, garden


def _answer_everything(world: World) -> None:
    """Some words show up only where a question was answered, a row reviewed."""
    by, at = world.cast.ruan, timezone.now()
    AccessRequest.objects.update(is_granted=False, decided_at=at, decided_by=by)
    ScreeningEntry.objects.filter(student=world.cast.bei).update(reviewed_at=at, reviewed_by=by, decision="watch")
    Signal.objects.filter(answer="").update(answer="noted", answered_at=at, answered_by=world.cast.zhou)


def _upload(world: World, garden: Gardener) -> None:
    """A roster whose header, good rows and refused rows are full of them."""
    cells = [garden.text_for(f"roster.{where}", 40) for where in ("header", "name", "refused", "class", "cell")]
    header, name, refused, place, cell = (text.replace('"', '""') for text in cells)
    rows = [f'姓名,性别,出生日期,班级,特长,"{header}"', f'"{name}",女,20170520,三年级(1)班,"{cell}",x']
    rows += [f'"{refused}",女,20170520,"{place}","{cell}",x']
    job = imports.upload(
        by=world.cast.jiao, school=world.cast.school, data="\n".join(rows).encode(), filename="x.csv", now=timezone.now(),
        in_background=False,
    )  # fmt: skip
    running.run(job_id=str(job.pk), clock=timezone.now)
    job.refresh_from_db()
    assert (job.new, job.refused) == (1, 1), job.error
    world.things["import"] = {"hostile": job}


def visits(world: World) -> dict[str, list[str]]:
    """who → addresses: each page once, of its own things where a page has them; those of OWN for each person."""
    seen, found = set(), {}
    for who in WHO:
        for name, _label, url in pages(world, who, most=1):
            if name not in FILES and (name not in seen or name in OWN):
                seen.add(name)
                found.setdefault(who, []).append(url)
    return found


# Stands on no page, or only in part; everything else must have been seen. History shows versions of notes and profiles.
UNSEEN = re.compile(
    r"Student\.student_no_aux|StudentProfile\.(birthplace_code|hukou_code|postcode)|Guardian\.(ethnicity|hukou_code|id_type)|Observation\.void_reason"
    r"|ReportJob\.reason|Assessment\.change_reason|roster\.(cell|class)|Historical(?!Observation\.(facts|analysis|action|own_words|history)).*"
)


def unseen(garden: Gardener, shown: str) -> list[str]:
    """Columns of which no text was shown whole."""
    labels = [label for label, texts in garden.planted.items() if not any(squeezed(text) in shown for text in texts)]
    return [label for label in labels if not UNSEEN.fullmatch(label)]


def _show_in_full(watch: Watch, world: World) -> None:
    """Numbers and addresses are masked until somebody asks for them, one by one."""
    for student in (world.cast.an, world.cast.bei):
        url = reverse("students:background", args=[student.pk])
        watch.page.goto(url)
        keys = watch.page.locator("input[name=field]").evaluate_all("all => all.map(e => e.value)")
        for key in keys if student == world.cast.an else ():
            watch.page.locator(f"form:has(input[name=field][value='{key}']) button").click()
            watch.look()


def _meet_in_one_note(watch: Watch, world: World) -> None:
    """Somebody else changed the note meanwhile: the page shows both texts."""
    note = world.things["note"]["an2"]
    watch.page.goto(reverse("students:note_edit", args=[note.pk]))
    Observation.objects.filter(pk=note.pk).update(version=note.version + 7, facts=f"{ALL} anders")
    watch.page.locator("textarea[name=facts]").fill(f"mine {ALL}")
    with watch.page.expect_response(lambda answer: answer.request.method == "POST" and "edit" in answer.url) as answer:
        watch.page.locator(".yd-savebar button[type=submit]").first.click()
    assert answer.value.status == 409
    watch.look()
    assert squeezed(f"{ALL} anders") in watch.shown and squeezed(f"mine {ALL}") in watch.shown


def _go_on_with_a_draft(watch: Watch, world: World) -> None:
    body = json.loads(world.things["draft"]["zhou"].body)
    draft = Draft.objects.get(user=world.cast.zhou)
    watch.visit(f"{reverse('students:note_new')}?draft={draft.key.rpartition(':')[2]}&student={body['student'][0]}")
    watch.visit(f"{reverse('students:search')}?{urlencode({'q': ALL[:1500]})}")


@pytest.mark.slow
def test_no_script_runs_and_every_text_is_shown_as_it_is(transactional_db, open_page):
    world, garden = planted_world()
    watches = []
    for who, urls in visits(world).items():
        watches.append(Watch(open_page(world.person(who), DESKTOP)))
        for url in urls:
            watches[-1].visit(url)
        if who == "ruan":
            watches[-1].visit(ScreeningEntry.objects.get(student=world.cast.bei).get_absolute_url())
        if who == "zhou":
            _show_in_full(watches[-1], world)
            _go_on_with_a_draft(watches[-1], world)
            _meet_in_one_note(watches[-1], world)
    assert [each for watch in watches for each in watch.wrong] == []
    assert unseen(garden, "".join(watch.shown for watch in watches)) == []


# --- and it could -----------------------------------------------------------------------------------------------------


@pytest.fixture
def trusting(settings, tmp_path):
    """One template that trusts the name of a department."""
    name = "accounts/departments.html"
    text = (project.BASE_DIR / "templates" / name).read_text("utf-8")
    assert "{{ row.name }}" in text
    (tmp_path / "accounts").mkdir()
    (tmp_path / name).write_text(text.replace("{{ row.name }}", "{{ row.name|safe }}"), "utf-8")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, project.BASE_DIR / "templates"]}]


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("policy", [True, False], ids=["policy", "bare"])
def test_a_page_that_trusts_one_text_would_be_noticed(cast, open_page, settings, policy):
    """With the policy the browser refuses and says so; without it the scripts run."""
    if not policy:
        settings.CONTENT_SECURITY_POLICY = None
    for script in ("<img src=x onerror=canary()>", "<svg onload=alert(1)>", "<b class=planted>x</b>"):
        Department.objects.create(school=cast.school, name=script)
    watch = Watch(open_page(cast.wang, DESKTOP))
    watch.visit(reverse("accounts:departments"))
    watch.page.wait_for_timeout(200)
    found = "\n".join(watch.wrong)
    assert "<b class=" in found
    assert ("script-src" in found) == policy
    assert ("canary on" in found and "alert on" in found) != policy


def test_there_are_sixty_and_more():
    assert len({*SHORT, *LONG}) == len(SHORT) + len(LONG) >= 60
