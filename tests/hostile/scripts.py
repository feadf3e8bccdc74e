"""Sixty texts that would run in a page that trusts them, and where they are planted (T36).

Each calls `canary()`, or makes an element of the class `planted`, as soon as something takes it for more than text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

SHORT = [  # for columns of 20 characters, mark included
    "<b class=planted>",
    "<i class=planted>",
    "<q class=planted>",
    "'-canary()-'",
    '"-canary()-"',
    "{{7*7}}${7*7}",
    "{% debug %}",
    "<!--",
    "--><svg>",
    "</title>",
]
LONG = [
    "<script>canary()</script>",
    "<ScRiPt>canary()</sCrIpT>",
    "<script src=data:text/javascript,canary()></script>",
    "<script/x>canary()</script>",
    "<scr<script>ipt>canary()</script>",
    "<script>alert(1)</script>",
    "</script><script>canary()</script>",
    "</textarea><script>canary()</script>",
    "</title><script>canary()</script>",
    "</style><img src=x onerror=canary()>",
    "--><img src=x onerror=canary()>",
    "]]><img src=x onerror=canary()>",
    "<img src=x onerror=canary()>",
    "<img src=x:x onerror=alert(1)//",
    '<img src="x" onerror="canary()">',
    "<IMG SRC=javascript:canary()>",
    "<img/src=`x`onerror=canary()>",
    "<img src=x onerror=\u2028canary()>",
    "<svg onload=canary()>",
    "<svg/onload=canary()//",
    "<svg><script>canary()</script></svg>",
    "<svg><a href=javascript:canary()><text y=9>x</text></a></svg>",
    "<svg><animate onbegin=canary() attributeName=x dur=1s>",
    "<svg><use href=data:image/svg+xml,x#planted /></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>top.canary()</script>'>",
    "<math><mtext><table><mglyph><style><img src onerror=canary()>",
    "<iframe src=javascript:top.canary()></iframe>",
    "<iframe srcdoc='<script>top.canary()</script>'></iframe>",
    "<object data=javascript:canary()></object>",
    "<embed src=javascript:canary()>",
    "<details open ontoggle=canary()>x</details>",
    "<video><source onerror=canary()></video>",
    "<audio src=x onerror=canary()>",
    "<body onload=canary()>",
    "<input onfocus=canary() autofocus>",
    "<select autofocus onfocus=canary()>",
    "<marquee onstart=canary()>x</marquee>",
    "<meta http-equiv=refresh content='0;url=javascript:canary()'>",
    "<base href=//127.0.0.1:9/ class=planted>",
    "<link rel=stylesheet href=data:text/css,*{display:none} class=planted>",
    "<style class=planted>*{background:url(//127.0.0.1:9)}</style>",
    "<form action=javascript:canary()><button>x</button></form>",
    "<a href=javascript:canary()>x</a>",
    "<a href=' java\tscript:canary()'>x</a>",
    "javascript:canary()//",
    "javascript:/*--></title></style></textarea></script><svg onload=canary()>",
    '" onfocus=canary() autofocus class="planted',
    "' onmouseover=canary() class='planted",
    '"><img src=x onerror=canary() class=planted>',
    "'><script>canary()</script>",
    "` onload=canary() x=`",
    "x onfocus=canary() autofocus tabindex=1",
    "<div hx-on:load=canary() hx-get=/ hx-trigger=load class=planted>",
    "<div hx-on--after-process=canary()>",
    "<p hx-get=/ hx-trigger=\"load[canary()]\">",
    '<p hx-vals="js:{x:canary()}" hx-get=/ hx-trigger=load>',
    "{{constructor.constructor('canary()')()}}",
    "{% load l10n %}{{ settings.SECRET_KEY }}",
    "&lt;script&gt;canary()&lt;/script&gt;",
    "\\u003cscript\\u003ecanary()\\u003c/script\\u003e",
]  # fmt: skip
ALL = "\n".join([*SHORT, *LONG])

APPS = ("accounts", "students", "reports")
# What is no text of a person: codes, numbers, paths, states, fingerprints, marks that the code itself writes or reads.
CODES = {
    "School.code", "User.password", "User.username", "User.employee_no", "User.language", "User.last_note_kind", "SentForm.led_to",
    "Draft.key", "AccessGrant.source", "Student.name_pinyin", "Student.name_initials", "StudentBackground.id_no_fingerprint",
    "StudentBackground.national_no_fingerprint", "Attachment.content_type", "RosterImport.step", "RosterImport.delivery",
    "RosterImport.extension", "RosterImport.file_sha256", "ColumnMapping.header_fingerprint", "ReportJob.step", "ReportJob.scope",
    "ReportJob.delivery", "ReportJob.student_ids", "Draft.body", "RosterRow.body", "Category.code", "Signal.fingerprint",
    "Assessment.answers", "HabitCheck.answers", "AnswerSheet.body", "KnownDevice.token_hash", "KnownDevice.marks",
}  # fmt: skip
# Words inside of what is stored as data: column → the keys under which they stand.
INSIDE = {"Instrument.definition": {"text", "name", "advice"}, "ChecklistEdition.items": {"text", "group"}}
# Tables that nobody changes, and those of the machine: their rows are made with what stands in the others.
WHOLE = {"FileAccess", "SecurityEvent", "AuditSeal", "ExportLog", "Heartbeat", "BackupRun", "ReadingNotice"}


def text_fields(model: type[models.Model]) -> Iterator[models.Field]:
    """Columns in which a person's words may stand, encrypted ones too."""
    for field in model._meta.fields:
        text = isinstance(field, models.CharField | models.TextField)
        label = f"{model.__name__.removeprefix('Historical')}.{field.name}"
        tracked = field.name not in ("history_type",)
        if text and tracked and not field.choices and label not in CODES:
            yield field


