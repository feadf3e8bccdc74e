"""What the running system needs: the system administrator's page. It shows nothing about anybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

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
