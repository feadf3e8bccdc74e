"""Finding students, and correcting who a student is."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from students.models import Boarding, ClassGroup, Sex, Student
from students.search import STATES, grades_of

ANY = pgettext_lazy("filter", "all")


class ManyChoices(forms.Select):
    """A select whose options are put together here: Django renders two templates for each, and a school has many classes."""

    def render(self, name, value, attrs=None, renderer=None) -> SafeString:
        choices = ((key, " selected" if str(key) == str(value or "") else "", label) for key, label in self.choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', choices)
        shown = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}" class="form-select"{}>{}</select>', name, shown, options)


class StudentFilterForm(forms.Form):
    """The filters of the list. `q` comes by POST only: a name has no place in a URL."""

    q = forms.CharField(label=_("Name, class or pinyin initials"), max_length=40, required=False)
    grade = forms.ChoiceField(label=_("Grade"), required=False, widget=ManyChoices)
    class_group = forms.ChoiceField(label=_("Class"), required=False, widget=ManyChoices)
    boarding = forms.ChoiceField(
        label=_("Boarding"), required=False, choices=[("", ANY), *Boarding.choices], widget=ManyChoices
    )
    sex = forms.ChoiceField(label=_("Sex"), required=False, choices=[("", ANY), *Sex.choices[1:3]], widget=ManyChoices)
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES.items(), widget=ManyChoices)

    def __init__(self, *args, classes: list[ClassGroup], day: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["grade"].choices = [("", ANY), *grades_of(classes, day)]
        self.fields["class_group"].choices = [("", ANY), *((str(each.pk), each.name_on(day)) for each in classes)]
        self.fields["q"].widget.attrs = {"autocomplete": "off", "type": "search"}

    def wanted(self) -> dict[str, str]:
        """The valid choices; what is not valid or goes without saying counts as not chosen."""
        self.is_valid()
        usual = {"state": "here"}
        return {name: value for name, value in self.cleaned_data.items() if value and value != usual.get(name)}


class StudentForm(forms.ModelForm):
    """Level 1, by the academic office or 德育. The class and the state change by actions of their own."""

    class Meta:
        model = Student
        fields = [
            "name",
            "sex",
            "birth_date",
            "ethnicity",
            "nationality",
            "political_status",
            "boarding_type",
            "student_source",
            "entry_month",
            "entry_mode",
        ]
        widgets = {"birth_date": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if not name:
            raise ValidationError(_("Please enter the name."))
        return name

    def clean_birth_date(self) -> date | None:
        day = self.cleaned_data["birth_date"]
        if day and day >= timezone.localdate():
            raise ValidationError(_("The date of birth lies in the past."))
        return day

    def clean_entry_month(self) -> str:
        month = self.cleaned_data["entry_month"]
        if month and not (month.isdecimal() and len(month) == 6 and 1 <= int(month[4:]) <= 12):
            raise ValidationError(_("Six digits, for example 202409."))
        return month
