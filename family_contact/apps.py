from django.apps import AppConfig


class FamilyContactConfig(AppConfig):
    name = "family_contact"
