"""What the rules have noticed: the list, the part of a file, and the answer (F1, F8)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import policy
from accounts.models import Role
from accounts.versions import StaleVersion, posted_version, shown_version, stands
from students import access, audit, mentions
from students.actions import answers
from students.forms.signals import AnswerForm
from students.levels import Level
from students.models import Basis, CareNeed, FileAccess, Observation, Signal, Student
from students.signals.evidence import shown_records
from students.signals.marks import MARK
from students.signals.rules import words_of
from students.views.answers import posted, status_of
from students.views.fetch import student_or_404
from students.words import day_word, seat_word

PAGE = 40
ANSWERED = 20  # of the list and of a file
TITLES = {MARK: gettext_lazy("Marks")}
Answer = Signal.Answer


@policy("staff")
@require_safe
def signals(request: HttpRequest) -> HttpResponse:
    """Of the students whose files one sees: what waits, the oldest first, and what was answered last."""
    now, today = timezone.now(), timezone.localdate()
    seen = Signal.objects.visible_to(request.user, now=now).filter(student__status__in=Student.PRESENT)
    seen = seen.select_related("answered_by", "talk_by")
    page = Paginator(seen.unanswered().order_by("raised_on", "created_at", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    done = list(_answered(seen)) if page.number == 1 else []
    found = [*page.object_list, *done]
    students = Student.objects.placed_on(today).in_bulk({each.student_id for each in found})
    audit.record(request, FileAccess.Kind.LIST, students=students.values(), level=_level(found))
    context = {
        "page": page,
        "waiting": [_row(each, today, students[each.student_id]) for each in page.object_list],
        "done": [_row(each, today, students[each.student_id]) for each in done],
        "sets_rules": Role.MORAL_EDUCATION in request.user.roles(now),
    }
    return render(request, "students/signals/list.html", context)


def _answered(seen: QuerySet) -> QuerySet:
    return seen.filter(answered_at__isnull=False).order_by("-answered_at", "pk")[:ANSWERED]


def _level(found: list[Signal]) -> int:
    return max((each.level for each in found), default=Level.DAILY)


def _row(signal: Signal, today: date, student: Student | None = None) -> dict[str, Any]:
    return {
        "signal": signal,
        "student": student,
        "seat": seat_word(student, today) if student else "",
        "title": signal.get_rule_display(),
        "words": words_of(signal, today),
        "day": day_word(signal.raised_on, today),
        "outcome": _outcome(signal, today),
    }


def _outcome(signal: Signal, today: date) -> str:
    """周老师 9月8日：已知，因为…"""
    if signal.answered_at is None:
        return ""
    told = {
        "who": signal.answered_by.display_name,
        "day": day_word(timezone.localdate(signal.answered_at), today),
        "on": day_word(signal.talk_on, today) if signal.talk_on else "",
    }
    forms = {
        Answer.NOTED: _("%(who)s, %(day)s: known"),
        Answer.TALK: _("%(who)s, %(day)s: a talk is planned for %(on)s"),
        Answer.PROPOSED: _("%(who)s, %(day)s: a care need is proposed"),
    }
    return forms[Answer(signal.answer)] % told


@policy("student", level=Level.DAILY)
@require_safe
def of_student(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of a file."""
    now, today = timezone.now(), timezone.localdate()
    student = student_or_404(request, pk, Level.DAILY, now)
    seen = Signal.objects.visible_to(request.user, now=now).filter(student=student).select_related("answered_by")
    waiting, done = list(seen.unanswered().order_by("raised_on", "created_at", "pk")), list(_answered(seen))
    audit.record(request, FileAccess.Kind.VIEW, students=[student], level=_level([*waiting, *done]))
    context = {
        "student": student,
        "waiting": [_row(each, today) for each in waiting],
        "done": [_row(each, today) for each in done],
    }
    template = "students/signals/of_student.html"
    return render(request, f"{template}#panel" if request.htmx else template, context)


