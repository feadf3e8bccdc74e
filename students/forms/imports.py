"""Forms of the roster import."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from students.roster.fields import FIELDS
from students.roster.reading import MAX_BYTES, TOO_LARGE


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
        choices = [("", _("Not imported")), *((key, field.title) for key, field in FIELDS.items() if not field.ignored)]
        for index, header in enumerate(headers):
            label = header or _("Column %(number)d") % {"number": index + 1}
            self.fields[f"column_{index}"] = forms.ChoiceField(label=label, choices=choices, required=False)

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
