"""THE table: for every URL what it takes, and who of the cast gets what. Written from the role table of DESIGN §3.

A new URL fails tests/harness/test_matrix.py until it has a row here. To write one: say what its id is an id of (a kind of
`World.things`), and by which rule somebody gets it. Everything one may not see is 404; 403 stands only where the object
may be seen and the act is not allowed. Do not copy the code's answer: ask DESIGN §3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tests.harness.needs import NEEDS, TEACHERS, sees_need
from tests.harness.objects import (
    ASSESSMENTS,
    CLASS_OF,
    CLASS_TEACHERS,
    HABITS,
    JOBS,
    LEVELS,
    NOTES,
    OURS,
    SCALE_PK,
    SIGNALS,
    World,
    level,
    school_of,
    sees_assessment,
    sees_habits,
    sees_marks,
    sees_note,
    sees_signal,
)
from tests.harness.sweeps import ANSWERS, LEAD, keeps, sees_sheet

Rule = Callable[[str, str], int]  # (person, label of the object) → status
FORM = frozenset({200, 422})  # the form again


# --- rules ------------------------------------------------------------------------------------------------------------


def everybody(who: str, label: str = "") -> int:
    return 200


def holders(*names: str) -> Rule:
    """Whoever of the cast holds the role, for things of their own school."""

    def rule(who: str, label: str = "") -> int:
        return 200 if who in names and school_of(who) == school_of(label) and label not in FAR else 404

    return rule


FAR = ("far", "yuan")  # labels of things of the other school, beside its student and class
admin, academic, moral = holders("wang"), holders("jiao"), holders("ruan")
reading_log = holders("ruan", "xiao", "shen")
makers = holders("xin", "ruan")
reading_log, overseeing = holders("ruan", "xiao", "shen"), holders("ruan", "xiao")
attending, confirming, correcting = holders("xin", "ruan"), holders("ruan", "xiao"), holders("jiao", "ruan")


def of_level(least: int) -> Rule:
    return lambda who, student: 200 if level(who, student) >= least else 404


def written_by_class_teachers(least: int) -> Rule:
    """Of those who see the level, the head teacher and the deputy write; the others read."""

    def rule(who: str, student: str) -> int:
        if level(who, student) < least:
            return 404
        return 200 if who in CLASS_TEACHERS.get(CLASS_OF.get(student, ""), ()) else 403

    return rule


def readers(who: str, student: str) -> int:
    """By name for 德育, the principal and the auditor; for class teachers the number; for nobody else."""
    if who in ("ruan", "xiao", "shen") and school_of(student) == "school":
        return 200
    if not level(who, student):
        return 404
    return 200 if who in CLASS_TEACHERS.get(CLASS_OF.get(student, ""), ()) else 403


def readers_print(who: str, student: str) -> int:
    """By name, so not for class teachers."""
    return 403 if who not in LOG and readers(who, student) == 200 else readers(who, student)


def class_grid(who: str, group: str) -> int:
    """School-wide roles: every class of the school. Others: where they teach or lead."""
    taught = {"guo": ("own_class",), "qin": ("own_class", "next_class")}
    if "gao" in LEVELS[who]:
        return 200 if school_of(group) == "school" else 404
    return 200 if who in CLASS_TEACHERS[group] or group in taught.get(who, ()) else 404


def radar_class(who: str, group: str) -> int:
    """Those who answer for the class: its head teacher and deputy, the leader of its grade, and who sees level 3 of all."""
    if who in ("ruan", "fu", "xiao"):
        return 200 if school_of(group) == "school" else 404
    led = {"qin": ("own_class", "next_class")}
    return 200 if who in CLASS_TEACHERS[group] or group in led.get(who, ()) else 404


def in_care(one_class: int) -> Rule:
    """Pages over all that one answers for; `one_class`: the answer where that is a single class."""

    def rule(who: str, label: str = "") -> int:
        if who in ("qin", "ruan", "fu", "xiao"):
            return 200
        return one_class if who in ("zhou", "he", "lin", "yuan") else 404

    return rule


def asking_to_look(who: str, student: str) -> int:
    """Leaders, of classes that are not their own; the class's own teachers see the student and ask nobody."""
    if level(who, student) < 3:
        return 404
    leads = {"qin": ("an", "bei", "ding")}
    everywhere = who in ("ruan", "fu", "xiao") and student != "gone"
    return 200 if everywhere or student in leads.get(who, ()) else 403


