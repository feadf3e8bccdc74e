"""For every URL that takes a POST: what a person of the cast would really send. `tests/harness/test_forms.py` uses it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from students.models import school_year_of
from students.models.clocks import DEFAULTS
from tests.factories import PASSWORD
from tests.harness.objects import World


@dataclass(frozen=True)
class Sent:
    """By `who`, to the page of `label`. `data(world)`: valid fields. `also`: fields of the form that are left out of it.
    `foreign`: field → an id that the form must refuse, since it is not in the person's reach."""

    who: str
    label: str
    data: Callable[[World], dict[str, Any]]
    also: tuple[str, ...] = ()
    foreign: dict[str, Callable[[World], Any]] = field(default_factory=dict)


def on(days: int = 0) -> str:
    return f"{timezone.localdate() + timedelta(days=days):%Y-%m-%d}"


def a_note(world: World, **fields: Any) -> dict[str, Any]:
    return {
        "incident": str(uuid.UUID(int=99)),
        "kind": "observation",
        "facts": "课间主动收好了全组的跳绳。",
        "tone": "plain",
        "level": "2",
        "happened_on": on(),
        "follow_up": "none",
        **fields,
    }


NOTE_FIELDS = (
    "domains", "happened_at_time", "setting", "analysis", "action", "own_words", "needs_attention", "follow_up_date", "reason",
    "student", "photos", "tone", "level",
)  # fmt: skip
STUDENT_FIELDS = (
    "name", "sex", "birth_date", "ethnicity", "nationality", "political_status", "boarding_type", "student_source",
    "entry_month", "entry_mode",
)  # fmt: skip


def pk(kind: str, label: str) -> Callable[[World], str]:
    return lambda world: str(world.things[kind][label].pk)


def nothing(world: World) -> dict[str, Any]:
    return {}


hang, far_class, yuan = pk("student", "hang"), pk("class", "far_class"), pk("staff", "yuan")


def _seat(world: World) -> dict[str, Any]:
    return {"class_group": str(world.cast.next_class.pk), "seat_no": "9", "starts_on": on()}


def _student(world: World) -> dict[str, Any]:
    return {"name": "新同学", "sex": "2", "birth_date": "2017-05-20", "boarding_type": "1"}


def _duty(world: World) -> dict[str, Any]:
    return {"user": str(world.cast.xin.pk), "starts_on": on(), "ends_on": on(14)}


def _term(world: World) -> dict[str, Any]:
    term = world.things["term"]["ours"]
    return {
        "starts_on": f"{term.starts_on}",
        "ends_on": f"{term.ends_on - timedelta(days=1)}",
        "week1_monday": f"{term.week1_monday}",
        "version": "1",
    }


def _new_term(world: World) -> dict[str, Any]:
    year = school_year_of(timezone.localdate()) + 1
    days = {"starts_on": f"{year}-09-01", "ends_on": f"{year + 1}-01-20"}
    first = timezone.datetime(year, 9, 1)
    return {
        "school_year": year,
        "number": 1,
        "week1_monday": f"{first - timedelta(days=first.weekday()):%Y-%m-%d}",
        **days,
    }


def _summary(world: World) -> dict[str, Any]:
    term = world.things["job"]["own"].term
    return {"ask": "class", "class_group": str(world.cast.own_class.pk), "term": str(term.pk)}


def _instrument(world: World, **more: Any) -> dict[str, Any]:
    return {
        "kind": "assessment", "name": "新的清单", "purpose": "看看最近怎么样", "instruction": "", "age_from": "8",
        "age_to": "12", "source": "本校自编", "licence": "own", "answers": "no = 0\nyes = 1", "items": "one\ntwo", "count": "",
        "reverse": "2", "scales": "sum: 1-2", "bands": "sum: 2 = talk", "method": "sum", "missing": "0", **more,
    }  # fmt: skip


def _fill(world: World, label: str, **more: Any) -> dict[str, Any]:
    scale = world.things["instrument"][label]
    return {
        "instrument": str(scale.pk),
        "seen": str(scale.version),
        "filled_on": on(),
        "item_1": "1",
        "item_2": "0",
        "note": "自己填的，很认真",
        **more,
    }


def _corrected(kind: str, label: str) -> Callable[[World], dict[str, Any]]:
    def data(world: World) -> dict[str, Any]:
        row = world.things[kind][label]
        words = {"filled_on": on(-1), "item_1": "0", "item_2": "", "note": "改过的话", "reason": "看错了一行"}
        return {**words, "version": str(row.version)}

    return data


