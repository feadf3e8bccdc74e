"""The wiring: each app has its own list."""

from django.urls import include, path

from accounts import system_views

urlpatterns = [
    path("health/", system_views.health, name="health"),
    path("offline/", system_views.offline, name="offline"),
    path("accounts/", include("accounts.auth_urls")),
    path("", include("accounts.urls")),
    path("", include("students.urls")),
    path("", include("reports.urls")),
]
