"""Asking the head teacher to turn to a child."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from students.models.looks import MAX_LINE


class LookForm(forms.Form):
    line = forms.CharField(
        label=_("One line, if you like"),
        max_length=MAX_LINE,
        required=False,
        help_text=_("Why you ask, or what you would like to know. Nothing sensitive belongs here."),
    )
