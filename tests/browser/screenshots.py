"""Pictures of every page × role × size from the demo school, into var/screenshots: `make screenshots`.

Those of IN_DOCS go to docs/screenshots as well. Not collected by the normal suite: its name is no test's.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page

from accounts.models import KnownDevice, User
from reports import actions as reports
from reports import making
from reports.models import ReportJob
from students.demo import marks as demo_marks
from students.demo.build import build
from students.marks.importing import options_of
from students.models import (
    AccessRequest,
    Assessment,
    AttentionLevel,
    AttentionRequest,
    CareNeed,
    Category,
    Checklist,
    ClassGroup,
    Draft,
    EmergencyAccess,
    Exam,
    HabitCheck,
    Handover,
    Observation,
    RosterImport,
    SchoolCalendar,
    ScreeningEntry,
    ScreeningRound,
    ScreeningSheet,
    Signal,
    Student,
)
from students.roster import actions as roster
from students.roster import running
from tests.browser.conftest import DESKTOP, PHONE, session_cookie

SIZES = {"phone": (PHONE, 2), "desktop": (DESKTOP, 1.5)}
PICTURES = settings.BASE_DIR / "var" / "screenshots"
DOCS = settings.BASE_DIR / "docs" / "screenshots"
IN_DOCS = {
    ("head-teacher", "home"),
    ("head-teacher", "class-grid"),
    ("head-teacher", "quick-note"),
    ("head-teacher", "student-file"),
    ("head-teacher", "report-progress"),
    ("head-teacher", "screening-class"),
    ("head-teacher", "student-needs"),
    ("academic", "import-dry-run"),
    ("moral-education", "radar"),
    ("moral-education", "categories"),
}
MEANT_TO_FAIL = {"not-found", "offline"}
MOST_BYTES = 200_000
SETTLED = "() => !document.querySelector('[aria-busy=true], .htmx-request, .htmx-settling')"
ROLES = {
    "head-teacher": "T0033",
    "subject-teacher": "T0036",
    "grade-leader": "T0032",
    "counsellor": "T0005",
    "moral-education": "T0003",
    "principal": "T0001",
    "academic": "T0007",
    "doctor": "T0011",
    "aid-officer": "T0013",
    "dormitory-keeper": "T0009",
    "system-admin": "T0012",
    "auditor": "T0008",
}


@dataclass
class Demo:
    """What the pictures are of."""

    users: dict[str, User]
    own_class: ClassGroup
    student: Student
    note: Observation
    sensitive: Student
    done: ReportJob
    running: ReportJob
    roster: RosterImport
    marks: RosterImport
    falling: Student
    cared: Student
    need: CareNeed

    def user(self, role: str) -> User:
        return self.users[ROLES[role]]

    @property
    def sheet(self) -> ScreeningSheet:
        return ScreeningSheet.objects.waiting().get(class_group=self.own_class)

    @property
    def round(self) -> ScreeningRound:
        return self.sheet.round

    @property
    def seen(self) -> ScreeningEntry:
        return ScreeningEntry.objects.to_review().order_by("created_at", "pk").first()

    @property
    def checklist(self) -> Checklist:
        return self.round.checklist


@pytest.fixture
def school(transactional_db) -> Demo:
    now, today = timezone.now(), timezone.localdate()
    school = build(today=today, now=now)
    users = {user.employee_no: user for user in User.objects.filter(school=school)}
    head = users[ROLES["head-teacher"]]
    own_class = head.class_assignments.select_related("class_group").latest("starts_on").class_group
    notes = Observation.objects.filter(author=head, level=2, voided_at=None).order_by("-created_at", "pk")
    note = notes.first()
    done, waiting = _jobs(users, own_class, SchoolCalendar.of(school.pk).term_on(today), now)
    return Demo(
        users=users,
        own_class=own_class,
        student=note.student,
        note=note,
        sensitive=AttentionRequest.objects.filter(acknowledged_at__isnull=False).first().student,
        done=done,
        running=waiting,
        roster=_roster(users[ROLES["academic"]], own_class, now),
        marks=_marks(users[ROLES["academic"]], own_class, now),
        cared=AttentionLevel.objects.filter(student__enrolments__class_group=own_class).first().student,
        need=CareNeed.objects.proposed().exclude(author=None).order_by("created_at").first(),
        falling=Student.objects.get(enrolments__class_group=own_class, enrolments__seat_no=demo_marks.DROPS + 1),
    )


def _jobs(users, own_class, term, now) -> tuple[ReportJob, ReportJob]:
    head = users[ROLES["head-teacher"]]
    done = reports.request_summary(by=head, class_group=own_class, term=term, now=now)
    making.make(job_id=str(done.pk), clock=timezone.now)
    waiting = reports.request_summary(by=head, class_group=own_class, term=term, now=now)
    ReportJob.objects.filter(pk=waiting.pk).update(state="running", steps_done=3, step=ReportJob.Step.CHARTS)
    return done, waiting


def _roster(academic: User, own_class: ClassGroup, now) -> RosterImport:
    """The class's own roster with a few changes, newcomers, and rows that are refused."""
    today = timezone.localdate(now)
    seats = own_class.enrolments.on(today).select_related("student").order_by("seat_no")[:32]
    rows = [_row(seat, own_class.name_on(today)) for seat in seats]
    for number in (2, 7, 11):
        rows[number]["就读方式"] = "住校" if rows[number]["就读方式"] == "走读" else "走读"
    rows[4]["民族"] = "回族"
    newcomers = [("沈㛃", "女", "46"), ("方𬱖", "男", "47")]
    rows += [
        rows[0] | {"姓名": name, "性别": sex, "座号": seat, "出生日期": "20180412"} for name, sex, seat in newcomers
    ]
    rows += [rows[1] | {"姓名": "", "座号": "48"}, rows[3] | {"出生日期": "20271301"}]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return _checked(academic, out.getvalue(), "名册.csv", now)


