"""Forms of the imports of a roster and of marks."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import School
from students.marks import sheet
from students.models import Exam, Term, school_year_of
from students.roster.fields import FIELDS
from students.roster.reading import MAX_BYTES, TOO_LARGE
from students.roster.refusal import Refused

YEARS_BACK = 6  # as long as a class stays together


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("The roster"),
        help_text=gettext_lazy("The registry's template or your own sheet: .xlsx, .xls or .csv, up to 10 MB."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
    )

    def clean_file(self) -> UploadedFile:
        """Before it is read into memory."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_(TOO_LARGE))
        return file


class ColumnsForm(forms.Form):
    """One choice for each column of the sheet; the empty one leaves the column out."""

    def __init__(self, *args, headers: list[str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for index, header in enumerate(headers):
            label = header or _("Column %(number)d") % {"number": index + 1}
            choices = [("", _("Not imported")), *self.choices_for(header)]
            self.fields[f"column_{index}"] = forms.ChoiceField(label=label, choices=choices, required=False)

    def choices_for(self, header: str) -> list[tuple[str, str]]:
        return [(key, field.title) for key, field in FIELDS.items() if not field.ignored]

    def clean(self) -> dict:
        """Each field once, and the two without which nobody can be recognised."""
        values = super().clean() or {}
        used: dict[str, str] = {}
        for name, key in list(values.items()):
            if key and key in used:
                self.add_error(name, _("“%(other)s” is this already.") % {"other": self.fields[used[key]].label})
            used.setdefault(key, name)
        if not {"name", "class"} <= used.keys():
            self.add_error(None, _("Name and class need a column each."))
        return values

    @property
    def chosen(self) -> dict[int, str]:
        """Column index → field key."""
        return {int(name.removeprefix("column_")): key for name, key in self.cleaned_data.items() if key}


class MarkColumnsForm(ColumnsForm):
    def choices_for(self, header: str) -> list[tuple[str, str]]:
        """What tells the student, one row per mark, or the marks of the subject that the header names."""
        subject = sheet.subject_of(header)
        named = [(sheet.SUBJECT_MARK + subject, _("Marks in %(subject)s") % {"subject": subject})] if subject else []
        return [
            ("name", _("Name")),
            ("class", _("Class")),
            ("grade", _("Grade")),
            ("seat_no", _("Seat number")),
            *named,
            ("subject", _("Subject (a row for each mark)")),
            ("mark", _("Mark (a row for each mark)")),
            ("full_mark", _("Full mark")),
        ]

    def clean(self) -> dict:
        values = super().clean()
        if not self.errors:
            try:
                sheet.check_columns({name: key for name, key in values.items() if key})
            except Refused as refusal:
                self.add_error(None, str(refusal))
        return values


class MarksUploadForm(UploadForm):
    term = forms.ModelChoiceField(Term.objects.none(), label=gettext_lazy("Term of the exam"), empty_label=None)
    exam = forms.TypedChoiceField(
        label=gettext_lazy("Exam"), choices=Exam.Kind.choices, initial=Exam.Kind.FINAL, coerce=int
    )
    classes_of = forms.TypedChoiceField(
        label=gettext_lazy("The sheet names its classes as in"),
        coerce=int,
        help_text=gettext_lazy("An old sheet may be written with the names of its own year, or with those of today."),
    )
    full_mark = forms.DecimalField(
        label=gettext_lazy("Full mark"),
        initial=100,
        min_value=1,
        max_value=1000,
        max_digits=5,
        decimal_places=1,
        help_text=gettext_lazy("Where the sheet says none: a header like 数学(120), or a column 满分, counts first."),
    )

    def __init__(self, *args, school: School, today: date, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        begun = Term.objects.filter(school=school, starts_on__lte=today)
        year = school_year_of(today)
        years = [(0, _("the year of the exam")), *((y, f"{y}-{y + 1}") for y in range(year, year - YEARS_BACK, -1))]
        self.fields["file"].label = _("The marks")
        self.fields["file"].help_text = _(
            "A column for each subject, or a row for each mark with student, class, subject and mark: .xlsx, .xls or .csv, up to 10 MB."
        )
        self.fields["term"].queryset = begun
        self.fields["term"].initial = begun.first()
        self.fields["classes_of"].choices = years
        self.fields["full_mark"].widget.attrs["inputmode"] = "decimal"
