from students.models.asking import AccessRequest, EmergencyAccess
from students.models.assessments import AnswerSheet, Assessment, HabitCheck, Instrument
from students.models.audit import AuditSeal, FileAccess, ReadingNotice
from students.models.calendar import CalendarDay, SchoolCalendar, Term
from students.models.classes import ClassAssignment, ClassGroup, Enrolment, GradeAssignment, Stage, school_year_of
from students.models.clocks import Clock, all_clocks, clock
from students.models.drafts import Draft
from students.models.grants import AccessGrant
from students.models.handovers import Handover, HandoverSummary
from students.models.identification import (
    AttentionLevel,
    Basis,
    CareNeed,
    Category,
    FileVerification,
    Group,
    NeedEvidence,
)
from students.models.jobs import Job, JobQuerySet
from students.models.looks import LookRequest
from students.models.marks import Exam, Mark
from students.models.records import Attachment, AttentionRequest, Observation, StudentRecord, StudentRecordQuerySet
from students.models.roster import ColumnMapping, RosterImport, RosterRow
from students.models.screening import (
    Checklist,
    ChecklistEdition,
    ScreeningEntry,
    ScreeningRound,
    ScreeningSheet,
)
from students.models.services import ChosenService, Service
from students.models.signals import Signal, SignalRule
from students.models.student import Boarding, Guardian, Sex, Student, StudentBackground, StudentProfile

__all__ = [
    "AccessGrant", "AccessRequest", "AnswerSheet", "Assessment", "Attachment", "AttentionLevel", "AttentionRequest",
    "AuditSeal", "Basis", "Boarding", "CalendarDay", "CareNeed", "Category", "Checklist", "ChecklistEdition",
    "ChosenService", "ClassAssignment", "ClassGroup", "Clock", "ColumnMapping", "Draft", "EmergencyAccess",
    "Enrolment", "Exam", "FileAccess", "FileVerification", "GradeAssignment", "Group", "Guardian", "HabitCheck",
    "Handover", "HandoverSummary", "Instrument", "Job", "JobQuerySet", "LookRequest", "Mark", "NeedEvidence",
    "Observation", "ReadingNotice", "RosterImport", "RosterRow", "SchoolCalendar", "ScreeningEntry",
    "ScreeningRound", "ScreeningSheet", "Service", "Sex", "Signal", "SignalRule", "Stage", "Student",
    "StudentBackground", "StudentProfile", "StudentRecord", "StudentRecordQuerySet", "Term", "all_clocks", "clock",
    "school_year_of",
]  # fmt: skip