@policy("student", level=Level.DAILY)
@require_http_methods(["GET", "HEAD", "POST"])
def signal(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One signal with what it counted, and its answer."""
    now, today = timezone.now(), timezone.localdate()
    row = _signal_or_404(request, pk, now)
    answering = access.answers_for(request.user, row.student, now=now) and row.answer != Answer.PROPOSED
    if request.method == "POST" and not answering:
        raise PermissionDenied
    form = _form(request, row, now, today) if answering else None
    stale = None
    if form is not None and form.is_valid():
        try:
            _answer(request, row, form.cleaned_data, now, today)
        except StaleVersion as error:
            stale = error
        else:
            messages.success(request, _("Answered. It comes back only with something new."))
            return redirect("students:signals")
    return _signal_page(request, row, form, stale, now)


def _signal_or_404(request: HttpRequest, pk: UUID, now: datetime) -> Signal:
    seen = Signal.objects.visible_to(request.user, now=now)
    return get_object_or_404(seen.select_related("student", "answered_by", "talk_by"), pk=pk)


def _form(request: HttpRequest, row: Signal, now: datetime, today: date) -> AnswerForm:
    categories = list(access.proposable_categories(request.user, row.student, now=now))
    initial = {"answer": row.answer, "because": row.because, "talk_on": row.talk_on} if row.answer else {}
    return AnswerForm(posted(request), categories=categories, today=today, initial=initial)


def _answer(request: HttpRequest, row: Signal, data: dict, now: datetime, today: date) -> None:
    common = {"by": request.user, "signal": row, "now": now, "version": posted_version(request)}
    words = data["because"]
    if data["answer"] == Answer.TALK:
        answers.plan_talk(on=data["talk_on"], today=today, because=words, **common)
    elif data["answer"] == Answer.PROPOSED:
        answers.propose_from(category=data["category"], basis=Basis.JUDGEMENT, facts=words, **common)
    else:
        answers.note_signal(because=words, **common)


def _signal_page(
    request: HttpRequest, row: Signal, form: AnswerForm | None, stale: StaleVersion | None, now: datetime
) -> HttpResponse:
    today = timezone.localdate(now)
    records = shown_records(row, request.user, now=now)
    level = max([row.level, *(each.level for each in records)])
    audit.record(request, FileAccess.Kind.VIEW, students=[row.student], level=level)
    context = {
        **_row(row, today),
        "student": row.student,
        "records": _shown(records, request, now),
        "form": form,
        "counted": len(records),
        "need": _need(row, request, now),
        "version": shown_version(request, row, stale),
        "stands": stands(stale, "answer", "because", "talk_on"),
        "sensitive": row.level >= Level.SENSITIVE,
    }
    status = 409 if stale else status_of(form) if form else 200
    return render(request, "students/signals/signal.html", context, status=status)


def _shown(records: list, request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    """What was counted: each note with its words as this reader may read them; of other records how many, with one link."""
    today = timezone.localdate(now)
    notes = mentions.for_reader([each for each in records if isinstance(each, Observation)], request.user, now=now)
    rows = [
        {
            "title": each.get_kind_display(),
            "day": day_word(each.happened_on, today),
            "by": each.author.display_name,
            "words": each.shown["facts"],
            "href": each.get_absolute_url(),
            "tone": each.get_tone_display(),
        }
        for each in notes
    ]
    others = [each for each in records if not isinstance(each, Observation)]
    return [*rows, *_others(others)]


def _others(records: list) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for each in records:
        title = str(TITLES.get(each._meta.label_lower, each._meta.verbose_name))
        place = {"title": title, "href": each.get_absolute_url(), "many": 0}
        found.setdefault(place["title"], place)["many"] += 1
    return list(found.values())


def _need(row: Signal, request: HttpRequest, now: datetime) -> CareNeed | None:
    """What was proposed, for those who may see it."""
    if row.answer != Answer.PROPOSED:
        return None
    needs = CareNeed.objects.visible_to(request.user, now=now).select_related("category")
    return needs.filter(origin_id=row.pk, student=row.student_id).first()
