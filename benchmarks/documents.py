"""How long the document of one class takes, against bare WeasyPrint on the same HTML, in turn.

`python -m benchmarks.documents PEOPLE.json ROUNDS`. Bare: WeasyPrint with the same sheets and one font configuration, and
nothing of ours around it: no limits, no closed fetcher.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone, translation
from pypdf import PdfReader

from accounts.models import User
from reports import collect
from reports.making import summary_page
from reports.pdf import SHEETS, _found, render_pdf
from students.models import ClassGroup, SchoolCalendar

PARTS = ("reading and counting", "page and charts", "layout", "bare WeasyPrint")


def measure(known: dict, rounds: int) -> dict:
    """Median seconds of each part, for the class's own copy."""
    user = User.objects.get(pk=SessionStore(known["session"])["_auth_user_id"])
    group = ClassGroup.objects.get(pk=known["class"])
    spent: dict[str, list[float]] = {part: [] for part in PARTS}
    pdf = b""
    for number in range(rounds + 1):  # the first loads fonts and sheets
        figures, counting = timed(_figures, user, group)
        page, drawing = timed(summary_page, figures)
        pdf, ours = timed(render_pdf, page)
        _same, bare = timed(_bare, page)
        for part, seconds in zip(PARTS, (counting, drawing, ours, bare), strict=True):
            if number:
                spent[part].append(seconds)
    medians = {part: statistics.median(each) for part, each in spent.items()}
    pages = len(PdfReader(io.BytesIO(pdf)).pages)
    return medians | {"pages": pages, "bytes": len(pdf), "students": figures.size}


def timed(work: Callable, *arguments: Any) -> tuple[Any, float]:
    begun = time.perf_counter()
    result = work(*arguments)
    return result, time.perf_counter() - begun


def _figures(user: User, group: ClassGroup):
    now = timezone.now()
    term = SchoolCalendar.of(group.school_id).term_on(timezone.localdate(now))
    material = collect.collect(by=user, class_group=group, term=term, now=now)
    figures = collect.count(material, by=user, own_copy=True, now=now)
    return figures.with_examples(collect.pick_examples(material, by=user, now=now))


def _bare(page: str) -> bytes:
    import weasyprint

    fonts, sheets = _sheets()
    html = weasyprint.HTML(string=page, media_type="print")
    return html.write_pdf(font_config=fonts, stylesheets=sheets, pdf_variant="pdf/ua-1")


def _sheets(kept: list = []) -> tuple:  # noqa: B006 -- kept on purpose, as in a process that makes many
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    if not kept:
        fonts = FontConfiguration()
        kept += [fonts, [weasyprint.CSS(filename=_found(name), font_config=fonts) for name in SHEETS]]
    return tuple(kept)


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text())["head teacher"][0]
    with translation.override("zh-hans"):
        print(json.dumps(measure(asked, int(sys.argv[2]))))
