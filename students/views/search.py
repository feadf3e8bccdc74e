"""Student search and the list of files: level 1 only. Names are typed by POST, so that none stands in a URL."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.decorators import policy
from students import access, audit
from students import search as finding
from students.forms.student import StudentFilterForm
from students.levels import Level
from students.models import FileAccess, Student
from students.words import list_line, seat_word

PAGE = 50


@policy("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """A box in the top bar (htmx) and a page of its own; at most 12, the rest in the list."""
    now = timezone.now()
    typed = request.POST.get("q", "").strip()[:40]
    if request.htmx and not typed:
        return HttpResponse()
    context = {"typed": typed, "results": [], "more": False, "no_files": False}
    if typed:
        context |= _results(request, typed, now)
    return render(
        request, "students/search/search.html#results" if request.htmx else "students/search/search.html", context
    )


def _results(request: HttpRequest, typed: str, now) -> dict:
    day = timezone.localdate(now)
    seen = Student.objects.visible_to(request.user, Level.BASIC, now=now)
    students = finding.found(seen.in_school().placed_on(day), typed, day)
    rows = list(finding.in_class_order(students)[: finding.SHOWN + 1])
    shown = rows[: finding.SHOWN]
    audit.record(request, FileAccess.Kind.SEARCH, students=shown, level=Level.BASIC, terms=typed.lower())
    results = [{"name": s.name, "class_name": seat_word(s, day), "href": s.get_absolute_url()} for s in shown]
    return {"results": results, "more": len(rows) > finding.SHOWN, "no_files": not shown and not seen.exists()}


@policy("staff")
@require_http_methods(["GET", "HEAD", "POST"])
def student_list(request: HttpRequest) -> HttpResponse:
    now, day = timezone.now(), timezone.localdate()
    classes = list(access.visible_classes(request.user, now=now))
    asked = request.POST if request.method == "POST" else request.GET
    form = StudentFilterForm(asked, classes=classes, day=day)
    wanted = form.wanted()
    named = wanted.pop("q", "")
    typed = named if request.method == "POST" else ""
    if request.method == "POST" and not typed:
        return redirect(f"{reverse('students:list')}{_query(wanted)}")
    students = _filtered(
        Student.objects.visible_to(request.user, Level.BASIC, now=now).placed_on(day), wanted, typed, day
    )
    page = Paginator(finding.InClassOrder(students), PAGE).get_page(asked.get("page"))
    rows = [{"student": s, "href": s.get_absolute_url(), "words": list_line(s, day)} for s in page]
    if typed:
        audit.record(request, FileAccess.Kind.SEARCH, students=page.object_list, level=Level.BASIC, terms=typed.lower())
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "typed": typed,
        "narrowed": bool(wanted or typed),
        "filtered": bool(wanted),
    }
    return render(request, "students/search/list.html", context)


def _filtered(students, wanted: dict[str, str], typed: str, day):
    students = finding.in_state(students, wanted.get("state", "here"))
    if grade := wanted.get("grade"):
        students = finding.in_grade(students, grade)
    if class_group := wanted.get("class_group"):
        students = students.filter(place__class_group=class_group)
    if boarding := wanted.get("boarding"):
        students = students.filter(boarding_type=boarding)
    if sex := wanted.get("sex"):
        students = students.filter(sex=sex)
    return finding.found(students, typed, day) if typed else students


def _query(wanted: dict[str, str]) -> str:
    return f"?{urlencode(wanted)}" if wanted else ""
