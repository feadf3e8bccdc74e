"""How a child grows, the family, and a dated counselling grant."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, School, User
from students.models import CareNeed, StudentBackground, StudentProfile

LONGEST = timedelta(days=366)


class ProfileForm(forms.ModelForm):
    class Meta:
        model = StudentProfile
        fields = ["temperament", "pace", "interests", "strengths"]
        widgets = {name: forms.Textarea(attrs={"rows": 3, "maxlength": 2000}) for name in fields}
        help_texts = {
            "temperament": _("For example: slow to warm up, lively, sensitive to loud voices."),
            "pace": _("For example: needs time to begin, fast once it is clear."),
            "strengths": _("Where needs are written, this is never empty."),
        }

    def clean_strengths(self) -> str:
        """What this child does well stands beside what it needs."""
        strengths = self.cleaned_data["strengths"]
        if not strengths.strip() and CareNeed.objects.open().filter(student=self.instance.student_id).exists():
            raise ValidationError(_("Needs are written about this child: say what it does well, too."))
        return strengths


class FamilyForm(forms.ModelForm):
    class Meta:
        model = StudentBackground
        fields = ["family"]
        widgets = {"family": forms.Textarea(attrs={"rows": 6, "maxlength": 2000})}
        help_texts = {"family": _("Facts that help to understand the child, and from whom you know them.")}


class CounsellingForm(forms.Form):
    """Which counsellor may read the confidential part, from when to when, and why."""

    counsellor = forms.ModelChoiceField(
        label=_("Counsellor"), queryset=User.objects.none(), empty_label=_("Please choose")
    )
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    note = forms.CharField(label=_("Why"), max_length=200, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}))

    def __init__(self, *args, school: School, by: User, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        counsellors = User.objects.of_school(school).with_role(Role.COUNSELLOR, on=today).exclude(pk=by.pk)
        self.fields["counsellor"].queryset = counsellors.order_by("display_name")
        self.fields["counsellor"].label_from_instance = lambda user: user.display_name

    def clean(self) -> dict:
        cleaned = super().clean()
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if first and last and last < first:
            raise ValidationError({"ends_on": _("The last day can't be before the first.")})
        if last and last < self.today:
            raise ValidationError({"ends_on": _("The last day lies in the past.")})
        if first and last and last - first > LONGEST:
            raise ValidationError({"ends_on": _("One year at most; it can be opened again.")})
        return cleaned
