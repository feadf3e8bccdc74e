"""The school's own list of services, and choosing from it for one need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from students.forms.needs import in_groups
from students.models import Category, Group, Service
from students.models.services import MAX_LINE


class ServiceForm(forms.ModelForm):
    """Its instance carries the school, whose categories it offers."""

    groups = forms.MultipleChoiceField(
        label=_("Fits these groups"), choices=Group, required=False, widget=forms.CheckboxSelectMultiple
    )
    categories = forms.MultipleChoiceField(
        label=_("And these single categories"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Service
        fields = ["name", "by_whom", "groups", "categories", "is_active"]
        help_texts = {
            "by_whom": _("An office or a duty, like head teacher or school doctor. No names."),
            "is_active": _("Without the tick it stays where it was chosen and is not offered any more."),
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        found = Category.objects.filter(school=self.instance.school)
        self.fields["categories"].choices = [pair for pair in in_groups(found) if pair[0]]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        others = Service.objects.filter(school=self.instance.school, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise ValidationError(_("There is already a service with this name."))
        return name


class ChoosingForm(forms.Form):
    """For each service a tick, and a line on why and how. `chosen`: service id → the line that stands."""

    def __init__(self, *args: Any, services: Iterable[Service], chosen: dict[Any, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.services = list(services)
        for each in self.services:
            tick, line = names(each)
            self.fields[tick] = forms.BooleanField(label=each.name, required=False, initial=each.pk in chosen)
            self.fields[line] = forms.CharField(
                label=_("Why and how, in one line"), max_length=MAX_LINE, required=False,
                initial=chosen.get(each.pk, ""),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for each in self.services:
            tick, line = names(each)
            if cleaned.get(tick) and line not in self.errors and not cleaned.get(line):
                self.add_error(line, _("Say in one line why and how."))
        return cleaned

    def lines(self) -> dict[Service, str]:
        """The services that are ticked, with their lines."""
        fields = ((each, *names(each)) for each in self.services)
        return {each: self.cleaned_data[line] for each, tick, line in fields if self.cleaned_data[tick]}

    def of(self, services: Iterable[Service]) -> Iterator[tuple[Service, forms.BoundField, forms.BoundField]]:
        for each in services:
            tick, line = names(each)
            yield each, self[tick], self[line]


def names(service: Service) -> tuple[str, str]:
    return f"tick_{service.pk.hex}", f"line_{service.pk.hex}"
