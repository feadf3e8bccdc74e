"""A class's figures as the printed page needs them, without a database."""

import datetime as dt
import subprocess
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import translation
from PIL import Image

from reports import summary
from reports.summary import ClassSummary, Counted, Reach, Seat, Share, Week

RARE = ("林䶮", "沈㛃", "方𬱖")


def class_summary(**changes) -> ClassSummary:
    """45 students, the first three with rare characters."""
    names = (*RARE, *(f"学生{number:02}" for number in range(4, 46)))
    figures = {
        "school": "临溪县云桥小学",
        "class_name": "三年级(2)班",
        "term": "2026—2027学年秋季学期",
        "weeks_in_term": 20,
        "data_until": dt.date(2027, 1, 18),
        "head_teachers": ("周雨棠",),
        "deputies": (),
        "own_copy": True,
        "size": 45,
        "boys": 24,
        "girls": 21,
        "entries": 231,
        "mentions": 260,
        "entries_before": 198,
        "mentions_before": 210,
        "noticed": Reach("有任何记录", 45, 45),
        "talked": Reach("谈过心", 38, 45),
        "praised": Reach("得到过表扬", 30, 45),
        "kinds": (Counted("观察", 191, 215, 158, 165), Counted("谈心", 40, 45, 40, 45)),
        "domains": (Counted("学业", 80, 90, 60, 61), Counted("健康", 0, 0, 5, 5)),
        "tones": (Share("关切", 40, 26.7), Share("积极", 90, 60.0)),
        "positive_percent": 60.0,
        "weeks": (*(Week(n, 9 + n % 5, 3) for n in range(1, 19)), Week(19, 0, 0), Week(20, None, None)),
        "examples": ("主动留下来整理图书角。",),
        "silent": 3,
        "silent_names": RARE,
        "seats": tuple(Seat(number, name, 5, 1, 1, 19) for number, name in enumerate(names, 1)),
        "generated_by": "周雨棠",
        "generated_at": dt.datetime(2027, 1, 19, 17, 5),
    }
    return ClassSummary(**{**figures, **changes})


def html_of(figures: ClassSummary) -> str:
    with translation.override("zh-hans"):
        charts = {"weekly": summary.weekly_chart(figures), "by_domain": summary.domain_chart(figures)}
        return render_to_string("print/class_summary.html", {"s": figures, "school": figures.school, **charts})


def pictures(pdf: bytes, folder: Path, *, dpi: int = 60) -> list[Image.Image]:
    """One grey-scale image per page, made by poppler: what a reader would see."""
    (folder / "page.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-gray", "-r", str(dpi), "page.pdf", "page"], cwd=folder, check=True)
    return [Image.open(path) for path in sorted(folder.glob("page-*.pgm"))]
