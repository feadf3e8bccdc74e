"""Results as they stand on a page: over time, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from students.scales.course import line
from students.words import day_word

if TYPE_CHECKING:
    from students.models.assessments import Filled
    from students.scales.scoring import Result

SIDE_BY_SIDE = 5
HABITS_SIDE_BY_SIDE = 3


def courses(filled: Iterable[Filled], today: date) -> list[dict[str, Any]]:
    """For each instrument its results, `filled` being the newest first. Scales are compared by their names."""
    by_series: dict[Any, list[Filled]] = {}
    for each in filled:
        by_series.setdefault(each.instrument.series, []).append(each)
    return [_course(rows, today) for rows in by_series.values()]


def _course(rows: list[Filled], today: date) -> dict[str, Any]:
    shown = list(reversed(rows[:SIDE_BY_SIDE]))
    results = [{result.scale.name: result for result in each.results()} for each in shown]
    names = list(dict.fromkeys(name for found in reversed(results) for name in found))
    return {
        "instrument": rows[0].instrument,
        "newest": rows[0],
        "columns": [(each, day_word(each.filled_on, today)) for each in shown],
        "rows": [(name, [found.get(name) for found in results]) for name in names],
        "chart": _chart(rows, today),
        "earlier": [(each, day_word(each.filled_on, today)) for each in rows[SIDE_BY_SIDE:]],
    }


def _chart(rows: list[Filled], today: date) -> dict[str, Any] | None:
    """The widest scale of the newest edition, over the results of that edition alone: others had other items."""
    same = [each for each in reversed(rows) if each.instrument_id == rows[0].instrument_id]
    widest = max(rows[0].instrument.defined.scales, key=lambda scale: len(scale.items))
    found = [(each.filled_on, next(r for r in each.results() if r.scale.name == widest.name)) for each in same]
    points = [(day, result.score) for day, result in found if result.score is not None]
    words = [day_word(day, today) for day, _score in points]
    least, most = rows[0].instrument.defined.range_of(widest)
    drawn = line(points, words, least=least, most=most)
    return {"name": widest.name, "least": least, "most": most, "line": drawn} if drawn else None


def habit_grid(filled: list[Filled], today: date) -> dict[str, Any] | None:
    """The newest checks of the present edition side by side: for each scale its items, in the words of the answers."""
    if not filled:
        return None
    same = [each for each in filled if each.instrument_id == filled[0].instrument_id][:HABITS_SIDE_BY_SIDE]
    shown = list(reversed(same))
    results = [each.results() for each in shown]
    defined, given = shown[0].instrument.defined, [each.given for each in shown]

    def line(number: int) -> tuple[str, list[str]]:
        chosen = [defined.option_of(answers[number - 1]) for answers in given]
        return defined.items[number - 1].text or str(number), [option.text if option else "" for option in chosen]

    groups = [
        {
            "name": scale.name,
            "scores": [_of(found[index]) for found in results],
            "items": [line(number) for number in scale.items],
        }
        for index, scale in enumerate(defined.scales)
    ]
    return {"columns": [day_word(each.filled_on, today) for each in shown], "groups": groups}


def _of(result: Result) -> str:
    return "—" if result.score is None else f"{result.score}/{result.most}"
