"""Model fields whose column holds ciphertext, and the fingerprint beside them. See accounts/encryption.py."""

from django import forms
from django.core.exceptions import FieldError
from django.core.validators import MaxLengthValidator
from django.db import models

from accounts import encryption


class LabelledField:
    """A field with a fixed label, `app.Model.field`, that its copies keep.

    The label is taken from the first concrete model that gets the field. django-simple-history copies the finished
    field, so a history table reads with the tracked model's label; `deconstruct` writes the label into migrations, so
    a renamed model or a data migration still reads its rows.
    """

    def __init__(self, *args, label: str | None = None, **kwargs):
        self.label = label
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls, name, private_only=False):
        super().contribute_to_class(cls, name, private_only)
        if self.label is None and not cls._meta.abstract:
            self.label = f"{cls._meta.app_label}.{cls.__name__}.{self.label_name()}"

    def label_name(self) -> str:
        return self.name

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        if self.label is not None:
            kwargs["label"] = self.label
        return name, path, args, kwargs


class EncryptedTextField(LabelledField, models.TextField):
    """Text that is encrypted in its column. None stays NULL; every other value, "" too, is a token.

    Only `isnull` can be asked of the database. For equality use a FingerprintField.
    """

    def from_db_value(self, value, expression, connection):
        return None if value is None else encryption.decrypt(self.label, value)

    def get_db_prep_value(self, value, connection, prepared=False):
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else encryption.encrypt(self.label, value)

    def get_lookup(self, lookup_name):
        if lookup_name != "isnull":
            raise FieldError(f"{self.label} is encrypted: the database can't compare it ({lookup_name}).")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name):
        raise FieldError(f"{self.label} is encrypted: the database can't compare it ({lookup_name}).")


class EncryptedCharField(EncryptedTextField):
    """One line of text, at most `max_length` characters before encryption. The column's type is text."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def formfield(self, **kwargs):
        return super().formfield(**{"widget": forms.TextInput, **kwargs})


class FingerprintField(LabelledField, models.CharField):
    """The fingerprint of the encrypted field `source`, kept up to date on save; None where that is empty.

    Query it with `encryption.fingerprint("app.Model.source", text)`. With `save(update_fields=…)` name both fields;
    `accounts.versions.save_version` does so by itself.
    """

    def __init__(self, *args, source: str, **kwargs):
        self.source = source
        kwargs.update(max_length=64, null=True, blank=True, editable=False)
        kwargs.setdefault("db_index", True)
        super().__init__(*args, **kwargs)

    def label_name(self) -> str:
        return self.source

    def pre_save(self, model_instance, add):
        text = getattr(model_instance, self.source)
        value = encryption.fingerprint(self.label, text) if text else None
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "null", "blank", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, {**kwargs, "source": self.source}