def _marks(academic: User, own_class: ClassGroup, now) -> RosterImport:
    """Corrected marks of the class's last exam: two that were missed are given now, one is no mark."""
    name, exam = own_class.name_on(timezone.localdate(now)), Exam.objects.in_order().last()
    seats = own_class.enrolments.select_related("student").order_by("seat_no")
    lines = [f"{name},{each.seat_no},{each.student.name},{60 + each.seat_no % 40},缺考" for each in seats]
    lines[3] += "了"
    said = options_of(term=exam.term, exam=exam.kind)
    return _checked(
        academic, "\n".join(["班级,学号,姓名,科学,道德与法治", *lines]), "成绩.csv", now, kind="marks", options=said
    )


def _checked(academic: User, sheet: str, filename: str, now, **about) -> RosterImport:
    job = roster.upload(
        by=academic,
        school=academic.school,
        data=sheet.encode(),
        filename=filename,
        now=now,
        in_background=False,
        **about,
    )
    running.run(job_id=str(job.pk), clock=timezone.now)
    job.refresh_from_db()
    return job


def _row(seat, class_name: str) -> dict[str, str]:
    student = seat.student
    return {
        "姓名": student.name,
        "性别": student.get_sex_display(),
        "出生日期": f"{student.birth_date:%Y%m%d}",
        "民族": student.ethnicity,
        "班级": class_name,
        "座号": str(seat.seat_no),
        "就读方式": student.get_boarding_type_display(),
    }


# --- the camera -------------------------------------------------------------------------------------------------------


class Camera:
    def __init__(self, chromium, url: str):
        self.chromium, self.url = chromium, url
        self.ugly: list[str] = []

    def page(self, user: User | None, size: str, **options) -> Page:
        viewport, scale = SIZES[size]
        context = self.chromium.new_context(
            viewport=viewport, device_scale_factor=scale, is_mobile=size == "phone", has_touch=size == "phone",
            locale="zh-CN", base_url=self.url, **options,
        )  # fmt: skip
        if user:
            context.add_cookies([session_cookie(user, self.url)])
        return context.new_page()

    def take(self, page: Page, role: str, name: str, size: str) -> None:
        page.wait_for_function(SETTLED)
        if page.locator(".yd-oops").count() and name not in MEANT_TO_FAIL:
            self.ugly.append(f"{role}/{name}-{size} is an error page")
        page.evaluate("document.fonts.ready")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.ugly.append(f"{role}/{name}-{size} scrolls sideways by {wide} px")
        path = PICTURES / role / f"{name}-{size}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, animations="disabled")
        if (role, name) in IN_DOCS:
            quantised(path, DOCS / path.name)


