"""The students' URLs, by topic. Each topic's block is in the order of a page's life."""

from django.urls import path  # noqa: F401

app_name = "students"

urlpatterns = [
    # --- notes

    # --- files

    # --- school

    # --- imports
]
