"""Defining an instrument, filling it in, correcting and withdrawing what was filled in, and a sheet of answers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from students.forms.school import day_input
from students.models import Instrument
from students.scales import words
from students.scales.scoring import MEAN, SUM, Definition

MAX_SHEET = 1024 * 1024  # bytes


def area(rows: int, most: int = 8000) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "maxlength": most})


class InstrumentForm(forms.ModelForm):
    """As a manual prints it: answers, items, scales and cut-offs, a line each."""

    answers = forms.CharField(
        label=gettext_lazy("Answers and their points"),
        widget=area(5, 1000),
        help_text=gettext_lazy(
            "One on a line, like “often = 2”, the same for all items, with the points printed on the paper."
        ),
    )
    items = forms.CharField(
        label=gettext_lazy("Items"),
        widget=area(12, 20000),
        required=False,
        help_text=gettext_lazy(
            "One on a line. Copy texts only where you have the right to: otherwise leave this empty and say how many "
            "items there are; answers are then entered by number, from your paper."
        ),
    )
    count = forms.IntegerField(
        label=gettext_lazy("How many items, where their texts are left out"),
        min_value=1,
        max_value=words.MAX_ITEMS,
        required=False,
    )
    reverse = forms.CharField(
        label=gettext_lazy("Items that count backwards"),
        max_length=400,
        required=False,
        help_text=gettext_lazy(
            "Their numbers, like “2, 5-7”. Enter answers as they are on the paper: the turning is done here."
        ),
    )
    scales = forms.CharField(
        label=gettext_lazy("Scales"),
        widget=area(4, 4000),
        required=False,
        help_text=gettext_lazy(
            "One on a line, like “Sleep: 3, 7-9” or “Overall: all”. Without any, all items make one score."
        ),
    )
    bands = forms.CharField(
        label=gettext_lazy("Cut-offs"),
        widget=area(5, 8000),
        required=False,
        help_text=gettext_lazy(
            "One on a line: “Sleep: 6 = talk soon / what to do next”, from that score upward. How high a score is, "
            "never what a child has: only psychiatrists diagnose."
        ),
    )
    method = forms.ChoiceField(
        label=gettext_lazy("A scale's score"),
        choices=[(SUM, gettext_lazy("the sum of its items")), (MEAN, gettext_lazy("the mean of its items"))],
        widget=forms.RadioSelect,
        initial=SUM,
    )
    missing = forms.IntegerField(
        label=gettext_lazy("How many items of one scale may be left open"),
        min_value=0,
        max_value=words.MAX_ITEMS,
        initial=0,
        help_text=gettext_lazy(
            "An open item then counts as the mean of the others. With more of them the scale has no score."
        ),
    )

    class Meta:
        model = Instrument
        fields = ["kind", "name", "purpose", "instruction", "age_from", "age_to", "source", "licence"]
        widgets = {
            "kind": forms.RadioSelect,
            "purpose": area(2, 200),
            "instruction": area(2, 400),
            "source": area(2, 300),
            "licence": forms.RadioSelect,
        }
        labels = {"name": gettext_lazy("Name of the tool")}
        help_texts = {
            "source": gettext_lazy("Who made it, where and when it was published, which norms the cut-offs come from."),
        }

    LINES = ("answers", "items", "count", "reverse", "scales", "bands", "method", "missing")
    definition: Definition | None = None

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("kind", "licence"):  # without the empty choice, which a radio button has no need of
            self.fields[name].choices = [each for each in self.fields[name].choices if each[0]]
        if self.instance.definition:
            self.initial |= words.as_lines(self.instance.defined)
            self.fields["kind"].disabled = True  # results of one kind can't become the other's

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not self.errors:
            try:
                self.definition = words.define(values)
            except ValidationError as error:
                self.add_error(None, error)
        if values.get("licence") == Instrument.Licence.NUMBERS and values.get("items"):
            self.add_error(
                "items", _("Without the right to copy, leave the texts out and say how many items there are.")
            )
        return values

    def clean_age_to(self) -> int:
        youngest, oldest = self.cleaned_data.get("age_from"), self.cleaned_data["age_to"]
        if youngest is not None and oldest < youngest:
            raise ValidationError(_("The oldest age can't be below the youngest."))
        return oldest

    def _get_validation_exclusions(self) -> set[str]:
        """The school is not a field of the form: the action, which knows it, asks the constraints."""
        return super()._get_validation_exclusions() | {"school", "series"}

    @property
    def fields_of_row(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class FillForm(forms.Form):
    """The answers of one student, an item each. What was not answered stays open: it is never a zero."""

    filled_on = forms.DateField(label=gettext_lazy("Filled in on"), widget=day_input())
    note = forms.CharField(
        label=gettext_lazy("Remark"),
        max_length=2000,
        required=False,
        widget=area(3, 2000),
        help_text=gettext_lazy("How it was filled in, what the student said about it. No diagnosis."),
    )

    def __init__(self, *args: Any, definition: Definition, today: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.definition, self.today = definition, today
        choices = [("", pgettext("item", "open")), *((str(each.points), each.text) for each in definition.options)]
        for number, item in enumerate(definition.items, 1):
            self.fields[f"item_{number}"] = forms.ChoiceField(
                label=item_label(number, item.text), choices=choices, required=False, widget=forms.RadioSelect
            )

    @property
    def items(self) -> list[forms.BoundField]:
        return [self[f"item_{number}"] for number in range(1, len(self.definition.items) + 1)]

    def clean_filled_on(self) -> date:
        day = self.cleaned_data["filled_on"]
        if day > self.today:
            raise ValidationError(_("This day lies in the future."))
        return day

    def clean(self) -> dict[str, Any]:
        if not self.errors and not any(points is not None for points in self.points):
            raise ValidationError(_("Nothing was answered."))
        return self.cleaned_data

    @property
    def points(self) -> list[int | None]:
        given = [self.cleaned_data.get(field.name, "") for field in self.items]
        return [int(each) if each else None for each in given]


class CorrectForm(FillForm):
    """Also why: the reason stays with the record and is as confidential."""

    reason = forms.CharField(label=gettext_lazy("Why it is changed"), max_length=200)


def item_label(number: int, text: str) -> str:
    return f"{number}. {text}" if text else _("Item %(number)d") % {"number": number}


def filled_initial(definition: Definition, given: list[int | None], **more: Any) -> dict[str, Any]:
    return more | {f"item_{n}": "" if points is None else str(points) for n, points in enumerate(given, 1)}


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


class SheetForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("The sheet of answers"),
        help_text=gettext_lazy("One row for each student: .xlsx, .xls or .csv, up to 1 MB and 500 rows."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MAX_SHEET:
            raise ValidationError(_("The file is larger than 1 MB. Keep only the sheet with the answers."))
        return file