def _withdrawn(kind: str, label: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"reason": "填错了人", "version": str(world.things[kind][label].version)}


ONCE = {"once": str(uuid.UUID(int=97))}  # the number of a form that makes something new
SENT: dict[str, Sent] = {
    "account_change_password": Sent(
        "zhou",
        "",
        lambda world: {
            "oldpassword": PASSWORD,
            "password1": "another horse battery 8",
            "password2": "another horse battery 8",
        },
    ),
    "account_logout": Sent("zhou", "", nothing),
    "usersessions_list": Sent("zhou", "", nothing, also=("session",)),
    "accounts:device": Sent("zhou", "ours", lambda world: {"own": "1"}),
    "accounts:me": Sent("zhou", "", lambda world: {"shortcuts_enabled": "on", "language": "en"}),
    "accounts:unlock": Sent("zhou", "", lambda world: {"password": PASSWORD}, also=("next",)),
    "accounts:staff_add": Sent(
        "wang",
        "",
        lambda world: {"employee_no": "T7777", "display_name": "新老师", "sex": "F", "phone": "13800000000", **ONCE},
        also=("department",),
        foreign={"department": pk("department", "far")},
    ),
    "accounts:staff_detail": Sent(
        "wang",
        "zhou",
        lambda world: {"employee_no": "T0001", "display_name": "改名老师", "sex": "F", "phone": "", "version": "1"},
        also=("department",),
        foreign={"department": pk("department", "far")},
    ),
    "accounts:staff_active": Sent("wang", "guo", lambda world: {"active": "0"}),
    "accounts:staff_reset": Sent("wang", "guo", nothing),
    "accounts:staff_tries": Sent("wang", "guo", nothing),
    "accounts:role_propose": Sent(
        "wang", "luo", lambda world: {"role": "doctor", "starts_on": on(), **ONCE}, also=("ends_on",)
    ),
    "accounts:role_end": Sent("wang", "xin", lambda world: {"last_day": on(3), "version": "1"}),
    "accounts:role_confirm": Sent("ruan", "waiting", lambda world: {"version": "1"}),
    "accounts:role_decline": Sent("ruan", "waiting", lambda world: {"version": "1"}),
    "accounts:departments": Sent("wang", "", lambda world: {"name": "新部门", **ONCE}),
    "accounts:department": Sent("wang", "ours", lambda world: {"name": "新名字", "version": "1"}),
    "accounts:department_delete": Sent("wang", "ours", lambda world: {"version": "1"}),
    "accounts:school": Sent("wang", "", lambda world: {"name": "新校名", "duty_phone": "0990-7654321", "version": "1"}),
    "students:notice_seen": Sent("ruan", "ours", nothing),
    "students:term_add": Sent("wang", "", lambda world: {**_new_term(world), **ONCE}),
    "students:term": Sent("wang", "ours", _term),
    "students:calendar": Sent(
        "wang", "", lambda world: {"day": on(), "is_school_day": "0", "name": "校庆", **ONCE}, also=("until", "seen")
    ),
    "students:calendar_seed": Sent("wang", "", lambda world: dict(ONCE)),
    "students:calendar_remove": Sent("wang", "ours", lambda world: {"version": "1"}),
    "students:classes_admin": Sent(
        "wang", "", lambda world: {"stage": "primary", "entry_year": "2024", "number": "9", **ONCE}
    ),
    "students:class_admin": Sent(
        "wang",
        "next_class",
        lambda world: {"duty": "head", **_duty(world), **ONCE},
        also=("subject",),
        foreign={"user": yuan},
    ),
    "students:grade_admin": Sent("wang", "three", lambda world: {**_duty(world), **ONCE}, foreign={"user": yuan}),
    "students:duty_end": Sent("wang", "zhou", lambda world: {"last_day": on(3), "version": "1"}),
    "students:leader_end": Sent("wang", "qin", lambda world: {"last_day": on(3), "version": "1"}),
    "students:add": Sent(
        "jiao",
        "",
        lambda world: {**_student(world), **_seat(world), **ONCE},
        also=("another_child", *STUDENT_FIELDS),
        foreign={"class_group": far_class},
    ),
    "students:move": Sent(
        "jiao",
        "an",
        lambda world: {**_seat(world), "version": str(world.cast.an.version)},
        foreign={"class_group": far_class},
    ),
    "students:leave": Sent(
        "jiao", "an", lambda world: {"status": "transferred", "on": on(), "version": str(world.cast.an.version)}
    ),
    "students:back": Sent(
        "jiao",
        "gone",
        lambda world: {**_seat(world), "version": str(world.cast.gone.version)},
        foreign={"class_group": far_class},
    ),
    "students:rollover": Sent("jiao", "", lambda world: {"primary": "2", **ONCE}),
    "students:import_columns": Sent(
        "jiao",
        "ours",
        lambda world: {"column_0": "name", "column_1": "", "column_2": "birth_date", "column_3": "class"},
    ),
    "students:import_confirm": Sent("jiao", "ours", lambda world: {"rows": "good"}),
    "students:import_cancel": Sent("jiao", "ours", nothing),
    "students:import_undo": Sent("jiao", "ours", nothing),
    "students:edit": Sent(
        "ruan", "an", lambda world: {**_student(world), "version": str(world.cast.an.version)}, also=STUDENT_FIELDS
    ),
    "students:list": Sent(
        "zhou", "", lambda world: {"q": "安"}, also=("grade", "class_group", "boarding", "sex", "state", "page")
    ),
    "students:search": Sent("zhou", "", lambda world: {"q": "安"}),
    "students:profile_edit": Sent(
        "zhou",
        "an",
        lambda world: {"temperament": "慢热", "pace": "", "interests": "", "strengths": "肯帮同学", "version": "1"},
    ),
    "students:family_edit": Sent("zhou", "an", lambda world: {"family": "周末由外婆照顾", "version": "1"}),
    "students:background_show": Sent("zhou", "an", lambda world: {"field": "id_no"}),
    "students:counselling": Sent(
        "ruan",
        "bei",
        lambda world: {
            "counsellor": str(world.cast.xin.pk),
            "starts_on": on(),
            "ends_on": on(20),
            "note": "家长同意",
            **ONCE,
        },
        foreign={"counsellor": yuan},
    ),
    "students:counselling_end": Sent(
        "ruan",
        "ding",
        lambda world: {"grant": str(world.things["grant"]["counselling"].pk)},
        foreign={"grant": pk("grant", "team")},
    ),
    "students:screening_open": Sent(
        "ruan",
        "",
        lambda world: {"checklist": str(world.things["checklist"]["learning"].pk), "due_on": on(20), **ONCE},
        also=("grades", "classes"),
        foreign={"checklist": pk("checklist", "far"), "classes": pk("class", "far_class")},
    ),
    "students:screening_due": Sent("ruan", "ours", lambda world: {"due_on": on(25), "version": "1"}),
    "students:screening_close": Sent("ruan", "ours", lambda world: {"version": "1"}),
    "students:screening_finish": Sent("zhou", "own", lambda world: {"version": "1"}),
    "students:screening_answer": Sent(
        "zhou",
        "an",
        lambda world: {
            "answer": "signs",
            "signs": ["s1"],
            "facts": "午休时趴着不说话。",
            "ways": ["own"],
            "suggested_step": "1",
            "version": "2",
        },
        also=("categories",),
    ),
    "students:screening_entry": Sent(
        "ruan",
        "an",
        lambda world: {"decision": "watch", "note": "两周后再看。", "version": "2"},
        also=("categories", "facts"),
        foreign={"categories": pk("student", "hang")},
    ),
    "students:learning_check": Sent(
        "zhou",
        "an",
        lambda world: {"answer": "signs", "facts": "抄写比同学慢很多。", "version": "0"},
        also=("signs", "categories", "ways", "suggested_step"),
    ),
    "students:checklist_add": Sent(
        "ruan",
        "",
        lambda world: {
            "name": "学期中清单",
            "purpose": "screening",
            "signs": "一个人坐着\n不写作业\n上课发困",
            "is_active": "on",
            **ONCE,
        },
    ),
    "students:checklist": Sent(
        "ruan",
        "ours",
        lambda world: {
            "name": "换了名字的清单",
            "signs": "一个人坐着\n不写作业\n上课发困",
            "is_active": "on",
            "version": "1",
        },
    ),
    "students:instrument_new": Sent("xin", "", lambda world: {**_instrument(world), **ONCE}),
    "students:instrument_edit": Sent("xin", "spare", lambda world: _instrument(world, version="1")),
    "students:instrument_offer": Sent("xin", "spare", lambda world: {"offered": "0", "version": "1"}),
    "students:answer_sheet_enter": Sent("xin", "ours", nothing),
    "students:answer_sheet_drop": Sent("xin", "ours", nothing),
    "students:assessment_new": Sent(
        "xin",
        "ding",
        lambda world: _fill(world, "ours", filled_on=on(-3), **ONCE),
        foreign={"instrument": pk("instrument", "far")},
    ),
    "students:assessment_edit": Sent("xin", "ding", _corrected("assessment", "ding")),
    "students:assessment_void": Sent("xin", "ding", _withdrawn("assessment", "ding")),
    "students:habit_new": Sent(
        "zhou", "an", lambda world: {**_fill(world, "habits"), **ONCE}, foreign={"instrument": pk("instrument", "ours")}
    ),
    "students:habit_edit": Sent("zhou", "an", _corrected("habit", "an")),
    "students:habit_void": Sent("zhou", "an", _withdrawn("habit", "an")),
    "students:access_mine": Sent("luo", "", lambda world: {"q": "安"}),
    "students:access_ask": Sent(
        "luo",
        "an",
        lambda world: {"reason": "晚自习由我看管", "level": "2", "starts_on": on(), "ends_on": on(9), **ONCE},
    ),
    "students:emergency_open": Sent(
        "luo", "an", lambda world: {"reason": "夜里发烧找家长", "level": "3", "password": PASSWORD, **ONCE}
    ),
    "students:emergency": Sent("ruan", "over", lambda world: {"verdict": "justified", "note": "确实联系不上家长"}),
    "students:emergency_approve": Sent("xiao", "waiting", nothing),
    "students:emergency_end": Sent("lin", "waiting", nothing),
    "students:request_decide": Sent("ruan", "waiting", lambda world: {"decision": "refuse", "note": "请先问班主任"}),
    "students:request_end": Sent("guo", "waiting", nothing),
    "students:handover_class": Sent("guo", "own", lambda world: {"summary": "早读安静，值日轮流。", "version": "1"}),
    "students:handover_write": Sent("guo", "own", lambda world: {"text": "坐前排更专心。", "version": "1"}),
    "students:handover_acknowledge": Sent("zhou", "own", nothing),
    "students:note_new": Sent(
        "zhou",
        "",
        lambda world: a_note(world, student=[str(world.cast.an.pk)]),
        also=(*NOTE_FIELDS, "with", "without", "add", "find"),
        foreign={"student": hang},
    ),
    "students:note_picker": Sent("zhou", "", lambda world: {"q": "安"}),
    "students:note_fellows": Sent("zhou", "", lambda world: {"q": "安"}, also=("student",)),
    "students:note_edit": Sent(
        "zhou", "an2", lambda world: a_note(world, version=str(world.things["note"]["an2"].version)), also=NOTE_FIELDS
    ),
    "students:note_append": Sent("qin", "an2", a_note, also=NOTE_FIELDS),
    "students:note_move": Sent(
        "zhou",
        "an2",
        lambda world: {"to": str(world.cast.bei.pk), "version": str(world.things["note"]["an2"].version)},
        also=("q",),
        foreign={"to": hang},
    ),
    "students:note_void": Sent(
        "zhou", "an2", lambda world: {"reason": "写错了", "version": str(world.things["note"]["an2"].version)}
    ),
    "students:signal": Sent(
        "zhou",
        "an2",
        lambda world: {
            "answer": "noted",
            "because": "外婆住院，周末接回来",
            "version": str(world.things["signal"]["an2"].version),
        },
        also=("talk_on", "category"),
        foreign={"category": pk("signal_category", "far")},
    ),
    "students:look_ask": Sent("ruan", "bei", lambda world: {"line": "开学到现在还没有记录", **ONCE}),
    "students:signal_rule": Sent(
        "ruan",
        "concerns",
        lambda world: {"is_on": "on", "amount": "4", "days": "12", "version": "1"},
        also=("before",),
    ),
    "students:draft_save": Sent(
        "zhou",
        "",
        lambda world: {"draft_key": f"note:new:{uuid.UUID(int=98)}", "seq": "5", "facts": "写到一半"},
        also=("student",),
    ),
    "students:draft_discard": Sent(
        "zhou", "", lambda world: {"draft_key": world.things["draft"]["zhou"].key, "draft_seq": "9"}
    ),
    "students:mark_edit": Sent(
        "jiao",
        "an",
        lambda world: {"mark": "84", "full_mark": "100", "reason": "登分登错了一行", "version": "1"},
    ),
    "students:mark_new": Sent(
        "jiao",
        "an",
        lambda world: {
            "exam": str(world.things["mark"]["an"].exam_id),
            "subject": "书法",
            "mark": "88",
            "full_mark": "100",
            "reason": "补录",
            **ONCE,
        },
        foreign={"exam": lambda world: str(world.things["mark"]["hang"].exam_id)},
    ),
    "students:need_propose": Sent(
        "zhou",
        "bei",
        lambda world: {
            "category": pk("category", "H")(world),
            "basis": "document",
            "facts": "家长带来了诊断书",
            "starts_on": on(),
            **ONCE,
        },
        also=("evidence", "strengths"),
        foreign={"category": pk("category", "far"), "evidence": pk("note", "hang2")},
    ),
    "students:need_detail": Sent(
        "ruan",
        "an_h",
        lambda world: {"deed": "reject", "reason": "证件已过期", "version": "1"},
        also=("next_review_on", "strengths"),
    ),
    "students:level": Sent(
        "ruan",
        "bei",
        lambda world: {"step": "3", "reason": "连着三天没来吃早饭", "next_review_on": on(20), "version": "1"},
    ),
    "students:file_verify": Sent("zhou", "an", nothing),
    "students:need_search": Sent(
        "ruan", "", lambda world: {"category": pk("category", "F")(world)}, foreign={"category": pk("category", "far")}
    ),
    "students:categories": Sent(
        "ruan",
        "",
        lambda world: {"code": "F99", "name": "新类别", "group": "F", "basis": "judgement", "level": "3", **ONCE},
        also=("is_active",),
    ),
    "students:category": Sent(
        "ruan",
        "F",
        lambda world: {
            "code": "F1",
            "name": "改过的类别",
            "group": "F",
            "basis": "roster",
            "level": "3",
            "is_active": "on",
            "version": "1",
        },
    ),
    "students:category_delete": Sent("ruan", "unused", lambda world: {"version": "1"}),
    "students:need_services": Sent(
        "zhou",
        "an_f",
        lambda world: {
            f"tick_{world.things['service']['F'].pk.hex}": "on",
            f"line_{world.things['service']['F'].pk.hex}": "每周三谈一次",
            "version": "1",
        },
    ),
    "students:services": Sent(
        "ruan",
        "",
        lambda world: {"name": "新的服务", "by_whom": "班主任", "groups": ["F"], **ONCE},
        also=("categories", "is_active"),
        foreign={"categories": pk("category", "far")},
    ),
    "students:service": Sent(
        "ruan",
        "F",
        lambda world: {
            "name": "改过的服务",
            "by_whom": "德育处",
            "groups": ["F"],
            "categories": [pk("category", "P")(world)],
            "is_active": "on",
            "version": "1",
        },
    ),
    "students:service_delete": Sent("ruan", "unused", lambda world: {"version": "1"}),
    "students:clocks": Sent("ruan", "", lambda world: {**DEFAULTS, "silence": "30", "version": "1"}),
    "students:attention_acknowledge": Sent("xin", "an4", nothing),
    "reports:index": Sent(
        "zhou",
        "",
        lambda world: {**_summary(world), **ONCE},
        also=("reason",),
        foreign={"class_group": pk("class", "next_class"), "term": pk("term", "far")},
    ),
    "reports:cancel": Sent("zhou", "own_running", nothing),
    "reports:link": Sent("zhou", "own", lambda world: {"what": "file"}),
}
# Ask, show, or keep in the session alone: they write no row.
WRITE_NOTHING = {
    "account_logout",
    "accounts:unlock",
    "accounts:staff_tries",
    "students:list",
    "students:search",
    "students:access_mine",
    "students:request_end",  # there is nothing to end yet
    "students:note_picker",
    "students:note_fellows",
    "students:background_show",
    "students:need_search",
    "students:import_undo",  # there is nothing to take back yet
    "reports:link",
}
# Nothing to send that a test could: signing in has tests of its own (tests/accounts), so have the uploads of a roster,
# of marks and of a sheet of answers.
WITHOUT = {"account_login", "students:imports", "students:mark_imports", "students:answers"}
