"""The students' URLs, by topic. Each topic's block is in the order of a page's life."""

from django.urls import path

from students.views import attention, drafts, note_changes, note_pages, notes

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

    # --- school

    # --- imports
]