def quantised(picture: Path, target: Path) -> None:
    """With as many colours as fit into MOST_BYTES."""
    target.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(picture).convert("RGB")
    for colours in (256, 128, 64, 32):
        image.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < MOST_BYTES:
            return


# --- the pages --------------------------------------------------------------------------------------------------------

Open = Callable[[Page, Demo], object]


def at(name: str, *of: str, query: str = "") -> Open:
    """Goes to that URL; `of` names attributes of Demo."""

    def go(page: Page, demo: Demo) -> None:
        page.goto(reverse(name, args=[getattr(demo, each).pk for each in of]) + query)

    return go


def quick_note(page: Page, demo: Demo) -> None:
    Draft.objects.filter(user=demo.user("head-teacher"), seq__gt=1).delete()  # of the picture before
    page.goto(demo.student.get_absolute_url())
    page.wait_for_function(SETTLED)
    page.locator("[data-key=n]:visible, .yd-fab:visible").first.click()
    page.locator("textarea[name=facts]").fill("课间把摔倒的同学扶到医务室，一路轻声安慰，回来又把地上的水擦干了。")
    page.locator("[data-draft-status] svg").wait_for()


def choosing(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.own_class.get_absolute_url()}#select")
    boxes = page.get_by_role("checkbox")
    for number in (1, 6, 12):
        boxes.nth(number).check()


def class_screening(page: Page, demo: Demo) -> None:
    """From the top, though the focus is where the work goes on."""
    page.goto(demo.sheet.get_absolute_url())
    page.wait_for_function("document.activeElement.closest('[data-screen]')")
    page.evaluate("document.activeElement.blur(); scrollTo({top: 0, behavior: 'instant'})")


def screening(page: Page, demo: Demo) -> None:
    """The first student who is left, with the form open."""
    Draft.objects.filter(key__startswith="screen:").delete()  # of the picture before
    page.goto(demo.sheet.get_absolute_url())
    page.locator("[data-left] > a").first.click()
    row = page.locator(".yd-screen-open")
    row.locator("input[name=signs]").nth(4).check()
    row.locator("textarea").fill("大课间连着三天一个人在花坛边走，叫她一起玩就摇头。")
    row.locator("input[name=ways]").last.check()
    row.locator("summary").click()
    row.locator("[data-draft-status] svg").wait_for()
    row.evaluate("row => row.scrollIntoView({block: 'start', behavior: 'instant'})")


def searching(page: Page, demo: Demo) -> None:
    page.goto(reverse("students:search"))
    page.locator("main input[name=q], .yd-find input").first.fill(demo.student.name[0])
    page.wait_for_load_state("networkidle")


def new_device(page: Page, demo: Demo) -> None:
    """A phone asks whose it is."""
    seen = {"marks": "Android Mobile MicroMessenger", "first_seen_at": timezone.now(), "last_seen_at": timezone.now()}
    KnownDevice.objects.get_or_create(
        user=demo.user("head-teacher"), token_hash="phone", defaults={**seen, "asks": True}
    )
    page.goto(reverse("usersessions_list"))


def a_signal(page: Page, demo: Demo) -> None:
    page.goto(
        Signal.objects.unanswered().filter(student__enrolments__class_group=demo.own_class).first().get_absolute_url()
    )


def on_file(name: str, found: Callable[[], object]) -> Open:
    """A page of the student or row that `found` gives."""
    return lambda page, _demo: page.goto(reverse(name, args=[found().pk]))


def filled(name: str, model: type, attribute: str = "pk", query: str = "") -> Open:
    """Of the newest that was filled in: its page, or one of its student's or instrument's."""

    def go(page: Page, demo: Demo) -> None:
        row = model.objects.order_by("-filled_on", "student__name").first()
        page.goto(reverse(name, args=[getattr(row, attribute)]) + query.format(row.instrument_id))

    return go