def note_sheet(who: str, label: str = "") -> int:
    """On bei; for the other school nobody is left to write about, and it goes to the picker."""
    return 302 if who == "yuan" else 200


def class_list(who: str, label: str = "") -> int:
    """Who has one class, and nothing beside it, goes straight there."""
    return 302 if who in ("zhou", "he", "guo", "lin", "yuan") else 200


def note(who: str, key: str) -> int:
    return 200 if sees_note(who, NOTES[key]) else 404


def own_note(age: float) -> Rule:
    """The author's, for so many days; others who see it may not."""

    def rule(who: str, key: str) -> int:
        if not sees_note(who, NOTES[key]):
            return 404
        return 200 if who == NOTES[key].author and NOTES[key].age < age else 403

    return rule


def void_posted(who: str, key: str) -> frozenset[int]:
    """Nothing is withdrawn unread: it takes the version that was shown; and half an hour after it was written, a reason."""
    return frozenset({409}) if NOTES[key].age == 0 else frozenset({422})


def signal(who: str, key: str) -> int:
    return 200 if sees_signal(who, SIGNALS[key]) else 404


def signal_posted(who: str, key: str) -> frozenset[int]:
    """Of those who see it, the class teachers of the student answer, and 德育."""
    answer = who == "ruan" or who in CLASS_TEACHERS[CLASS_OF[SIGNALS[key].student]]
    return FORM if answer else frozenset({403})


def photo(who: str, key: str) -> int:
    rows = [NOTES[key], NOTES["two_ding"]] if key == "two_an" else [NOTES[key]]
    return 200 if any(sees_note(who, row) for row in rows) else 404


def filled_in(sees: Callable[[str, str], bool], authors: dict[str, str], *, write: bool) -> Rule:
    """Who sees it reads it; its author corrects and withdraws it."""

    def rule(who: str, label: str) -> int:
        if not sees(who, label):
            return 404
        return 200 if not write or who == authors[label] else 403

    return rule


def scale_filler(who: str, label: str) -> int:
    """The counsellor, with a scale that is offered."""
    return 200 if who == "xin" and label in ("ours", "spare") else 404


def own_device(who: str, label: str) -> int:
    """Where somebody signed in from is nobody else's business."""
    return 200 if who == {"ours": "zhou", "far": "yuan"}[label] else 404


def own_job(who: str, label: str) -> int:
    return 200 if JOBS[label][0] == who else 404


def link_posted(who: str, label: str) -> frozenset[int]:
    return frozenset({302 if JOBS[label][2] == "done" else 404})


def opens_needs(who: str, student: str) -> int:
    """Whoever sees level 3, and the offices that propose for the whole school."""
    office = who in ("xin", "yi", "zi") and level(who, student) >= 1
    return 200 if level(who, student) >= 3 or office else 404


def proposing(who: str, student: str) -> int:
    """The class's teachers and the offices; who only reads may not."""
    if opens_needs(who, student) == 404:
        return 404
    return 200 if who in ("xin", "yi", "zi", *TEACHERS.get(student, ())) else 403


def teachers_alone(who: str, student: str) -> int:
    if level(who, student) < 3:
        return 404
    return 200 if who in TEACHERS.get(student, ()) else 403


def need(who: str, key: str) -> int:
    return 200 if sees_need(who, NEEDS[key]) else 404


def need_posted(who: str, key: str) -> frozenset[int]:
    """德育 decides; the class's teachers may say that it still stands; the others read."""
    return FORM if who == "ruan" or who in TEACHERS.get(NEEDS[key].student, ()) else frozenset({403})


def choosing(who: str, key: str) -> int:
    """Of those who see a confirmed need: the class's teachers and 德育."""
    if need(who, key) == 404 or NEEDS[key].state != "confirmed":
        return 404
    return 200 if who == "ruan" or who in TEACHERS.get(NEEDS[key].student, ()) else 403


