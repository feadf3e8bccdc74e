"""The only door to students and their records: who sees what, why, and until when (DESIGN §3).

One rule serves list, detail, search, count, history, export, PDF and task: every fetch of a student or of a record
about one goes through `visible_to`, which comes from here. Only grants that are live *now* and users who are active
count. django-guardian's own helpers know no dates and honour inactive users, so they are not used anywhere.
"""

from students.access.backend import GrantBackend
from students.access.classes import (
    HEADS,
    classes_in_care,
    is_class_teacher,
    is_head_of,
    my_classes,
    own_students,
    students_led,
    students_to_ask_about,
    visible_classes,
)
from students.access.needs import (
    NEED_GROUPS,
    chooses_services,
    decides_on_needs,
    need_condition,
    need_groups,
    opens_needs,
    proposable_categories,
    proposes_by_office,
)
from students.access.offices import (
    LEADERS,
    LOG_ROLES,
    NEVER_ASK,
    OVERSEERS,
    answer_sheets,
    answers_for,
    asked_condition,
    counselling_grants,
    fills_assessments,
    handover_condition,
    ids_of_own,
    kept_sheet_condition,
    may_answer,
    may_ask,
    names_in_log,
    reads_log,
    sheet_condition,
    students_in_log,
    summary_condition,
)
from students.access.reasons import Why, audience, who_can_see, why_visible
from students.access.records import (
    ATTENTION_ROLES,
    attention_condition,
    mark_condition,
    observation_condition,
    reads_all_marks,
    record_condition,
    students_with_marks,
    within_reach,
)
from students.access.rule import (
    NOBODY,
    SCHOOL_LEVEL,
    Standing,
    answers_for_school,
    level_of,
    live_grants,
    pickable_students,
    school_level,
    standing,
    visible_students,
)

__all__ = [
    "ATTENTION_ROLES", "HEADS", "LEADERS", "LOG_ROLES", "NEED_GROUPS", "NEVER_ASK", "NOBODY", "OVERSEERS",
    "SCHOOL_LEVEL", "GrantBackend", "Standing", "Why", "answer_sheets", "answers_for", "answers_for_school",
    "asked_condition", "attention_condition", "audience", "chooses_services", "classes_in_care",
    "counselling_grants", "decides_on_needs", "fills_assessments", "handover_condition", "ids_of_own",
    "is_class_teacher", "is_head_of", "kept_sheet_condition", "level_of", "live_grants", "mark_condition",
    "may_answer", "may_ask", "my_classes", "names_in_log", "need_condition", "need_groups", "observation_condition",
    "opens_needs", "own_students", "pickable_students", "proposable_categories", "proposes_by_office",
    "reads_all_marks", "reads_log", "record_condition", "school_level", "sheet_condition", "standing",
    "students_in_log", "students_led", "students_to_ask_about", "students_with_marks", "summary_condition",
    "visible_classes", "visible_students", "who_can_see", "why_visible", "within_reach",
]  # fmt: skip