SCENES: dict[str, dict[str, Open]] = {
    "head-teacher": {
        "home": at("reports:home"),
        "todo": at("reports:todo"),
        "class-grid": at("students:class_grid", "own_class"),
        "class-grid-quiet": at("students:class_grid", "own_class", query="?show=quiet"),
        "class-grid-choosing": choosing,
        "note-picker": at("students:note_picker"),
        "quick-note": quick_note,
        "student-list": at("students:list"),
        "search": searching,
        "student-file": at("students:detail", "student"),
        "student-timeline": at("students:timeline", "student"),
        "student-profile": at("students:profile", "student"),
        "student-profile-edit": at("students:profile_edit", "student"),
        "student-marks": at("reports:marks", "falling"),
        "student-background": at("students:background", "student"),
        "student-needs": at("students:needs", "cared"),
        "need-propose": at("students:need_propose", "cared"),
        "attention-level": at("students:level", "cared"),
        "signal": a_signal,
        "signals-of": at("students:signals_of", "falling"),
        "access-mine": at("students:access_mine"),
        "access-ask": at("students:access_ask", "sensitive"),
        "emergency-open": at("students:emergency_open", "sensitive"),
        "student-screening": at("students:student_screening", "cared"),
        "upkeep": at("students:upkeep"),
        "student-access": at("students:access", "student"),
        "student-readers": at("students:readers", "student"),
        "student-history": at("students:history", "student"),
        "student-habits": filled("students:habits", HabitCheck, "student_id"),
        "habits-fill": filled("students:habit_new", HabitCheck, "student_id"),
        "note": at("students:note_detail", "note"),
        "note-append": at("students:note_append", "note"),
        "note-void": at("students:note_void", "note"),
        "note-history": at("students:note_history", "note"),
        "notes-mine": at("students:notes_mine"),
        "radar-class": at("reports:radar_class", "own_class"),
        "radar-left": at("reports:radar_left"),
        "only-concern": at("reports:only_concern"),
        "screening-class": class_screening,
        "screening-answer": screening,
        "learning-check": at("students:learning_check", "student"),
        "report-index": at("reports:index"),
        "report-progress": at("reports:job", "running"),
        "report-done": at("reports:job", "done"),
        "me": at("accounts:me"),
        "sessions": new_device,
        "password": at("account_change_password"),
        "not-found": lambda page, demo: page.goto("/students/00000000-0000-4000-8000-000000000000/"),
    },
    "subject-teacher": {"student-file": at("students:detail", "student")},
    "counsellor": {
        "attention": at("students:attention"),
        "student-file": at("students:detail", "sensitive"),
        "assessments": filled("students:assessments", Assessment, "student_id"),
        "assessment": filled("students:assessment", Assessment),
        "assessment-fill": filled("students:assessment_new", Assessment, "student_id", "?instrument={}"),
        "instrument": filled("students:instrument", Assessment, "instrument_id"),
        "instrument-new": at("students:instrument_new"),
        "answers": filled("students:answers", Assessment, "instrument_id"),
    },
    "moral-education": {
        "attention": at("students:attention"),
        "class-list": at("students:class_list"),
        "radar": at("reports:radar"),
        "radar-talks": lambda page, demo: page.goto(f"{reverse('reports:radar')}?what=talk"),
        "equity": at("reports:equity"),
        "student-file": at("students:detail", "sensitive"),
        "student-needs": at("students:needs", "cared"),
        "need": at("students:need_detail", "need"),
        "need-services": at("students:need_services", "need"),
        "needs-confirmed": at("students:need_confirmed"),
        "look-ask": at("students:look_ask", "sensitive"),
        "looks": at("students:looks"),
        "services": at("students:services"),
        "categories": at("students:categories"),
        "clocks": at("students:clocks"),
        "need-search": at("students:need_search"),
        "student-access": at("students:access", "sensitive"),
        "counselling": at("students:counselling", "sensitive"),
        "access-office": at("students:access_office"),
        "readers-print": at("students:readers_print", "student"),
        "signal-rules": at("students:signal_rules"),
        "category": on_file("students:category", lambda: Category.objects.order_by("name").first()),
        "attention-level": at("students:level", "cared"),
        "emergency": lambda page, demo: page.goto(EmergencyAccess.objects.filter(verdict="").get().get_absolute_url()),
        "request": lambda page, demo: page.goto(AccessRequest.objects.waiting().get().get_absolute_url()),
        "handovers": at("students:handovers"),
        "handover": lambda page, demo: page.goto(Handover.objects.get().get_absolute_url()),
        "screening-open": at("students:screening_open"),
        "screening-round": at("students:screening_round", "round"),
        "screening-review": at("students:screening_review"),
        "screening-entry": at("students:screening_entry", "seen"),
        "screening-entry-history": at("students:screening_entry_history", "seen"),
        "need-history": at("students:need_history", "need"),
        "checklists": at("students:checklists"),
        "checklist": at("students:checklist", "checklist"),
        "only-concern": at("reports:only_concern"),
    },
    "academic": {
        "mark-new": at("students:mark_new", "falling"),
        "imports": at("students:imports"),
        "mark-imports": at("students:mark_imports"),
        "marks-dry-run": at("students:import_detail", "marks"),
        "import-columns": at("students:import_columns", "roster"),
        "import-dry-run": at("students:import_detail", "roster"),
        "rollover": at("students:rollover"),
        "placements": at("students:placements"),
        "student-add": at("students:add"),
        "student-move": at("students:move", "student"),
        "student-leave": at("students:leave", "student"),
    },
    "dormitory-keeper": {
        "note-picker": at("students:note_picker"),
        "access-mine": at("students:access_mine"),
        "access-ask": at("students:access_ask", "student"),
        "emergency-open": at("students:emergency_open", "student"),
    },
    "system-admin": {
        "staff": at("accounts:staff"),
        "staff-add": at("accounts:staff_add"),
        "roles": at("accounts:roles"),
        "departments": at("accounts:departments"),
        "school": at("accounts:school"),
        "terms": at("students:terms"),
        "system": at("reports:system"),
        "calendar": at("students:calendar"),
        "classes-admin": at("students:classes_admin"),
        "class-admin": at("students:class_admin", "own_class"),
    },
}


