"""The forms around a note. Plain forms: they validate and resolve, `students.actions.notes` writes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from students import access
from students.levels import Level
from students.models import Observation, SchoolCalendar
from students.models.records import MAX_TEXT
from students.photos import check_quota, clean_photo

ONE_DAY = timedelta(days=1)
LOOKS_BACK = timedelta(days=366)
CLOCKS_DIFFER = timedelta(minutes=10)
MOST_STUDENTS = 60
MOST_PHOTOS = 6
TOO_LONG = ngettext_lazy(
    "This is %(show_value)d characters long; %(limit_value)d is the most. All of it is still in the box: shorten it or make two notes of it.",
    "This is %(show_value)d characters long; %(limit_value)d is the most. All of it is still in the box: shorten it or make two notes of it.",
    "limit_value",
)


class WordsField(forms.CharField):
    """Free text. The box has no maxlength: the browser would cut off a pasted text without a word."""

    def __init__(self, *, rows: int = 3, most: int = MAX_TEXT, **kwargs: Any):
        super().__init__(widget=forms.Textarea(attrs={"rows": rows, "class": "yd-words"}), **kwargs)
        self.validators.append(MaxLengthValidator(most, message=TOO_LONG))

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to 6 photos, each made anew; cleaned to a list of bytes."""

    widget = PhotosInput(attrs={"accept": "image/jpeg,image/png,image/webp"})

    def clean(self, data: Any, initial: Any = None) -> list[bytes]:
        files = [file for file in data or [] if file]
        if len(files) > MOST_PHOTOS:
            raise ValidationError(_("At most 6 photos go with one note."))
        return [clean_photo(super(PhotosField, self).clean(file, initial)) for file in files]


