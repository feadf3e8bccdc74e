"""The wiring: each app has its own list."""

from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("accounts/", include("accounts.auth_urls")),
    path("", include("students.urls")),
    path("", include("reports.urls")),
]
