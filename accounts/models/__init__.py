"""Who works here: schools, departments, staff and their roles; what they signed in with, and the log of it."""

from accounts.models.devices import KnownDevice
from accounts.models.logs import LogRow, SecurityEvent
from accounts.models.opaque import OpaqueModel
from accounts.models.people import (
    CONFIRMING_ROLES,
    SCHOOL_WIDE_ROLES,
    Department,
    Role,
    RoleMembership,
    RoleMembershipQuerySet,
    School,
    User,
    UserManager,
    UserQuerySet,
)
from accounts.models.running import BACKUP_LIMIT, BackupRun, SentForm

__all__ = [
    "BACKUP_LIMIT",
    "CONFIRMING_ROLES",
    "SCHOOL_WIDE_ROLES",
    "BackupRun",
    "Department",
    "KnownDevice",
    "LogRow",
    "OpaqueModel",
    "Role",
    "RoleMembership",
    "RoleMembershipQuerySet",
    "School",
    "SecurityEvent",
    "SentForm",
    "User",
    "UserManager",
    "UserQuerySet",
]
