"""Screening: checklists, rounds, an answer for one student, and what 德育 makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import School
from students import checklists
from students.forms.notes import WordsField
from students.forms.school import day_input
from students.levels import Level
from students.models import AttentionLevel, Category, Checklist, ChecklistEdition, ClassGroup, ScreeningEntry
from students.models.classes import grade_name
from students.models.screening import MAX_FACTS

Answer, Decision = ScreeningEntry.Answer, ScreeningEntry.Decision


class ChecklistForm(forms.ModelForm):
    """Name and signs; the signs as text, one on a line."""

    signs = forms.CharField(
        label=_("Signs"),
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text=_("One sign on a line. A line within 【】 is a heading. Write what can be seen, no judgement."),
    )
    field_order = ["name", "purpose", "signs", "is_active"]

    class Meta:
        model = Checklist
        fields = ["name", "purpose", "is_active"]
        widgets = {"purpose": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.before = [] if self.instance._state.adding else self.instance.latest.items
        self.fields["purpose"].choices = Checklist.Purpose.choices
        if self.before:
            del self.fields["purpose"]
        self.initial.setdefault("signs", checklists.text_of(self.before))

    def clean_signs(self) -> str:
        signs = [sign for _group, sign in checklists.lines_of(self.cleaned_data["signs"])]
        if not checklists.FEWEST <= len(signs) <= checklists.MOST:
            bounds = {"fewest": checklists.FEWEST, "most": checklists.MOST}
            raise ValidationError(_("Write %(fewest)d to %(most)d signs.") % bounds)
        if long := [sign for sign in signs if len(sign) > checklists.LONGEST]:
            raise ValidationError(_("This sign is too long: %(sign)s") % {"sign": long[0]})
        return self.cleaned_data["signs"]

    @property
    def items(self) -> list[checklists.Item]:
        return checklists.items_of(self.cleaned_data["signs"], self.before)


class DueForm(forms.Form):
    """By when the classes are done."""

    due_on = forms.DateField(label=_("To be finished by"), widget=day_input())

    def __init__(self, *args: Any, today: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_due_on(self) -> date:
        due_on = self.cleaned_data["due_on"]
        if due_on < self.today:
            raise ValidationError(_("This day is over."))
        return due_on


class RoundForm(DueForm):
    """Also with which checklist, and in which classes. `classes`: those that are in school today, in order."""

    checklist = forms.ModelChoiceField(
        label=_("Checklist"), queryset=Checklist.objects.none(), empty_label=None, widget=forms.RadioSelect
    )
    grades = forms.MultipleChoiceField(
        label=_("Only these grades"), required=False, widget=forms.CheckboxSelectMultiple
    )
    classes = forms.MultipleChoiceField(
        label=_("Only these classes"), required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ["checklist", "due_on", "grades", "classes"]

    def __init__(self, *args: Any, school: School, classes: list[ClassGroup], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.cohorts = {str(each.pk): each.cohort for each in classes}
        grades = {each.cohort: grade_name(each.grade_on(self.today)) for each in classes}
        self.fields["grades"].choices = list(grades.items())
        self.fields["classes"].choices = [(str(each.pk), each.name_on(self.today)) for each in classes]
        offered = Checklist.objects.active().filter(school=school)
        self.fields["checklist"].queryset = offered
        self.initial.setdefault(
            "checklist", offered.values_list("pk", flat=True).first()
        )  # one for classes stands first

    def clean(self) -> dict[str, Any]:
        """`scope` as open_round takes it; a class of a chosen grade needs no word of its own."""
        data = self.cleaned_data
        grades, classes = data.pop("grades", []), data.pop("classes", [])
        data["scope"] = [*grades, *(each for each in classes if self.cohorts[each] not in grades)]
        return data


class AnswerForm(forms.Form):
    """What was seen of one student. Which button was pressed is the answer; Enter alone saves what is ticked."""

    answer = forms.ChoiceField(choices=Answer.choices, required=False)
    signs = forms.MultipleChoiceField(label=_("Signs"), required=False)
    facts = WordsField(
        label=_("What was seen"),
        rows=2,
        most=MAX_FACTS,
        required=False,
        help_text=_("A line: what, when, how often."),
    )
    categories = forms.MultipleChoiceField(label=_("What it may be about"), required=False)
    ways = forms.MultipleChoiceField(
        label=_("How you know"),
        choices=ScreeningEntry.Way.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    suggested_step = forms.TypedChoiceField(
        label=_("Attention level you suggest"),
        choices=[("", _("none")), *AttentionLevel.Step.choices],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("A word to the office. Nothing is raised by it."),
    )

    def __init__(self, *args: Any, edition: ChecklistEdition, categories: Iterable[Category], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.edition, self.offered = edition, list(categories)
        self.fields["signs"].choices = [(item["code"], item["text"]) for item in edition.items]
        self.fields["categories"].choices = [(each.code, each.name) for each in self.offered]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["answer"] = data.get("answer") or Answer.SIGNS
        ticked = data.get("signs") or data.get("categories")
        if data["answer"] == Answer.SIGNS and not (ticked or data.get("facts")):
            raise ValidationError(_("Tick what you saw, or write a line. If there was nothing, say so."))
        if data["answer"] != Answer.SIGNS and (ticked or data.get("ways") or data.get("suggested_step")):
            raise ValidationError(_("Something is ticked. Save it, or take the ticks away first."))
        return data

    @property
    def sign_groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """[(heading, [(code, text, is ticked)])]."""
        ticked = set(self["signs"].value() or ())
        return [(group, [(code, text, code in ticked) for code, text in signs]) for group, signs in self.edition.groups]

    @property
    def category_chips(self) -> list[tuple[str, str, bool]]:
        chosen = set(self["categories"].value() or ())
        return [(each.code, each.name, each.code in chosen) for each in self.offered]


def suggestible(school: School | Any) -> Iterable[Category]:
    """An answer is level 3, so what would be level 4 is not named in it."""
    return Category.objects.active().filter(school=school, level=Level.SENSITIVE)


# What one does, where the model says what was done.
DECISIONS = [(Decision.PROPOSED, _("Make a proposal")), (Decision.WATCH, Decision.WATCH.label)]


class ReviewForm(forms.Form):
    """Proposals, one for each category, or only an eye on it."""

    decision = forms.ChoiceField(
        label=_("What becomes of it"), choices=DECISIONS, widget=forms.RadioSelect,
        error_messages={"required": _("Choose what becomes of it.")},
    )  # fmt: skip
    categories = forms.ModelMultipleChoiceField(
        label=_("Propose as"), queryset=Category.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    facts = WordsField(label=_("What it rests on"), rows=4, most=2000, required=False)
    note = WordsField(
        label=_("Why"),
        rows=2,
        most=MAX_FACTS,
        required=False,
        help_text=_("For the head teacher: what you make of it, and what happens next."),
    )

    def __init__(self, *args: Any, school: School, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = self.fields["categories"]
        field.queryset = Category.objects.active().filter(school=school)
        field.label_from_instance = lambda category: category.name

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("decision") == Decision.PROPOSED:
            if not data.get("categories"):
                self.add_error("categories", _("Choose at least one."))
            if not data.get("facts"):
                self.add_error("facts", _("Write what it rests on."))
        elif data.get("decision") == Decision.WATCH and not data.get("note"):
            self.add_error("note", _("Write why: the head teacher reads it."))
        return data
