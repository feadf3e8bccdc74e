"""A student by hand: added, moved, gone, back again; and September. Forms of the academic office, level 1."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import School
from students.actions.rollover import StagePlan
from students.forms.school import day_input
from students.forms.student import StudentForm
from students.models import ClassGroup, Enrolment, Student

AHEAD = timedelta(days=366)
MOST_CLASSES = 40


class SeatFields(forms.Form):
    """A class and a seat from a day on. `school` bounds the classes; `mover` may take the own seat again."""

    class_group = forms.ModelChoiceField(
        label=_("Class"), queryset=ClassGroup.objects.none(), empty_label=_("Choose a class")
    )
    seat_no = forms.IntegerField(label=_("Seat number"), required=False, min_value=1, max_value=99)
    starts_on = forms.DateField(label=_("From"), widget=day_input())

    def __init__(self, *args: Any, school: School, today: date, mover: Student | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.today, self.mover = today, mover
        self.fields["class_group"].queryset = ClassGroup.objects.filter(school=school).in_school_on(today)
        self.fields["class_group"].label_from_instance = lambda group: group.name_on(today)

    def clean_starts_on(self) -> date:
        day = self.cleaned_data["starts_on"]
        if not self.today - AHEAD <= day <= self.today + AHEAD:
            raise ValidationError(_("This day lies more than a year away. Please check the year."))
        return day

    def clean(self) -> dict[str, Any]:
        super().clean()
        group, seat = self.cleaned_data.get("class_group"), self.cleaned_data.get("seat_no")
        day = self.cleaned_data.get("starts_on")
        if group and seat and day and self._taken(group, seat, day):
            self.add_error("seat_no", _("Somebody sits on this seat. Choose another one or leave it empty."))
        return self.cleaned_data

    def _taken(self, group: ClassGroup, seat: int, day: date) -> bool:
        others = Enrolment.objects.filter(class_group=group, seat_no=seat, student__status__in=Student.PRESENT)
        if self.mover:
            others = others.exclude(student=self.mover)
        return others.on(max(day, self.today)).exists()


class AddStudentForm(SeatFields, StudentForm):
    """A new file. The same name and day of birth asks first: two files for one child are hard to join."""

    another_child = forms.BooleanField(label=_("This is another child: make a new file"), required=False)
    field_order = ["name", "sex", "birth_date", "class_group", "seat_no", "starts_on", "boarding_type"]

    class Meta(StudentForm.Meta):
        fields = [
            "name",
            "sex",
            "birth_date",
            "boarding_type",
            "ethnicity",
            "nationality",
            "student_source",
            "entry_mode",
        ]

    def __init__(self, *args: Any, school: School, **kwargs: Any):
        super().__init__(*args, school=school, **kwargs)
        self.school, self.alike = school, []

    def clean(self) -> dict[str, Any]:
        super().clean()
        name, birth = self.cleaned_data.get("name"), self.cleaned_data.get("birth_date")
        if name and birth and not self.errors:
            self.alike = list(Student.objects.filter(school=self.school, name=name, birth_date=birth))
        if self.alike and not self.cleaned_data.get("another_child"):
            raise ValidationError(_("There is a student with this name and day of birth already. Nothing was saved."))
        return self.cleaned_data

    def fields_of_student(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields}


class MoveForm(SeatFields):
    """To another class or seat; `place` is the present one, if any."""

    def __init__(self, *args: Any, place: Enrolment | None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.place = place

    def clean(self) -> dict[str, Any]:
        super().clean()
        place, data = self.place, self.cleaned_data
        if place and (data.get("class_group"), data.get("seat_no")) == (place.class_group, place.seat_no):
            raise ValidationError(_("This is where the student sits already."))
        if place and data.get("starts_on") and data["starts_on"] < place.starts_on:
            self.add_error("starts_on", _("The student came to the present class only later."))
        return data


class LeaveForm(forms.Form):
    """How, and the first day on which the student is no longer here."""

    WAYS = (Student.Status.TRANSFERRED, Student.Status.GRADUATED, Student.Status.LEFT, Student.Status.SUSPENDED)

    status = forms.ChoiceField(
        label=_("How"), choices=[(way.value, way.label) for way in WAYS], widget=forms.RadioSelect
    )
    on = forms.DateField(
        label=_("First day away"),
        widget=day_input(),
        help_text=_("From this day on the class teachers see the file no more."),
    )

    def __init__(self, *args: Any, today: date, place: Enrolment | None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.today, self.place = today, place

    def clean_on(self) -> date:
        day = self.cleaned_data["on"]
        if day > self.today:
            raise ValidationError(_("This day has not come yet. Enter it when the student has gone."))
        if self.place and day < self.place.starts_on:
            raise ValidationError(_("The student came to the present class only later."))
        return day


class RollOverForm(forms.Form):
    """How many classes each first grade gets: one field for each stage that the school has."""

    def __init__(self, *args: Any, plans: list[StagePlan], **kwargs: Any):
        super().__init__(*args, **kwargs)
        for plan in plans:
            self.fields[plan.stage.value] = forms.IntegerField(
                label=_("Classes of the new first grade: %(stage)s") % {"stage": plan.stage.label},
                min_value=plan.begun,
                max_value=MOST_CLASSES,
                initial=plan.suggested,
            )
