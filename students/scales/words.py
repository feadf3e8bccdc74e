"""An instrument as people write it down, the way a manual prints it: answers, items, scales and cut-offs, a line each.

Reads the lines into a Definition and says in words what is wrong; writes a Definition as lines again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from students.scales.scoring import Band, Definition, Item, Option, Scale

MAX_ITEMS = 200
MAX_OPTIONS = 10
MAX_TEXT = 200
ALL = ("all", "全部")
# Names of illnesses and codes of their catalogues. 症状 (a sign of something) is an ordinary word.
DIAGNOSIS = re.compile(
    r"症(?!状)|诊断|确诊|患者|患有|障碍|精神病|抑郁病|(?<![A-Za-z0-9])[A-Z]\d{2}(?:\.\d)?(?![A-Za-z0-9])|ICD|DSM|ADHD",
    re.IGNORECASE,
)
SPAN = re.compile(r"(\d+)(?:\s*[-–—~至到]\s*(\d+))?")


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def parted(line: str) -> tuple[str, str]:
    """ "often = 2", "often：2" → ("often", "2")."""
    left, mark, right = re.sub(r"\s*[=＝:：]\s*", "=", line).rpartition("=")
    return (left.strip(), right.strip()) if mark else (line.strip(), "")


def read_options(text: str) -> tuple[Option, ...]:
    options = []
    for line in lines_of(text):
        words, points = parted(line)
        if not words or not re.fullmatch(r"-?\d{1,3}", unicodedata.normalize("NFKC", points)):
            raise ValidationError(
                _("“%(line)s” has no points. Write each answer like “often = 2”.") % {"line": line[:40]}
            )
        options.append(Option(words[:MAX_TEXT], int(points)))
    if not 2 <= len(options) <= MAX_OPTIONS:
        raise ValidationError(_("It takes from 2 to %(most)d answers, each on a line.") % {"most": MAX_OPTIONS})
    if len({each.points for each in options}) < len(options) or len({each.text for each in options}) < len(options):
        raise ValidationError(_("Two answers have the same words or the same points."))
    return tuple(options)


def read_items(text: str, count: int | None) -> list[str]:
    """The items' texts; empty ones where only their number is given."""
    items = [re.sub(r"^\d{1,3}\s*[.．、)）:：]\s*", "", line)[:MAX_TEXT] for line in lines_of(text)]
    if not items and not count:
        raise ValidationError(_("Write the items, or say how many there are."))
    if items and count and len(items) != count:
        raise ValidationError(
            _("There are %(lines)d lines of items, and the number says %(count)d.")
            % {"lines": len(items), "count": count}
        )
    if len(items) > MAX_ITEMS:
        raise ValidationError(_("At most %(most)d items.") % {"most": MAX_ITEMS})
    return items or [""] * (count or 0)


