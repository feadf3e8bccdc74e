"""What differs between the imports of a roster and of marks; their pages are the same (views/imports.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from students.forms.imports import ColumnsForm, MarkColumnsForm
from students.levels import Level
from students.marks import importing
from students.marks import showing as mark_words
from students.models import Exam, RosterImport, RosterRow, Term, school_year_of
from students.roster import actions
from students.roster.fields import FIELDS
from students.roster.showing import Shown, show


@dataclass(frozen=True)
class Wizard:
    """In words: `title` · `home`, the page of the upload · `about`, what the upload said beside its file · `doing` by step ·
    `new` and `changed` under those numbers · `nothing`, `undone` and `undo`, sentences · `then`, where to go afterwards.

    `show`: a row of the difference · `form` and `remap`: the choice of columns · `ignored`: columns that count as left out ·
    `level` of the refused rows, `file_name` of their file."""

    title: str
    home: str
    about: str
    doing: dict[str, str]
    new: str
    changed: str
    nothing: str
    undone: str
    undo: str
    then: tuple[str, str]
    show: Callable[[RosterRow], Shown]
    form: type[ColumnsForm]
    remap: Callable[..., None]
    ignored: Callable[[str], bool]
    level: Level
    file_name: str


def wizard_of(job: RosterImport) -> Wizard:
    return _marks(job) if job.kind == RosterImport.Kind.MARKS else _roster(job)


def _roster(job: RosterImport) -> Wizard:
    year, many = school_year_of(timezone.localdate()), job.mapping.get("summary", {})
    return Wizard(
        title=_("Roster import"),
        home=reverse("students:imports"),
        about="",
        doing=_doing(_("The students are written")),
        new=ngettext("in one class", "in %(n)s classes", many.get("classes", 0)) % {"n": many.get("classes", 0)},
        changed=_fields(many),
        nothing=_("There is nothing to import: the roster is as stored."),
        undone=_("The students are as they were before this import."),
        undo=_(
            "Until %(day)s everything that this import wrote can be taken back at once, as long as nobody has worked with these students since."
        ),
        then=(reverse("students:class_list"), _("See the classes")),
        show=lambda row: show(row, school_year=year),
        form=ColumnsForm,
        remap=actions.remap,
        ignored=lambda key: FIELDS[key].ignored,
        level=Level.SENSITIVE,
        file_name="roster-refused.xlsx",
    )


def _marks(job: RosterImport) -> Wizard:
    many = job.mapping.get("summary", {})
    return Wizard(
        title=_("Marks import"),
        home=reverse("students:mark_imports"),
        about=about_marks(job),
        doing=_doing(_("The marks are written")),
        new=ngettext("one mark", "%(n)s marks", many.get("marks", 0)) % {"n": many.get("marks", 0)},
        changed=ngettext("one mark", "%(n)s marks", many.get("fields", 0)) % {"n": many.get("fields", 0)},
        nothing=_("There is nothing to import: the marks are as stored."),
        undone=_("The marks are as they were before this import."),
        undo=_("Until %(day)s all marks of this import can be taken back at once, unless a later import changed them."),
        then=(reverse("students:list"), _("Student files")),
        show=lambda row: mark_words.show(row, school_year=job.options["classes_of"]),
        form=MarkColumnsForm,
        remap=importing.remap,
        ignored=lambda key: False,
        level=Level.DAILY,
        file_name="marks-refused.xlsx",
    )


def about_marks(job: RosterImport) -> str:
    """2025—2026 学年春季学期期末 · 班级按 2026-2027 学年的叫法, where that is not the exam's own. One statement."""
    term = Term.objects.filter(pk=job.options["term"], school=job.school_id).first()
    exam, year = str(Exam(term=term, kind=job.options["exam"])) if term else "", job.options["classes_of"]
    if term and term.school_year == year:
        return exam
    named = _("classes named as in %(from)d-%(to)d") % {"from": year, "to": year + 1}
    return " · ".join(filter(None, [exam, named]))


def _doing(writing: str) -> dict[str, str]:
    return {"prepare": _("The file is read and compared"), "apply": writing, "undo": _("The import is taken back")}


def _fields(many: dict[str, Any]) -> str:
    return ngettext("one field", "%(n)s fields", many.get("fields", 0)) % {"n": many.get("fields", 0)}
