"""save_draft, close_draft, expire_drafts."""

from datetime import timedelta

import pytest

from students.actions.drafts import DraftTooLong, close_draft, expire_drafts, save_draft
from students.models import Draft

KEY = "note:new:x"


def save(by, seq, now, words="话"):
    return save_draft(by=by, key=KEY, body={"facts": [words]}, seq=seq, now=now)


def test_saving_says_whether_the_words_are_safe(cast, now):
    sent = [(5, "甲"), (5, "甲"), (5, "乙"), (4, "乙"), (6, "乙")]
    assert [save(cast.zhou, seq, now, words) for seq, words in sent] == [True, True, False, False, True]


def test_too_long_leaves_the_older_words(cast, now):
    save(cast.zhou, 1, now, "旧")
    with pytest.raises(DraftTooLong):
        save(cast.zhou, 2, now, "长" * 50_000)
    assert Draft.objects.get().words == "旧"


def test_closing_empties_and_remembers_the_number(cast, now):
    save(cast.zhou, 1, now)
    close_draft(by=cast.zhou, key=KEY, seq=7, now=now)
    assert (Draft.objects.get().body, Draft.objects.get().seq, Draft.objects.get().form) == ("", 7, {})


def test_closing_what_was_never_saved_refuses_what_comes_late(cast, now):
    close_draft(by=cast.zhou, key=KEY, seq=7, now=now)
    assert not save(cast.zhou, 6, now)
    assert save(cast.zhou, 8, now)


def test_closing_with_an_older_number_keeps_the_greater_one(cast, now):
    save(cast.zhou, 9, now)
    close_draft(by=cast.zhou, key=KEY, seq=7, now=now)
    assert Draft.objects.get().seq == 9


def test_closing_without_a_number_deletes(cast, now):
    save(cast.zhou, 1, now)
    save(cast.he, 1, now)
    close_draft(by=cast.zhou, key=KEY, seq=0, now=now)
    assert [draft.user for draft in Draft.objects.all()] == [cast.he]


def test_what_has_lain_for_seven_days_is_deleted(cast, now):
    save(cast.zhou, 1, now - timedelta(days=7))
    save(cast.he, 1, now - timedelta(days=7) + timedelta(minutes=1))
    assert expire_drafts(now=now) == 1
    assert [draft.user for draft in Draft.objects.all()] == [cast.he]


def test_unfinished_notes_are_those_with_words(cast, now):
    save(cast.zhou, 1, now)
    close_draft(by=cast.zhou, key=KEY, seq=2, now=now)
    assert Draft.objects.unfinished_of(cast.zhou, now) == []