def read_numbers(text: str, items: int) -> tuple[int, ...]:
    """ "1, 4-6、9" → (1, 4, 5, 6, 9); "all" is every item."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.lower() in ALL:
        return tuple(range(1, items + 1))
    numbers: list[int] = []
    for part in re.split(r"[,、;\s]+(?![-–—~至到])", re.sub(r"\s*([-–—~至到])\s*", r"\1", plain)):
        if not part:
            continue
        found = SPAN.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last <= items:
            raise ValidationError(
                _("“%(part)s” is not the number of an item: they go from 1 to %(items)d.")
                % {"part": part[:20], "items": items}
            )
        numbers.extend(range(first, last + 1))
    return tuple(dict.fromkeys(numbers))


def read_scales(text: str, items: int, overall: str) -> list[Scale]:
    """Without any, one over all items, named `overall`."""
    scales = []
    for line in lines_of(text):
        name, numbers = parted(line)
        counted = read_numbers(numbers, items)
        if not name or not counted:
            raise ValidationError(
                _("“%(line)s” names no items. Write each scale like “Sleep: 3, 7-9”.") % {"line": line[:40]}
            )
        scales.append(Scale(name[:60], counted))
    if len({scale.name for scale in scales}) < len(scales):
        raise ValidationError(_("Two scales have the same name."))
    return scales or [Scale(overall, tuple(range(1, items + 1)))]


def read_bands(text: str, scales: list[Scale]) -> tuple[Scale, ...]:
    """ "Sleep: 6 = talk soon / what to do". The name may be left out where there is one scale only."""
    bands: dict[str, list[Band]] = {scale.name: [] for scale in scales}
    for line in lines_of(text):
        name, band = _band(line, scales)
        bands[name].append(band)
    for name, found in bands.items():
        if len({band.least for band in found}) < len(found):
            raise ValidationError(_("Two bands of “%(scale)s” begin at the same score.") % {"scale": name})
    return tuple(Scale(s.name, s.items, tuple(sorted(bands[s.name], key=lambda band: band.least))) for s in scales)


def _band(line: str, scales: list[Scale]) -> tuple[str, Band]:
    left, _mark, words = line.replace("＝", "=").partition("=")
    name, _colon, least = (part.strip() for part in left.replace("：", ":").rpartition(":"))
    name = name or (scales[0].name if len(scales) == 1 else "")
    label, _slash, advice = words.replace("／", "/").partition("/")
    if name not in {scale.name for scale in scales} or not label.strip():
        raise ValidationError(
            _("“%(line)s” is no band. Write each like “Sleep: 6 = talk soon / what to do next”.") % {"line": line[:40]}
        )
    refuse_diagnosis(words)
    try:
        cut = Decimal(unicodedata.normalize("NFKC", least).strip())
    except InvalidOperation:
        raise ValidationError(_("“%(line)s” does not begin with a score.") % {"line": line[:40]}) from None
    return name, Band(cut, label.strip()[:60], advice.strip()[:MAX_TEXT])


def refuse_diagnosis(text: str) -> None:
    """DOMAIN §5 row 13: a band says how high a score is; only psychiatrists say what somebody has."""
    if DIAGNOSIS.search(text):
        raise ValidationError(
            _(
                "“%(word)s” reads like a diagnosis, which only a psychiatrist may make. Say how high the score is and what "
                "to do next, for example “please advise a visit to a hospital”."
            )
            % {"word": text.strip()[:30]}
        )


# --- and back ---------------------------------------------------------------------------------------------------------


def as_lines(definition: Definition) -> dict[str, str | int | None]:
    """The fields of the form, from which `define` makes the same definition."""
    texts = [item.text for item in definition.items]
    return {
        "answers": "\n".join(f"{each.text} = {each.points}" for each in definition.options),
        "items": "\n".join(texts) if any(texts) else "",
        "count": None if any(texts) else len(texts),
        "reverse": ", ".join(str(n) for n, item in enumerate(definition.items, 1) if item.reverse),
        "scales": "\n".join(f"{scale.name}: {spans(scale.items)}" for scale in definition.scales),
        "bands": "\n".join(_band_line(scale, band) for scale in definition.scales for band in scale.bands),
        "method": definition.method,
        "missing": definition.missing,
    }


def _band_line(scale: Scale, band: Band) -> str:
    advice = f" / {band.advice}" if band.advice else ""
    return f"{scale.name}: {band.least} = {band.name}{advice}"


def spans(numbers: tuple[int, ...]) -> str:
    """(1, 2, 3, 7) → "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


# --- the whole ---------------------------------------------------------------------------------------------------------


def define(fields: dict[str, Any]) -> Definition:
    """From the fields of the form, or of a file in `shipped`. Raises ValidationError with what is wrong in each field."""
    wrong: dict[str, ValidationError] = {}

    def read(name: str, reader: Callable[[], Any], fallback: Any) -> Any:
        try:
            return reader()
        except ValidationError as error:
            wrong[name] = error
            return fallback

    options = read("answers", lambda: read_options(fields["answers"]), ())
    texts = read("items", lambda: read_items(fields["items"], fields.get("count")), [])
    if wrong:  # numbers of items mean nothing without the items
        raise ValidationError(wrong)
    reverse = read("reverse", lambda: read_numbers(fields["reverse"], len(texts)), ())
    scales = read("scales", lambda: read_scales(fields["scales"], len(texts), _("Overall")), [])
    if "scales" not in wrong:
        scales = read("bands", lambda: read_bands(fields["bands"], scales), scales)
    if wrong:
        raise ValidationError(wrong)
    items = tuple(Item(text, number in reverse) for number, text in enumerate(texts, 1))
    return Definition(options, items, tuple(scales), fields["method"], fields["missing"])