def planted_models() -> list[type[models.Model]]:
    found = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    return [model for model in found if model.__name__.removeprefix("Historical") not in WHOLE]


class Gardener:
    """Plants a text of its own in each column of each row, and knows where each stands."""

    def __init__(self) -> None:
        self.planted: dict[str, list[str]] = {}  # Model.field → texts
        self.count = 0

    def text_for(self, label: str, length: int | None) -> str:
        """Marked with three letters, so that it is found again; as long as the column takes."""
        self.count += 1
        mark = "".join(chr(97 + self.count // 26**power % 26) for power in (2, 1, 0))
        if not length:
            text = f"{mark} {ALL}"
        else:
            fitting = [each for each in (*LONG, *SHORT) if len(each) + 3 <= length]
            text = mark + fitting[self.count % len(fitting)] if fitting else mark
        self.planted.setdefault(label, []).append(text)
        return text

    def plant(self) -> None:
        """Past save(): the checks of forms are not what keeps a page safe."""
        for model in planted_models():
            fields = list(text_fields(model))
            for row in model._base_manager.all() if fields else ():
                model._base_manager.filter(pk=row.pk).update(**{f.name: self._for(model, f) for f in fields})

        for label, keys in INSIDE.items():
            name, column = label.split(".")
            model = apps.get_model("students", name)
            for row in model.objects.all():
                model.objects.filter(pk=row.pk).update(**{column: self._within(getattr(row, column), keys, label)})

    def _for(self, model: type[models.Model], field: models.Field) -> Any:
        return self.text_for(f"{model.__name__}.{field.name}", field.max_length)

    def _within(self, data: Any, keys: set[str], label: str, key: str = "") -> Any:
        if isinstance(data, dict):
            return {name: self._within(each, keys, label, name) for name, each in data.items()}
        if isinstance(data, list):
            return [self._within(each, keys, label) for each in data]
        return self.text_for(f"{label}.{key}", 200) if key in keys else data
