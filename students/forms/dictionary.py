"""The school's own categories and clocks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from students.models import Category, Clock
from students.models.clocks import DEFAULTS, LONGEST


class CategoryForm(forms.ModelForm):
    """Its instance carries the school, so that code and name are checked within it."""

    class Meta:
        model = Category
        fields = ["code", "name", "group", "basis", "level", "is_active"]
        labels = {"name": _("Name of the category")}
        help_texts = {
            "level": _(
                "Confidential: seen by those who see level 4 of the student, and by the moral-education office."
            ),
            "is_active": _("Without the tick it stays where it is named and is not offered any more."),
        }

    def clean_code(self) -> str:
        return self._free(
            "code", self.cleaned_data["code"].strip().upper(), _("There is already a category with this code.")
        )

    def clean_name(self) -> str:
        return self._free("name", self.cleaned_data["name"].strip(), _("There is already a category with this name."))

    def _free(self, field: str, value: str, words) -> str:
        others = Category.objects.filter(school=self.instance.school).exclude(pk=self.instance.pk)
        if others.filter(**{field: value}).exists():
            raise ValidationError(words)
        return value


class ClocksForm(forms.Form):
    """All the numbers of a school in one form."""

    def __init__(self, *args: Any, amounts: dict[str, int], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for code in Clock.Code:
            usual = _("Usual: %(n)d.") % {"n": DEFAULTS[code]} if amounts[code] != DEFAULTS[code] else ""
            self.fields[code.value] = forms.IntegerField(
                label=code.label, min_value=1, max_value=LONGEST, initial=amounts[code], help_text=usual
            )
