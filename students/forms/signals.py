"""Answering a signal, and the numbers of a rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from students.actions.answers import has_substance
from students.forms.notes import LOOKS_BACK, TOO_LONG
from students.forms.school import day_input
from students.models import Category, Signal, SignalRule
from students.models.signals import MAX_WORDS
from students.signals.kinds import Rule

Answer = Signal.Answer


class AnswerForm(forms.Form):
    """What comes of it. `categories`: of which the person may propose a need; without one that answer isn't offered."""

    answer = forms.ChoiceField(
        label=_("What comes of it"),
        choices=Answer,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what comes of it.")},
    )
    because = forms.CharField(
        label=_("What you know or think of it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "yd-words"}),
    )
    talk_on = forms.DateField(label=_("Day of the talk"), required=False, widget=day_input())
    category = forms.ChoiceField(label=_("Category of the need"), required=False)

    def __init__(self, *args: Any, categories: Sequence[Category], today: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.today, self.categories = today, {f"{each.pk}": each for each in categories}
        offered = [(pk, each.name) for pk, each in self.categories.items()]
        self.fields["category"].choices = [("", _("Choose a category")), *offered]
        self.fields["because"].validators.append(MaxLengthValidator(MAX_WORDS, message=TOO_LONG))
        if not categories:
            del self.fields["category"]
            self.fields["answer"].choices = [each for each in Answer.choices if each[0] != Answer.PROPOSED]

    def clean_category(self) -> Category | None:
        return self.categories.get(self.cleaned_data["category"])

    def clean_talk_on(self) -> date | None:
        day = self.cleaned_data["talk_on"]
        if day and not self.today <= day <= self.today + LOOKS_BACK:
            raise ValidationError(_("Choose today or a day after it, within a year."))
        return day

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        answer = data.get("answer")
        if answer in (Answer.NOTED, Answer.PROPOSED) and "because" in data and not has_substance(data["because"]):
            self.add_error("because", _("A few words, so that the next one understands: what do you know of it?"))
        if answer == Answer.TALK and not data.get("talk_on") and "talk_on" not in self.errors:
            self.add_error("talk_on", _("Choose the day of the talk."))
        if answer == Answer.PROPOSED and not data.get("category") and "category" not in self.errors:
            self.add_error("category", _("Choose the category of the need."))
        return data


class RuleForm(forms.ModelForm):
    """One rule of the school; only the numbers that it has."""

    class Meta:
        model = SignalRule
        fields = ["is_on", "amount", "days", "before"]

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("amount", "days", "before"):
            if name in rule.labels:
                self._bound(self.fields[name], rule.labels[name], *rule.bounds[name])
            else:
                del self.fields[name]

    @staticmethod
    def _bound(field: forms.Field, label: str, least: int, most: int) -> None:
        field.label, field.required = label, True
        field.help_text = _("From %(least)d to %(most)d.") % {"least": least, "most": most}
        field.validators += [MinValueValidator(least), MaxValueValidator(most)]
        field.widget.attrs |= {"min": least, "max": most}
