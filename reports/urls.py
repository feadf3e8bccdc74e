"""Home, to-do list, and documents."""

from django.urls import path

from reports.views import equity, home, jobs, marks, radar, system

app_name = "reports"

urlpatterns = [
    path("", home.home, name="home"),
    path("todo/", home.todo, name="todo"),
    path("classes/mine/", home.classes, name="classes"),
    path("notes/recent/", home.recent, name="recent"),
    path("students/<uuid:pk>/marks/", marks.marks, name="marks"),
    # /radar/
    path("radar/", radar.overview, name="radar"),
    path("radar/left/", radar.left, name="radar_left"),
    path("radar/classes/<uuid:pk>/", radar.of_class, name="radar_class"),
    path("radar/equity/", equity.comparison, name="equity"),
    path("radar/equity/concern/", equity.concern, name="only_concern"),
    path("system/", system.status, name="system"),
    path("system/backups/", system.backups, name="backups"),
    # /reports/
    path("reports/", jobs.index, name="index"),
    path("reports/<uuid:pk>/", jobs.job, name="job"),
    path("reports/<uuid:pk>/status/", jobs.job_status, name="job_status"),
    path("reports/<uuid:pk>/cancel/", jobs.cancel, name="cancel"),
    path("reports/<uuid:pk>/link/", jobs.link, name="link"),
    path("reports/<uuid:pk>/file/<str:token>/", jobs.download, name="download"),
]
