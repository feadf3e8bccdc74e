"""Takes an import back: what it changed is as before, what it made is gone, unless somebody worked with it since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from accounts.models import User
from students.actions.grants import sync_grants
from students.models import (
    AccessGrant,
    CareNeed,
    ClassGroup,
    Enrolment,
    Guardian,
    RosterRow,
    ScreeningSheet,
    Student,
    StudentBackground,
    StudentProfile,
)
from students.roster.difference import Difference
from students.roster.writing import KINDS

OWN = {Student, StudentProfile, StudentBackground, Guardian, Enrolment, CareNeed}
FROM_ASSIGNMENTS = ("class:", "grade:")


class CannotUndo(ValueError):
    """Somebody worked with what the import wrote. Its text says in how many rows."""


def undo(*, differences: Iterable[Difference], by: User | None, now: datetime, reason: str) -> None:
    """All or nothing. Raises CannotUndo, and then nothing has changed. The caller gives the transaction."""
    differences = [each for each in differences if each.kept]
    made, changed = _made(differences), Changed(differences)
    touched = changed.touched() | _worked_with(made)
    if touched:
        raise CannotUndo(
            _(
                "%(count)d of the imported students have been worked with since, so the import can no longer be taken back."
            )
            % {"count": len(touched)}
        )
    stayed = set(changed.students()) - set(made[Student])
    _remove(made, by=by, now=now, reason=reason)  # first, since nobody has two open seats
    changed.restore(by=by, now=now, reason=reason)
    _remove_empty_classes(made, by=by, now=now, reason=reason)
    sync_grants(by=by, students=Student.objects.filter(pk__in=stayed), now=now)


def _made(differences: Iterable[Difference]) -> dict[type, list[str]]:
    made: dict[type, list[str]] = defaultdict(list)
    for difference in differences:
        for kind, pk in difference.kept.get("made", []):
            made[KINDS[kind]].append(pk)
    return made


class Changed:
    """The rows that the import changed, with what it found and what it left."""

    def __init__(self, differences: Iterable[Difference]) -> None:
        self.was: dict[Any, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.now: dict[Any, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.student_of: dict[str, Any] = {}
        for difference in differences:
            for name, target in (("was", self.was), ("now", self.now)):
                for kind, pk, values in difference.kept.get(name, []):
                    target[KINDS[kind]][pk] = values
                    self.student_of[pk] = difference.student
        self.rows = {model: model._base_manager.in_bulk(list(rows)) for model, rows in self.was.items()}

    def students(self) -> list[Any]:
        return list(self.student_of.values())

    def touched(self) -> set:
        """Students with a row that is not as the import left it."""
        return {
            self.student_of[pk]
            for model, rows in self.now.items()
            for pk, values in rows.items()
            if not _is_as_left(self._row(model, pk), values)
        }

    def _row(self, model: Any, pk: str) -> Any:
        return self.rows[model].get(model._meta.pk.to_python(pk))

    def restore(self, *, by: User | None, now: datetime, reason: str) -> None:
        for model, rows in self.was.items():
            names: set[str] = set()
            for pk, values in rows.items():
                for name, value in values.items():
                    setattr(self._row(model, pk), name, _field(model, name).to_python(value))
                names |= values.keys()
            fields = sorted({_field(model, name).name for name in names})
            bulk_update_with_history(
                list(self.rows[model].values()),
                model,
                fields,
                default_user=by,
                default_change_reason=reason,
                default_date=now,
                batch_size=500,
            )


def _field(model: Any, attname: str) -> models.Field:
    return next(field for field in model._meta.concrete_fields if attname in {field.name, field.attname})


def _is_as_left(row: Any, values: dict[str, Any]) -> bool:
    return row is not None and all(
        getattr(row, name) == _field(type(row), name).to_python(value) for name, value in values.items()
    )


def _worked_with(made: dict[type, list[str]]) -> set:
    """New students that were edited since, or about whom something was written; and proposals that were decided on."""
    new = made[Student]
    edited: set = set()
    models_: tuple[Any, ...] = (Student, StudentProfile, StudentBackground, Guardian, CareNeed)
    for model in models_:
        pks = made[model]
        stored = dict(model._base_manager.filter(pk__in=pks).values_list("pk", "version"))
        edited |= {pk for pk in pks if stored.get(model._meta.pk.to_python(pk)) != 1}
    for model in (Enrolment, CareNeed):
        others = model._base_manager.filter(student__in=new).exclude(pk__in=made[model])
        edited |= set(others.values_list("student", flat=True))
    edited |= set(
        Enrolment.objects.filter(pk__in=made[Enrolment], ends_on__isnull=False).values_list("student", flat=True)
    )
    for relation in _other_relations():
        rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": new})
        if relation.related_model is AccessGrant:
            rows = rows.exclude(source__regex=r"^(class|grade):")
        edited |= set(rows.values_list(relation.field.name, flat=True))
    return edited


def _other_relations() -> list:
    """Every row of any app that points to a student, but for the import's own and the history tables."""
    relations = (
        field for field in Student._meta.get_fields(include_hidden=True) if field.auto_created and not field.concrete
    )
    skipped = OWN | {RosterRow}
    return [
        each
        for each in relations
        if each.related_model not in skipped and not hasattr(each.related_model, "instance_type")
    ]


def _remove(made: dict[type, list[str]], *, by: User | None, now: datetime, reason: str) -> None:
    """From the leaves to the root."""
    RosterRow.objects.filter(student__in=made[Student]).update(student=None)
    grants = AccessGrant.objects.filter(content_object__in=made[Student])
    delete(list(grants), by=by, now=now, reason=reason)
    for model in (CareNeed, Guardian, StudentProfile, StudentBackground, Enrolment, Student):
        delete(list(model._base_manager.filter(pk__in=made[model])), by=by, now=now, reason=reason)


def _remove_empty_classes(made: dict[type, list[str]], *, by: User | None, now: datetime, reason: str) -> None:
    """Classes that the import made stay where somebody sits or teaches by now, or was answered for in a screening. Their
    sheets of a running round go with them."""
    answered = ScreeningSheet.objects.filter(Q(entries__isnull=False) | Q(finished_at__isnull=False))
    empty = list(
        ClassGroup.objects.filter(
            pk__in=made[ClassGroup], enrolments__isnull=True, assignments__isnull=True, marks__isnull=True
        ).exclude(pk__in=answered.values("class_group"))
    )
    delete(list(ScreeningSheet.objects.filter(class_group__in=empty)), by=by, now=now, reason=reason)
    delete(empty, by=by, now=now, reason=reason)


def delete(rows: list, *, by: User | None, now: datetime, reason: str) -> None:
    """simple_history has no bulk helper for deletions, and one by one a thousand students take half a minute."""
    if not rows:
        return
    model = type(rows[0])
    history = model.history.model
    history.objects.bulk_create(
        [
            history(
                history_date=now,
                history_type="-",
                history_user=by,
                history_change_reason=reason,
                **{field.attname: getattr(row, field.attname) for field in history.tracked_fields},
            )
            for row in rows
        ],
        batch_size=500,
    )
    gone = model._base_manager.filter(pk__in=[row.pk for row in rows])
    gone._raw_delete(gone.db)
