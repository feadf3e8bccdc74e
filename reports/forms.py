"""What one may ask for: only classes and terms that are one's own to ask for are choices at all."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from reports import actions
from reports.models import ReportJob, askable_classes
from students.models import ClassGroup, Term


class ClassChoice(forms.ModelChoiceField):
    """三年级(2)班, as it is called today."""

    today = None

    def label_from_instance(self, group: ClassGroup) -> str:
        return group.name_on(self.today)


class TermForm(forms.Form):
    term = forms.ModelChoiceField(Term.objects.none(), label=_("Term"), empty_label=None)

    def __init__(self, *args, user: User, now: datetime, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        begun = Term.objects.filter(school=user.school_id, starts_on__lte=timezone.localdate(now))
        self.fields["term"].queryset = begun.order_by("-starts_on")


class SummaryForm(TermForm):
    class_group = ClassChoice(
        ClassGroup.objects.none(),
        label=_("Class"),
        empty_label=None,
        error_messages={"invalid_choice": _("You can't ask for a summary of this class.")},
    )

    def __init__(self, *args, user: User, now: datetime, **kwargs) -> None:
        super().__init__(*args, user=user, now=now, **kwargs)
        field = self.fields["class_group"]
        field.queryset, field.today = askable_classes(user, now=now), timezone.localdate(now)
        field.choices = list(field.choices)  # asked for once, for has_classes and for the page

    @property
    def has_classes(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.fields["class_group"].choices)

    def request(self, *, by: User, now: datetime) -> ReportJob:
        return actions.request_summary(by=by, now=now, **self.cleaned_data)


class AllClassesForm(TermForm):
    reason = forms.CharField(
        label=_("What for (kept in the export log)"),
        max_length=200,
        error_messages={"required": _("Say what the files are for: it is kept with them.")},
    )

    def request(self, *, by: User, now: datetime) -> ReportJob:
        return actions.request_all_classes(by=by, now=now, **self.cleaned_data)
