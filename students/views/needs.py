"""The needs of one student: the panel, proposing one, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.once import once, saving
from accounts.versions import StaleVersion, posted_version, shown_version, stands
from students import access, audit, services
from students import needs as showing
from students.actions import identification as acts
from students.forms.needs import ConfirmForm, NeedForm, ReasonForm
from students.levels import Level
from students.models import CareNeed, FileAccess, Observation, Student, StudentProfile, clock
from students.upkeep import last_verification
from students.views.answers import posted
from students.views.fetch import student_or_404
from students.words import day_word, seat_word

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
State = CareNeed.State
# What can be done with a need, and in which state.
DEEDS = {"confirm": State.PROPOSED, "reject": State.PROPOSED, "review": State.CONFIRMED, "close": State.CONFIRMED}


def _opened(request: HttpRequest, pk: UUID, now: datetime) -> tuple[Student, access.Standing]:
    """The student, for those to whom the part "needs" opens; 404 for everybody else."""
    student = student_or_404(request, pk, Level.BASIC, now)
    of = access.standing(request.user, student, now=now)
    if not access.opens_needs(request.user, of, now=now):
        raise Http404
    return student, of


@policy("student", level=Level.SENSITIVE)
@require_safe
def needs(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Needs, attention level and when the file was verified. Doctor, aid officer and counsellor: the needs they may see."""
    now = timezone.now()
    student, of = _opened(request, pk, now)
    found, head = showing.of_student(student, request.user, now=now), of.leads
    decides = access.decides_on_needs(request.user, student, now=now)
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=showing.shown_level(found))
    context = {
        "student": student,
        "needs": found,
        "in_full": of.level >= Level.SENSITIVE,
        "may_propose": head or access.proposes_by_office(request.user, now=now),
        "may_verify": head,
        "decides": decides,
        "levels": [],
        "verified": {"words": "", "today": False},
    }
    if of.level >= Level.SENSITIVE:
        context["levels"] = showing.levels_of(student, request.user, now=now)
        context["verified"] = _verified(student, now)
    template = "students/needs/needs.html"
    return render(request, f"{template}#panel" if request.htmx else template, context)


def _verified(student: Student, now: datetime) -> dict[str, Any]:
    """When and by whom, and whether that still counts."""
    today = timezone.localdate(now)
    row, counts = last_verification(student, today)
    if row is None:
        return {"words": _("This file was never verified."), "stale": True, "today": False}
    by = {"by": row.author.display_name, "day": day_word(row.verified_on, today)}
    return {"words": _("Verified by %(by)s, %(day)s") % by, "stale": not counts, "today": row.verified_on == today}


# --- proposing --------------------------------------------------------------------------------------------------------


@policy("student", level=Level.SENSITIVE)
@get_or_post
@once
def need_propose(request: HttpRequest, pk: UUID) -> HttpResponse:
    now, today = timezone.now(), timezone.localdate()
    student, _of = _opened(request, pk, now)
    categories = access.proposable_categories(request.user, student, now=now)
    head = access.is_head_of(request.user, student, now=now)
    if not (head or access.proposes_by_office(request.user, now=now)):
        raise PermissionDenied
    notes = showing.offered_notes(student, request.user, now=now)
    strengths = _strengths(student) if head else ""
    form = NeedForm(
        posted(request), categories=categories, notes=notes, asks_strengths=head and not strengths, today=today
    )
    if form.is_valid():
        with saving(request):
            _propose(request, student, form, now)
        messages.success(request, _("Proposed. The moral-education office decides; until then it counts as no need."))
        return redirect("students:needs", pk=student.pk)
    if notes or head:
        audit.record(request, FileAccess.Kind.VIEW, students=[student], level=Level.SENSITIVE)
    context = {"student": student, "form": form, "strengths": strengths}
    return render(request, "students/needs/propose.html", context, status=422 if form.is_bound else 200)


def _strengths(student: Student) -> str:
    profile = StudentProfile.objects.filter(student=student).first()
    return profile.strengths.strip() if profile else ""


def _propose(request: HttpRequest, student: Student, form: NeedForm, now: datetime) -> CareNeed:
    fields = form.cleaned_data
    cited = Observation.objects.visible_to(request.user, now=now).filter(student=student)
    evidence = list(cited.filter(pk__in=fields.get("evidence") or []))
    return acts.propose_need(
        student=student,
        category=fields["category"],
        basis=fields["basis"],
        facts=fields["facts"],
        by=request.user,
        now=now,
        evidence=evidence,
        starts_on=fields["starts_on"],
        strengths=fields.get("strengths", ""),
    )


# --- one need ---------------------------------------------------------------------------------------------------------