EMERGENCIES = {"over": "luo", "waiting": "lin", "far": "yuan"}  # who asked
REQUESTS = {"waiting": "guo", "refused": "lin", "far": "yuan"}
HANDOVER = ("guo", "zhou", "ruan")  # who gives, who takes, and 德育


def asks_at_all(who: str, label: str = "") -> int:
    """Everybody but those who are told of no student whatever happens."""
    return 404 if who in ("wang", "shen") else 200


def asks(who: str, student: str) -> int:
    """About whoever is in the picker: name and class of the students at one's own school."""
    return asks_at_all(who) if school_of(who) == school_of(student) and student != "gone" else 404


def overseen(who: str, label: str) -> int:
    return overseeing(who) if label != "far" else 404


def decided(who: str, label: str) -> int:
    return moral(who) if label != "far" else 404


def own_or(rule: Rule, owners: dict[str, str]) -> Rule:
    return lambda who, label: 200 if owners[label] == who else rule(who, label)


def written_by_giver(who: str, label: str) -> int:
    return 404 if who not in HANDOVER else 200 if who == "guo" else 403


def taken_over(who: str, label: str) -> int:
    return 404 if who not in HANDOVER else 200 if who == "zhou" else 403


def only_if(rule: Rule, good: Callable[[str], bool], other: int) -> Rule:
    """Like `rule`, but `other` for those who may and where it makes no sense."""
    return lambda who, label: (200 if good(label) else other) if rule(who, label) == 200 else rule(who, label)


def screening_sheet(who: str, label: str) -> int:
    return 200 if sees_sheet(who, label) else 404


def screening_keeper(who: str, label: str) -> int:
    """Of those who see the sheet, the class's own teachers fill it in."""
    return 200 if keeps(who, label) else 403 if sees_sheet(who, label) else 404


def screening_answer(who: str, student: str) -> int:
    """What 德育 has looked at is not rewritten."""
    sheet, _author, reviewed = ANSWERS[student]
    return 403 if reviewed and sees_sheet(who, sheet) else screening_keeper(who, sheet)


