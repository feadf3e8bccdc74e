"""From answers to a score and its band. Pure functions: an instrument's definition and the answers in, results out.

A result says how high a score is and what to do next, never what somebody has: counsellors may not diagnose (Mental
Health Law §23, §29; DOMAIN §5 row 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SUM, MEAN = "sum", "mean"
TENTH = Decimal("0.1")
HUNDREDTH = Decimal("0.01")

Answers = Sequence[int | None]  # the points of the chosen answer for each item, as printed; None: not answered


@dataclass(frozen=True)
class Option:
    """One of the answers that each item has. Points differ between options, so that points name an option."""

    text: str
    points: int


@dataclass(frozen=True)
class Item:
    """`text` is empty where the words are somebody else's and may not be copied: then the number stands for it."""

    text: str
    reverse: bool = False


@dataclass(frozen=True)
class Band:
    """From this score upward, to below the next band. `advice`: what to do next, in words for a counsellor."""

    least: Decimal
    name: str
    advice: str = ""


@dataclass(frozen=True)
class Scale:
    """`items`: numbers from 1."""

    name: str
    items: tuple[int, ...]
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Definition:
    """What an instrument consists of. `missing`: how many items of one scale may be left open."""

    options: tuple[Option, ...]
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    method: str = SUM
    missing: int = 0

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Definition:
        return cls(
            options=tuple(Option(**each) for each in stored["options"]),
            items=tuple(Item(**each) for each in stored["items"]),
            scales=tuple(_scale(each) for each in stored["scales"]),
            method=stored.get("method", SUM),
            missing=stored.get("missing", 0),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "options": [{"text": each.text, "points": each.points} for each in self.options],
            "items": [{"text": each.text, "reverse": each.reverse} for each in self.items],
            "scales": [
                {"name": scale.name, "items": list(scale.items), "bands": [_band_json(band) for band in scale.bands]}
                for scale in self.scales
            ],
            "method": self.method,
            "missing": self.missing,
        }

    @property
    def least(self) -> int:
        return min(option.points for option in self.options)

    @property
    def most(self) -> int:
        return max(option.points for option in self.options)

    def option_of(self, points: int | None) -> Option | None:
        return next((option for option in self.options if option.points == points), None)

    def range_of(self, scale: Scale) -> tuple[int, int]:
        """The lowest and the highest score that can come out."""
        times = 1 if self.method == MEAN else len(scale.items)
        return self.least * times, self.most * times


def _scale(stored: dict[str, Any]) -> Scale:
    bands = [Band(Decimal(str(b["least"])), b["name"], b.get("advice", "")) for b in stored.get("bands", [])]
    return Scale(stored["name"], tuple(stored["items"]), tuple(bands))


def _band_json(band: Band) -> dict[str, str]:
    return {"least": str(band.least), "name": band.name, "advice": band.advice}


@dataclass(frozen=True)
class Result:
    """One scale. `score` is None where too many items were left open; `open`: how many."""

    scale: Scale
    score: Decimal | None
    band: Band | None
    open: int
    least: int
    most: int


def score(definition: Definition, answers: Answers) -> list[Result]:
    """One result for each scale, in the instrument's order. Raises ValueError for answers that do not belong to it."""
    if len(answers) != len(definition.items):
        raise ValueError(f"{len(answers)} answers to {len(definition.items)} items")
    if any(points is not None and definition.option_of(points) is None for points in answers):
        raise ValueError("an answer that the instrument does not offer")
    return [_result(definition, scale, answers) for scale in definition.scales]


def _result(definition: Definition, scale: Scale, answers: Answers) -> Result:
    counted = [counts_as(definition, number, answers[number - 1]) for number in scale.items]
    given = [points for points in counted if points is not None]
    left_open = len(counted) - len(given)
    value = None if left_open > definition.missing or not given else _value(definition, given, len(counted))
    return Result(scale, value, band_of(scale, value), left_open, *definition.range_of(scale))


def counts_as(definition: Definition, number: int, points: int | None) -> int | None:
    """The points of one answer after reversing: of 0 to 3, a 3 counts 0."""
    if points is None or not definition.items[number - 1].reverse:
        return points
    return definition.least + definition.most - points


def _value(definition: Definition, given: list[int], items: int) -> Decimal:
    """A mean to two places. A sum; where items are open, each counts as the mean of the others, to one place.

    The band is taken of the rounded number, the one that people see.
    """
    mean = Decimal(sum(given)) / len(given)
    if definition.method == MEAN:
        return mean.quantize(HUNDREDTH, ROUND_HALF_UP)
    if len(given) == items:
        return Decimal(sum(given))
    return (mean * items).quantize(TENTH, ROUND_HALF_UP)


def band_of(scale: Scale, value: Decimal | None) -> Band | None:
    """The highest band that the score reaches: a score equal to a cut-off belongs to the band above it."""
    if value is None:
        return None
    return max((band for band in scale.bands if band.least <= value), key=lambda band: band.least, default=None)
