"""The few pages of allauth that we need, each by name: no sign-up, no mail, no reset by mail."""

from allauth.account import views as allauth_views
from django.urls import path
from django.views.decorators.http import require_http_methods

from accounts import views
from accounts.decorators import policy

get_or_post = require_http_methods(["GET", "HEAD", "POST"])  # allauth's views take a PUT for a POST

urlpatterns = [
    path("login/", policy("public")(get_or_post(allauth_views.login)), name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path(
        "password/change/", policy("staff")(get_or_post(allauth_views.password_change)), name="account_change_password"
    ),
    path("sessions/", views.sessions, name="usersessions_list"),
]
