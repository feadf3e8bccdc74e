"""Texts of Django that people meet in our forms.

They are listed so that they stand in our catalogue, which comes before Django's own: there they read as a teacher
writes, and say what to do.
"""

from django.utils.translation import gettext_noop as _

TEXTS = (
    _("This field is required."),
    _("Select a valid choice. That choice is not one of the available choices."),
    _("Select a valid choice. %(value)s is not one of the available choices."),
    _("Enter a valid date."),
    _("Enter a valid time."),
    _("Enter a whole number."),
    _("Enter a valid value."),
    _("Ensure this value is less than or equal to %(limit_value)s."),
    _("Ensure this value is greater than or equal to %(limit_value)s."),
    _("No file was submitted."),
    _("The submitted file is empty."),
    _("The password is too similar to the %(verbose_name)s."),
)
