"""Proposing a need, deciding on it, and changing an attention level."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from students.forms.school import day_input
from students.models import AttentionLevel, Basis, Category, Group
from students.models.identification import MAX_WORDS

STRENGTHS_HELP = _("Where needs are written, strengths are written too: what this child does well and likes to do.")
CLOSE = "0"


def words_field(label, *, rows: int = 3, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "maxlength": MAX_WORDS})
    return forms.CharField(label=label, max_length=MAX_WORDS, widget=widget, **more)


def in_groups(categories: QuerySet[Category]) -> list:
    """Choices of a select, by group."""
    found = defaultdict(list)
    for category in categories:
        found[category.group].append((str(category.pk), f"{category.code} {category.name}"))
    return [("", _("Please choose")), *((Group(group).label, rows) for group, rows in found.items())]


class NeedForm(forms.Form):
    """`notes`: (id, words) that may be cited. `asks_strengths`: the profile names none, and this person writes it."""

    category = forms.ModelChoiceField(label=_("Category"), queryset=Category.objects.none())
    basis = forms.ChoiceField(label=_("Basis"), choices=Basis, widget=forms.RadioSelect, initial=Basis.JUDGEMENT)
    facts = words_field(_("The facts"), help_text=_("Facts and where you know them from. No guesses, no diagnosis."))
    starts_on = forms.DateField(label=_("Since"), widget=day_input())
    evidence = forms.MultipleChoiceField(
        label=_("Notes that show it"), required=False, widget=forms.CheckboxSelectMultiple
    )
    strengths = words_field(_("Strengths"), rows=2, help_text=STRENGTHS_HELP)

    def __init__(self, *args, categories: QuerySet, notes: list, asks_strengths: bool, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["category"].queryset = categories
        self.fields["category"].choices = in_groups(categories)
        self.fields["evidence"].choices = notes
        self.initial.setdefault("starts_on", today)
        if not notes:
            del self.fields["evidence"]
        if not asks_strengths:
            del self.fields["strengths"]

    def clean_starts_on(self) -> date:
        if self.cleaned_data["starts_on"] > self.today:
            raise ValidationError(_("This day has not come yet."))
        return self.cleaned_data["starts_on"]


class ConfirmForm(forms.Form):
    next_review_on = forms.DateField(label=_("Look at it again on"), widget=day_input())
    strengths = words_field(_("Strengths"), rows=2, help_text=STRENGTHS_HELP)

    def __init__(self, *args, asks_strengths: bool, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        if not asks_strengths:
            del self.fields["strengths"]

    def clean_next_review_on(self) -> date:
        return _later(self.cleaned_data["next_review_on"], self.today)


class ReasonForm(forms.Form):
    """Why a proposal is not confirmed, or why a need is closed."""

    reason = words_field(_("Reason"), rows=2)


class LevelForm(forms.Form):
    """`steps`: those that this person may choose now; the current one means "as it is, look again later"."""

    step = forms.ChoiceField(label=_("Attention level"), widget=forms.RadioSelect)
    reason = words_field(
        _("Reason"), required=False, help_text=_("What you noticed. Nothing from the counselling room belongs here.")
    )
    next_review_on = forms.DateField(label=_("Look at it again on"), widget=day_input(), required=False)

    def __init__(self, *args, steps: list, current: int | None, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today, self.current = today, current
        self.fields["step"].choices = steps

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "step" not in cleaned:
            return cleaned
        if cleaned["step"] != str(self.current) and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("A change of the level has a reason."))
        if cleaned["step"] != CLOSE and not self.errors.get("next_review_on"):
            self._check_review(cleaned.get("next_review_on"))
        return cleaned

    def _check_review(self, day: date | None) -> None:
        if day is None:
            self.add_error("next_review_on", _("Say when it is looked at again."))
        elif day <= self.today:
            self.add_error("next_review_on", _("Choose a day that is still to come."))


def _later(day: date, today: date) -> date:
    if day <= today:
        raise ValidationError(_("Choose a day that is still to come."))
    return day


def step_choices(current: AttentionLevel | None, *, decides: bool, tends: bool) -> list[tuple[str, str]]:
    """Up for everybody; the same for those who tend to the child; down and out for 德育 alone."""
    held = current.step if current else 0
    steps = [(str(step.value), step.label) for step in AttentionLevel.Step if step > held or (decides and step < held)]
    if current and tends:
        same = _("%(level)s, as it is") % {"level": current.get_step_display()}
        steps = sorted([*steps, (str(held), same)])
    return [*([(CLOSE, _("None any more: end it"))] if current and decides else []), *steps]


class CategorySearchForm(forms.Form):
    category = forms.ModelChoiceField(label=_("Category"), queryset=Category.objects.none())

    def __init__(self, *args, categories: QuerySet, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = categories
        self.fields["category"].choices = in_groups(categories)
