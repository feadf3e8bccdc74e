"""The few pages of allauth that we need, each by name: no sign-up, no mail, no reset by mail."""

from allauth.account import views as allauth_views
from django.urls import path

from accounts import views
from accounts.decorators import policy

urlpatterns = [
    path("login/", policy("public")(allauth_views.login), name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("password/change/", policy("staff")(allauth_views.password_change), name="account_change_password"),
    path("sessions/", views.sessions, name="usersessions_list"),
]
