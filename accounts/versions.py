"""No lost update: a save that started from an older version is refused, and both texts are shown (DESIGN.md §2)."""

from collections.abc import Iterable

from django.db import models, transaction


class StaleVersion(Exception):
    """Somebody else saved this row in the meantime. `stored` is the row as it stands now, None if it is gone."""

    def __init__(self, stored: models.Model | None):
        super().__init__("The row was changed since it was read.")
        self.stored = stored


def save_version(instance: models.Model, fields: Iterable[str], version: int) -> None:
    """Save `fields` of `instance` if its row still has `version`, the number the form was filled from.

    One conditional `update`, then one `save(update_fields=…)`, hence one history row. Fingerprints follow their
    source. Raises StaleVersion and changes nothing otherwise; holds on SQLite, where select_for_update does nothing.
    """
    model = type(instance)
    names = set(fields)
    names |= {field.name for field in model._meta.concrete_fields if getattr(field, "source", None) in names}
    with transaction.atomic():
        rows = model._base_manager.filter(pk=instance.pk, version=version)
        if not rows.update(version=version + 1):
            raise StaleVersion(model._base_manager.filter(pk=instance.pk).first())
        instance.version = version + 1
        instance.save(update_fields=[*names, "version"])
