"""T24: each GET that shows level 2 or more writes one row in the read log, of the right student; a refusal writes none.

Sign-ins, failures, roles, duties and grants: tests/audit/test_security_events.py."""

from datetime import timedelta

import pytest

from accounts.models import SecurityEvent
from students.models import FileAccess
from tests.harness.objects import NOTES, staged
from tests.harness.table import TABLE, pages, refusals, url_for
from tests.harness.visiting import ask, client_for, listed


def rows_of(client, method, url, data=None):
    last = FileAccess.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    response = client.generic(method, url) if method == "GET" else client.post(url, data or {})
    response.close()
    return response.status_code, list(FileAccess.objects.filter(pk__gt=last))


@pytest.mark.slow
@pytest.mark.parametrize("who", staged(["zhou", "guo", "ruan", "xin", "jiao", "shen"]))
def test_each_page_writes_as_many_rows_as_the_table_says(world, who):
    client, wrong = client_for(world.person(who)), []
    for name, label, url in [*pages(world, who, 3), *refusals(world, who)]:
        status, rows = rows_of(client, "GET", url)
        expected = TABLE[name].log if status == 200 else 0
        if expected is not None and len(rows) != expected:
            wrong.append(f"{name} {label} ({status}): {len(rows)} rows in the read log, should be {expected}")
        wrong += [f"{name} {label}: row of {row.user_id}" for row in rows if row.user_id != str(world.person(who).pk)]
        if TABLE[name].takes == "student" and rows and rows[0].student_ids != str(world.cast.students[label].pk):
            wrong.append(f"{name} {label}: read log of another student")
        if (
            TABLE[name].takes == "note"
            and rows
            and str(world.cast.students[NOTES[label].student].pk) not in rows[0].student_ids
        ):
            wrong.append(f"{name} {label}: read log without the note's student")
    assert not wrong, listed(wrong)


def test_the_level_in_the_log_is_that_of_what_was_shown(world):
    client = client_for(world.cast.zhou)
    for name, label, shown in (
        ("students:profile", "an", 2),
        ("students:background", "an", 3),
        ("students:note_detail", "an3", 3),
    ):
        _, rows = rows_of(client, "GET", url_for(world, name, label))
        assert [row.level for row in rows] == [shown], name
    _, rows = rows_of(client_for(world.cast.xin), "GET", url_for(world, "students:note_detail", "ding4"))
    assert [row.level for row in rows] == [4]


def test_a_search_writes_one_row_without_its_words(world):
    client = client_for(world.cast.zhou)
    for name in ("students:search", "students:list", "students:note_picker", "students:note_fellows"):
        _, rows = rows_of(client, "POST", url_for(world, name, "").split("?")[0], {"q": "安然然"})
        assert len(rows) == 1, name
        assert rows[0].kind == FileAccess.Kind.SEARCH
        assert len(rows[0].terms_hash) == 64
        assert str(world.cast.an.pk) in rows[0].student_ids


def test_a_list_names_in_the_log_whom_it_names_on_the_page(world):
    """Own notes, recent notes, attention, the to-do list: the ids of those whose names show, and of nobody else."""
    wrong = []
    for who in ("zhou", "xin", "ruan", "luo"):
        client = client_for(world.person(who))
        for name in (
            "students:notes_mine",
            "reports:recent",
            "reports:home",
            "reports:todo",
            "students:attention",
            "reports:classes",
        ):
            response = ask(client, "GET", url_for(world, name, ""))
            if response.status_code != 200:
                continue
            _, rows = rows_of(client, "GET", url_for(world, name, ""))
            page, logged = response.raw.decode(), " ".join(row.student_ids for row in rows)
            for label, student in world.cast.students.items():
                if student.name in page and str(student.pk) not in logged:
                    wrong.append(f"{name} for {who}: shows {label}, which the log does not name")
            if len(rows) > 1:
                wrong.append(f"{name} for {who}: {len(rows)} rows")
    assert not wrong, listed(wrong)


def test_a_row_says_who_whom_what_when_in_which_request_and_from_where(world):
    """T24: and the request is that of the server's own log; in UTC, whatever the school's clock shows."""
    client = client_for(world.cast.zhou)
    client.generic("GET", url_for(world, "students:timeline", "an"), headers={"X-Page-View": "0123456789abcdef"})
    row = FileAccess.objects.latest("pk")
    assert (row.user_id, row.user_label) == (str(world.cast.zhou.pk), f"{world.cast.zhou.employee_no} Zhou老师")
    assert (row.school_id, row.student_ids) == (str(world.cast.school.pk), str(world.cast.an.pk))
    assert (row.what, row.kind, row.level) == ("students:timeline", "view", 3)
    assert (row.page_view, row.address) == ("0123456789abcdef", "127.0.0.1")
    assert row.at.utcoffset() == timedelta(0)


@pytest.mark.slow
def test_the_logs_hold_no_word_of_what_they_tell_of(world):
    """T28: after a walk through everything, searches and all: no text, no number, no student's name."""
    for who in ("zhou", "jiao", "ruan"):
        client = client_for(world.person(who))
        for _, _, url in pages(world, who, 1):
            ask(client, "GET", url)
        for name in ("students:search", "students:note_picker"):
            client.post(url_for(world, name, ""), {"q": world.cast.an.name})
    logged = "\n".join(str(row) for model in (FileAccess, SecurityEvent) for row in model.objects.values_list())
    people = {str(person) for person in world.cast.people.values()}
    opaque = {canary.text for canary in world.canaries if canary.text.count("-") == 4 or "reader of" in canary.label}
    words = {canary.text for canary in world.canaries} - people - opaque
    assert len(words) > 100
    assert [text for text in words if text in logged and not text.startswith("2001:db8")] == []
