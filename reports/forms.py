"""What one may ask for: only classes and terms that are one's own to ask for are choices at all."""

from __future__ import annotations

from datetime import date, datetime

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from reports import actions, equity, radar
from reports.models import ReportJob, askable_classes
from students.forms.student import ANY, ManyChoices
from students.models import ClassGroup, Sex, Term
from students.models.identification import Group
from students.search import grades_of


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


class RadarForm(forms.Form):
    """What of the school, which records, and how many school days back. For talks it is always the term."""

    ALL, TALKS = "all", "talk"

    grade = forms.ChoiceField(label=_("Scope"), required=False, widget=ManyChoices)
    what = forms.ChoiceField(
        label=_("Which records"), required=False, widget=ManyChoices,
        choices=[(ALL, _("All records")), (TALKS, _("Talks only, this term"))],
    )  # fmt: skip
    days = forms.ChoiceField(label=_("No record for"), required=False, widget=ManyChoices)

    def __init__(self, asked: QueryDict, *, classes: list[ClassGroup], whole_school: bool, day: date) -> None:
        super().__init__({"days": str(radar.FOUR_WEEKS), **asked.dict()})
        everything = _("Whole school") if whole_school else _("All my classes")
        self.fields["grade"].choices = [("", everything), *grades_of(classes, day)]
        self.fields["days"].choices = [(str(n), _("%(n)d school days") % {"n": n}) for n in radar.DAYS]

    def wanted(self) -> dict[str, str]:
        """The valid choices; what is not valid or goes without saying counts as not chosen."""
        self.is_valid()
        usual = {"what": self.ALL, "days": str(radar.FOUR_WEEKS)}
        return {name: value for name, value in self.cleaned_data.items() if value and value != usual.get(name)}


class EquityForm(forms.Form):
    """Whom the figures are about."""

    place = forms.ChoiceField(label=_("Scope"), required=False, widget=ManyChoices)
    sex = forms.ChoiceField(label=_("Sex"), required=False, choices=[("", ANY), *Sex.choices[1:3]], widget=ManyChoices)
    need = forms.ChoiceField(
        label=_("Growth support"), required=False, widget=ManyChoices,
        choices=[("", ANY), *Group.choices, (equity.NONE, _("Nothing registered"))],
    )  # fmt: skip

    def __init__(self, *args, classes: list[ClassGroup], day: date, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].choices = [
            ("", _("Whole school")),
            *grades_of(classes, day),
            *((str(each.pk), each.name_on(day)) for each in classes),
        ]

    def wanted(self) -> equity.Filter:
        self.is_valid()
        return equity.Filter(**self.cleaned_data)
