from students.models.audit import AuditSeal, FileAccess, ReadingNotice
from students.models.calendar import CalendarDay, SchoolCalendar, Term
from students.models.classes import ClassAssignment, ClassGroup, Enrolment, GradeAssignment, Stage, school_year_of
from students.models.drafts import Draft
from students.models.grants import AccessGrant
from students.models.jobs import Job, JobQuerySet
from students.models.records import Attachment, AttentionRequest, Observation, StudentRecord, StudentRecordQuerySet
from students.models.roster import ColumnMapping, RosterImport, RosterRow
from students.models.student import Boarding, Guardian, Sex, Student, StudentBackground, StudentProfile

__all__ = [
    "AccessGrant", "Attachment", "AttentionRequest", "AuditSeal", "Boarding", "CalendarDay", "ClassAssignment", "ClassGroup",
    "ColumnMapping", "Draft", "Enrolment", "FileAccess", "GradeAssignment", "Guardian", "Job", "JobQuerySet",
    "Observation", "ReadingNotice", "RosterImport", "RosterRow", "SchoolCalendar", "Sex", "Stage", "Student", "StudentBackground",
    "StudentProfile", "StudentRecord", "StudentRecordQuerySet", "Term", "school_year_of",
]  # fmt: skip
