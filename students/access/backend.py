"""Django's own question, `user.has_perm`, answered by the same rule."""

from __future__ import annotations

from guardian.backends import ObjectPermissionBackend

from students.access.rule import level_of
from students.levels import CODENAMES
from students.models.student import Student


class GrantBackend(ObjectPermissionBackend):
    """Answers `user.has_perm("students.view_daily", student)` by the rule above; knows no other permission."""

    def has_perm(self, user_obj, perm: str, obj=None) -> bool:
        levels = {f"students.{codename}": level for level, codename in CODENAMES.items()}
        if not isinstance(obj, Student) or perm not in levels:
            return False
        return level_of(user_obj, obj) >= levels[perm]

    def get_all_permissions(self, user_obj, obj=None) -> set[str]:
        if not isinstance(obj, Student):
            return set()
        held = level_of(user_obj, obj)
        return {f"students.{codename}" for level, codename in CODENAMES.items() if level <= held}
