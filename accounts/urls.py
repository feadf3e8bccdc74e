from django.urls import path

from accounts import school_views, staff_views, views

app_name = "accounts"

urlpatterns = [
    # what everybody has
    path("me/", views.me, name="me"),
    path("me/devices/<uuid:pk>/", views.device, name="device"),
    path("unlock/", views.unlock, name="unlock"),
    # /staff/: the system administrator
    path("staff/", staff_views.staff, name="staff"),
    path("staff/add/", staff_views.staff_add, name="staff_add"),
    path("staff/<uuid:pk>/", staff_views.staff_detail, name="staff_detail"),
    path("staff/<uuid:pk>/active/", staff_views.staff_active, name="staff_active"),
    path("staff/<uuid:pk>/reset/", staff_views.staff_reset, name="staff_reset"),
    path("staff/<uuid:pk>/slip/", staff_views.slip, name="slip"),
    path("staff/<uuid:pk>/tries/", staff_views.staff_tries, name="staff_tries"),
    path("staff/<uuid:pk>/roles/", staff_views.role_propose, name="role_propose"),
    # /roles/: the system administrator proposes, a second person confirms
    path("roles/", staff_views.roles, name="roles"),
    path("roles/waiting/", staff_views.waiting, name="waiting"),
    path("roles/<uuid:pk>/end/", staff_views.role_end, name="role_end"),
    path("roles/<uuid:pk>/confirm/", staff_views.role_confirm, name="role_confirm"),
    path("roles/<uuid:pk>/decline/", staff_views.role_decline, name="role_decline"),
    # the school itself
    path("departments/", school_views.departments, name="departments"),
    path("departments/<uuid:pk>/", school_views.department, name="department"),
    path("departments/<uuid:pk>/delete/", school_views.department_delete, name="department_delete"),
    path("settings/school/", school_views.school, name="school"),
]
