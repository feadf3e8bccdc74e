"""A sheet of answers: each refused row says why, nothing is entered before it was seen, and only for the own cases."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from students.actions import answer_sheets
from students.models import AnswerSheet, Assessment, FileAccess, StudentBackground
from tests.harness.sent import ONCE
from tests.students.scales.making import fill, instrument, open_case

HEAD = "班级,座号,姓名,日期,1,2\n"


@pytest.fixture
def tool(cast):
    open_case(cast, cast.an)
    open_case(cast, cast.bei)
    return instrument(cast)


@pytest.fixture
def client(cast, sign_in):
    return sign_in(cast.xin)


def upload(client, tool, text: str):
    file = SimpleUploadedFile("答卷.csv", text.encode())
    return client.post(reverse("students:answers", args=[tool.pk]), {"file": file, **ONCE})


def rows_of(client, tool, text: str) -> list[dict]:
    answer = upload(client, tool, text)
    assert answer.status_code == 302, answer.content.decode()
    return json.loads(AnswerSheet.objects.latest("created_at").body)["rows"]


def test_a_good_row_and_a_refused_one_are_shown_and_only_the_good_one_is_entered(cast, client, tool):
    """T24: the page with the rows stands in the read log, at level 4, with the students it names."""
    text = f"{HEAD}三年级(2)班,1,安然然,2026-11-20,常常,0\n三年级(2)班,2,贝宁宁,2026-11-20,有时,0\n"
    page = client.get(upload(client, tool, text).url)
    row = FileAccess.objects.latest("pk")
    assert (row.level, row.student_ids) == (4, str(cast.an.pk))
    assert "有时" in page.content.decode()
    assert not Assessment.objects.exists()
    sheet = AnswerSheet.objects.get()
    for _time in range(2):
        assert client.post(reverse("students:answer_sheet_enter", args=[sheet.pk])).status_code == 302
    filed = Assessment.objects.get()
    assert (filed.student, filed.given, filed.author) == (cast.an, [1, 0], cast.xin)
    sheet.refresh_from_db()
    assert [r["row"] for r in json.loads(sheet.body)["rows"]] == [3]
    assert "答" not in sheet.body and all(not r["answers"] for r in json.loads(sheet.body)["rows"])


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ("三年级(2)班,1,贝宁宁,,0,0", "座号"),
        ("三年级(2)班,1,没有人,,0,0", "没有"),
        ("三年级(1)班,1,丁一鸣,,0,0", "保密"),
        (",1,安然然,,0,0", "班级"),
        ("三年级(2)班,1,安然然,2099-01-01,0,0", ""),
        ("三年级(2)班,1,安然然,,7,0", "7"),
        ("三年级(2)班,1,安然然,,,", ""),
        ("幼儿园,1,安然然,,0,0", "幼儿园"),
    ],
)
def test_a_row_that_cannot_be_entered_says_why(client, tool, cells, why):
    row = rows_of(client, tool, f"{HEAD}{cells}\n")[0]
    assert row["errors"]
    if why in ("7", "幼儿园"):
        assert why in row["errors"][0]


def test_each_reason_is_another_sentence(client, tool):
    text = HEAD + "三年级(2)班,1,贝宁宁,,0,0\n三年级(2)班,1,没有人,,0,0\n三年级(1)班,1,丁一鸣,,0,0\n,1,安然然,,0,0\n"
    assert len({row["errors"][0] for row in rows_of(client, tool, text)}) == 4


def test_an_open_cell_is_open_and_never_zero(client, tool):
    row = rows_of(client, tool, f"{HEAD}三年级(2)班,1,安然然,,—,1\n")[0]
    assert (row["answers"], row["errors"]) == ([None, 1], [])


def test_twice_in_the_sheet_or_filled_in_already_is_refused(cast, client, tool, today):
    fill(cast, tool, student=cast.bei)
    one, two = "三年级(2)班,1,安然然,,0,0\n", f"三年级(2)班,2,贝宁宁,{today},0,0\n"
    assert [bool(row["errors"]) for row in rows_of(client, tool, HEAD + one + one + two)] == [True, True, True]


def test_a_student_is_found_by_number_and_not_under_another_name(cast, client, tool):
    background = StudentBackground.objects.get(student=cast.an)
    background.national_no = "G110105201705200021"
    background.save()
    head = "学籍号,姓名,第1题,第2题\n"
    rows = rows_of(client, tool, f"{head}g110105201705200021,安然然,0,1\nG110105201705200021,贝宁宁,0,1\n")
    assert rows[0]["student"] == str(cast.an.pk) and not rows[0]["errors"]
    assert rows[1]["errors"] and not rows[1]["student"]


@pytest.mark.parametrize("text", ["姓名,班级,1\n安然然,三年级(2)班,0\n", "一,二\n0,1\n", ""])
def test_a_sheet_without_its_columns_is_refused_as_a_whole(client, tool, text):
    assert upload(client, tool, text).status_code == 422
    assert not AnswerSheet.objects.exists()


def test_a_case_that_closed_meanwhile_stays_out(cast, client, tool, now):
    upload(client, tool, f"{HEAD}三年级(2)班,1,安然然,,0,0\n三年级(2)班,2,贝宁宁,,0,0\n")
    cast.an.grants.filter(user=cast.xin).update(ends_at=now)
    sheet = AnswerSheet.objects.get()
    assert cast.an.name not in client.get(reverse("students:answer_sheet", args=[sheet.pk])).content.decode().replace(
        json.loads(sheet.body)["rows"][0]["name"], ""
    )
    client.post(reverse("students:answer_sheet_enter", args=[sheet.pk]))
    assert [row.student for row in Assessment.objects.all()] == [cast.bei]


def test_who_was_entered_by_hand_meanwhile_stays_out(cast, client, tool, today):
    upload(client, tool, f"{HEAD}三年级(2)班,1,安然然,{today},0,0\n三年级(2)班,2,贝宁宁,{today},0,0\n")
    by_hand = fill(cast, tool, student=cast.an)
    client.post(reverse("students:answer_sheet_enter", args=[AnswerSheet.objects.get().pk]))
    assert Assessment.objects.get(student=cast.an) == by_hand
    assert Assessment.objects.filter(student=cast.bei).count() == 1


def test_an_instrument_that_changed_meanwhile_stops_the_sheet(cast, client, tool, now):
    from students.actions.assessments import change_instrument
    from tests.students.scales.making import definition, fields

    upload(client, tool, f"{HEAD}三年级(2)班,1,安然然,,0,0\n")
    change_instrument(by=cast.xin, instrument=tool, version=1, fields=fields(), definition=definition(), now=now)
    client.post(reverse("students:answer_sheet_enter", args=[AnswerSheet.objects.get().pk]))
    assert not Assessment.objects.exists() and AnswerSheet.objects.get().entered_at is None


def test_a_sheet_sent_twice_is_read_once(client, tool):
    text = f"{HEAD}三年级(2)班,1,安然然,,0,0\n"
    assert upload(client, tool, text).url == upload(client, tool, text).url
    assert AnswerSheet.objects.count() == 1


def test_the_empty_sheet_fits(cast, client, tool):
    blank = client.get(reverse("students:answers_blank", args=[tool.pk]))
    file = SimpleUploadedFile("答卷.csv", blank.content)
    answer = client.post(reverse("students:answers", args=[tool.pk]), {"file": file})
    assert answer.status_code == 302
    assert json.loads(AnswerSheet.objects.get().body)["rows"] == []


def test_a_sheet_is_its_own_persons(cast, client, tool, now):
    upload(client, tool, f"{HEAD}三年级(2)班,1,安然然,2026-11-20,常常,0\n")
    sheet = AnswerSheet.objects.get()
    with pytest.raises(PermissionDenied):
        answer_sheets.enter_sheet(by=cast.ruan, sheet=sheet, now=now)
    with pytest.raises(PermissionDenied):
        answer_sheets.drop_sheet(by=cast.ruan, sheet=sheet)
    answer_sheets.drop_sheet(by=cast.xin, sheet=sheet)
    assert not AnswerSheet.objects.exists()
