"""T27: the chain of seals finds what was changed behind the application's back, by whoever may switch off a trigger."""

import contextlib
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts.models import SecurityEvent
from students import append_only, sealing, tasks
from students.models import AuditSeal, FileAccess
from tests.conftest import _drop_triggers

pytestmark = pytest.mark.django_db


def write(many: int, at, *, batch: str = "u") -> None:
    FileAccess.objects.bulk_create(
        FileAccess(at=at, school_id="s", user_id=f"{batch}{n}", user_label="何老师", kind="view", what="x", level=2)
        for n in range(many)
    )


@pytest.fixture
def hour_ago(now):
    return now - timedelta(hours=1)


@pytest.fixture
def chain(now, hour_ago, monkeypatch):
    """10,000 rows in five seals, and two sign-ins in a sixth."""
    monkeypatch.setattr(sealing, "BATCH", 2_000)
    write(10_000, hour_ago)
    for _n in range(2):
        SecurityEvent.objects.create(at=hour_ago, kind="sign_in", user_id="u")
    assert sealing.seal(now=now) == 6
    return AuditSeal.objects.first()


@contextlib.contextmanager
def as_owner():
    """Whoever owns the database can take the triggers away; they stand again afterwards."""
    with transaction.atomic():
        _drop_triggers(connection)
    yield
    append_only.install()


def faults(now, anchor: str = "") -> list[str]:
    return sealing.verify(now=now, anchor=anchor)


def row(number: int):
    first = FileAccess.objects.order_by("pk").first().pk
    return FileAccess.objects.filter(pk=first + number)


@pytest.mark.slow
def test_one_edited_one_removed_and_two_exchanged_rows_among_ten_thousand_are_found(chain, now):
    assert faults(now, chain.anchor) == []
    with as_owner():
        row(1_234).update(level=3)
    assert faults(now) == [f"Seal 1 (reads): a row among {AuditSeal.objects.get(pk=1).spans} was changed."]
    with as_owner():
        row(1_234).update(level=2)
        row(3_456).delete()
    assert faults(now) == ["Seal 2 (reads): 1 of 2000 rows are gone."]
    with as_owner():
        one, other = row(7_000).get(), row(7_001).get()
        row(7_000).update(user_id=other.user_id)
        row(7_001).update(user_id=one.user_id)
    assert len(faults(now)) == 2
    assert faults(now)[1].startswith("Seal 4 (reads): a row")


@pytest.mark.slow
def test_an_end_that_was_cut_off_is_found_by_the_anchor_alone(chain, now):
    with as_owner():
        AuditSeal.objects.filter(number__gte=5).delete()
        row(0).model.objects.filter(pk__gte=row(8_000).get().pk).delete()
        SecurityEvent.objects.all().delete()
    assert faults(now) == []
    assert faults(now, chain.anchor) == ["There is no seal 6: the end of the log was cut off."]


def test_a_row_that_changed_its_place_is_found(now, hour_ago, monkeypatch):
    """Two rows exchange their numbers and keep every word; one moves into a gap, within its seal and into another's."""
    monkeypatch.setattr(sealing, "BATCH", 4)
    write(12, hour_ago)
    with as_owner():
        row(2).delete()
    sealing.seal(now=now)
    first = FileAccess.objects.order_by("pk").first().pk

    def renumber(*pairs) -> int:
        with as_owner():
            for old, new in pairs:
                FileAccess.objects.filter(pk=old).update(id=new)
        return len(faults(now))

    spare = first + 99
    assert renumber((first, spare), (first + 1, first), (spare, first + 1)) == 1
    assert renumber((first, spare), (first + 1, first), (spare, first + 1)) == 0
    assert renumber((first + 1, first + 2)) == 1
    assert renumber((first + 2, first + 1), (first + 9, first + 2)) == 1
    assert renumber((first + 2, first + 9)) == 0


def test_a_number_that_no_row_ever_had_is_no_removal(now, hour_ago):
    """A transaction that was rolled back has used up its number, at the beginning, within, and at the end."""
    write(9, hour_ago)
    with as_owner():
        for number in (0, 4, 7, 8):
            FileAccess.objects.filter(user_id=f"u{number}").delete()
    sealing.seal(now=now)
    write(1, hour_ago, batch="later")
    sealing.seal(now=now)
    assert " " in AuditSeal.objects.get(number=1).spans
    assert faults(now, sealing.newest().anchor) == []
    with as_owner():
        FileAccess.objects.filter(user_id="u5").delete()
    assert faults(now) == ["Seal 1 (reads): 1 of 5 rows are gone."]