@policy("student", level=Level.SENSITIVE)
@get_or_post
def need_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One need with its evidence, and what this person may do with it: confirm, reject, close, or say that it still stands."""
    now = timezone.now()
    found = CareNeed.objects.visible_to(request.user, now=now)
    need = get_object_or_404(found.select_related("category", "author", "decided_by", "closed_by", "student"), pk=pk)
    rights = _rights(request, need, now)
    if request.method == "POST" and not rights:
        raise PermissionDenied
    stale, forms = None, _forms(request, need, rights, now)
    if request.method == "POST":
        try:
            if done := _done(request, need, forms, now):
                return done
        except StaleVersion as error:
            stale = error
        except acts.OtherState:
            stale = StaleVersion(CareNeed.objects.get(pk=need.pk))
    audit.record(request, FileAccess.Kind.VIEW, students=[need.student], level=need.level)
    status = 409 if stale else 422 if request.method == "POST" else 200
    context = _need_context(request, need, forms, rights, stale, now)
    return render(request, "students/needs/need.html", context, status=status)


def _rights(request: HttpRequest, need: CareNeed, now: datetime) -> frozenset[str]:
    """What this person may do with a need, in whatever state it is."""
    if access.decides_on_needs(request.user, need.student, now=now):
        own = need.author_id == request.user.pk
        return frozenset({"review", "close"} if own else DEEDS)
    return frozenset({"review"} if access.is_head_of(request.user, need.student, now=now) else ())


def _forms(request: HttpRequest, need: CareNeed, rights: frozenset[str], now: datetime) -> dict[str, Form]:
    """A form for each deed that makes sense now, and for the one that was sent, so that its words are kept: it is bound."""
    today = timezone.localdate(now)
    sent, found = request.POST.get("deed", ""), {}
    for deed in DEEDS:
        if deed not in rights or (need.state != DEEDS[deed] and deed != sent):
            continue
        data = request.POST if sent == deed else None
        if deed == "confirm":
            review = today + timedelta(days=clock(need.student.school_id, "need_review"))
            asks = not _strengths(need.student)
            found[deed] = ConfirmForm(data, asks_strengths=asks, today=today, initial={"next_review_on": review})
        else:
            found[deed] = Form(data) if deed == "review" else ReasonForm(data, prefix=None, auto_id=f"id_{deed}_%s")
    return found


def _done(request: HttpRequest, need: CareNeed, forms: dict[str, Form], now: datetime) -> HttpResponse | None:
    """Do what was sent and go on; None where the form is refused."""
    deed = request.POST.get("deed", "")
    form = forms.get(deed)
    if form is None or not form.is_valid():
        return None
    fields = {"need": need, "by": request.user, "version": posted_version(request), "now": now, **form.cleaned_data}
    act: dict[str, Callable[..., None]] = {
        "confirm": acts.confirm_need,
        "reject": acts.reject_need,
        "close": acts.close_need,
        "review": acts.review_need,
    }
    try:
        act[deed](**fields)
    except acts.NeedStands:
        form.add_error(None, _("A need of this category is confirmed already. Do not confirm this one, and say so."))
        return None
    messages.success(request, _("Saved."))
    return redirect(_next(request, need, deed, now))


def _next(request: HttpRequest, need: CareNeed, deed: str, now: datetime) -> Any:
    """After a decision the proposal that waits longest, so that one goes through them without the list in between."""
    if deed not in ("confirm", "reject"):
        return need
    waiting = CareNeed.objects.visible_to(request.user, now=now).proposed().exclude(author=request.user)
    return waiting.order_by("created_at", "pk").first() or "students:need_proposals"


def _services(need: CareNeed, rights: frozenset[str]) -> dict[str, Any]:
    """What the school could offer, for those who decide or choose; chosen once the need is confirmed."""
    asks = bool(rights) and need.state in (State.PROPOSED, State.CONFIRMED)
    fitting, _others = services.to_consider(need) if asks else ([], [])
    return {"fitting": fitting, "chooses": bool(rights) and need.state == State.CONFIRMED}


def _need_context(request, need: CareNeed, forms, rights, stale, now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    student = Student.objects.placed_on(today).get(pk=need.student_id)
    return {
        "need": need,
        "row": showing.row_of(need, today, services.chosen_for([need])[need.pk]),
        **_services(need, rights),
        "student": student,
        "seat": seat_word(student, today),
        "proofs": showing.proofs_of(need, request.user, now=now),
        "forms": forms,
        "own": need.state == State.PROPOSED and need.author_id == request.user.pk,
        "verified": day_word(need.verified_on, today) if need.verified_on else "",
        "version": shown_version(request, need, stale),
        "stands": stands(stale, "state", "decided_by", "closed_by", "reason", "next_review_on"),
    }
