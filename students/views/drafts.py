"""Drafts: saved while typing, for the writer alone."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.decorators import autosave, open_while_locked, policy
from students.actions.drafts import DraftTooLong, close_draft, save_draft
from students.models import Draft
from students.views.note_sheet import body_of, number, way_back

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
KEY = re.compile(rf"(note:(new|edit|append)|learn|screen:{UUID}):{UUID}|handover:{UUID}:(class|[0-9a-f]{{32}})")


@policy("staff")
@autosave
@require_POST
def draft_save(request: HttpRequest) -> HttpResponse:
    """204 saved · 400 no such form · 401 the page is somebody else's · 409 a greater number stands · 413 too long.

    Clocks differ between devices: a page whose number is too small is told the stored one, counts on from there and saves
    again. "Saved" would claim that its words are safe.

    A page that stays open when its session ends goes on trying; meanwhile a colleague may sign in at the same computer.
    """
    if request.headers.get("X-Yidang-Writer", str(request.user.pk)) != str(request.user.pk):
        return HttpResponse(status=401)
    key = request.POST.get("draft_key", "")
    if not KEY.fullmatch(key):
        return HttpResponse(status=400)
    seq = number(request.POST.get("seq", ""))
    try:
        safe = save_draft(by=request.user, key=key, body=body_of(request), seq=seq, now=timezone.now())
    except DraftTooLong:
        return HttpResponse(status=413)
    if safe:
        return HttpResponse(status=204)
    stored = Draft.objects.filter(user=request.user, key=key).values_list("seq", flat=True).first() or 0
    return HttpResponse(status=409, headers={"X-Draft-Seq": str(stored)})


@policy("staff")
@open_while_locked
@require_POST
def draft_discard(request: HttpRequest) -> HttpResponse:
    key, seq = request.POST.get("draft_key", ""), number(request.POST.get("draft_seq", ""))
    if KEY.fullmatch(key):
        close_draft(by=request.user, key=key, seq=seq, now=timezone.now())
        messages.success(request, _("The draft is gone."))
    return redirect(way_back(request))
