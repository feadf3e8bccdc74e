"""Pages that say something about the system and nothing about anybody."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.decorators import policy


@policy("public")
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """For the container and the balancer: this process answers and reaches its database. No detail: anybody may ask."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": "ok"})


@policy("public")
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What to do without a network; the same for everybody."""
    return render(request, "offline.html")
