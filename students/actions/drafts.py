"""No lost words: unfinished forms are kept on the server, for their writer alone."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import transaction

from accounts.models import User
from students.models import Draft
from students.models.drafts import KEPT, MAX_BODY


class DraftTooLong(ValueError):
    """More text than any of our forms takes."""


@transaction.atomic
def save_draft(*, by: User, key: str, body: dict[str, list[str]], seq: int, now: datetime) -> Draft:
    """Keep the newest: a save with a smaller `seq` than the stored one changes nothing. Raises DraftTooLong."""
    text = json.dumps(body, ensure_ascii=False)
    if len(text) > MAX_BODY:
        raise DraftTooLong
    draft, created = Draft.objects.get_or_create(
        user=by, key=key, defaults={"body": text, "seq": seq, "updated_at": now}
    )
    if not created and seq >= draft.seq:
        draft.body, draft.seq, draft.updated_at = text, seq, now
        draft.save(update_fields=["body", "seq", "updated_at"])
    return draft


def discard_draft(*, by: User, key: str) -> None:
    Draft.objects.filter(user=by, key=key).delete()


def expire_drafts(*, now: datetime) -> int:
    """Delete what has lain for 7 days; how many there were."""
    return Draft.objects.filter(updated_at__lte=now - KEPT).delete()[0]
