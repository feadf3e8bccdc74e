"""The students' URLs, by topic. Each topic's block is in the order of a page's life."""

from django.urls import path

from students.views import (
    attention,
    classes,
    drafts,
    duties,
    files,
    imports,
    note_changes,
    note_pages,
    notes,
    oversight,
    panels,
    placements,
    school,
    search,
)

app_name = "students"

urlpatterns = [
    # --- notes
    path("notes/new/", notes.note_new, name="note_new"),
    path("notes/picker/", notes.note_picker, name="note_picker"),
    path("notes/fellows/", notes.note_fellows, name="note_fellows"),
    path("notes/audience/", notes.note_audience, name="note_audience"),
    path("notes/mine/", note_pages.notes_mine, name="notes_mine"),
    path("notes/<uuid:pk>/", note_pages.note_detail, name="note_detail"),
    path("notes/<uuid:pk>/history/", note_pages.note_history, name="note_history"),
    path("notes/<uuid:pk>/edit/", note_changes.note_edit, name="note_edit"),
    path("notes/<uuid:pk>/append/", note_changes.note_append, name="note_append"),
    path("notes/<uuid:pk>/move/", note_changes.note_move, name="note_move"),
    path("notes/<uuid:pk>/void/", note_changes.note_void, name="note_void"),
    path("photos/<uuid:pk>/", note_pages.attachment, name="attachment"),
    path("drafts/", drafts.draft_save, name="draft_save"),
    path("drafts/discard/", drafts.draft_discard, name="draft_discard"),
    path("attention/", attention.attention, name="attention"),
    path("attention/<uuid:pk>/acknowledge/", attention.attention_acknowledge, name="attention_acknowledge"),
    # --- files
    path("classes/", classes.class_list, name="class_list"),
    path("classes/<uuid:pk>/", classes.class_grid, name="class_grid"),
    path("students/", search.student_list, name="list"),
    path("students/search/", search.search, name="search"),
    path("students/<uuid:pk>/", files.detail, name="detail"),
    path("students/<uuid:pk>/timeline/", files.timeline, name="timeline"),
    path("students/<uuid:pk>/profile/", panels.profile, name="profile"),
    path("students/<uuid:pk>/profile/edit/", panels.profile_edit, name="profile_edit"),
    path("students/<uuid:pk>/background/", panels.background, name="background"),
    path("students/<uuid:pk>/background/show/", panels.background_show, name="background_show"),
    path("students/<uuid:pk>/background/edit/", panels.family_edit, name="family_edit"),
    path("students/<uuid:pk>/edit/", panels.edit, name="edit"),
    path("students/<uuid:pk>/access/", oversight.access, name="access"),
    path("students/<uuid:pk>/readers/", oversight.readers, name="readers"),
    path("students/<uuid:pk>/history/", oversight.history, name="history"),
    path("students/<uuid:pk>/counselling/", oversight.counselling, name="counselling"),
    path("students/<uuid:pk>/counselling/end/", oversight.counselling_end, name="counselling_end"),

    # --- school
    path("school/terms/", school.terms, name="terms"),
    path("school/terms/add/", school.term_add, name="term_add"),
    path("school/terms/<uuid:pk>/", school.term, name="term"),
    path("school/calendar/", school.calendar, name="calendar"),
    path("school/calendar/seed/", school.calendar_seed, name="calendar_seed"),
    path("school/calendar/<uuid:pk>/remove/", school.calendar_remove, name="calendar_remove"),
    path("school/classes/", duties.classes_admin, name="classes_admin"),
    path("school/classes/<uuid:pk>/", duties.class_admin, name="class_admin"),
    path("school/grades/<str:stage>/<int:entry_year>/", duties.grade_admin, name="grade_admin"),
    path("school/duties/<uuid:pk>/end/", duties.duty_end, name="duty_end"),
    path("school/leaders/<uuid:pk>/end/", duties.leader_end, name="leader_end"),
    path("school/rollover/", placements.rollover, name="rollover"),
    path("placements/", placements.placements, name="placements"),
    path("students/add/", placements.add, name="add"),
    path("students/<uuid:pk>/move/", placements.move, name="move"),
    path("students/<uuid:pk>/leave/", placements.leave, name="leave"),
    path("students/<uuid:pk>/back/", placements.back, name="back"),

    # --- imports
    path("imports/", imports.imports, name="imports"),
    path("imports/<uuid:pk>/", imports.import_detail, name="import_detail"),
    path("imports/<uuid:pk>/status/", imports.import_status, name="import_status"),
    path("imports/<uuid:pk>/columns/", imports.import_columns, name="import_columns"),
    path("imports/<uuid:pk>/confirm/", imports.import_confirm, name="import_confirm"),
    path("imports/<uuid:pk>/cancel/", imports.import_cancel, name="import_cancel"),
    path("imports/<uuid:pk>/undo/", imports.import_undo, name="import_undo"),
    path("imports/<uuid:pk>/refused/", imports.import_refused, name="import_refused"),
]
