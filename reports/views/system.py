"""What the running system needs: the system administrator's page. It shows nothing about anybody."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.backup.state import backup_state
from accounts.decorators import policy
from accounts.models import Role
from reports import health


@policy("role", Role.SYSTEM_ADMIN)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    lines = health.lines(now)
    return render(
        request, "reports/system.html", {"lines": lines, "red": sum(not line.ok for line in lines), "now": now}
    )


@policy("role", Role.SYSTEM_ADMIN)
@require_safe
def backups(request: HttpRequest) -> HttpResponse:
    """A page, and the panel of the one above."""
    now = timezone.now()
    context = {"state": backup_state(now), "nights": settings.BACKUP_KEEP, "now": now}
    return render(request, "reports/backups.html#panel" if request.htmx else "reports/backups.html", context)
