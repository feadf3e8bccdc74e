"""Emergency access, access on request, and what is decided about them; what a teacher hands over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from students.forms.school import day_input
from students.levels import Level
from students.models import EmergencyAccess, Handover, HandoverSummary
from students.models.asking import LONGEST_REQUEST, MAX_REASON

USUALLY = timedelta(days=14)


def words(label: str, *, rows: int = 3, required: bool = True, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "maxlength": MAX_REASON})
    return forms.CharField(label=label, max_length=MAX_REASON, widget=widget, required=required, help_text=help_text)


class EmergencyForm(forms.Form):
    reason = words(
        _("What has happened"), help_text=_("What you must know, and what for. It is read when this is reviewed.")
    )
    level = forms.TypedChoiceField(
        label=_("What you need"),
        coerce=int,
        initial=Level.SENSITIVE,
        widget=forms.RadioSelect,
        choices=[
            (Level.SENSITIVE.value, _("The file and the family's phone: opens at once")),
            (Level.CONFIDENTIAL.value, _("The confidential part too: a second person opens it")),
        ],
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password


class RequestForm(forms.Form):
    reason = words(_("What for"), help_text=_("The moral-education office decides by this."))
    level = forms.TypedChoiceField(
        label=_("What you need"),
        coerce=int,
        initial=Level.DAILY,
        widget=forms.RadioSelect,
        choices=[
            (Level.DAILY.value, _("Daily: notes, talks, contacts")),
            (Level.SENSITIVE.value, _("Sensitive too: family and needs")),
        ],
    )
    starts_on = forms.DateField(label=_("First day"), widget=day_input())
    ends_on = forms.DateField(label=_("Last day"), widget=day_input())

    def __init__(self, *args: Any, today: date, **kwargs: Any):
        self.today = today
        super().__init__(*args, initial={"starts_on": today, "ends_on": today + USUALLY}, **kwargs)

    def clean(self) -> dict:
        cleaned = super().clean()
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if last and last < self.today:
            raise ValidationError({"ends_on": _("The last day lies in the past.")})
        if first and last and last < first:
            raise ValidationError({"ends_on": _("The last day can't be before the first.")})
        if first and last and last - first > LONGEST_REQUEST:
            raise ValidationError({"ends_on": _("Three months at most; it can be asked for again.")})
        return cleaned


class DecisionForm(forms.Form):
    YES, NO = "grant", "refuse"

    decision = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect, choices=[(YES, _("Open it")), (NO, _("Refuse"))]
    )
    note = words(_("Why"), required=False, help_text=_("Whoever asked reads this. A refusal needs it."))

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("decision") == self.NO and not cleaned.get("note"):
            raise ValidationError({"note": _("Say why not; whoever asked will read it.")})
        return cleaned


class ReviewForm(forms.Form):
    verdict = forms.ChoiceField(label=_("Review"), widget=forms.RadioSelect, choices=EmergencyAccess.Verdict.choices)
    note = words(_("Why"), required=False, help_text=_("Needed where it was not justified."))

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("verdict") == EmergencyAccess.Verdict.NOT_JUSTIFIED and not cleaned.get("note"):
            raise ValidationError({"note": _("Say why it was not justified.")})
        return cleaned


class ClassSummaryForm(forms.ModelForm):
    class Meta:
        model = Handover
        fields = ["summary"]
        widgets = {"summary": forms.Textarea(attrs={"rows": 8, "maxlength": 2000})}
        help_texts = {"summary": _("Habits of the class, what works, what is agreed with families. No single child.")}


class ChildSummaryForm(forms.ModelForm):
    class Meta:
        model = HandoverSummary
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 8, "maxlength": 2000})}
        help_texts = {"text": _("What helps, what is agreed, what comes next. It stands in the file as sensitive.")}
