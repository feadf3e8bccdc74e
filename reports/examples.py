"""Good things worth telling, without names."""

import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

LONGEST = 80  # characters of one example
NUMBERS = re.compile(r"\d{6,}")  # telephone, identity, student number


def nameless(text: str, names: Iterable[str]) -> str:
    """`text` with every full name of `names`, and given names of two or more characters, replaced by 一名同学.

    Neighbouring ones become one. Surname + 同学 counts as a name too. One-character given names are no words to search
    for: see `is_safe`.
    """
    someone = _("a fellow student")
    for word in sorted(_forms(names), key=len, reverse=True):
        text = text.replace(word, someone)
    return re.sub(f"(?:{re.escape(someone)})(?:[、，和与 ]*{re.escape(someone)})+", someone, text)


def _forms(names: Iterable[str]) -> set[str]:
    forms = set()
    for name in filter(None, names):
        forms |= {name, f"{name[0]}同学", f"{name[0]}某"}
        forms |= {part for part in re.split(r"[·•\s]", name) if len(part) > 1}
        if len(name) >= 3:
            forms.add(name[-2:])
    return forms


def is_safe(text: str, names: Iterable[str]) -> bool:
    """Whether nothing is left that could point at a child: no long number, no nickname of a given name (小明, 明明)."""
    last = {name[-1] for name in filter(None, names)}
    nicknames = re.findall(r"[小阿](\w)|(\w)\2", text)
    return not NUMBERS.search(text) and not any(set(pair) & last for pair in nicknames)


def choose(
    notes: Sequence[tuple[str, str]], names: Sequence[str], classmates: Sequence[str], *, most: int = 5
) -> tuple[str, ...]:
    """At most `most` examples, one per domain before a second of any.

    `notes`: (domain, words), newest first. `names`: everybody at the school. `classmates`: whose nicknames to fear.
    """
    seen: dict[str, int] = {}
    ranked = []
    for order, (domain, words) in enumerate(notes):
        example = shortened(nameless(" ".join(words.split()), names))
        if example and is_safe(example, classmates):
            ranked.append((seen.setdefault(domain, 0), order, example))
            seen[domain] += 1
    return tuple(dict.fromkeys(example for _turn, _order, example in sorted(ranked)[:most]))


def shortened(words: str) -> str:
    """At most LONGEST characters, cut at the end of a sentence where there is one."""
    if len(words) <= LONGEST:
        return words
    end = max(words.rfind(mark, 20, LONGEST) for mark in "。！？；")
    return words[: end + 1] if end > 0 else words[: LONGEST - 2] + "……"
