"""Pages that say something about the system and nothing about anybody."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.decorators import policy


@policy("public")
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """For the container's health check: this process answers and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@policy("public")
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What to do without a network; the same for everybody."""
    return render(request, "offline.html")