def scenes_of(role: str, page: Page) -> dict[str, Open]:
    """The scenes of the role, and every page of its menu."""
    page.goto(reverse("reports:home"))
    menu = page.locator("nav.yd-side a[href]").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    from_menu = {href.strip("/").replace("/", "-") or "home": _at_path(href) for href in menu}
    return from_menu | SCENES.get(role, {})


def _at_path(href: str) -> Open:
    return lambda page, _demo: page.goto(href)


def test_pictures(school, chromium, live_server):
    """ONLY=docs takes those; ONLY=<role> takes that role's; nothing is everything."""
    camera = Camera(chromium, live_server.url)
    only = os.environ.get("ONLY", "")
    for role in [role for role in ROLES if only in ("", role) or (only == "docs" and role in dict(IN_DOCS))]:
        for size in SIZES:
            page = camera.page(school.user(role), size)
            for name, go in scenes_of(role, page).items():
                if only != "docs" or (role, name) in IN_DOCS:
                    go(page, school)
                    camera.take(page, role, name, size)
            page.context.close()
    if not only:
        _modes(camera, school)
        _doors(camera)
    assert camera.ugly == []


def _modes(camera: Camera, school: Demo) -> None:
    """Dark, and with names blurred."""
    scenes, head = SCENES["head-teacher"], school.user("head-teacher")
    for size in SIZES:
        page = camera.page(head, size, color_scheme="dark")
        for name in ("home", "class-grid", "student-file"):
            scenes[name](page, school)
            camera.take(page, "head-teacher", f"{name}-dark", size)
        page.context.close()
        page = camera.page(head, size)
        for name in ("class-grid", "student-file"):
            scenes[name](page, school)
            page.wait_for_function(SETTLED)
            if "privacy" not in (page.locator("html").get_attribute("class") or ""):
                page.keyboard.press("p")
            camera.take(page, "head-teacher", f"{name}-privacy", size)
        page.context.close()


def _doors(camera: Camera) -> None:
    for size in SIZES:
        page = camera.page(None, size)
        for name, path in {"sign-in": reverse("account_login"), "offline": reverse("offline")}.items():
            page.goto(path)
            camera.take(page, "nobody", name, size)
        page.context.close()
