"""No lost update: a save that started from an older version is refused, and both texts are shown (DESIGN.md §2)."""

from collections.abc import Iterable

from django.db import models, transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

CHANGED_MEANWHILE = _("This was changed meanwhile. Look at it once more, then decide.")


class StaleVersion(Exception):
    """Somebody else saved this row in the meantime. `stored` is the row as it stands now, None if it is gone."""

    def __init__(self, stored: models.Model | None):
        super().__init__("The row was changed since it was read.")
        self.stored = stored


def save_version(instance: models.Model, fields: Iterable[str], version: int) -> None:
    """Save `fields` of `instance` if its row still has `version`, the number the form was filled from.

    One conditional `update`, then one `save(update_fields=…)`, hence one history row. Fingerprints follow their
    source. Raises StaleVersion and changes nothing otherwise; on SQLite too, which has no select_for_update.
    """
    names = set(fields)
    follow = (
        f
        for f in instance._meta.concrete_fields
        if getattr(f, "source", None) in names or getattr(f, "auto_now", False)
    )
    names |= {field.name for field in follow}
    with transaction.atomic():
        _take(instance, version)
        instance.save(update_fields=[*names, "version"])


def delete_version(instance: models.Model, version: int) -> None:
    """Delete the row if it still has `version`: nothing goes that was not seen as it is. Raises StaleVersion."""
    with transaction.atomic():
        _take(instance, version)
        instance.delete()


def _take(instance: models.Model, version: int) -> None:
    """One conditional `update`: of all who read `version` the first gets the row, the others StaleVersion."""
    rows = type(instance)._base_manager
    if not rows.filter(pk=instance.pk, version=version).update(version=version + 1):
        raise StaleVersion(rows.filter(pk=instance.pk).first())
    instance.version = version + 1


def posted_version(request: HttpRequest) -> int:
    """The hidden number that the form was filled from; 0, which no row has, if it is missing or no number."""
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def shown_version(request: HttpRequest, row: models.Model, stale: StaleVersion | None) -> int:
    """The number for the form that is shown now. After a refused input it is still the one it was filled from;
    after a conflict, whose both texts the page shows, the stored one. Raises Http404 if the row is gone."""
    if stale is not None:
        if stale.stored is None:
            raise Http404
        return stale.stored.version
    return posted_version(request) if request.method == "POST" else row.version


def differences(form: ModelForm, stale: StaleVersion | None) -> list[dict[str, str]]:
    """What the other person saved and what is typed here, for every field in which they differ: label, theirs, mine."""
    if stale is None or stale.stored is None:
        return []
    rows = []
    for name in form.fields:
        theirs, mine = (_shown(row, name) for row in (stale.stored, form.instance))
        if theirs != mine:
            rows.append({"label": form[name].label, "theirs": theirs, "mine": mine})
    return rows


def stands(stale: StaleVersion | None, *names: str) -> list[tuple[str, str]]:
    """For a page whose form does not show the row itself: (label, what is stored now) after a conflict."""
    if stale is None or stale.stored is None:
        return []
    row = stale.stored
    return [(str(row._meta.get_field(name).verbose_name), _shown(row, name) or "—") for name in names]


def _shown(row: models.Model, name: str) -> str:
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    return "" if value is None else str(value)
