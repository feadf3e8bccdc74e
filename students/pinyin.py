"""Search keys for names: full pinyin and initials, with the readings that surnames have (单 shàn, 仇 qiú, 解 xiè)."""

from pypinyin import lazy_pinyin

# Readings as a surname, where the common reading is another one: one word per character.
SURNAMES = {
    "单": "shan", "仇": "qiu", "解": "xie", "曾": "zeng", "查": "zha", "区": "ou", "朴": "piao", "任": "ren",
    "盖": "ge", "乐": "yue", "员": "yun", "黑": "he", "折": "she", "缪": "miao", "翟": "zhai", "冼": "xian",
    "洗": "xian", "秘": "bi", "召": "shao", "繁": "po", "种": "chong", "隗": "wei", "尉迟": "yu chi", "万俟": "mo qi",
    "长孙": "zhang sun", "澹台": "tan tai", "单于": "chan yu",
}  # fmt: skip

LONGEST = 255  # the column's length: fifty characters of two readings would need twice as much


def search_keys(name: str) -> tuple[str, str]:
    """("shanwenhao danwenhao", "swh dwh"): each reading is a word of its own, so that a prefix search finds each."""
    readings = [_as_surname(name), lazy_pinyin(name, errors="default")]
    full = dict.fromkeys("".join(reading).lower() for reading in readings)
    initials = dict.fromkeys("".join(syllable[:1] for syllable in reading).lower() for reading in readings)
    return " ".join(full)[:LONGEST], " ".join(initials)


def _as_surname(name: str) -> list[str]:
    for length in (2, 1):
        if surname := SURNAMES.get(name[:length]):
            return [*surname.split(), *lazy_pinyin(name[length:], errors="default")]
    return lazy_pinyin(name, errors="default")
