"""One mark by hand: read as the import reads a cell, with a reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from students.marks.sheet import LONGEST, parse_mark, subject_of
from students.models import Exam
from students.roster.values import Unreadable

MAX_REASON = 100  # characters


class MarkForm(forms.Form):
    mark = forms.CharField(
        label=_("Mark, or absent"),
        max_length=20,
        help_text=_("A number, or 缺考, 免考. Absent counts for nothing and is never 0."),
    )
    full_mark = forms.DecimalField(
        label=_("Full mark"), min_value=Decimal(1), max_value=Decimal(1000), decimal_places=1
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=MAX_REASON, help_text=_("It stands in the history of this mark.")
    )

    def clean(self) -> dict[str, Any]:
        """`value`: the number as a text, None for absent."""
        cleaned = super().clean() or {}
        if {"mark", "full_mark"} <= cleaned.keys():
            try:
                cleaned["value"] = parse_mark(cleaned["mark"], cleaned["full_mark"])
            except Unreadable as error:
                self.add_error("mark", str(error))
            else:
                if cleaned["value"] == "":
                    self.add_error("mark", _("Write a mark, or 缺考."))
        return cleaned

    def acted(self) -> dict[str, Any]:
        """What the actions take."""
        return {name: self.cleaned_data[name] for name in ("value", "full_mark", "reason")}


class NewMarkForm(MarkForm):
    """`exams`: those of the school."""

    exam = forms.ModelChoiceField(label=_("Exam"), queryset=Exam.objects.none())
    subject = forms.CharField(label=_("Subject"), max_length=LONGEST)
    field_order = ("exam", "subject", "mark", "full_mark", "reason")

    def __init__(self, *args: Any, exams, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["exam"].queryset = exams

    def clean_subject(self) -> str:
        if not (subject := subject_of(self.cleaned_data["subject"])):
            raise ValidationError(_("The subject is missing."))
        return subject
