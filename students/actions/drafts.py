"""No lost words: unfinished forms are kept on the server, for their writer alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from students.models import Draft
from students.models.drafts import KEPT, MAX_BODY


class DraftTooLong(ValueError):
    """More text than any of our forms takes."""


@transaction.atomic
def save_draft(*, by: User, key: str, body: Mapping[str, list[str]], seq: int, now: datetime) -> bool:
    """Keep the newest: a save whose `seq` is not greater than the stored one changes nothing. Whether these words are
    safe now. Raises DraftTooLong.

    The stored one may be the number with which the form was sent: words that arrive late don't rise again.
    """
    text = json.dumps(dict(body), ensure_ascii=False)
    if len(text) > MAX_BODY:
        raise DraftTooLong
    draft, created = Draft.objects.select_for_update().get_or_create(
        user=by, key=key, defaults={"body": text, "seq": seq, "updated_at": now}
    )
    if created or seq <= draft.seq:
        return created or draft.body == text
    draft.body, draft.seq, draft.updated_at = text, seq, now
    draft.save(update_fields=["body", "seq", "updated_at"])
    return True


@transaction.atomic
def close_draft(*, by: User, key: str, seq: int, now: datetime) -> None:
    """The form was sent or thrown away: the words go at once, `seq` stays for 7 days to refuse a late autosave.

    Without `seq` (no JavaScript) nothing can come late.
    """
    drafts = Draft.objects.filter(user=by, key=key)
    if not seq:
        drafts.delete()
        return
    draft, _created = Draft.objects.select_for_update().get_or_create(
        user=by, key=key, defaults={"body": "", "seq": seq, "updated_at": now}
    )
    draft.body, draft.seq, draft.updated_at = "", max(seq, draft.seq), now
    draft.save(update_fields=["body", "seq", "updated_at"])


def expire_drafts(*, now: datetime) -> int:
    """Delete what has lain for 7 days; how many there were."""
    return Draft.objects.filter(updated_at__lte=now - KEPT).delete()[0]
