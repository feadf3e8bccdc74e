"""A school's own list of categories and its own clocks."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from accounts.models import School, User
from accounts.versions import StaleVersion, delete_version, save_version
from students.actions import stamp
from students.dictionary import CATEGORIES
from students.models import CareNeed, Category, Clock
from students.models.clocks import DEFAULTS

FIELDS = ("code", "name", "group", "basis", "level", "is_active")


@transaction.atomic
def start_categories(*, by: User | None, school: School) -> list[Category]:
    """The starting dictionary, for a school that has no category yet."""
    if Category.objects.filter(school=school).exists():
        return []
    rows = [
        Category(school=school, code=code, name=name, group=group, basis=basis, level=level, order=order)
        for order, (code, name, group, basis, level) in enumerate(CATEGORIES)
    ]
    for row in rows:
        stamp(by, row)
        row.save()
    return rows


@transaction.atomic
def add_category(*, by: User, category: Category) -> Category:
    """Behind the others. Raises ValidationError for a code or a name that the school has already."""
    category.order = Category.objects.filter(school=category.school).count()
    category.full_clean()
    stamp(by, category)
    category.save()
    return category


@transaction.atomic
def change_category(*, by: User, category: Category, version: int) -> None:
    """Of one that needs name, the group stays and the level only rises, and with it that of those needs: nobody who did
    not see a need before sees it after. Raises ValidationError, StaleVersion."""
    stored = Category.objects.get(pk=category.pk)
    if stored.version != version:
        raise StaleVersion(stored)
    used = CareNeed.objects.filter(category=category).exists()
    if used and (category.group != stored.group or category.level < stored.level):
        raise ValidationError(
            _("Needs name this category: its group stays and its level can only rise. Add another one.")
        )
    category.validate_constraints()
    stamp(by, category)
    save_version(category, FIELDS, version)
    if used and category.level > stored.level:
        _lift_needs(by, category)


def _lift_needs(by: User, category: Category) -> None:
    needs = list(CareNeed.objects.filter(category=category))
    for need in needs:
        need.level, need.version, need.updated_at = category.level, need.version + 1, timezone.now()
    reason = "level of the category"
    fields = ["level", "version", "updated_at"]
    bulk_update_with_history(needs, CareNeed, fields, default_user=by, default_change_reason=reason, batch_size=500)


@transaction.atomic
def delete_category(*, by: User, category: Category, version: int) -> None:
    """Only one that no need ever named. Raises ValidationError, StaleVersion."""
    stamp(by, category)
    try:
        delete_version(category, version)
    except ProtectedError as error:
        raise ValidationError(_("Needs name this category. It can be taken out of use, not deleted.")) from error


# --- clocks -----------------------------------------------------------------------------------------------------------


def clocks_version(school: School) -> int:
    """One number that grows with every change of any of the school's clocks: their page is filled from all of them."""
    return Clock.objects.filter(school=school).aggregate(sum=Sum("version"))["sum"] or 0


@transaction.atomic
def set_clocks(*, by: User, school: School, amounts: Mapping[str, int], version: int) -> None:
    """Set those that differ from what counts now. Raises StaleVersion when any was changed since `version`."""
    rows = {row.code: row for row in Clock.objects.filter(school=school)}
    if sum(row.version for row in rows.values()) != version:
        raise StaleVersion(None)
    for code, amount in amounts.items():
        row = rows.get(code) or Clock(school=school, code=code, amount=DEFAULTS[code])
        if row.amount != amount:
            row.amount = amount
            _save_clock(by, row)


def _save_clock(by: User, row: Clock) -> None:
    stamp(by, row)
    if not row._state.adding:
        save_version(row, ["amount"], row.version)
        return
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # somebody set the same one at the same moment
        raise StaleVersion(None) from error
