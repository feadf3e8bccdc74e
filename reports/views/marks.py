"""The panel "marks" of a student's file: level 2, and the academic office (DESIGN §3)."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import policy
from reports.marks import lines_of
from students import access, audit
from students.levels import Level
from students.models import FileAccess


@policy("student", level=Level.DAILY)
@require_safe
def marks(request: HttpRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    student = get_object_or_404(access.students_with_marks(request.user, now=now), pk=pk)
    lines = lines_of(request.user, student, now=now)
    audit.record(request, FileAccess.Kind.VIEW, students=[student])
    context = {"student": student, "lines": lines, "may_import": access.reads_all_marks(request.user, now=now)}
    return render(request, "reports/marks.html#panel" if request.htmx else "reports/marks.html", context)
