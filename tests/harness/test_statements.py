"""Statements per page: at most 12, and as many at three rows as at one (issue 2, Done when 6). Transactions not counted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from students import audit
from students.actions.screening import review_entry
from students.models import Attachment, AttentionRequest, FileAccess, Guardian, LookRequest, Observation, Signal
from tests.cast import build_cast
from tests.factories import StudentFactory, seat
from tests.harness.objects import staged
from tests.harness.table import PICKER, TABLE, pages, urls
from tests.harness.visiting import ask, client_for
from tests.students.reading import ALLOWED, NOT_COUNTED
from tests.students.sweep import a_checklist, a_round, an_answer, sheet_of

# Pages of one thing, which hold no list that grows: they answer for the bound alone in test_no_page_asks_too_much.
LISTS = (
    "students:list", "students:class_grid", "students:timeline", "students:background", "students:history", "students:access",
    "students:notes_mine", "students:note_detail", "students:note_history", "students:note_picker", "students:note_audience",
    "students:note_new", "reports:home", "reports:todo", "reports:classes", "reports:recent", "reports:index",
    "students:student_screening", "students:screening",
    "reports:radar", "reports:radar_left", "reports:radar_class", "reports:only_concern",
    "students:signals", "students:signals_of", "students:signal", "students:looks",
)  # fmt: skip
FOR_THE_OFFICE = {
    "xin": ("students:attention", "reports:home", "reports:todo"),
    "ruan": (
        "students:attention",
        "students:readers",
        "students:counselling",
        "students:class_list",
        "students:screening_review",
        "reports:radar",
        "reports:radar_left",
        "reports:only_concern",
        "reports:equity",
        "students:signals",
        "students:looks",
        "students:need_confirmed",
    ),
    "jiao": ("students:placements", "students:imports", "students:mark_imports"),
    "wang": ("students:classes_admin", "accounts:staff", "accounts:roles"),
}


def grow(cast, step: int) -> None:
    """One more of everything that a list shows."""
    student = seat(StudentFactory(school=cast.school, name=f"新来{step}"), cast.own_class, seat_no=20 + step)
    for about in (student, cast.an):
        note = Observation.objects.create(
            student=about,
            author=cast.zhou,
            facts=f"第{step}次",
            happened_on=timezone.localdate(),
            follow_up_on=timezone.localdate(),
        )
        AttentionRequest.objects.create(student=about, author=cast.zhou, observation=note)
        Attachment.objects.create(
            incident=note.incident, author=cast.zhou, content_type="image/jpeg", size=1, file="none"
        )
        Signal.objects.create(
            student=about,
            rule=("concerns", "negative", "tone")[step - 1],
            counted=[f"students.observation:{each.pk}" for each in Observation.objects.filter(student=about)],
            numbers={"count": 3, "days": 10, "before": 3},
            fingerprint=f"{step}",
            raised_on=timezone.localdate(),
        )
        LookRequest.objects.create(student=about, author=cast.ruan, asked_at=timezone.now())
        note.facts += "，又改"
        note.save()
    audit.record_for(
        cast.zhou, FileAccess.Kind.VIEW, what="students:timeline", students=[cast.an], page_view=f"page-view-{step}"
    )
    _screen(cast, student, step)
    Guardian.objects.create(student=cast.an, order=step, name=f"家人{step}")


def _screen(cast, student, step: int) -> None:
    """One more round with a sheet of the class, an answer to look at, and one about an that was looked at."""
    row = a_round(cast.school, checklist=a_checklist(cast.school, name=f"第{step}份清单"))
    sheet = sheet_of(row, cast.own_class)
    an_answer(sheet, student, cast.zhou)
    entry = an_answer(sheet, cast.an, cast.zhou)
    review_entry(
        by=cast.ruan, entry=entry, decision="watch", note="再看", categories=[], facts="", version=1, now=timezone.now()
    )


def address(name: str, cast) -> str:
    thing = {"class": cast.own_class, "student": cast.an, "note": Observation.objects.filter(student=cast.an).first()}
    thing["signal"] = Signal.objects.filter(student=cast.an).order_by("-created_at").first()
    pk = {"pk": thing[TABLE[name].takes].pk} if TABLE[name].takes else {}
    return reverse(name, kwargs=pk) + (f"?student={cast.an.pk}&student={cast.bei.pk}" if TABLE[name].query else "")


def statements(client, url: str, **headers) -> list[str]:
    ask(client, "GET", url, **headers)  # the first visit starts the session's clock
    with CaptureQueriesContext(connection) as queries:
        response = ask(client, "GET", url, **headers)
    assert response.status_code in (200, 302), url
    return [query["sql"] for query in queries if not query["sql"].startswith(NOT_COUNTED)]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["zhou", *FOR_THE_OFFICE])
def test_a_list_asks_as_much_for_three_rows_as_for_one(db, who):
    cast = build_cast()
    names = FOR_THE_OFFICE.get(who, LISTS)
    grow(cast, 1)
    client = client_for(cast.people[who])
    one = {name: statements(client, address(name, cast)) for name in names}
    grow(cast, 2)
    grow(cast, 3)
    three = {name: statements(client, address(name, cast)) for name in names}
    wrong = [
        f"{name}: {len(one[name])} at one row, {len(three[name])} at three"
        for name in names
        if len(one[name]) != len(three[name])
    ]
    wrong += [
        f"{name}: {len(three[name])} statements, {ALLOWED} are allowed" for name in names if len(three[name]) > ALLOWED
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("who", staged(["zhou", "ruan", "jiao", "wang"]))
def test_no_page_asks_too_much(world, who):
    """Every URL of the table, as whoever may open it."""
    client, wrong = client_for(world.person(who)), []
    for name, label, url in pages(world, who, 1):
        if (count := len(statements(client, url))) > ALLOWED:
            wrong.append(f"{name} {label}: {count}")
    assert not wrong, "\n".join(wrong)


def test_the_count_sees_one_statement_per_row(db):
    """A planted fault: a list that asks again for each row."""
    cast = build_cast()

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            [note.student.name for note in Observation.objects.all()]
        return len(queries)

    grow(cast, 1)
    one = asked()
    grow(cast, 2)
    assert asked() > one


def test_time_passes_without_a_save_and_everything_closes(world, monkeypatch):
    """Done when 6 for every URL at once: only the clock moves past the end of zhou's duty."""
    from students.actions.placements import end_class_assignment

    now, today = timezone.now(), timezone.localdate()
    end_class_assignment(by=None, assignment=world.things["duty"]["zhou"], on=today + timedelta(days=1), now=now)
    names = [name for name, row in TABLE.items() if row.takes in ("student", "class", "job") and "GET" in row.methods]
    names = [name for name in names if name not in PICKER]  # open to everybody, and about nobody's file
    opened = [
        (name, label, url) for name, label, url in urls(world, names) if TABLE[name].rule("zhou", label) in (200, 403)
    ]
    assert len(opened) > 15
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=3))
    client = client_for(world.cast.zhou)
    still = [
        f"{name} {label}: {status}"
        for name, label, url in opened
        if (status := ask(client, "GET", url).status_code) != 404
    ]
    assert not still, "\n".join(still)