def test_a_chain_made_anew_shows_by_the_anchor(now, hour_ago, settings):
    """The key that a copy of the database does not hold, and the anchor for whoever has the key as well."""
    write(3, hour_ago)
    sealing.seal(now=now)
    anchor = sealing.newest().anchor
    with as_owner():
        FileAccess.objects.filter(user_id="u1").delete()
        AuditSeal.objects.all().delete()
    sealing.seal(now=now)
    assert faults(now) == []
    assert faults(now, anchor) == ["Seal 1 is another one than the one written down."]
    settings.FINGERPRINT_KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
    assert len(faults(now)) == 1


def test_a_seal_taken_out_of_the_middle_breaks_the_chain(now, hour_ago, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 2)
    write(6, hour_ago)
    sealing.seal(now=now)
    with as_owner():
        AuditSeal.objects.filter(number=2).delete()
    assert faults(now) == ["The chain breaks before seal 3."]


def test_rows_rest_before_they_are_sealed(now):
    write(2, now - timedelta(minutes=9))
    assert sealing.seal(now=now) == 0
    assert sealing.seal(now=now + timedelta(minutes=2)) == 1
    assert sealing.seal(now=now + timedelta(minutes=2)) == 0


def test_a_row_that_is_committed_late_joins_the_next_seal(now, hour_ago):
    """Its number was taken before that of rows which are sealed already."""
    write(5, hour_ago)
    late = list(FileAccess.objects.order_by("pk"))
    with as_owner():
        FileAccess.objects.filter(pk__in=[late[0].pk, late[2].pk]).delete()
    sealing.seal(now=now)
    FileAccess.objects.bulk_create([late[0], late[2]])
    assert sealing.seal(now=now) == 1
    assert AuditSeal.objects.first().spans == f"{late[0].pk} {late[2].pk}"
    assert faults(now) == []
    with as_owner():
        FileAccess.objects.filter(pk=late[2].pk).update(user_id="x")
    assert len(faults(now)) == 1


def test_a_row_in_no_seal_is_told_after_two_hours(now):
    write(1, now - timedelta(hours=3))
    assert faults(now) == ["1 rows of the log of reads stand in no seal."]
    sealing.seal(now=now)
    assert faults(now) == []
    row(0).model.objects.create(at=now - timedelta(hours=3), school_id="s", user_id="x", level=2)
    assert faults(now) == ["1 rows of the log of reads stand in no seal."]


def test_a_column_that_is_added_one_day_changes_no_old_digest(now, hour_ago):
    write(1, hour_ago)
    assert '"address"' not in sealing.as_text(FileAccess.objects.get())
    assert '"level": 2' in sealing.as_text(FileAccess.objects.get())


def test_spans_are_written_and_read():
    assert sealing.as_spans([1, 2, 3, 5, 8, 9]) == "1-3 5 8-9"
    assert list(sealing.spans_of("1-3 5 8-9")) == [(1, 3), (5, 5), (8, 9)]
    assert sealing.as_spans([]) == ""


def test_of_two_schedulers_one_seals(now, hour_ago, monkeypatch):
    """The second computes the same number at the same moment: its seal is refused, and its task ends quietly."""
    write(1, hour_ago)
    sealing.seal(now=now)
    write(1, hour_ago, batch="v")
    monkeypatch.setattr(sealing, "newest", lambda: None)  # as the second saw it before the first committed
    tasks.seal_audit()
    assert AuditSeal.objects.count() == 1


def test_a_seal_that_came_in_between_is_not_counted_on(now, hour_ago, monkeypatch):
    """The other scheduler seals while this one reads the rows: the number is taken, and no row is sealed twice."""
    write(2, hour_ago)
    open_rows = sealing._open_rows

    def meanwhile(log, at):
        rows = list(open_rows(log, at))
        monkeypatch.setattr(sealing, "_open_rows", open_rows)
        sealing.seal(now=at)
        return rows

    monkeypatch.setattr(sealing, "_open_rows", meanwhile)
    with pytest.raises(IntegrityError), transaction.atomic():
        sealing.seal(now=now)


def test_the_command_says_so_prints_the_anchor_and_takes_it_back(now, hour_ago, capsys):
    call_command("verify_audit")
    assert "Nothing has been sealed yet." in capsys.readouterr().out
    write(3, hour_ago)
    tasks.seal_audit()
    call_command("verify_audit")
    anchor = sealing.newest().anchor
    assert anchor in capsys.readouterr().out
    call_command("verify_audit", anchor=anchor)
    with pytest.raises(CommandError, match="another one"):
        call_command("verify_audit", anchor="1-0000-0000-0000-0000")
    with as_owner():
        FileAccess.objects.update(level=F("level") + 1)
    with pytest.raises(CommandError, match="was changed"):
        call_command("verify_audit", anchor=anchor)


def test_the_seals_themselves_are_append_only():
    assert {"students_auditseal", "accounts_securityevent", "students_fileaccess"} == set(append_only.TABLES)
    assert append_only.installed() == set(append_only.TABLES)
