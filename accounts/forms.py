import unicodedata
from datetime import timedelta
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, RoleMembership, School, User

NOBODY = "?"  # no user name looks like this


def resolve_username(typed: str) -> str:
    """The user name that `typed` means: "T0021" where there is one school, "SCHOOL-T0021" anywhere.

    What means nobody becomes one fixed text, so that it is answered, counted and timed like any unknown number.
    Only ASCII: databases fold other letters (ı to I), which would open a second bucket of attempts for one account.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    if not text.isascii() or not text:
        return NOBODY
    codes = list(School.objects.values_list("code", flat=True))
    if any(text.lower().startswith(f"{code.lower()}-") for code in codes):
        return text
    return f"{codes[0]}-{text}" if len(codes) == 1 else NOBODY


class LoginForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Employee number")
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autocapitalize": "none", "maxlength": 40}
        if School.objects.count() > 1:
            self.fields["login"].help_text = _("With the school code before it, for example SCHOOL-T0021.")
        self.fields["password"].label = _("Password")
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}

    def user_credentials(self) -> dict[str, str]:
        # Only the copy that is checked is resolved; the page shows again what was typed.
        return {"username": resolve_username(self.cleaned_data["login"]), "password": self.cleaned_data["password"]}


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        labels = {
            "oldpassword": _("One-time password") if self.user.must_change_password else _("Present password"),
            "password1": _("New password"),
            "password2": _("New password once more"),
        }
        for name, label in labels.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.fields["password1"].help_text = _(
            "At least 12 characters. No common password, "
            "and none with your name, your employee number or the name of the school in it."
        )

    def clean_oldpassword(self) -> str:
        password = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):  # counts wrong tries as signing in does
            raise get_adapter().validation_error("enter_current_password")
        return password

    def clean_password1(self) -> str:
        password = self.cleaned_data["password1"]
        if self.user.check_password(password):
            raise ValidationError(_("Choose a password that is not the present one."))
        return password


class UnlockForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("incorrect_password")
        return password


class StaffForm(forms.ModelForm):
    """`school` bounds the departments and the uniqueness of the number."""

    class Meta:
        model = User
        fields = ["employee_no", "display_name", "sex", "department", "phone"]

    def __init__(self, *args: Any, school: School, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.school = school
        self.fields["department"].queryset = Department.objects.filter(school=school)
        self.fields["employee_no"].widget.attrs["autocomplete"] = "off"
        self.fields["phone"].widget.input_type = "tel"

    def clean_employee_no(self) -> str:
        number = unicodedata.normalize("NFKC", self.cleaned_data["employee_no"]).strip()
        others = User.objects.exclude(pk=self.instance.pk)
        if others.filter(username__iexact=f"{self.school.code}-{number}").exists():
            raise ValidationError(_("There is already somebody with this employee number."))
        return number


class StaffFilterForm(forms.Form):
    q = forms.CharField(label=_("Name or employee number"), required=False, max_length=40)
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("Department"), required=False, empty_label=_("All departments")
    )
    inactive = forms.BooleanField(label=_("Only those who left"), required=False)

    def __init__(self, *args: Any, school: School, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(school=school)


class RoleForm(forms.ModelForm):
    class Meta:
        model = RoleMembership
        fields = ["role", "starts_on", "ends_on"]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {"ends_on": _("Leave it empty for a role without an end.")}


class EndRoleForm(forms.Form):
    """An empty day ends the role at once."""

    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Leave it empty to end the role at once."),
    )

    def clean_last_day(self):
        day = self.cleaned_data["last_day"]
        if day and day < self.initial["today"] - timedelta(days=1):
            raise ValidationError(_("This day is past. Leave it empty to end the role at once."))
        return day


class DepartmentForm(forms.ModelForm):
    """Its instance carries the school, so that the name is checked within it."""

    class Meta:
        model = Department
        fields = ["name"]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        others = Department.objects.filter(school=self.instance.school).exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise ValidationError(_("There is already a department with this name."))
        return name


class SchoolForm(forms.ModelForm):
    class Meta:
        model = School
        fields = ["name", "duty_phone"]
        help_texts = {"duty_phone": _("Shown with every note that needs attention.")}


class MeForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )

    class Meta:
        model = User
        fields = ["shortcuts_enabled", "language"]
        labels = {"shortcuts_enabled": _("Keyboard shortcuts")}