class FollowUp(forms.Form):
    """Whether and when to come back to it: always a day on which there is school."""

    NONE, NEXT, MONDAY, DATE = "none", "next", "monday", "date"

    follow_up = forms.ChoiceField(label=_("Follow up"), widget=forms.RadioSelect, required=False)
    follow_up_date = forms.DateField(
        label=_("Follow up on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, calendar: SchoolCalendar, today: date, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.calendar, self.today = calendar, today
        near = calendar.next_day(today) == today + ONE_DAY
        self.fields["follow_up"].choices = [
            (self.NONE, _("not needed")),
            (self.NEXT, _("tomorrow") if near else _("next school day")),
            (self.MONDAY, _("next Monday")),
            (self.DATE, _("choose a date")),
        ]

    def follow_up_on(self) -> date | None:
        """The school day meant by the chip; None for none. Raises ValidationError."""
        chosen = self.cleaned_data.get("follow_up") or self.NONE
        if chosen == self.NEXT:
            return self.calendar.next_day(self.today)
        if chosen == self.MONDAY:
            return self._school_day(self.today + timedelta(days=7 - self.today.weekday()))
        return self._chosen_day() if chosen == self.DATE else None

    def _chosen_day(self) -> date | None:
        day = self.cleaned_data.get("follow_up_date")
        if day is None:
            if "follow_up_date" in self.errors:
                return None
            raise ValidationError(_("Choose the day on which you want to come back to this."))
        if day == self.initial.get("follow_up_date"):
            return day
        if not self.today < day <= self.today + LOOKS_BACK:
            raise ValidationError(_("Choose a day after today, within a year."))
        return self._school_day(day)

    def _school_day(self, day: date) -> date:
        """That day, or the first school day after it."""
        return self.calendar.next_day(day - ONE_DAY)


class NoteFields(FollowUp):
    """What a note says; shared by writing, correcting and adding."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Observation.Kind,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what kind of note this is.")},
    )
    domains = forms.MultipleChoiceField(
        label=_("Domains"), choices=Observation.Domain, widget=forms.CheckboxSelectMultiple, required=False
    )
    facts = WordsField(
        label=_("What happened"),
        rows=4,
        error_messages={"required": _("Nothing is written yet. One sentence on what you saw is enough.")},
    )
    tone = forms.ChoiceField(label=_("Tone"), choices=Observation.Tone, widget=forms.RadioSelect, required=False)
    happened_on = forms.DateField(
        label=_("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is no date. Write it as 2026-10-29.")},
    )
    happened_at_time = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": _("This is no time. Write it as 10:05.")},
    )
    setting = forms.ChoiceField(
        label=_("Where"),
        choices=[("", _("not stated")), *Observation.Setting.choices],
        widget=forms.RadioSelect,
        required=False,
    )
    analysis = WordsField(label=_("What I make of it"), required=False)
    action = WordsField(label=_("What I did or will do"), required=False)
    own_words = WordsField(label=_("In the student's own words"), required=False)
    level = forms.TypedChoiceField(
        label=_("Confidentiality"),
        choices=[
            (Level.DAILY, Level.DAILY.label),
            (Level.SENSITIVE, Level.SENSITIVE.label),
            (Level.CONFIDENTIAL, Level.CONFIDENTIAL.label),
        ],
        coerce=int,
        empty_value=Level.DAILY,
        widget=forms.RadioSelect,
        required=False,
    )
    needs_attention = forms.BooleanField(
        label=_("Needs attention: tell the counsellor and the moral-education office now"), required=False
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any):
        super().__init__(*args, today=timezone.localdate(now), **kwargs)
        self.now = now

    def clean_tone(self) -> str:
        return self.cleaned_data["tone"] or Observation.Tone.PLAIN

    def clean_happened_on(self) -> date:
        day = self.cleaned_data["happened_on"] or self.today
        if day > self.today:
            raise ValidationError(_("This day has not come yet. A note says what has happened."))
        if day < self.today - LOOKS_BACK and day != self.initial.get("happened_on"):
            raise ValidationError(_("This is more than a year ago. Check the year."))
        return day

    def clean(self) -> dict[str, Any]:
        super().clean()
        try:
            self.cleaned_data["follow_up_on"] = self.follow_up_on()
        except ValidationError as error:
            self.add_error("follow_up_date", error)
        self._check_time()
        return self.cleaned_data

    def _check_time(self) -> None:
        day, at = self.cleaned_data.get("happened_on"), self.cleaned_data.get("happened_at_time")
        if day and at and timezone.make_aware(datetime.combine(day, at)) > self.now + CLOCKS_DIFFER:
            self.add_error("happened_at_time", _("It is not that late yet. A note says what has happened."))

    MODEL_FIELDS = (
        "kind", "domains", "facts", "tone", "happened_on", "happened_at_time", "setting", "analysis", "action", "own_words",
        "level", "follow_up_on",
    )  # fmt: skip

    FOLDED = ("level", "reason", "setting", "analysis", "action", "own_words")

    @property
    def more_open(self) -> bool:
        """Whether the fold holds something to look at: an error, words, or more than the usual confidentiality."""
        filled = (self[name].value() for name in ("analysis", "action", "own_words", "setting"))
        raised = str(self["level"].value() or Level.DAILY) != str(int(Level.DAILY))
        return raised or any(name in self.errors for name in self.FOLDED) or any(filled)

    def fields_of_note(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.MODEL_FIELDS}


class ObservationForm(NoteFields):
    """A new note on one or several students. `incident` says which sending of which form this is."""

    student = forms.ModelMultipleChoiceField(
        queryset=None,
        widget=forms.MultipleHiddenInput,
        error_messages={
            "required": _("Choose the student whom this is about."),
            "invalid_choice": _("A student who is not at this school was taken out. Check whom this is about."),
            "invalid_pk_value": _("A student who is not at this school was taken out. Check whom this is about."),
        },
    )
    incident = forms.UUIDField(widget=forms.HiddenInput)
    photos = PhotosField(label=_("Add photos"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["student"].queryset = access.pickable_students(user).order_by("name", "pk")

    def clean_student(self) -> list:
        students = list(self.cleaned_data["student"])
        if len(students) > MOST_STUDENTS:
            raise ValidationError(_("At most 60 students fit in one note."))
        return students

    def clean_photos(self) -> list[bytes]:
        check_quota(self.user, self.cleaned_data["photos"], now=timezone.now())
        return self.cleaned_data["photos"]


class CorrectionForm(NoteFields):
    reason = forms.CharField(
        label=_("Reason for the change"),
        max_length=200,
        required=False,
        help_text=_("Needed when the confidentiality is lowered: more people will see it."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.was = self.initial["level"]

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.cleaned_data.get("level", self.was) < self.was and not self.cleaned_data.get("reason"):
            self.add_error("reason", _("Lower confidentiality shows the note to more people. Say why."))
        return self.cleaned_data


class VoidForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        error_messages={"required": _("Half an hour after it was written a note is withdrawn only with a reason.")},
    )

    def __init__(self, *args: Any, at_once: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not at_once


class MoveForm(forms.Form):
    """The right child."""

    to = forms.ModelChoiceField(
        queryset=None,
        widget=forms.HiddenInput,
        error_messages={
            "required": _("Choose the right student."),
            "invalid_choice": _("This student is not at this school. Choose another."),
        },
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = access.pickable_students(user)


def uuids(values: Iterable[str]) -> list[uuid.UUID]:
    """Those of the texts that are ids, each once, in order."""
    found = []
    for value in values:
        try:
            found.append(uuid.UUID(value))
        except ValueError:
            continue
    return list(dict.fromkeys(found))[:MOST_STUDENTS]