def screening_decided(who: str, student: str) -> frozenset[int]:
    return FORM if who == "ruan" else frozenset({403})


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One URL.

    takes: kind of thing whose id it takes, "" for none · rule: status of a GET (of a POST where `methods` has no GET) ·
    posted: statuses of a POST without valid data for those who may · log: rows in the read log for a GET that is answered
    with 200 (None: as many as the page's own test says) · office: who passes a policy of role, and so learns that a method
    is not allowed · query: makes the page worth seeing.
    """

    rule: Rule = everybody
    takes: str = ""
    methods: str = "GET"
    posted: frozenset[int] | Callable[[str, str], frozenset[int]] = FORM
    log: int | None = 0
    office: tuple[str, ...] | None = None
    public: bool = False
    extra: dict[str, Any] | None = None
    query: str = ""

    def post_statuses(self, who: str, label: str) -> frozenset[int]:
        allowed = self.rule(who, label)
        if allowed not in (200, 302):
            return frozenset({allowed})
        return self.posted(who, label) if callable(self.posted) else self.posted


BOTH, POST = "GET POST", "POST"
DONE = frozenset({302})
UNSEEN = frozenset({409})  # nothing is deleted or decided unread: it takes the version that was shown
LOG = ("ruan", "xiao", "shen")
XIN, MAKERS, AUTHORS = ("xin",), ("xin", "ruan"), {label: author for label, (_student, author) in ASSESSMENTS.items()}
WANG, JIAO, RUAN, ASKED, SECOND = ("wang",), ("jiao",), ("ruan",), ("xin", "ruan"), ("ruan", "xiao")


def student_row(least: int, **more: Any) -> Row:
    return Row(of_level(least), "student", **more)


def admin_row(takes: str = "", methods: str = "GET", **more: Any) -> Row:
    return Row(admin, takes, methods, office=WANG, **more)


def academic_row(takes: str = "", methods: str = "GET", **more: Any) -> Row:
    return Row(more.pop("rule", academic), takes, methods, office=JIAO, **more)


TABLE: dict[str, Row] = {
    # --- open to everybody, and one's own
    "health": Row(public=True),
    "offline": Row(public=True),
    "account_login": Row(lambda who, label: 302, methods=BOTH, posted=DONE, public=True),
    "account_logout": Row(methods=BOTH, posted=DONE, public=True),
    "account_change_password": Row(methods=BOTH),
    "usersessions_list": Row(methods=BOTH, posted=DONE),
    "accounts:device": Row(own_device, "known_device", POST, posted=DONE),
    "accounts:me": Row(methods=BOTH, posted=FORM | DONE),
    "accounts:unlock": Row(lambda who, label: 302, methods=BOTH, posted=FORM),
    # --- the system administrator
    "accounts:staff": admin_row(),
    "accounts:staff_add": admin_row(methods=BOTH),
    "accounts:staff_detail": admin_row("staff", BOTH),
    "accounts:staff_active": admin_row("staff", POST, posted=DONE),
    "accounts:staff_reset": admin_row("staff", POST, posted=DONE),
    "accounts:slip": admin_row("staff"),
    "accounts:staff_tries": admin_row("staff", POST, posted=DONE),
    "accounts:role_propose": admin_row("staff", POST),
    "accounts:roles": admin_row(),
    "accounts:role_end": admin_row("membership", BOTH, posted=FORM | DONE),
    "accounts:departments": admin_row(methods=BOTH),
    "accounts:department": admin_row("department", BOTH),
    "accounts:department_delete": admin_row("department", POST, posted=UNSEEN),
    "accounts:school": admin_row(methods=BOTH),
    "students:terms": admin_row(),
    "students:term_add": admin_row(methods=BOTH),
    "students:term": admin_row("term", BOTH),
    "students:calendar": admin_row(methods=BOTH),
    "students:calendar_seed": admin_row(methods=POST, posted=DONE),
    "students:calendar_remove": admin_row("day", POST, posted=UNSEEN),
    "students:classes_admin": admin_row(methods=BOTH),
    "students:class_admin": admin_row("class", BOTH),
    "students:grade_admin": admin_row("cohort", BOTH),
    "students:duty_end": admin_row("duty", BOTH, posted=FORM | DONE | UNSEEN),
    "students:leader_end": admin_row("leader", BOTH, posted=FORM | DONE | UNSEEN),
    "reports:system": admin_row(),
    "reports:backups": admin_row(),
    # --- a second person
    "accounts:waiting": Row(confirming, office=SECOND),
    "accounts:role_confirm": Row(confirming, "membership", POST, posted=DONE | UNSEEN, office=SECOND),
    "accounts:role_decline": Row(confirming, "membership", POST, posted=DONE | UNSEEN, office=SECOND),
    # --- the academic office: level 1
    "students:placements": academic_row(),
    "students:add": academic_row(methods=BOTH),
    "students:move": academic_row(
        "student", BOTH, rule=only_if(academic, lambda s: s != "gone", 302), posted=FORM | DONE
    ),
    "students:leave": academic_row(
        "student", BOTH, rule=only_if(academic, lambda s: s != "gone", 302), posted=FORM | DONE
    ),
    "students:back": academic_row(
        "student", BOTH, rule=only_if(academic, lambda s: s == "gone", 302), posted=FORM | DONE
    ),
    "students:rollover": academic_row(methods=BOTH, posted=FORM | DONE),
    "students:mark_edit": academic_row("mark", BOTH, log=1),
    "students:mark_new": academic_row("student", BOTH),
    "students:imports": academic_row(methods=BOTH),
    "students:mark_imports": academic_row(methods=BOTH),
    "students:import_detail": academic_row("import", log=1),
    "students:import_status": academic_row("import", rule=only_if(academic, lambda _: False, 302)),
    "students:import_columns": academic_row("import", BOTH, posted=FORM | DONE),
    "students:import_confirm": academic_row("import", POST, posted=DONE),
    "students:import_cancel": academic_row("import", POST, posted=DONE),
    "students:import_undo": academic_row("import", POST, posted=DONE),
    "students:import_refused": academic_row("import", log=1),
    "students:edit": Row(correcting, "student", BOTH, office=("jiao", "ruan")),
    # --- needs and levels
    "students:needs": Row(opens_needs, "student", log=1),
    "students:need_propose": Row(proposing, "student", BOTH, log=None),
    "students:need_history": Row(need, "need", log=1),
    "students:need_detail": Row(need, "need", BOTH, posted=need_posted, log=1),
    "students:level": student_row(3, methods=BOTH, log=1),
    "students:file_verify": Row(teachers_alone, "student", POST, posted=DONE),
    "students:upkeep": Row(log=None),
    "students:need_list": Row(holders("yi", "zi"), log=1, office=("yi", "zi")),
    "students:need_proposals": Row(moral, log=1, office=RUAN),
    "students:need_search": Row(attending, methods=BOTH, office=ASKED),
    "students:categories": Row(moral, methods=BOTH, office=RUAN),
    "students:category": Row(moral, "category", BOTH, office=RUAN),
    "students:category_delete": Row(moral, "category", POST, posted=UNSEEN, office=RUAN),
    "students:need_confirmed": Row(moral, log=1, office=RUAN),
    "students:need_services": Row(choosing, "need", BOTH, posted=UNSEEN, log=1),
    "students:services": Row(moral, methods=BOTH, office=RUAN),
    "students:service": Row(moral, "service", BOTH, office=RUAN),
    "students:service_delete": Row(moral, "service", POST, posted=UNSEEN, office=RUAN),
    "students:clocks": Row(moral, methods=BOTH, office=RUAN),
    # --- the logs
    "students:log": Row(reading_log, log=1, office=LOG),
    "students:security_log": Row(holders("shen"), log=1, office=("shen",)),
    "students:notice_seen": Row(reading_log, "notice", POST, posted=DONE, office=LOG),
    # --- a file
    "students:list": Row(methods=BOTH, posted=DONE),
    "students:search": Row(methods=BOTH),
    "students:class_list": Row(class_list),
    "students:class_grid": Row(class_grid, "class", log=1),
    "students:detail": student_row(1),
    "students:timeline": student_row(1, log=1),
    "students:profile": student_row(2, log=1),
    "reports:marks": Row(lambda who, student: 200 if sees_marks(who, student) else 404, "student", log=1),
    "students:profile_edit": Row(written_by_class_teachers(2), "student", BOTH, log=1),
    "students:background": student_row(3, log=1),
    "students:background_show": student_row(3, methods=POST, posted=frozenset({404})),
    "students:family_edit": Row(written_by_class_teachers(3), "student", BOTH, log=1),
    "students:access": student_row(1, log=None),
    "students:readers": Row(readers, "student", log=1),
    "students:readers_print": Row(readers_print, "student", log=1),
    "students:history": student_row(2, log=1),
    "students:counselling": Row(moral, "student", BOTH, log=1, office=RUAN),
    "students:counselling_end": Row(moral, "student", POST, posted=frozenset({404}), office=RUAN),
    # --- screening
    "students:screening": Row(),
    "students:screening_open": Row(moral, methods=BOTH, office=RUAN),
    "students:screening_review": Row(moral, log=1, office=RUAN),
    "students:screening_round": Row(holders(*LEAD), "round", office=LEAD),
    "students:screening_due": Row(moral, "round", POST, office=RUAN),
    "students:screening_close": Row(moral, "round", POST, posted=UNSEEN, office=RUAN),
    "students:screening_class": Row(screening_sheet, "sheet", log=1),
    "students:screening_finish": Row(screening_keeper, "sheet", POST, posted=UNSEEN),
    "students:screening_answer": Row(screening_answer, "answer", BOTH, log=1),
    "students:screening_entry_history": Row(of_level(3), "screening", log=1),
    "students:screening_entry": Row(of_level(3), "screening", BOTH, posted=screening_decided, log=1),
    "students:student_screening": student_row(3, log=1),
    "students:learning_check": Row(written_by_class_teachers(3), "student", BOTH, log=1),
    "students:checklists": Row(moral, office=RUAN),
    "students:checklist_add": Row(moral, methods=BOTH, office=RUAN),
    "students:checklist": Row(moral, "checklist", BOTH, office=RUAN),
    # --- scales and habits
    "students:instruments": Row(makers, office=MAKERS),
    "students:instrument_new": Row(makers, methods=BOTH, office=MAKERS),
    "students:instrument": Row(makers, "instrument", office=MAKERS),
    "students:instrument_edit": Row(makers, "instrument", BOTH, office=MAKERS),
    "students:instrument_offer": Row(makers, "instrument", POST, posted=UNSEEN, office=MAKERS),
    "students:answers": Row(scale_filler, "instrument", BOTH, log=1, office=XIN),
    "students:answers_blank": Row(scale_filler, "instrument", office=XIN),
    "students:answer_sheet": Row(holders("xin"), "answer_sheet", log=1, office=XIN),
    "students:answer_sheet_enter": Row(holders("xin"), "answer_sheet", POST, posted=DONE, office=XIN),
    "students:answer_sheet_drop": Row(holders("xin"), "answer_sheet", POST, posted=DONE, office=XIN),
    "students:assessments": student_row(4, log=1),
    "students:assessment_new": student_row(4, methods=BOTH, log=1, posted=frozenset({404}), query="instrument"),
    "students:assessment": Row(filled_in(sees_assessment, AUTHORS, write=False), "assessment", log=1),
    "students:assessment_edit": Row(filled_in(sees_assessment, AUTHORS, write=True), "assessment", BOTH, log=1),
    "students:assessment_void": Row(filled_in(sees_assessment, AUTHORS, write=True), "assessment", BOTH, log=1),
    "students:habits": student_row(2, log=1),
    "students:habit_new": Row(written_by_class_teachers(2), "student", BOTH, log=1, posted=frozenset({404})),
    "students:habit_edit": Row(filled_in(sees_habits, HABITS, write=True), "habit", BOTH, log=1),
    "students:habit_void": Row(filled_in(sees_habits, HABITS, write=True), "habit", BOTH, log=1),
    # --- access that follows from no duty, and hand-over
    "students:access_mine": Row(asks_at_all, methods=BOTH),
    "students:access_ask": Row(asks, "student", BOTH),
    "students:emergency_open": Row(asks, "student", BOTH),
    "students:access_office": Row(overseeing, log=1, office=SECOND),
    "students:access_alert": Row(overseeing, office=SECOND),
    "students:emergency": Row(overseen, "emergency", BOTH, log=1, office=SECOND),
    "students:emergency_approve": Row(overseen, "emergency", POST, posted=DONE, office=SECOND),
    "students:emergency_end": Row(own_or(overseen, EMERGENCIES), "emergency", POST, posted=DONE),
    "students:request_decide": Row(decided, "request", BOTH, log=1, office=RUAN),
    "students:request_end": Row(own_or(decided, REQUESTS), "request", POST, posted=DONE),
    "students:handovers": Row(),
    "students:handover": Row(lambda who, label: 200 if who in HANDOVER else 404, "handover", log=1),
    "students:handover_class": Row(written_by_giver, "handover", BOTH, posted=frozenset({409})),
    "students:handover_write": Row(written_by_giver, "handover", BOTH, posted=frozenset({422}), log=1, query="student"),
    "students:handover_acknowledge": Row(taken_over, "handover", POST, posted=DONE),
    "students:handed_over": student_row(3, log=1),
    "students:looks": Row(log=None),
    "students:look_ask": Row(asking_to_look, "student", BOTH, posted=DONE, log=1),
    # --- signals
    "students:signals": Row(log=1),
    "students:signal": Row(signal, "signal", BOTH, posted=signal_posted, log=1),
    "students:signals_of": student_row(2, log=1),
    "students:signal_rules": Row(moral, office=RUAN),
    "students:signal_rule": Row(moral, "rule", BOTH, office=RUAN),
    # --- notes
    "students:note_new": Row(note_sheet, methods=BOTH, posted=frozenset({422}), query="student"),
    "students:note_picker": Row(methods=BOTH),
    "students:note_fellows": Row(methods=POST),
    "students:note_audience": Row(query="student"),
    "students:notes_mine": Row(log=1),
    "students:note_detail": Row(note, "note", log=1),
    "students:note_history": Row(note, "note", log=1),
    "students:note_edit": Row(own_note(7), "note", BOTH, log=1),
    "students:note_append": Row(note, "note", BOTH, log=1),
    "students:note_move": Row(own_note(1 / 48), "note", BOTH, log=1),
    "students:note_void": Row(own_note(9999), "note", BOTH, posted=void_posted, log=1),
    "students:attachment": Row(photo, "photo", log=1),
    "students:draft_save": Row(methods=POST, posted=frozenset({400})),
    "students:draft_discard": Row(methods=POST, posted=DONE),
    "students:attention": Row(attending, log=1, office=ASKED),
    "students:attention_acknowledge": Row(
        lambda who, key: attending(who, NOTES[key].student), "attention", POST, posted=DONE, office=ASKED
    ),
    # --- home, and what is made of it
    "reports:home": Row(log=None),
    "reports:todo": Row(log=None),
    "reports:classes": Row(log=None),
    "reports:recent": Row(log=None),
    "reports:radar": Row(in_care(302), log=None),
    "reports:radar_left": Row(in_care(200), log=None),
    "reports:radar_class": Row(radar_class, "class", log=1),
    "reports:only_concern": Row(in_care(200), log=None),
    "reports:equity": Row(holders("ruan", "fu", "xiao"), office=("ruan", "fu", "xiao")),
    "reports:index": Row(methods=BOTH, posted=FORM),
    "reports:job": Row(own_job, "job"),
    "reports:job_status": Row(own_job, "job"),
    "reports:cancel": Row(own_job, "job", POST, posted=DONE),
    "reports:link": Row(own_job, "job", POST, posted=link_posted),
    # A token that was signed for nobody: not even one's own job gives a file for it. Real ones: tests/reports.
    "reports:download": Row(lambda who, label: 404, "job", extra={"token": "nobody"}),
}

# The person may file a note on every student of the school: these pages give name and class of any of them.
PICKER = (
    "students:note_new", "students:note_picker", "students:note_fellows", "students:note_audience", "students:note_move",
    "students:access_mine", "students:access_ask", "students:emergency_open",
)  # fmt: skip


def kwargs_of(thing: Any, row: Row) -> dict[str, Any]:
    own = thing if isinstance(thing, dict) else {"pk": thing.pk}
    return {**own, **(row.extra or {})}


def things_for(world: World, name: str) -> dict[str, dict[str, Any]]:
    """label → kwargs for one URL; {"": {}} for a URL without."""
    row = TABLE[name]
    if not row.takes:
        return {"": row.extra or {}}
    return {label: kwargs_of(thing, row) for label, thing in world.things[row.takes].items()}


def url_for(world: World, name: str, label: str) -> str:
    queries = {"": "", "student": f"?student={world.cast.bei.pk}", "instrument": f"?instrument={SCALE_PK}"}
    query = queries[TABLE[name].query]
    return reverse(name, kwargs=things_for(world, name)[label]) + query


def urls(world: World, names: Iterable[str] = TABLE) -> list[tuple[str, str, str]]:
    """(name, label, address) of every URL with every object."""
    return [(name, label, url_for(world, name, label)) for name in names for label in things_for(world, name)]


def pages(world: World, who: str, most: int = 99) -> list[tuple[str, str, str]]:
    """Of each URL that is read: up to `most` addresses that this person may open."""
    found = []
    for name, row in TABLE.items():
        if "GET" in row.methods:
            labels = [label for label in things_for(world, name) if row.rule(who, label) == 200][:most]
            found += [(name, label, url_for(world, name, label)) for label in labels]
    return found


def refusals(world: World, who: str, most: int = 1) -> list[tuple[str, str, str]]:
    """And up to `most` that this person may not open."""
    found = []
    for name, row in TABLE.items():
        if "GET" in row.methods:
            labels = [label for label in things_for(world, name) if row.rule(who, label) in (403, 404)][:most]
            found += [(name, label, url_for(world, name, label)) for label in labels]
    return found


def passes_office(row: Row, who: str) -> bool:
    return row.office is None or (who in row.office and who in OURS)
