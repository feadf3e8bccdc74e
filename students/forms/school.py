"""Terms, calendar, classes and who teaches them: forms of the system administrator."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import School, User
from students.models import CalendarDay, ClassAssignment, Stage, Term

EARLIEST = 2000
LONGEST_SPAN = 62  # days that one entry of the calendar may fill


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class TermForm(forms.ModelForm):
    """The days of one term; its instance carries school, year and number."""

    class Meta:
        model = Term
        fields = ["starts_on", "ends_on", "week1_monday"]
        widgets = {name: day_input() for name in fields}

    def clean_week1_monday(self) -> date:
        day = self.cleaned_data["week1_monday"]
        if day.weekday():
            raise ValidationError(_("This day is not a Monday."))
        return day

    def clean(self) -> dict[str, Any]:
        starts, ends, monday = (self.cleaned_data.get(name) for name in TermForm.Meta.fields)
        if starts and ends and ends <= starts:
            self.add_error("ends_on", _("A term ends after it starts."))
        if starts and monday and abs((monday - starts).days) > 13:
            self.add_error("week1_monday", _("Week 1 lies within two weeks of the first day."))
        return self.cleaned_data


class NewTermForm(TermForm):
    """Also which term it is."""

    class Meta(TermForm.Meta):
        fields = ["school_year", "number", "starts_on", "ends_on", "week1_monday"]
        widgets = {**TermForm.Meta.widgets, "number": forms.RadioSelect}
        help_texts = {"school_year": _("2026 for 2026-2027.")}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["number"].choices = Term.Number.choices

    def clean_school_year(self) -> int:
        year = self.cleaned_data["school_year"]
        if not EARLIEST <= year < 2100:
            raise ValidationError(_("Please enter a year such as 2026."))
        return year

    def clean(self) -> dict[str, Any]:
        year, number = self.cleaned_data.get("school_year"), self.cleaned_data.get("number")
        if Term.objects.filter(school=self.instance.school, school_year=year, number=number).exists():
            raise ValidationError(_("This term exists already. Choose it in the list to change its days."))
        return super().clean()


class DayForm(forms.Form):
    """A holiday of one or several days, or weekend days that are made up."""

    day = forms.DateField(label=_("First day"), widget=day_input())
    until = forms.DateField(label=_("Last day"), required=False, widget=day_input(), help_text=_("Empty for one day."))
    is_school_day = forms.TypedChoiceField(
        label=_("What it is"),
        choices=[("0", _("No school")), ("1", _("School is made up"))],
        coerce=lambda value: value == "1",
        initial="0",
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label=_("Occasion"), max_length=CalendarDay._meta.get_field("name").max_length)

    def __init__(self, *args: Any, school_year: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.first, self.last = date(school_year, 9, 1), date(school_year + 1, 8, 31)

    def clean(self) -> dict[str, Any]:
        day, until = self.cleaned_data.get("day"), self.cleaned_data.get("until")
        if day and not self.first <= day <= self.last:
            self.add_error("day", _("This day lies in another school year."))
        elif day and until and not day <= until <= min(self.last, day + timedelta(days=LONGEST_SPAN)):
            self.add_error("until", _("The last day lies after the first, in the same school year."))
        return self.cleaned_data

    def days(self) -> list[date]:
        """The days that differ from "Monday to Friday": a weekend within holidays needs no row."""
        first = self.cleaned_data["day"]
        span = ((self.cleaned_data["until"] or first) - first).days + 1
        school_day = self.cleaned_data["is_school_day"]
        days = [first + timedelta(days=n) for n in range(span)]
        return [day for day in days if span == 1 or (day.weekday() < 5) != school_day]


class ClassForm(forms.Form):
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices, widget=forms.RadioSelect)
    entry_year = forms.IntegerField(label=_("Year of entry"), min_value=EARLIEST, max_value=2100)
    number = forms.IntegerField(label=_("Number"), min_value=1, max_value=60)


class DutyForm(forms.Form):
    """Who, from when to when. `school` bounds the people; whoever fills it in is not offered."""

    user = forms.ModelChoiceField(label=_("Teacher"), queryset=User.objects.none(), empty_label=_("Choose a teacher"))
    starts_on = forms.DateField(label=_("From"), widget=day_input())
    ends_on = forms.DateField(
        label=_("Until"), required=False, widget=day_input(), help_text=_("A substitute has a last day.")
    )

    def __init__(self, *args: Any, school: School, by: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = self.fields["user"]
        field.queryset = User.objects.of_school(school).active().exclude(pk=by.pk).order_by("employee_no")
        field.label_from_instance = lambda user: f"{user.display_name} {user.employee_no}"

    def clean(self) -> dict[str, Any]:
        starts, ends = self.cleaned_data.get("starts_on"), self.cleaned_data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("The last day can't be before the first."))
        return self.cleaned_data


class ClassDutyForm(DutyForm):
    duty = forms.ChoiceField(label=_("Duty"), choices=ClassAssignment.Duty.choices, widget=forms.RadioSelect)
    subject = forms.CharField(
        label=_("Subject"), required=False, max_length=20, help_text=_("Only for a subject teacher.")
    )
    field_order = ["duty", "user", "subject", "starts_on", "ends_on"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.cleaned_data["subject"] = self.cleaned_data.get("subject", "").strip()
        if self.cleaned_data.get("duty") != ClassAssignment.Duty.SUBJECT:
            self.cleaned_data["subject"] = ""
        elif not self.cleaned_data["subject"] and "subject" not in self.errors:
            self.add_error("subject", _("Please enter the subject."))
        return self.cleaned_data


class EndDutyForm(forms.Form):
    """An empty day ends the duty at once: yesterday was the last one."""

    last_day = forms.DateField(
        label=_("Last day"), required=False, widget=day_input(), help_text=_("Leave it empty to end it at once.")
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.yesterday = today - timedelta(days=1)

    def clean_last_day(self) -> date:
        day = self.cleaned_data["last_day"]
        if day and day < self.yesterday:
            raise ValidationError(_("This day is past. Leave it empty to end it at once."))
        return day or self.yesterday
