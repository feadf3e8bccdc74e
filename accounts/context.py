"""What the frame of every page needs."""

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import CONFIRMING_ROLES, Role


def shell(request: HttpRequest) -> dict:
    """Nothing about students: only who is signed in, and which doors their roles open."""
    user = getattr(request, "user", None)
    page_view = getattr(request, "page_view", "")
    if user is None or not user.is_authenticated:
        return {"staff_pages": False, "confirms_roles": False, "shortcuts_enabled": False, "page_view": page_view}
    roles = user.roles(timezone.now())
    return {
        "staff_pages": Role.SYSTEM_ADMIN in roles,
        "confirms_roles": not roles.isdisjoint(CONFIRMING_ROLES),
        "shortcuts_enabled": user.shortcuts_enabled,
        "page_view": page_view,
    }
